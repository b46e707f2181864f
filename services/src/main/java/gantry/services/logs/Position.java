package gantry.services.logs;

import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Where an event stands in its group: by its time, and by its arrival among equals. */
record Position(long timestamp, long sequence) implements Comparable<Position> {

  /** How far the time stands to the left in an id; AWS's ids have 56 digits that way. */
  private static final int SHIFT = 144;

  static final int DIGITS_OF_ID = 56;

  private static final Pattern DIGITS = Pattern.compile("[0-9]{" + DIGITS_OF_ID + "}");

  @Override
  public int compareTo(Position other) {
    int order = Long.compare(timestamp, other.timestamp);
    return order != 0 ? order : Long.compare(sequence, other.sequence);
  }

  /** The event's id: 56 digits that stand in the order of time. */
  String id() {
    BigInteger number =
        BigInteger.valueOf(timestamp)
            .shiftLeft(SHIFT)
            .add(BigInteger.valueOf(sequence + 1)); // -1 is before every event
    return String.format(Locale.ROOT, "%056d", number);
  }

  /** Null for what {@link #id} never made. */
  static @Nullable Position parse(String id) {
    if (!DIGITS.matcher(id).matches()) {
      return null;
    }
    BigInteger number = new BigInteger(id);
    BigInteger time = number.shiftRight(SHIFT);
    BigInteger sequence = number.subtract(time.shiftLeft(SHIFT)).subtract(BigInteger.ONE);
    if (time.bitLength() > 62 || sequence.bitLength() > 63) {
      return null;
    }
    return new Position(time.longValue(), sequence.longValue());
  }
}
