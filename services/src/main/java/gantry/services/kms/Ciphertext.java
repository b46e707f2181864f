package gantry.services.kms;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * A symmetric ciphertext: it names the key that opens it, and which of the key's materials.
 *
 * @param arn of the key
 * @param generation the place of the material among the key's
 */
record Ciphertext(String arn, int generation, byte[] sealed) {

  private static final byte VERSION = 1;

  byte[] bytes() {
    byte[] name = arn.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(1 + Short.BYTES + name.length + Integer.BYTES + sealed.length)
        .put(VERSION)
        .putShort((short) name.length)
        .put(name)
        .putInt(generation)
        .put(sealed)
        .array();
  }

  /**
   * Takes one apart.
   *
   * @throws software.amazon.awssdk.services.kms.model.InvalidCiphertextException when it is none
   */
  static Ciphertext of(byte[] blob) {
    ByteBuffer bytes = ByteBuffer.wrap(blob);
    try {
      if (bytes.get() != VERSION) {
        throw KmsErrors.badCiphertext();
      }
      int length = bytes.getShort();
      if (length <= 0 || length > bytes.remaining() - Integer.BYTES) {
        throw KmsErrors.badCiphertext();
      }
      byte[] name = new byte[length];
      bytes.get(name);
      int generation = bytes.getInt();
      byte[] sealed = new byte[bytes.remaining()];
      bytes.get(sealed);
      return new Ciphertext(new String(name, StandardCharsets.UTF_8), generation, sealed);
    } catch (BufferUnderflowException e) {
      throw KmsErrors.badCiphertext();
    }
  }
}
