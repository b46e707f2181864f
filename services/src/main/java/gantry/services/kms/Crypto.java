package gantry.services.kms;

import gantry.state.Ids;
import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import software.amazon.awssdk.services.kms.model.MessageType;

/** What keys do, by the names that KMS has for it. Symmetric encryption is the secret box's. */
final class Crypto {

  /**
   * For what the JDK lacks: PSS and Ed25519ph over a digest that was made elsewhere, and the curve
   * secp256k1.
   */
  private static final BouncyCastleProvider BOUNCY_CASTLE = new BouncyCastleProvider();

  private static final String ED25519 = "Ed25519";
  private static final String ED25519_PURE = "ED25519_SHA_512";
  private static final String ED25519_PREHASHED = "ED25519_PH_SHA_512";
  private static final String ML_DSA = "ML_DSA_SHAKE_256";

  /** The heads of DigestInfo (RFC 8017, 9.2), to sign a digest by PKCS #1 v1.5. */
  private static final Map<String, String> DIGEST_INFO =
      Map.of(
          "SHA-256", "3031300d060960864801650304020105000420",
          "SHA-384", "3041300d060960864801650304020205000430",
          "SHA-512", "3051300d060960864801650304020305000440");

  private Crypto() {}

  /** Chance as the program hands it out: real in production, from a seed in tests. */
  private static final class Chance extends SecureRandom {
    private static final long serialVersionUID = 1L;
    private final transient Ids ids;

    Chance(Ids ids) {
      this.ids = ids;
    }

    @Override
    public void nextBytes(byte[] bytes) {
      System.arraycopy(ids.bytes(bytes.length), 0, bytes, 0, bytes.length);
    }
  }

  static KeyPair pair(String spec, Ids ids) {
    try {
      KeyPairGenerator generator;
      if (spec.startsWith("RSA_")) {
        generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(Integer.parseInt(spec.substring("RSA_".length())), new Chance(ids));
      } else if (spec.startsWith("ECC_NIST_P")) {
        generator = curve("secp" + spec.substring("ECC_NIST_P".length()) + "r1", ids);
      } else if (spec.equals("ECC_SECG_P256K1")) {
        generator = curve("secp256k1", ids);
      } else if (spec.equals("ECC_NIST_EDWARDS25519")) {
        generator = KeyPairGenerator.getInstance(ED25519);
        generator.initialize(NamedParameterSpec.ED25519, new Chance(ids));
      } else if (spec.startsWith("ML_DSA_")) {
        String name = spec.replace('_', '-');
        generator = KeyPairGenerator.getInstance(name);
        generator.initialize(new NamedParameterSpec(name), new Chance(ids));
      } else {
        throw KmsErrors.unsupported("Key spec " + spec + " is not supported here.");
      }
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyPairGenerator curve(String name, Ids ids) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", BOUNCY_CASTLE);
    generator.initialize(new ECGenParameterSpec(name), new Chance(ids));
    return generator;
  }

  static List<String> signingAlgorithms(String spec) {
    if (spec.startsWith("RSA_")) {
      return List.of(
          "RSASSA_PKCS1_V1_5_SHA_256",
          "RSASSA_PKCS1_V1_5_SHA_384",
          "RSASSA_PKCS1_V1_5_SHA_512",
          "RSASSA_PSS_SHA_256",
          "RSASSA_PSS_SHA_384",
          "RSASSA_PSS_SHA_512");
    }
    return switch (spec) {
      case "ECC_NIST_P256", "ECC_SECG_P256K1" -> List.of("ECDSA_SHA_256");
      case "ECC_NIST_P384" -> List.of("ECDSA_SHA_384");
      case "ECC_NIST_P521" -> List.of("ECDSA_SHA_512");
      case "ECC_NIST_EDWARDS25519" -> List.of(ED25519_PURE, ED25519_PREHASHED);
      case "ML_DSA_44", "ML_DSA_65", "ML_DSA_87" -> List.of(ML_DSA);
      default -> List.of();
    };
  }

  static byte[] encrypt(byte[] publicKey, String algorithm, byte[] plain, Ids ids) {
    try {
      Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
      cipher.init(
          Cipher.ENCRYPT_MODE, publicKey("RSA", publicKey), oaep(algorithm), new Chance(ids));
      return cipher.doFinal(plain);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static byte[] decrypt(byte[] privateKey, String algorithm, byte[] sealed) {
    try {
      Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
      cipher.init(Cipher.DECRYPT_MODE, privateKey("RSA", privateKey), oaep(algorithm));
      return cipher.doFinal(sealed);
    } catch (GeneralSecurityException notOurs) {
      throw KmsErrors.badCiphertext();
    }
  }

  private static OAEPParameterSpec oaep(String algorithm) {
    boolean sha256 = algorithm.endsWith("SHA_256");
    return new OAEPParameterSpec(
        sha256 ? "SHA-256" : "SHA-1",
        "MGF1",
        sha256 ? MGF1ParameterSpec.SHA256 : MGF1ParameterSpec.SHA1,
        PSource.PSpecified.DEFAULT);
  }

  private static String digest(String algorithm) {
    return "SHA-" + algorithm.substring(algorithm.length() - 3);
  }

  /** Checks a digest's length, or makes the digest of a message. */
  private static byte[] digested(String algorithm, byte[] message, boolean isDigest)
      throws GeneralSecurityException {
    MessageDigest digest = MessageDigest.getInstance(digest(algorithm));
    if (!isDigest) {
      return digest.digest(message);
    }
    if (message.length != digest.getDigestLength()) {
      throw KmsErrors.validation("Digest is invalid length for algorithm " + algorithm + ".");
    }
    return message;
  }

  private static Signature signature(String algorithm) throws GeneralSecurityException {
    if (algorithm.startsWith("ECDSA")) {
      return Signature.getInstance("NONEwithECDSA", BOUNCY_CASTLE);
    }
    if (algorithm.startsWith("RSASSA_PKCS1")) {
      return Signature.getInstance("NONEwithRSA");
    }
    Signature pss = Signature.getInstance("RAWRSASSA-PSS", BOUNCY_CASTLE);
    pss.setParameter(pss(algorithm));
    return pss;
  }

  private static AlgorithmParameterSpec pss(String algorithm) {
    String name = digest(algorithm);
    int length = Integer.parseInt(name.substring("SHA-".length())) / 8;
    return new PSSParameterSpec(
        name, "MGF1", new MGF1ParameterSpec(name), length, PSSParameterSpec.TRAILER_FIELD_BC);
  }

  private static byte[] toBeSigned(String algorithm, byte[] digest) {
    if (!algorithm.startsWith("RSASSA_PKCS1")) {
      return digest;
    }
    ByteArrayOutputStream info = new ByteArrayOutputStream();
    info.writeBytes(HexFormat.of().parseHex(DIGEST_INFO.getOrDefault(digest(algorithm), "")));
    info.writeBytes(digest);
    return info.toByteArray();
  }

  private static String family(String algorithm) {
    return switch (algorithm) {
      case ED25519_PURE, ED25519_PREHASHED -> ED25519;
      case ML_DSA -> "ML-DSA";
      default -> algorithm.startsWith("ECDSA") ? "EC" : "RSA";
    };
  }

  static byte[] sign(
      byte[] privateKey, String algorithm, byte[] message, boolean isDigest, Ids ids) {
    try {
      if (whole(algorithm, isDigest)) {
        Signature signature = Signature.getInstance(family(algorithm));
        signature.initSign(privateKey(family(algorithm), privateKey), new Chance(ids));
        signature.update(message);
        return signature.sign();
      }
      if (algorithm.equals(ED25519_PREHASHED)) {
        return Edwards.signDigest(
            privateKey(ED25519, privateKey), digested(algorithm, message, isDigest));
      }
      byte[] digest = digested(algorithm, message, isDigest);
      Signature signature = signature(algorithm);
      signature.initSign(privateKey(family(algorithm), privateKey), new Chance(ids));
      signature.update(toBeSigned(algorithm, digest));
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static boolean verify(
      byte[] publicKey, String algorithm, byte[] message, boolean isDigest, byte[] given) {
    try {
      if (whole(algorithm, isDigest)) {
        Signature signature = Signature.getInstance(family(algorithm));
        signature.initVerify(publicKey(family(algorithm), publicKey));
        signature.update(message);
        return signature.verify(given);
      }
      byte[] digest = digested(algorithm, message, isDigest);
      if (algorithm.equals(ED25519_PREHASHED)) {
        return Edwards.verifyDigest(publicKey, digest, given);
      }
      Signature signature = signature(algorithm);
      signature.initVerify(publicKey(family(algorithm), publicKey));
      signature.update(toBeSigned(algorithm, digest));
      return signature.verify(given);
    } catch (GeneralSecurityException malformed) {
      return false;
    }
  }

  /** Whether an algorithm signs messages and not digests of them; each takes only the one. */
  private static boolean whole(String algorithm, boolean isDigest) {
    boolean whole = algorithm.equals(ED25519_PURE) || algorithm.equals(ML_DSA);
    if (whole && isDigest || algorithm.equals(ED25519_PREHASHED) && !isDigest) {
      throw KmsErrors.validation(
          "Algorithm "
              + algorithm
              + " needs the message type "
              + (whole ? MessageType.RAW : MessageType.DIGEST)
              + ".");
    }
    return whole;
  }

  /** What two that know each other's public keys have in common (ECDH). */
  static byte[] shared(byte[] privateKey, byte[] othersPublicKey) {
    try {
      KeyAgreement agreement = KeyAgreement.getInstance("ECDH", BOUNCY_CASTLE);
      agreement.init(privateKey("EC", privateKey));
      agreement.doPhase(publicKey("EC", othersPublicKey), true);
      return agreement.generateSecret();
    } catch (GeneralSecurityException notOfThisCurve) {
      throw KmsErrors.validation("The public key is not one of this key's curve.");
    }
  }

  static byte[] mac(byte[] key, String algorithm, byte[] message) {
    String name = "HmacSHA" + algorithm.substring("HMAC_SHA_".length());
    try {
      Mac mac = Mac.getInstance(name);
      mac.init(new SecretKeySpec(key, name));
      return mac.doFinal(message);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static PublicKey publicKey(String family, byte[] bytes) throws GeneralSecurityException {
    return factory(family).generatePublic(new X509EncodedKeySpec(bytes));
  }

  private static PrivateKey privateKey(String family, byte[] bytes)
      throws GeneralSecurityException {
    return factory(family).generatePrivate(new PKCS8EncodedKeySpec(bytes));
  }

  private static KeyFactory factory(String family) throws GeneralSecurityException {
    return family.equals("EC")
        ? KeyFactory.getInstance(family, BOUNCY_CASTLE)
        : KeyFactory.getInstance(family);
  }
}
