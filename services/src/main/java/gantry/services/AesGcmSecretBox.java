package gantry.services;

import static java.nio.charset.StandardCharsets.UTF_8;

import gantry.state.Ids;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * AES-256 in Galois/counter mode with a random nonce; the context is authenticated with it. Layout:
 * version, nonce, ciphertext with tag.
 */
public final class AesGcmSecretBox implements SecretBox {

  public static final int KEY_BYTES = 32;

  private static final byte VERSION = 1;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final SecretKeySpec key;
  private final Ids ids;

  public AesGcmSecretBox(byte[] key, Ids ids) {
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException("a key of " + key.length + " bytes");
    }
    this.key = new SecretKeySpec(key, "AES");
    this.ids = ids;
  }

  @Override
  public byte[] seal(byte[] plain, Map<String, String> context) {
    byte[] nonce = ids.bytes(NONCE_BYTES);
    try {
      byte[] cipher = cipher(Cipher.ENCRYPT_MODE, nonce, context).doFinal(plain);
      return ByteBuffer.allocate(1 + NONCE_BYTES + cipher.length)
          .put(VERSION)
          .put(nonce)
          .put(cipher)
          .array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public byte[] open(byte[] sealed, Map<String, String> context) {
    try {
      if (sealed.length < 1 + NONCE_BYTES + TAG_BITS / 8 || sealed[0] != VERSION) {
        throw new GeneralSecurityException("not a sealed box");
      }
      byte[] nonce = new byte[NONCE_BYTES];
      ByteBuffer.wrap(sealed, 1, NONCE_BYTES).get(nonce);
      int start = 1 + NONCE_BYTES;
      return cipher(Cipher.DECRYPT_MODE, nonce, context)
          .doFinal(sealed, start, sealed.length - start);
    } catch (GeneralSecurityException e) {
      throw new CannotOpen("the secret was sealed under another key or for something else", e);
    }
  }

  private Cipher cipher(int mode, byte[] nonce, Map<String, String> context)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(canonical(context));
    return cipher;
  }

  /** Each part with its length, so that no two contexts have the same bytes. */
  private static byte[] canonical(Map<String, String> context) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (Map.Entry<String, String> entry : new TreeMap<>(context).entrySet()) {
        for (String part : new String[] {entry.getKey(), entry.getValue()}) {
          byte[] utf8 = part.getBytes(UTF_8);
          out.writeInt(utf8.length);
          out.write(utf8);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
