package gantry.node.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.acs.TaskPayload;
import gantry.node.FakeRoles;
import gantry.node.Payloads;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;

class TaskEndpointTest {

  private final TaskPayload task =
      Payloads.of(
          each -> each.taskRoleArn("arn:aws:iam::000000000000:role/app"),
          null,
          Payloads.shell("c", "x"));

  private Reply credentials(RuntimeException why) {
    TaskEndpoint endpoint =
        new TaskEndpoint(
            key -> null,
            key -> task,
            (taskArn, roleArn) -> {
              throw why;
            },
            new FakeRoles(),
            Clock.systemUTC());
    return endpoint.answer(new Asked("GET", "/v2/credentials/key", Map.of(), "", "127.0.0.1"));
  }

  @Test
  void aRoleThatCannotBeAssumedIsToldToTheContainer() {
    Reply reply = credentials(SdkClientException.create("not allowed to assume it"));
    assertThat(reply.status()).isEqualTo(503);
    assertThat(reply.body()).contains("CredentialsUninitialized").contains("not allowed");
  }

  /** It goes on to who logs it with its trace, and nothing of it to the container. */
  @Test
  void aMistakeOfOursIsNoAnswer() {
    assertThatThrownBy(() -> credentials(new IllegalStateException("a mistake of ours")))
        .isInstanceOf(IllegalStateException.class);
  }
}
