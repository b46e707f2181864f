package gantry.app.http;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request's body while it comes: the connection's thread puts in, the handler's thread takes out
 * and waits. When much waits to be taken the connection is not read on.
 */
final class BodyStream extends InputStream {

  private static final int QUEUED_HIGH = 256 * 1024;
  private static final int QUEUED_LOW = 64 * 1024;
  private static final byte[] NOTHING = new byte[0];

  private final Runnable wanted;
  private final Runnable goOn;
  private final ArrayDeque<byte[]> queue = new ArrayDeque<>();
  private byte[] chunk = NOTHING;
  private int at;
  private int queued;
  private boolean asked;
  private boolean held;
  private boolean ended;
  private @Nullable BrokenRequest broken;
  private long came;
  private long waitingSince;
  private long waitedNanos;

  /**
   * Nothing has come yet.
   *
   * @param wanted told when the first byte is asked for
   * @param goOn told when the connection, held by {@link #put}, is to be read on
   */
  BodyStream(Runnable wanted, Runnable goOn) {
    this.wanted = wanted;
    this.goOn = goOn;
  }

  /** Adds to it. True when the connection is to be read no further for now. */
  synchronized boolean put(byte[] bytes) {
    came += bytes.length;
    if (bytes.length > 0) {
      queue.add(bytes);
      queued += bytes.length;
      waited();
      notifyAll();
    }
    if (queued > QUEUED_HIGH && !held) {
      held = true;
      return true;
    }
    return false;
  }

  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** What was not read yet is lost, and the reader told why. */
  synchronized void fail(BrokenRequest why) {
    if (!ended && broken == null) {
      broken = why;
      notifyAll();
    }
  }

  /** Only waiting for the client counts: a handler may take as long as it likes. */
  synchronized boolean tooSlow(long now, Limits limits) {
    return waitingSince != 0 && limits.bodyTooSlow(waitedNanos + now - waitingSince, came);
  }

  @Override
  public int read() throws IOException {
    return fill() ? chunk[at++] & 0xff : -1;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, into.length);
    if (length == 0) {
      return 0;
    }
    if (!fill()) {
      return -1;
    }
    int count = Math.min(length, chunk.length - at);
    System.arraycopy(chunk, at, into, offset, count);
    at += count;
    return count;
  }

  @Override
  public int available() {
    return chunk.length - at;
  }

  /** False at the end. */
  private boolean fill() throws BrokenRequest {
    if (at < chunk.length) {
      return true;
    }
    if (!asked) {
      asked = true;
      wanted.run();
    }
    boolean release;
    synchronized (this) {
      await();
      byte[] next = queue.poll();
      if (next == null) {
        BrokenRequest why = broken;
        if (why != null) {
          throw new BrokenRequest(why.status(), String.valueOf(why.getMessage()));
        }
        return false;
      }
      chunk = next;
      at = 0;
      queued -= next.length;
      release = held && queued < QUEUED_LOW;
      if (release) {
        held = false;
      }
    }
    if (release) {
      goOn.run();
    }
    return true;
  }

  private synchronized void await() throws BrokenRequest {
    if (!queue.isEmpty() || ended || broken != null) {
      return;
    }
    waitingSince = System.nanoTime();
    try {
      while (queue.isEmpty() && !ended && broken == null) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BrokenRequest(408, "Reading the request's body was interrupted.");
    } finally {
      waited();
    }
  }

  /** The client has done its part, however long the reader takes to notice. */
  private void waited() {
    if (waitingSince != 0) {
      waitedNanos += System.nanoTime() - waitingSince;
      waitingSince = 0;
    }
  }
}
