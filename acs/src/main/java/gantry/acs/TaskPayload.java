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
 * @param knownStatus the last status that the node reported of this task ({@code PENDING}, {@code
 *     RUNNING}, {@code STOPPED}); null when it has reported none. A node that finds nothing of a
 *     task that was RUNNING reports it stopped, and does not start it a second time
 * @param containerArns container name to its ARN, for the metadata endpoint
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
    Map<String, String> tags,
    @Nullable String knownStatus,
    Map<String, String> containerArns) {

  /** A task of which nothing was reported yet. */
  public TaskPayload(
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
    this(
        taskArn,
        clusterArn,
        containerInstanceArn,
        generation,
        desired,
        definition,
        digests,
        eni,
        launchType,
        availabilityZone,
        group,
        serviceName,
        executeCommandEnabled,
        tags,
        null,
        Map.of());
  }

  /** The last part of the ARN: 32 hexadecimal digits. */
  public String taskId() {
    return taskArn.substring(taskArn.lastIndexOf('/') + 1);
  }

  /** The account of the task, as its ARN says. */
  public String account() {
    return taskArn.split(":", 6)[4];
  }

  /** The region of the task, as its ARN says. */
  public String region() {
    return taskArn.split(":", 6)[3];
  }

  /** What the control plane wants of the task. */
  public enum Desired {
    RUNNING,
    STOPPED
  }
}
