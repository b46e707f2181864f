package gantry.state;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.UUID;
import java.util.random.RandomGenerator;

/** Names and chance in production: nobody can guess them. */
public final class RandomIds implements Ids {

  /** Made when it is first needed. */
  private static final class Source {
    static final RandomGenerator RANDOM =
        Files.isReadable(Urandom.DEVICE) ? new Urandom() : new SecureRandom();
  }

  @Override
  public byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    Source.RANDOM.nextBytes(bytes);
    return bytes;
  }

  @Override
  public String hex(int digits) {
    return HexFormat.of().formatHex(bytes((digits + 1) / 2)).substring(0, digits);
  }

  @Override
  public String uuid() {
    return uuidOf(bytes(16)).toString();
  }

  @Override
  public int below(int bound) {
    return Source.RANDOM.nextInt(bound);
  }

  /** A version 4 UUID of 16 random bytes. */
  static UUID uuidOf(byte[] random) {
    ByteBuffer buffer = ByteBuffer.wrap(random);
    long high = (buffer.getLong() & ~0xf000L) | 0x4000L;
    long low = (buffer.getLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
    return new UUID(high, low);
  }
}
