package gantry.services.acm;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/** Certificates and keys as text, and back. For whoever is handed a certificate's text, too. */
public final class Pem {

  private Pem() {}

  /**
   * The certificates of a text, in its order.
   *
   * @throws IllegalArgumentException when there is none, or one cannot be read
   */
  public static List<X509Certificate> chain(String pem) {
    try {
      List<X509Certificate> chain = new ArrayList<>();
      for (var one :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(
                  new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))) {
        chain.add((X509Certificate) one);
      }
      if (chain.isEmpty()) {
        throw new IllegalArgumentException("no certificate");
      }
      return chain;
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("not a certificate", e);
    }
  }

  /**
   * The private key of a text: PKCS #8, or what openssl writes for RSA and EC.
   *
   * @throws IllegalArgumentException when it cannot be read, or is encrypted
   */
  public static PrivateKey key(String pem) {
    try (PEMParser parser = new PEMParser(new StringReader(pem))) {
      JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
      while (true) {
        Object one = parser.readObject();
        switch (one) {
          case null -> throw new IllegalArgumentException("no private key");
          case PrivateKeyInfo info -> {
            return converter.getPrivateKey(info);
          }
          case PEMKeyPair pair -> {
            return converter.getKeyPair(pair).getPrivate();
          }
          default -> {}
        }
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("not a private key", e);
    }
  }
}
