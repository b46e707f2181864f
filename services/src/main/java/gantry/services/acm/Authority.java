package gantry.services.acm;

import gantry.state.Ids;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Makes keys, an authority, and certificates that the authority signs. */
final class Authority {

  static final Duration LIFE = Duration.ofDays(395);
  private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);

  /** A certificate and its key, both as PEM. */
  record Issued(String certificate, String key) {}

  private Authority() {}

  static Issued root(Instant now, Ids ids) {
    X500Name name = new X500Name("CN=Gantry local authority");
    KeyPair pair = keys("EC_prime256v1", ids);
    return sign(
        name, name, pair, pair.getPrivate(), pair, now, AUTHORITY_LIFE, List.of(), true, ids);
  }

  static Issued issue(
      Issued authority, List<String> names, String algorithm, Instant now, Ids ids) {
    X509Certificate parent = Pem.chain(authority.certificate()).getFirst();
    PrivateKey parentKey = Pem.key(authority.key());
    KeyPair pair = keys(algorithm, ids);
    X500Name subject =
        new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, names.getFirst()).build();
    KeyPair signer = new KeyPair(parent.getPublicKey(), parentKey);
    return sign(
        new X500Name(parent.getSubjectX500Principal().getName()),
        subject,
        pair,
        parentKey,
        signer,
        now,
        LIFE,
        names,
        false,
        ids);
  }

  /** All chance comes from {@code ids}, so that a seed makes the same keys again. */
  private static KeyPair keys(String algorithm, Ids ids) {
    try {
      SecureRandom chance = new IdsRandom(ids);
      if (algorithm.startsWith("EC_")) {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        String curve =
            switch (algorithm) {
              case "EC_secp384r1" -> "secp384r1";
              case "EC_secp521r1" -> "secp521r1";
              default -> "secp256r1";
            };
        generator.initialize(new ECGenParameterSpec(curve), chance);
        return generator.generateKeyPair();
      }
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(Integer.parseInt(algorithm.substring(4)), chance);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("no keys of kind " + algorithm, e);
    }
  }

  private static Issued sign(
      X500Name issuer,
      X500Name subject,
      KeyPair pair,
      PrivateKey key,
      KeyPair signer,
      Instant now,
      Duration life,
      List<String> names,
      boolean authority,
      Ids ids) {
    try {
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              new BigInteger(1, ids.bytes(16)).setBit(120),
              Date.from(now.minus(Duration.ofHours(1))),
              Date.from(now.plus(life)),
              subject,
              pair.getPublic());
      JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
      builder.addExtension(
          Extension.subjectKeyIdentifier,
          false,
          utils.createSubjectKeyIdentifier(pair.getPublic()));
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          utils.createAuthorityKeyIdentifier(signer.getPublic()));
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
      if (authority) {
        builder.addExtension(
            Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      } else {
        builder.addExtension(
            Extension.keyUsage,
            true,
            new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyEncipherment));
        builder.addExtension(
            Extension.extendedKeyUsage,
            false,
            new ExtendedKeyUsage(
                new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(
                names.stream()
                    .map(name -> new GeneralName(GeneralName.dNSName, name))
                    .toArray(GeneralName[]::new)));
      }
      String algorithm = key.getAlgorithm().startsWith("EC") ? "SHA256withECDSA" : "SHA256withRSA";
      X509Certificate made =
          new JcaX509CertificateConverter()
              .getCertificate(
                  builder.build(
                      new JcaContentSignerBuilder(algorithm)
                          .setSecureRandom(new IdsRandom(ids))
                          .build(key)));
      return new Issued(pem(made), pem(pair.getPrivate()));
    } catch (IOException | OperatorCreationException | GeneralSecurityException e) {
      throw new IllegalStateException("a certificate could not be made", e);
    }
  }

  private static String pem(Object what) throws IOException {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(
          what instanceof PrivateKey key
              ? new org.bouncycastle.openssl.jcajce.JcaPKCS8Generator(key, null)
              : what);
    }
    return text.toString();
  }

  /** Chance for the JDK's generators, from {@link Ids}. */
  private static final class IdsRandom extends SecureRandom {
    private static final long serialVersionUID = 1L;
    private final transient Ids ids;

    IdsRandom(Ids ids) {
      this.ids = ids;
    }

    @Override
    public void nextBytes(byte[] bytes) {
      // SecureRandom's constructor may ask before there is anything to ask.
      if (ids != null && bytes.length > 0) {
        System.arraycopy(ids.bytes(bytes.length), 0, bytes, 0, bytes.length);
      }
    }
  }
}
