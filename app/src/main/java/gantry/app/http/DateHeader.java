package gantry.app.http;

import java.time.LocalDateTime;
import java.time.ZoneOffset;

/**
 * The Date header, made once a second. HTTP's form knows no language, so no formatter is asked: it
 * would begin with the data of all of the world's, and the first answer would wait for that.
 */
final class DateHeader {

  private static final String[] DAYS = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  private static final String[] MONTHS = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
  };

  private record Made(long second, String text) {}

  private static volatile Made last = new Made(-1, "");

  private DateHeader() {}

  static String now() {
    long second = System.currentTimeMillis() / 1000;
    Made made = last;
    if (made.second != second) {
      made = new Made(second, of(second));
      last = made;
    }
    return made.text;
  }

  /** {@code Sun, 06 Nov 1994 08:49:37 GMT}, of a second since 1970. */
  static String of(long second) {
    LocalDateTime at = LocalDateTime.ofEpochSecond(second, 0, ZoneOffset.UTC);
    StringBuilder out = new StringBuilder(29);
    out.append(DAYS[at.getDayOfWeek().ordinal()]).append(", ");
    digits(out, at.getDayOfMonth()).append(' ');
    out.append(MONTHS[at.getMonthValue() - 1]).append(' ').append(at.getYear()).append(' ');
    digits(out, at.getHour()).append(':');
    digits(out, at.getMinute()).append(':');
    return digits(out, at.getSecond()).append(" GMT").toString();
  }

  private static StringBuilder digits(StringBuilder out, int two) {
    return out.append((char) ('0' + two / 10)).append((char) ('0' + two % 10));
  }
}
