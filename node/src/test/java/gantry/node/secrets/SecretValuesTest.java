package gantry.node.secrets;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.acs.TaskPayload;
import gantry.node.ClumsyRoles;
import gantry.node.FakeRoles;
import gantry.node.Payloads;
import org.junit.jupiter.api.Test;

class SecretValuesTest {

  private final TaskPayload task = Payloads.bridge(Payloads.shell("c", "x"));

  @Test
  void whatCannotBeReadIsTheTasksReason() {
    SecretValues values = new SecretValues(new FakeRoles());
    assertThatThrownBy(() -> values.value(task, "arn:aws:s3:::bucket/key"))
        .isInstanceOf(SecretValues.Unavailable.class)
        .hasMessageContaining("invalid valueFrom: neither");
    assertThatThrownBy(() -> values.value(task, "/not/there"))
        .isInstanceOf(SecretValues.Unavailable.class)
        .hasMessageContaining("invalid parameters: /not/there");
  }

  /** What is wrong with us is not said to be wrong with the task definition. */
  @Test
  void aMistakeOfOursIsNoInvalidReference() {
    ClumsyRoles broken =
        new ClumsyRoles(new FakeRoles(), 1, new IllegalArgumentException("a mistake of ours"));
    assertThatThrownBy(() -> new SecretValues(broken).value(task, "/a/b"))
        .isExactlyInstanceOf(IllegalArgumentException.class);
  }
}
