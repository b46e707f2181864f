package gantry.node;

import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import java.util.Arrays;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.LogConfiguration;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;

/** Tasks for tests. */
public final class Payloads {

  private Payloads() {}

  public static ContainerDefinition shell(String name, String script) {
    return shell(name, script, each -> {});
  }

  public static ContainerDefinition shell(
      String name, String script, Consumer<ContainerDefinition.Builder> more) {
    ContainerDefinition.Builder builder =
        ContainerDefinition.builder()
            .name(name)
            .image(TestImages.BUSYBOX)
            .essential(true)
            .stopTimeout(2)
            .command("sh", "-c", script);
    more.accept(builder);
    return builder.build();
  }

  /** A task whose one container, {@code c}, logs to CloudWatch Logs. */
  public static TaskPayload logging(Map<String, String> options) {
    return bridge(
        shell(
            "c",
            "x",
            each ->
                each.logConfiguration(
                    LogConfiguration.builder().logDriver("awslogs").options(options).build())));
  }

  public static TaskPayload bridge(ContainerDefinition... containers) {
    return of(task -> task.networkMode(NetworkMode.BRIDGE), null, containers);
  }

  public static TaskPayload of(
      Consumer<TaskDefinition.Builder> more,
      @Nullable EniPayload eni,
      ContainerDefinition... containers) {
    return of(more, eni, LaunchType.EC2, containers);
  }

  public static TaskPayload of(
      Consumer<TaskDefinition.Builder> more,
      @Nullable EniPayload eni,
      LaunchType launchType,
      ContainerDefinition... containers) {
    TaskDefinition.Builder definition =
        TaskDefinition.builder()
            .family("nodetest")
            .revision(1)
            .containerDefinitions(Arrays.asList(containers));
    more.accept(definition);
    String id = UUID.randomUUID().toString().replace("-", "");
    return new TaskPayload(
        "arn:aws:ecs:us-east-1:123456789012:task/default/" + id,
        "arn:aws:ecs:us-east-1:123456789012:cluster/default",
        "arn:aws:ecs:us-east-1:123456789012:container-instance/default/"
            + "0123456789abcdef0123456789abcdef",
        1,
        TaskPayload.Desired.RUNNING,
        definition.build(),
        Map.of(),
        eni,
        launchType,
        "us-east-1a",
        "family:nodetest",
        null,
        false,
        Map.of());
  }

  public static TaskPayload with(
      TaskPayload task, TaskPayload.Desired desired, @Nullable String known) {
    return new TaskPayload(
        task.taskArn(),
        task.clusterArn(),
        task.containerInstanceArn(),
        task.generation() + 1,
        desired,
        task.definition(),
        task.digests(),
        task.eni(),
        task.launchType(),
        task.availabilityZone(),
        task.group(),
        task.serviceName(),
        task.executeCommandEnabled(),
        task.tags(),
        known,
        task.containerArns());
  }

  public static TaskPayload stopped(TaskPayload task) {
    return with(task, TaskPayload.Desired.STOPPED, task.knownStatus());
  }
}
