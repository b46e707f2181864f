package gantry.app.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

class LogLinesTest {

  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  private LineLogger logger(Level least, boolean json) {
    PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);
    return new LineLogger("gantry.Some", new LogLines(out, least, json));
  }

  private String written() {
    return written.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aLineForPeople() {
    logger(Level.INFO, false).warn("{} of {}", 1, "two");
    assertThat(written()).matches("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} WARN  Some - 1 of two\n");
  }

  @Test
  void whyItFailed() {
    logger(Level.INFO, false).error("no", new IllegalStateException("broken"));
    assertThat(written())
        .contains("ERROR Some - no\n")
        .contains("java.lang.IllegalStateException: broken\n\tat gantry.app.log.LogLinesTest");
  }

  @Test
  void belowTheLevelThereIsNothing() {
    LineLogger logger = logger(Level.INFO, false);
    logger.debug("not said");
    assertThat(logger.isDebugEnabled()).isFalse();
    assertThat(logger.isInfoEnabled()).isTrue();
    assertThat(written()).isEmpty();
    assertThat(LogLines.level("debug")).isEqualTo(Level.DEBUG);
    assertThat(LogLines.level(null)).isEqualTo(Level.INFO);
  }

  @Test
  void anObjectALine() throws Exception {
    logger(Level.INFO, true).info("said \"{}\"\n", "so", new IllegalStateException("broken"));
    assertThat(written().indexOf('\n')).isEqualTo(written().length() - 1);
    Map<String, String> fields = new HashMap<>();
    try (JsonParser json = new JsonFactory().createParser(written())) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        fields.put(name, json.getText());
      }
    }
    assertThat(fields).containsEntry("message", "said \"so\"\n").containsEntry("level", "INFO");
    assertThat(fields.get("stack")).contains("broken");
  }

  @Test
  void itIsWhatLibrariesLogWith() {
    assertThat(LoggerFactory.getLogger("some.library")).isInstanceOf(LineLogger.class);
  }
}
