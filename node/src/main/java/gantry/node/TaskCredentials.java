package gantry.node;

import java.time.Instant;
import software.amazon.awssdk.core.exception.SdkException;

/** Issues sessions of task roles, as Amazon ECS does by assuming the role for each task. */
public interface TaskCredentials {

  /**
   * A fresh session. The node asks again before the old one ends.
   *
   * @throws SdkException when the role cannot be assumed; the message is shown to the container
   */
  Session session(String taskArn, String roleArn);

  record Session(
      String roleArn,
      String accessKeyId,
      String secretAccessKey,
      String token,
      Instant expiration) {
    @Override
    public String toString() {
      return "Session[" + roleArn + ", " + accessKeyId + ", until " + expiration + "]";
    }
  }
}
