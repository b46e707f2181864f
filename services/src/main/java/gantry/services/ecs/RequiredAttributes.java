package gantry.services.ecs;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.LogDriver;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.Secret;
import software.amazon.awssdk.services.ecs.model.Volume;

/** The attributes an instance must have, derived from the features a definition uses. */
final class RequiredAttributes {

  private static final String DOCKER = "com.amazonaws.ecs.capability.docker-remote-api.";
  private static final String ECS = "com.amazonaws.ecs.capability.";
  private static final String CAPABILITY = "ecs.capability.";

  private static final Pattern ECR =
      Pattern.compile("\\d{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/.*");

  private RequiredAttributes() {}

  static boolean isEcr(@Nullable String image) {
    return image != null && ECR.matcher(image).matches();
  }

  static List<Attribute> of(RegisterTaskDefinitionRequest definition) {
    Set<String> names = new LinkedHashSet<>();
    boolean executionRole = TaskDefinitionRules.given(definition.executionRoleArn());
    if (TaskDefinitionRules.given(definition.taskRoleArn())) {
      names.add(ECS + "task-iam-role");
      if (definition.networkMode() == NetworkMode.HOST) {
        names.add(ECS + "task-iam-role-network-host");
      }
    }
    if (definition.networkMode() == NetworkMode.AWSVPC) {
      names.add(CAPABILITY + "task-eni");
      names.add(DOCKER + "1.18");
    } else if (definition.networkMode() == NetworkMode.HOST) {
      names.add(DOCKER + "1.18");
    }
    if (definition.pidMode() != null || definition.ipcMode() != null) {
      names.add(CAPABILITY + "pid-ipc-namespace-sharing");
    }
    if (definition.ephemeralStorage() != null) {
      names.add(CAPABILITY + "extensible-ephemeral-storage");
    }
    if (Boolean.TRUE.equals(definition.enableFaultInjection())) {
      names.add(CAPABILITY + "fault-injection");
    }
    for (Volume volume : definition.volumes()) {
      if (volume.efsVolumeConfiguration() != null) {
        names.add(CAPABILITY + "efs");
        if (volume.efsVolumeConfiguration().authorizationConfig() != null) {
          names.add(CAPABILITY + "efsAuth");
        }
      }
      if (volume.dockerVolumeConfiguration() != null) {
        String driver = volume.dockerVolumeConfiguration().driver();
        names.add(CAPABILITY + "docker-plugin." + (driver == null ? "local" : driver));
        names.add(DOCKER + "1.25");
      }
    }
    for (ContainerDefinition container : definition.containerDefinitions()) {
      container(names, container, executionRole);
    }
    return names.stream().map(name -> Attribute.builder().name(name).build()).toList();
  }

  private static void container(
      Set<String> names, ContainerDefinition container, boolean executionRole) {
    if (isEcr(container.image())) {
      names.add(ECS + "ecr-auth");
      if (executionRole) {
        names.add(CAPABILITY + "execution-role-ecr-pull");
      }
    }
    if (container.repositoryCredentials() != null
        && TaskDefinitionRules.given(container.repositoryCredentials().credentialsParameter())) {
      names.add(CAPABILITY + "private-registry-authentication.secretsmanager");
    }
    if (container.memoryReservation() != null) {
      names.add(DOCKER + "1.21");
    }
    if (Boolean.TRUE.equals(container.privileged())) {
      names.add(ECS + "privileged-container");
    }
    if (container.healthCheck() != null) {
      names.add(CAPABILITY + "container-health-check");
      names.add(DOCKER + (container.healthCheck().startPeriod() != null ? "1.29" : "1.24"));
    }
    if (!container.environmentFiles().isEmpty()) {
      names.add(CAPABILITY + "env-files.s3");
    }
    if (!container.dependsOn().isEmpty()) {
      names.add(CAPABILITY + "container-ordering");
    }
    if (container.restartPolicy() != null
        && Boolean.TRUE.equals(container.restartPolicy().enabled())) {
      names.add(CAPABILITY + "container-restart-policy");
    }
    if (container.portMappings().stream()
        .anyMatch(port -> TaskDefinitionRules.given(port.containerPortRange()))) {
      names.add(CAPABILITY + "network.container-port-range");
    }
    for (Secret secret : container.secrets()) {
      names.add(CAPABILITY + "secrets." + store(secret) + ".environment-variables");
    }
    if (container.firelensConfiguration() != null) {
      names.add(CAPABILITY + "firelens." + container.firelensConfiguration().typeAsString());
    }
    if (container.logConfiguration() != null
        && container.logConfiguration().logDriverAsString() != null) {
      log(names, container, executionRole);
    }
  }

  private static void log(Set<String> names, ContainerDefinition container, boolean executionRole) {
    var log = container.logConfiguration();
    names.add(ECS + "logging-driver." + log.logDriverAsString());
    if (log.logDriver() == LogDriver.AWSLOGS) {
      names.add(DOCKER + "1.19");
      if (executionRole) {
        names.add(CAPABILITY + "execution-role-awslogs");
      }
      if (log.options().containsKey("awslogs-create-group")) {
        names.add(DOCKER + "1.29");
      }
    }
    if (log.options().containsKey("mode") || log.options().containsKey("max-buffer-size")) {
      names.add(DOCKER + "1.28");
    }
    for (Secret secret : log.secretOptions()) {
      names.add(CAPABILITY + "secrets." + store(secret) + ".bootstrap.log-driver");
    }
  }

  private static String store(Secret secret) {
    return secret.valueFrom() != null && secret.valueFrom().contains(":secretsmanager:")
        ? "asm"
        : "ssm";
  }
}
