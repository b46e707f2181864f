package gantry.services.ecs.planner;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Which endings say that the next try will end the same way. */
class EndingsTest {

  @Test
  void whatWasKilledSaysNothingAboutTheNextOne() {
    assertThat(Endings.killed(List.of(0, 137))).isTrue();
    assertThat(Endings.killed(List.of(143))).isTrue();
    assertThat(Endings.killed(List.of(1))).isFalse();
    assertThat(Endings.killed(List.of())).isFalse();
  }

  @Test
  void aCommandThatCannotBeRunWillNotBeNextTime() {
    assertThat(Endings.cause(null, List.of(), List.of(127))).contains("127");
    assertThat(Endings.cause(null, List.of(), List.of(1))).isNull();
  }
}
