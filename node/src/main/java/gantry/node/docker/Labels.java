package gantry.node.docker;

import gantry.acs.TaskPayload;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How what the node makes is found again: by label, after a crash of any side. Names are computed
 * from the task's ARN, so that Docker itself refuses to make a container a second time.
 */
public final class Labels {

  /** Which installation of ours made it; everything of ours carries it. */
  public static final String INSTALL = "gantry.install";

  /** {@code container}, {@code pause} or {@code volume}. */
  public static final String ROLE = "gantry.role";

  /** The interface that a pause container holds. */
  public static final String ENI = "gantry.eni";

  public static final String TASK_ARN = "com.amazonaws.ecs.task-arn";
  public static final String CONTAINER_NAME = "com.amazonaws.ecs.container-name";
  public static final String CLUSTER = "com.amazonaws.ecs.cluster";
  public static final String FAMILY = "com.amazonaws.ecs.task-definition-family";
  public static final String REVISION = "com.amazonaws.ecs.task-definition-version";

  /** The name that Amazon's agent gives its pause container. */
  public static final String PAUSE_NAME = "~internal~ecs~pause";

  private Labels() {}

  public static Map<String, String> of(String install, TaskPayload task, String container) {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put(INSTALL, install);
    labels.put(ROLE, container.equals(PAUSE_NAME) ? "pause" : "container");
    labels.put(TASK_ARN, task.taskArn());
    labels.put(CONTAINER_NAME, container);
    labels.put(CLUSTER, task.clusterArn());
    labels.put(FAMILY, task.definition().family());
    labels.put(REVISION, String.valueOf(task.definition().revision()));
    return labels;
  }

  /** {@code ecs-family-revision-container-hex}, as Amazon's agent has it. */
  public static String containerName(String install, TaskPayload task, String container) {
    String shown =
        container.equals(PAUSE_NAME)
            ? "internalecspause"
            : container.replaceAll("[^a-zA-Z0-9_.-]", "");
    return "ecs-"
        + task.definition().family()
        + "-"
        + task.definition().revision()
        + "-"
        + shown
        + "-"
        + hex(install + " " + task.taskArn() + " " + container);
  }

  /** The name on the host of a volume that lives and dies with its task. */
  public static String volumeName(String install, TaskPayload task, String volume) {
    return "ecs-"
        + task.definition().family()
        + "-"
        + task.definition().revision()
        + "-"
        + volume.toLowerCase(Locale.ROOT)
        + "-"
        + hex(install + " " + task.taskArn() + " volume " + volume);
  }

  static String hex(String of) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(of.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 10);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
