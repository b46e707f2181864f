package gantry.services.logs;

import java.util.concurrent.ConcurrentLinkedDeque;
import org.jspecify.annotations.Nullable;

/**
 * Arrays that one search uses again and again: a fresh one of megabytes for each segment costs as
 * much as looking into it. There are as many as segments are read at once, and they go with the
 * search.
 */
final class Buffers {

  private final ConcurrentLinkedDeque<byte[]> idle = new ConcurrentLinkedDeque<>();

  /** At least so long; with whatever stood in it. */
  byte[] take(int size) {
    byte @Nullable [] one = idle.pollFirst();
    return one != null && one.length >= size ? one : new byte[size];
  }

  void giveBack(byte[] array) {
    idle.addFirst(array);
  }
}
