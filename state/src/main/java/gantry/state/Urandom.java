package gantry.state;

import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * The kernel's random numbers. Java's own generator asks the same device, but sets up its security
 * providers and a digest before it does: 20 ms of CPU at each start, in which the program needs the
 * name of an installation and a key.
 */
final class Urandom implements RandomGenerator {

  static final Path DEVICE = Path.of("/dev/urandom");

  private final InputStream in;
  private final byte[] read = new byte[512];
  private int at = read.length;

  Urandom() {
    try {
      in = new FileInputStream(DEVICE.toFile()); // open as long as the program runs
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public synchronized void nextBytes(byte[] bytes) {
    for (int done = 0; done < bytes.length; ) {
      if (at == read.length) {
        fill();
      }
      int count = Math.min(bytes.length - done, read.length - at);
      System.arraycopy(read, at, bytes, done, count);
      Arrays.fill(
          read, at, at + count, (byte) 0); // who reads our memory learns none that were used
      at += count;
      done += count;
    }
  }

  @Override
  public long nextLong() {
    byte[] bytes = new byte[Long.BYTES];
    nextBytes(bytes);
    return ByteBuffer.wrap(bytes).getLong();
  }

  private void fill() {
    try {
      if (in.readNBytes(read, 0, read.length) < read.length) {
        throw new EOFException(DEVICE + " ended");
      }
      at = 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
