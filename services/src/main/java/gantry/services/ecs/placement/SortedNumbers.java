package gantry.services.ecs.placement;

import java.util.Arrays;
import java.util.NoSuchElementException;
import java.util.PrimitiveIterator;

/**
 * A set of numbers in order. They lie in blocks, so that a search touches two or three places in
 * memory where a tree of objects would touch a dozen: with ten thousand instances that is what a
 * placement's time is made of.
 */
final class SortedNumbers {

  /** What a block holds at most; a full one is split in two. */
  static final int BLOCK = 128;

  /** The smallest number of each block. */
  private long[] firsts = new long[4];

  private long[][] blocks = new long[4][];
  private int[] sizes = new int[4];
  private int count;

  boolean isEmpty() {
    return count == 0;
  }

  /** Adds a number that is not in the set. */
  void add(long number) {
    if (count == 0) {
      insertBlock(0, new long[BLOCK], 0);
    }
    int at = blockOf(number);
    if (sizes[at] == BLOCK) {
      split(at);
      at = blockOf(number);
    }
    long[] block = blocks[at];
    int place = -Arrays.binarySearch(block, 0, sizes[at], number) - 1;
    if (place < 0) {
      throw new IllegalArgumentException(number + " is there already");
    }
    System.arraycopy(block, place, block, place + 1, sizes[at] - place);
    block[place] = number;
    sizes[at]++;
    firsts[at] = block[0];
  }

  /** Removes a number that is in the set. */
  void remove(long number) {
    int at = count == 0 ? 0 : blockOf(number);
    int place = count == 0 ? -1 : Arrays.binarySearch(blocks[at], 0, sizes[at], number);
    if (place < 0) {
      throw new NoSuchElementException(Long.toString(number));
    }
    long[] block = blocks[at];
    sizes[at]--;
    System.arraycopy(block, place + 1, block, place, sizes[at] - place);
    if (sizes[at] == 0) {
      removeBlock(at);
      return;
    }
    firsts[at] = block[0];
    if (at + 1 < count && sizes[at] + sizes[at + 1] <= BLOCK / 2) {
      System.arraycopy(blocks[at + 1], 0, block, sizes[at], sizes[at + 1]);
      sizes[at] += sizes[at + 1];
      removeBlock(at + 1);
    }
  }

  /** The numbers from {@code least} on, upwards. The set must not change meanwhile. */
  PrimitiveIterator.OfLong from(long least) {
    int block = count == 0 ? 0 : blockOf(least);
    int place = count == 0 ? 0 : Arrays.binarySearch(blocks[block], 0, sizes[block], least);
    return new Upwards(block, place < 0 ? -place - 1 : place);
  }

  /** All numbers, downwards. The set must not change meanwhile. */
  PrimitiveIterator.OfLong downwards() {
    return new Downwards();
  }

  /** The block that a number is in or belongs into. */
  private int blockOf(long number) {
    int found = Arrays.binarySearch(firsts, 0, count, number);
    return found >= 0 ? found : Math.max(0, -found - 2);
  }

  private void split(int at) {
    long[] upper = new long[BLOCK];
    int half = BLOCK / 2;
    System.arraycopy(blocks[at], half, upper, 0, BLOCK - half);
    sizes[at] = half;
    insertBlock(at + 1, upper, BLOCK - half);
  }

  private void insertBlock(int at, long[] block, int size) {
    if (count == blocks.length) {
      firsts = Arrays.copyOf(firsts, count * 2);
      blocks = Arrays.copyOf(blocks, count * 2);
      sizes = Arrays.copyOf(sizes, count * 2);
    }
    System.arraycopy(firsts, at, firsts, at + 1, count - at);
    System.arraycopy(blocks, at, blocks, at + 1, count - at);
    System.arraycopy(sizes, at, sizes, at + 1, count - at);
    firsts[at] = block[0];
    blocks[at] = block;
    sizes[at] = size;
    count++;
  }

  private void removeBlock(int at) {
    count--;
    System.arraycopy(firsts, at + 1, firsts, at, count - at);
    System.arraycopy(blocks, at + 1, blocks, at, count - at);
    System.arraycopy(sizes, at + 1, sizes, at, count - at);
  }

  private final class Upwards implements PrimitiveIterator.OfLong {
    private int block;
    private int place;

    Upwards(int block, int place) {
      this.block = block;
      this.place = place;
    }

    @Override
    public boolean hasNext() {
      if (block < count && place == sizes[block]) {
        block++;
        place = 0;
      }
      return block < count;
    }

    @Override
    public long nextLong() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      return blocks[block][place++];
    }
  }

  private final class Downwards implements PrimitiveIterator.OfLong {
    private int block = count - 1;
    private int place = count == 0 ? 0 : sizes[count - 1] - 1;

    @Override
    public boolean hasNext() {
      return block >= 0;
    }

    @Override
    public long nextLong() {
      if (block < 0) {
        throw new NoSuchElementException();
      }
      long number = blocks[block][place--];
      if (place < 0 && --block >= 0) {
        place = sizes[block] - 1;
      }
      return number;
    }
  }
}
