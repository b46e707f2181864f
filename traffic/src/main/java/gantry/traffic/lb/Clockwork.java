package gantry.traffic.lb;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The wall clock of an event loop, with the texts that change once a second. */
final class Clockwork {

  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US);

  private long dateSecond = -1;
  private byte[] date = new byte[0];

  long epochSecond() {
    return System.currentTimeMillis() / 1000;
  }

  byte[] httpDate() {
    long second = epochSecond();
    if (second != dateSecond) {
      dateSecond = second;
      date = httpDate(second).getBytes(StandardCharsets.US_ASCII);
    }
    return date;
  }

  static String httpDate(long epochSecond) {
    return HTTP_DATE.format(
        ZonedDateTime.ofInstant(Instant.ofEpochSecond(epochSecond), ZoneOffset.UTC));
  }
}
