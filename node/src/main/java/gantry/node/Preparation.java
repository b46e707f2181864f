package gantry.node;

import gantry.acs.TaskPayload;
import gantry.node.docker.Images;
import gantry.node.docker.Reasons;
import gantry.node.docker.Refusals;
import gantry.node.logs.LogOptions;
import gantry.node.logs.Logs;
import gantry.node.secrets.SecretValues;
import java.util.LinkedHashMap;
import java.util.Map;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.LogConfiguration;
import software.amazon.awssdk.services.ecs.model.Secret;

/** Gets what a container needs before it is made: its log, secrets, image and environment. */
final class Preparation {

  private final Node node;

  Preparation(Node node) {
    this.node = node;
  }

  record Ready(Images.Local image, Map<String, String> environment) {}

  /** Asks for what is not there; the message says what, and what would help. */
  static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    Refused(String message) {
      super(message);
    }
  }

  Ready ready(TaskPayload now, ContainerDefinition container)
      throws Images.Missing, SecretValues.Unavailable, Refused {
    var refused =
        Refusals.of(now, container, node.config().allowPrivileged(), node.docker().facts());
    if (refused.isPresent()) {
      throw new Refused(refused.get());
    }
    LogConfiguration logging = container.logConfiguration();
    if (logging != null && "awslogs".equals(logging.logDriverAsString())) {
      try {
        node.logs().prepare(now, container);
      } catch (LogOptions.Invalid e) {
        throw new Refused(Reasons.resources("failed to validate logger args: " + e.getMessage()));
      } catch (SdkException e) {
        throw new Refused(
            Reasons.resources(
                "failed to validate logger args: create stream has been retried 1 times: failed to"
                    + " create Cloudwatch log stream: "
                    + Logs.words(e)
                    + fixOfLog(container)));
      }
    }
    if (logging != null) {
      for (Secret each : logging.secretOptions()) {
        throw new Refused(
            Reasons.resources(
                "failed to initialize logging driver: secretOptions ("
                    + each.name()
                    + ") are not supported for driver "
                    + logging.logDriverAsString()));
      }
    }
    Map<String, String> secrets = new LinkedHashMap<>();
    for (Secret each : container.secrets()) {
      secrets.put(each.name(), node.secrets().value(now, each.valueFrom()));
    }
    Images.Local image = node.images().get(now, container);
    Map<String, String> environment =
        TaskEnvironment.of(now, container, secrets, node.endpoints().of(now, container.name()));
    return new Ready(image, environment);
  }

  private static String fixOfLog(ContainerDefinition container) {
    String group = container.logConfiguration().options().get("awslogs-group");
    return ". Does the log group "
        + group
        + " exist, and may the execution role write to it? awslogs-create-group makes it";
  }
}
