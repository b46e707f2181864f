package gantry.services.kms;

import java.security.InvalidKeyException;
import java.security.PrivateKey;
import java.security.interfaces.EdECPrivateKey;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * Ed25519ph (RFC 8032, 5.1) over a digest. The JDK's takes the message and makes the digest itself;
 * KMS is given the digest.
 */
final class Edwards {

  /** What the variant may be told beside the message: KMS tells it nothing. */
  private static final byte[] CONTEXT = new byte[0];

  private Edwards() {}

  static byte[] signDigest(PrivateKey key, byte[] digest) throws InvalidKeyException {
    byte[] seed =
        ((EdECPrivateKey) key)
            .getBytes()
            .orElseThrow(() -> new InvalidKeyException("the key does not say what it is"));
    byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
    Ed25519.signPrehash(seed, 0, CONTEXT, digest, 0, signature, 0);
    return signature;
  }

  /**
   * @param publicKey as X.509: the key itself is its end
   */
  static boolean verifyDigest(byte[] publicKey, byte[] digest, byte[] signature) {
    return signature.length == Ed25519.SIGNATURE_SIZE
        && Ed25519.verifyPrehash(
            signature,
            0,
            publicKey,
            publicKey.length - Ed25519.PUBLIC_KEY_SIZE,
            CONTEXT,
            digest,
            0);
  }
}
