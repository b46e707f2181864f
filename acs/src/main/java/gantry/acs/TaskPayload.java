package gantry.acs;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;

/**
 * A task as a node gets it: nothing is left to decide. The same task is sent again whenever
 * something about it changes (above all {@link #desired}), and after every start of either side;
 * receivers act on the newest {@code generation} and never go back.
 *
 * @param definition the revision with every override of the task already applied
 * @param digests container name to {@code sha256:…} where a deployment has pinned it; the image is
 *     then pulled by digest
 * @param eni the task's interface, for awsvpc; null otherwise
 * @param serviceName null for a task that no service started
 * @param tags the task's tags, for the metadata endpoint
 */
public record TaskPayload(
    String taskArn,
    String clusterArn,
    String containerInstanceArn,
    long generation,
    Desired desired,
    TaskDefinition definition,
    Map<String, String> digests,
    @Nullable EniPayload eni,
    LaunchType launchType,
    String availabilityZone,
    String group,
    @Nullable String serviceName,
    boolean executeCommandEnabled,
    Map<String, String> tags) {

  /** What the control plane wants of the task. */
  public enum Desired {
    RUNNING,
    STOPPED
  }
}
