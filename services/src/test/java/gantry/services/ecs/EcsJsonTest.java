package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.ecs.model.Task;

class EcsJsonTest {

  @ParameterizedTest
  @CsvSource({
    "2026-01-01T00:00:00Z, 2026-01-01T00:00:00.000Z",
    "2026-11-30T23:59:59.987654321Z, 2026-11-30T23:59:59.987Z",
    "1969-12-31T23:59:59.001Z, 1969-12-31T23:59:59.001Z",
    "2024-02-29T09:08:07.050Z, 2024-02-29T09:08:07.050Z"
  })
  void timesHaveMilliseconds(String time, String text) {
    assertThat(EcsJson.text(Instant.parse(time))).isEqualTo(text);
  }

  @Test
  void whatIsLeftOutIsLeftOutEverywhere() {
    Task task =
        Task.builder()
            .taskArn("t")
            .healthStatus("HEALTHY")
            .tags(t -> t.key("a").value("b"))
            .containers(c -> c.name("app").healthStatus("HEALTHY").exitCode(0))
            .build();
    assertThat(EcsJson.write(task, Set.of("tags", "healthStatus"), Map.of("updatedAt", "now")))
        .contains("\"containers\":[{\"name\":\"app\",\"exitCode\":0}]")
        .contains("\"updatedAt\":\"now\"")
        .doesNotContain("HEALTHY")
        .doesNotContain("\"tags\"");
  }
}
