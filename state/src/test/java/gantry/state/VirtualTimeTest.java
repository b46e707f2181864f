package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VirtualTimeTest {

  private final VirtualTime time = new VirtualTime();
  private final List<String> ran = new ArrayList<>();

  @Test
  void timersRunInTheOrderOfTheirTimes() {
    time.after(Duration.ofSeconds(2), () -> ran.add("two at " + time.instant()));
    time.after(
        Duration.ofSeconds(1),
        () -> {
          ran.add("one");
          time.after(Duration.ofMillis(500), () -> ran.add("one and a half"));
        });
    Timers.Timer cancelled = time.after(Duration.ofSeconds(1), () -> ran.add("never"));
    cancelled.cancel();

    time.runUntilIdle();
    assertThat(ran).isEmpty();
    time.advance(Duration.ofSeconds(10));
    assertThat(ran).containsExactly("one", "one and a half", "two at 2026-01-01T00:00:02Z");
    assertThat(time.instant()).isEqualTo(VirtualTime.START.plusSeconds(10));
  }

  @Test
  void whatIsAskedForNowRunsWithoutTimeMoving() {
    time.executor()
        .execute(
            () -> {
              ran.add("first");
              time.executor().execute(() -> ran.add("second"));
            });
    time.runUntilIdle();
    assertThat(ran).containsExactly("first", "second");
    assertThat(time.instant()).isEqualTo(VirtualTime.START);
  }

  @Test
  void seededIdsRepeat() {
    assertThat(new SeededIds(7).uuid())
        .isEqualTo(new SeededIds(7).uuid())
        .isNotEqualTo(new SeededIds(8).uuid())
        .matches("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    assertThat(new SeededIds(7).hex(17)).hasSize(17);
    assertThat(new RandomIds().hex(32)).matches("[0-9a-f]{32}");
  }
}
