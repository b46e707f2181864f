package gantry.app.registry;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A body of which something has to come from time to time. The JDK's client waits for ever for one
 * whose sender is gone without a word; here it is closed then, which wakes up who reads.
 */
final class TimedBody extends FilterInputStream {

  private final Duration most;
  private volatile long readingSince;
  private volatile boolean reading;
  private volatile boolean closed;
  private volatile boolean givenUp;
  private @Nullable Thread watch;

  TimedBody(InputStream body, Duration most) {
    super(body);
    this.most = most;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (watch == null) {
      watch = Thread.ofVirtual().name("upstream body").start(this::watch);
    }
    readingSince = System.nanoTime();
    reading = true;
    try {
      return in.read(into, offset, length);
    } catch (IOException e) {
      throw givenUp ? new IOException("nothing came from the upstream for " + most, e) : e;
    } finally {
      reading = false;
    }
  }

  private void watch() {
    while (!closed) {
      LockSupport.parkNanos(most.dividedBy(4).toNanos());
      if (reading && System.nanoTime() - readingSince > most.toNanos()) {
        givenUp = true;
        try {
          in.close();
        } catch (IOException e) {
          // Who reads is told that nothing came; that it closed badly is no more news.
        }
        return;
      }
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    Thread watching = watch;
    if (watching != null) {
      LockSupport.unpark(watching);
    }
    super.close();
  }
}
