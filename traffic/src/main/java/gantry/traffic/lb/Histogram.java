package gantry.traffic.lb;

/**
 * How long things took, in microseconds: sixteen steps for each doubling, so a percentile is right
 * to about six per cent. Written by one thread; readers may see it a moment late.
 */
final class Histogram {

  private static final int SIZE = 30 * 16;

  private final long[] counts = new long[SIZE];
  private long sumMicros;

  void record(long micros) {
    long value = Math.max(0, Math.min(micros, (1L << 32) - 1));
    counts[slot(value)]++;
    sumMicros += value;
  }

  private static int slot(long value) {
    if (value < 16) {
      return (int) value;
    }
    int exponent = 63 - Long.numberOfLeadingZeros(value);
    return (exponent - 3) * 16 + (int) (value >>> (exponent - 4) & 15);
  }

  private static long upper(int slot) {
    if (slot < 16) {
      return slot;
    }
    int exponent = slot / 16 + 3;
    return (1L << exponent) + ((slot % 16 + 1L) << (exponent - 4)) - 1;
  }

  void addTo(Histogram other) {
    for (int i = 0; i < SIZE; i++) {
      other.counts[i] += counts[i];
    }
    other.sumMicros += sumMicros;
  }

  Histogram minus(Histogram earlier) {
    Histogram rest = new Histogram();
    for (int i = 0; i < SIZE; i++) {
      rest.counts[i] = counts[i] - earlier.counts[i];
    }
    rest.sumMicros = sumMicros - earlier.sumMicros;
    return rest;
  }

  long count() {
    long all = 0;
    for (long one : counts) {
      all += one;
    }
    return all;
  }

  long sumMicros() {
    return sumMicros;
  }

  long percentileMicros(double percentile) {
    long rank = (long) Math.ceil(count() * percentile / 100);
    long seen = 0;
    for (int i = 0; i < SIZE; i++) {
      seen += counts[i];
      if (seen >= rank && seen > 0) {
        return upper(i);
      }
    }
    return 0;
  }
}
