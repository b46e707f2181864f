package gantry.node;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkClient;

/** Reaches AWS services as a role of a task: what the node does on the task's behalf. */
public interface RoleClients {

  /**
   * A client whose calls are the role's.
   *
   * @param roleArn the execution role; null where the task definition has none, and the node's own
   *     role is used as on an EC2 instance
   * @param sessionName how the caller shows up in audit trails: the task's id
   * @param region of the resource, from its ARN or the log options
   */
  <C extends SdkClient> C as(
      @Nullable String roleArn, String sessionName, String account, String region, Class<C> client);
}
