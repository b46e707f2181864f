package gantry.app.http;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The Date header, made once a second. */
final class DateHeader {

  private static final DateTimeFormatter FORM =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  private record Made(long second, String text) {}

  private static volatile Made last = new Made(-1, "");

  private DateHeader() {}

  static String now() {
    long second = System.currentTimeMillis() / 1000;
    Made made = last;
    if (made.second != second) {
      made = new Made(second, FORM.format(Instant.ofEpochSecond(second)));
      last = made;
    }
    return made.text;
  }
}
