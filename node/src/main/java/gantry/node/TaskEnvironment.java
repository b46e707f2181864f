package gantry.node;

import gantry.acs.TaskPayload;
import gantry.node.docker.ContainerSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.KeyValuePair;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

/** The environment of a container: what AWS gives it, below what the task definition says. */
final class TaskEnvironment {

  private TaskEnvironment() {}

  /**
   * The addresses inside the task that a container is told.
   *
   * @param base where metadata is served, such as {@code http://169.254.170.2}; null where it
   *     cannot be
   * @param wellKnown whether {@code base} is the address that SDKs look at by themselves
   * @param containerKey names the container at the endpoint, and nobody can guess it
   * @param credentialsKey names the role's credentials; null without a task role
   * @param apiUrl where the AWS API answers; null where it does not
   */
  record Endpoints(
      @Nullable String base,
      boolean wellKnown,
      String containerKey,
      @Nullable String credentialsKey,
      @Nullable String apiUrl) {}

  static Map<String, String> of(
      TaskPayload task,
      ContainerDefinition container,
      Map<String, String> secrets,
      Endpoints endpoints) {
    Map<String, String> all = new LinkedHashMap<>();
    all.put(
        "AWS_EXECUTION_ENV",
        task.launchType() == LaunchType.FARGATE ? "AWS_ECS_FARGATE" : "AWS_ECS_EC2");
    all.put("AWS_REGION", task.region());
    all.put("AWS_DEFAULT_REGION", task.region());
    if (endpoints.apiUrl() != null) {
      all.put("AWS_ENDPOINT_URL", endpoints.apiUrl());
    }
    String base = endpoints.base();
    if (base != null && ContainerSpec.mode(task) != NetworkMode.NONE) {
      all.put("ECS_CONTAINER_METADATA_URI", base + "/v3/" + endpoints.containerKey());
      all.put("ECS_CONTAINER_METADATA_URI_V4", base + "/v4/" + endpoints.containerKey());
      all.put("ECS_AGENT_URI", base + "/api/" + endpoints.containerKey());
      if (endpoints.credentialsKey() != null) {
        String path = "/v2/credentials/" + endpoints.credentialsKey();
        // SDKs put 169.254.170.2 before a relative path; another address must be given in full.
        if (endpoints.wellKnown()) {
          all.put("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", path);
        } else {
          all.put("AWS_CONTAINER_CREDENTIALS_FULL_URI", base + path);
        }
      }
    }
    for (KeyValuePair each : container.environment()) {
      if (each.name() != null) {
        all.put(each.name(), each.value() == null ? "" : each.value());
      }
    }
    all.putAll(secrets);
    return all;
  }
}
