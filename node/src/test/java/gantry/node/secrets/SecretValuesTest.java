package gantry.node.secrets;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.acs.TaskPayload;
import gantry.node.FakeRoles;
import gantry.node.Payloads;
import gantry.node.RoleClients;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkClient;

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
    RoleClients broken =
        new RoleClients() {
          @Override
          public <C extends SdkClient> C as(
              @Nullable String roleArn,
              String session,
              String account,
              String region,
              Class<C> client) {
            throw new IllegalArgumentException("a mistake of ours");
          }
        };
    assertThatThrownBy(() -> new SecretValues(broken).value(task, "/a/b"))
        .isExactlyInstanceOf(IllegalArgumentException.class);
  }
}
