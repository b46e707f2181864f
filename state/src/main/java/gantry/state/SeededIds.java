package gantry.state;

import java.util.HexFormat;
import java.util.SplittableRandom;

/** Names and chance from a seed: the same for each run of a test. */
public final class SeededIds implements Ids {

  private final SplittableRandom random;

  public SeededIds(long seed) {
    random = new SplittableRandom(seed);
  }

  @Override
  public synchronized byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  @Override
  public String hex(int digits) {
    return HexFormat.of().formatHex(bytes((digits + 1) / 2)).substring(0, digits);
  }

  @Override
  public String uuid() {
    byte[] bytes = bytes(16);
    return RandomIds.uuidOf(bytes).toString();
  }

  @Override
  public synchronized int below(int bound) {
    return random.nextInt(bound);
  }

  /** A source of its own, so that one more id drawn there does not rename everything here. */
  public synchronized SeededIds split() {
    return new SeededIds(random.nextLong());
  }
}
