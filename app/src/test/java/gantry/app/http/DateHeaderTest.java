package gantry.app.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class DateHeaderTest {

  private static final DateTimeFormatter FORM =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  /** Every day of some years, each at another time of the day. */
  @Test
  void saysWhatTheFormatterSays() {
    for (long second = 951_000_000; second < 1_100_000_000; second += 86_399 + 3_600) {
      assertThat(DateHeader.of(second)).isEqualTo(FORM.format(Instant.ofEpochSecond(second)));
    }
  }

  @Test
  void saysTheExampleOfTheStandard() {
    assertThat(DateHeader.of(784_111_777)).isEqualTo("Sun, 06 Nov 1994 08:49:37 GMT");
  }
}
