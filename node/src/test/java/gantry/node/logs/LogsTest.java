package gantry.node.logs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.acs.TaskPayload;
import gantry.node.Payloads;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class LogsTest {

  private static final Instant AT = Instant.parse("2026-01-01T00:00:00.000000001Z");

  private static LogOptions options(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(Map.of("awslogs-group", "g"));
    all.putAll(more);
    TaskPayload task = Payloads.logging(all);
    return LogOptions.of(task, task.definition().containerDefinitions().getFirst());
  }

  @Test
  void readsOptions() {
    LogOptions plain = options(Map.of());
    assertThat(plain.region()).isEqualTo("us-east-1");
    assertThat(plain.blocking()).isFalse();
    assertThat(plain.bufferBytes()).isEqualTo(10L << 20);
    assertThat(options(Map.of("max-buffer-size", "25m", "mode", "non-blocking")).bufferBytes())
        .isEqualTo(25L << 20);
    assertThat(LogOptions.bytes("4kb")).isEqualTo(4096);
    for (String none : List.of("kb", "4x", "99999999999g", "9".repeat(30))) {
      assertThatThrownBy(() -> LogOptions.bytes(none))
          .isInstanceOf(LogOptions.Invalid.class)
          .hasMessage("error getting max-buffer-size: invalid size: '" + none + "'");
    }
    assertThatThrownBy(() -> options(Map.of("awslogs-gruop", "x")))
        .hasMessage("unknown log opt 'awslogs-gruop' for awslogs log driver");
    assertThatThrownBy(() -> options(Map.of("mode", "fast"))).hasMessageContaining("fast");
    assertThatThrownBy(
            () ->
                options(Map.of("awslogs-datetime-format", "%Y", "awslogs-multiline-pattern", "x")))
        .hasMessageContaining("at the same time");
  }

  @Test
  void datesBecomePatterns() {
    String pattern = LogOptions.ofDatetime("[%b %d, %Y %H:%M:%S]");
    assertThat(Pattern.compile(pattern).matcher("[May 01, 2026 19:00:01] hello").find()).isTrue();
    assertThat(Pattern.compile(pattern).matcher("  at a.b.C").find()).isFalse();
  }

  @Test
  void joinsPiecesAndLines() {
    EventAssembler lines = new EventAssembler(null);
    assertThat(lines.add(new LogLine(AT, "lo", false))).isEmpty();
    assertThat(lines.add(new LogLine(AT.plusNanos(1), "ng", true)))
        .containsExactly(new LogEvent(AT, AT.plusNanos(1), "long"));
    assertThat(lines.add(new LogLine(AT, "", true))).isEmpty();

    EventAssembler events = new EventAssembler(Pattern.compile("^ERROR"));
    assertThat(events.add(new LogLine(AT, "ERROR a", true))).isEmpty();
    assertThat(events.add(new LogLine(AT, "  b", true))).isEmpty();
    assertThat(events.add(new LogLine(AT, "ERROR c", true)))
        .extracting(LogEvent::message)
        .containsExactly("ERROR a\n  b");
    assertThat(events.flush()).extracting(LogEvent::message).containsExactly("ERROR c");
    assertThat(events.pending()).isFalse();
  }

  @Test
  void readsDockersFrames() throws IOException {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    for (String each :
        List.of(
            "2026-01-01T00:00:00.000000001Z hello\n", "2026-01-01T00:00:00.000000002Z no end")) {
      byte[] bytes = each.getBytes(StandardCharsets.UTF_8);
      stream.writeBytes(ByteBuffer.allocate(8).put((byte) 1).putInt(4, bytes.length).array());
      stream.writeBytes(bytes);
    }
    List<LogLine> lines = new ArrayList<>();
    DockerLogStream.readFrames(new ByteArrayInputStream(stream.toByteArray()), lines::add);
    assertThat(lines)
        .containsExactly(
            new LogLine(AT, "hello", true), new LogLine(AT.plusNanos(1), "no end", false));
  }

  @Test
  void aFullBufferDropsOrWaits() throws InterruptedException {
    LogBuffer dropping = new LogBuffer(100, false);
    for (int i = 0; i < 10; i++) {
      dropping.put(new LogEvent(AT, AT, "0123456789"));
    }
    assertThat(dropping.batch()).hasSize(2);
    assertThat(dropping.takeDropped()).isEqualTo(8);

    LogBuffer blocking = new LogBuffer(100, true);
    Thread writer =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    for (int i = 0; i < 10; i++) {
                      blocking.put(new LogEvent(AT, AT, "0123456789"));
                    }
                    blocking.end();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    int got = 0;
    while (!blocking.finished()) {
      blocking.await(0);
      List<LogEvent> batch = blocking.batch();
      assertThat(batch.size()).isLessThanOrEqualTo(2);
      blocking.sent(batch);
      got += batch.size();
    }
    writer.join();
    assertThat(got).isEqualTo(10);
    assertThat(blocking.takeDropped()).isZero();
  }
}
