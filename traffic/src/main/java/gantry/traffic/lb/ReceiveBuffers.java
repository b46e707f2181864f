package gantry.traffic.lb;

import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;

/**
 * How much room a read gets: what the connection lately filled. A buffer is not much larger than
 * what comes, since a slow client's answers wait in them; and one step lies above 64 kB with room
 * for a head, as answers of that size are many and are to take one read.
 */
final class ReceiveBuffers extends DefaultMaxMessagesRecvByteBufAllocator {

  private static final int[] SIZES = {512, 2048, 8192, 32 * 1024, 96 * 1024};
  private static final int FIRST = 2;

  /** Reads that would have fitted a step below, before it is taken. */
  private static final int SMALL_ONES = 16;

  /** Whoever fills his buffer is read again, but not for ever: others wait. */
  private static final int READS = 4;

  ReceiveBuffers() {
    super(READS);
  }

  @Override
  @SuppressWarnings("deprecation") // the only kind of handle there is
  public Handle newHandle() {
    return new Sized();
  }

  private final class Sized extends MaxMessageHandle {
    private int step = FIRST;
    private int small;

    @Override
    public int guess() {
      return SIZES[step];
    }

    @Override
    public void lastBytesRead(int bytes) {
      if (bytes > 0) {
        if (bytes == attemptedBytesRead()) {
          step = Math.min(step + 1, SIZES.length - 1);
          small = 0;
        } else if (step > 0 && bytes <= SIZES[step - 1]) {
          if (++small == SMALL_ONES) {
            step--;
            small = 0;
          }
        } else {
          small = 0;
        }
      }
      super.lastBytesRead(bytes);
    }
  }
}
