package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.Arns;
import gantry.services.ecs.placement.Demand;
import gantry.services.ecs.rows.TaskRow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Attachment;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.Connectivity;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerOverride;
import software.amazon.awssdk.services.ecs.model.EphemeralStorage;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.ManagedAgent;
import software.amazon.awssdk.services.ecs.model.ManagedAgentName;
import software.amazon.awssdk.services.ecs.model.NetworkInterface;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskOverride;

/** The rows of tasks as they begin. */
public final class NewTasks {

  private final ServiceContext context;

  NewTasks(ServiceContext context) {
    this.context = context;
  }

  TaskRow row(
      Launcher.Order order,
      String id,
      String arn,
      Demand demand,
      @Nullable String instance,
      @Nullable String zone) {
    Instant now = context.clock().instant();
    TaskDefinition definition = order.definition();
    String attachmentId = context.ids().uuid();
    boolean awsvpc = order.isAwsvpc();
    Task.Builder task =
        Task.builder()
            .taskArn(arn)
            .clusterArn(Arns.cluster(order.scope(), order.cluster()))
            .taskDefinitionArn(definition.taskDefinitionArn())
            .containerInstanceArn(instance)
            .availabilityZone(zone)
            .capacityProviderName(order.capacityProvider())
            .launchType(order.launchType())
            .group(order.group())
            .startedBy(order.startedBy())
            .desiredStatus("RUNNING")
            .lastStatus(awsvpc || instance == null ? "PROVISIONING" : "PENDING")
            .healthStatus(HealthStatus.UNKNOWN)
            .connectivity(Connectivity.CONNECTED)
            .connectivityAt(now)
            .createdAt(now)
            .cpu(order.overrides().cpu() != null ? order.overrides().cpu() : definition.cpu())
            .memory(
                order.overrides().memory() != null
                    ? order.overrides().memory()
                    : definition.memory())
            .enableExecuteCommand(order.executeCommand())
            .overrides(withAllContainers(definition, order.overrides()))
            .attributes(attributes(definition))
            .inferenceAccelerators(List.of())
            .containers(containers(order, id, arn, attachmentId))
            .attachments(
                awsvpc
                    ? List.of(
                        Attachment.builder()
                            .id(attachmentId)
                            .type("ElasticNetworkInterface")
                            .status("PRECREATED")
                            .details(List.of())
                            .build())
                    : List.of())
            .version(0L);
    if (order.isFargate()) {
      task.platformVersion(
              order.platformVersion() == null || order.platformVersion().equals("LATEST")
                  ? "1.4.0"
                  : order.platformVersion())
          .platformFamily(platformFamily(definition))
          .ephemeralStorage(
              EphemeralStorage.builder()
                  .sizeInGiB(
                      order.overrides().ephemeralStorage() != null
                          ? order.overrides().ephemeralStorage().sizeInGiB()
                          : definition.ephemeralStorage() != null
                              ? definition.ephemeralStorage().sizeInGiB()
                              : 20)
                  .build());
    }
    return new TaskRow(
        task.build(),
        order.cluster(),
        order.serviceName(),
        order.deploymentId(),
        demand,
        awsvpc ? order.network() : null,
        null,
        order.digests(),
        null,
        awsvpc || instance == null ? null : TaskRow.NodeWish.RUN,
        1,
        false,
        List.of(),
        List.of(),
        null,
        null,
        Map.of(),
        Map.of(),
        TaskRow.Outcome.OPEN,
        null,
        instance == null ? order.constraints() : List.of(),
        instance == null ? order.strategies() : List.of());
  }

  public static String platformFamily(TaskDefinition definition) {
    return definition.runtimePlatform() != null
            && definition.runtimePlatform().operatingSystemFamilyAsString() != null
            && definition.runtimePlatform().operatingSystemFamilyAsString().startsWith("WINDOWS")
        ? definition.runtimePlatform().operatingSystemFamilyAsString()
        : "Linux";
  }

  private static TaskOverride withAllContainers(TaskDefinition definition, TaskOverride overrides) {
    return overrides.toBuilder()
        .containerOverrides(
            definition.containerDefinitions().stream()
                .map(
                    each -> {
                      ContainerOverride override =
                          PlacementRequests.override(overrides, each.name());
                      return override != null
                          ? override
                          : ContainerOverride.builder().name(each.name()).build();
                    })
                .toList())
        .inferenceAcceleratorOverrides(List.of())
        .build();
  }

  private static List<Attribute> attributes(TaskDefinition definition) {
    var platform = definition.runtimePlatform();
    return List.of(
        Attribute.builder()
            .name("ecs.cpu-architecture")
            .value(
                platform == null || platform.cpuArchitectureAsString() == null
                    ? "x86_64"
                    : platform.cpuArchitectureAsString().toLowerCase(Locale.ROOT))
            .build());
  }

  private List<Container> containers(
      Launcher.Order order, String id, String arn, String attachmentId) {
    List<Container> containers = new ArrayList<>();
    for (ContainerDefinition definition : order.definition().containerDefinitions()) {
      ContainerOverride override = PlacementRequests.override(order.overrides(), definition.name());
      Container.Builder container =
          Container.builder()
              .containerArn(
                  Arns.container(order.scope(), order.cluster(), id, context.ids().uuid()))
              .taskArn(arn)
              .name(definition.name())
              .image(definition.image())
              .lastStatus("PENDING")
              .healthStatus(HealthStatus.UNKNOWN)
              .networkInterfaces(
                  order.isAwsvpc()
                      ? List.of(NetworkInterface.builder().attachmentId(attachmentId).build())
                      : List.of())
              .cpu(
                  String.valueOf(
                      override != null && override.cpu() != null
                          ? override.cpu()
                          : definition.cpu()));
      Integer memory =
          override != null && override.memory() != null ? override.memory() : definition.memory();
      Integer soft =
          override != null && override.memoryReservation() != null
              ? override.memoryReservation()
              : definition.memoryReservation();
      if (memory != null) {
        container.memory(memory.toString());
      }
      if (soft != null) {
        container.memoryReservation(soft.toString());
      }
      if (order.executeCommand()) {
        container.managedAgents(
            ManagedAgent.builder()
                .name(ManagedAgentName.EXECUTE_COMMAND_AGENT)
                .lastStatus("PENDING")
                .build());
      }
      containers.add(container.build());
    }
    return containers;
  }
}
