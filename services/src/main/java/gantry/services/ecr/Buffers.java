package gantry.services.ecr;

import java.util.concurrent.ArrayBlockingQueue;

/**
 * Buffers of one size that uploads take and give back: made anew for each, they would outlive a
 * collection or two and fill the heap with what has passed through. One that is not given back is
 * no loss.
 */
final class Buffers {

  /** Kept for the next; a few uploads at once have that many. */
  private static final int KEPT = 32;

  private final int size;
  private final ArrayBlockingQueue<byte[]> kept = new ArrayBlockingQueue<>(KEPT);

  Buffers(int size) {
    this.size = size;
  }

  byte[] take() {
    byte[] buffer = kept.poll();
    return buffer == null ? new byte[size] : buffer;
  }

  void give(byte[] buffer) {
    kept.offer(buffer);
  }
}
