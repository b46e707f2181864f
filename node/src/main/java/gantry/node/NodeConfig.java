package gantry.node;

import gantry.acs.TaskPayload;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/**
 * How a node behaves; fixed for its life.
 *
 * @param install names this installation; everything the node makes is labelled with it
 * @param account whose AWS account the tasks' role clients act in
 * @param docker the Docker or Podman API, such as {@code unix:///var/run/docker.sock}
 * @param state a directory of the node's own for what must outlive it and is not in Docker: how far
 *     each container's log was shipped
 * @param allowPrivileged whether tasks may have privileged containers and mount the host's own
 *     directories
 * @param pullBehavior what stands in {@code ECS_IMAGE_PULL_BEHAVIOR} on AWS
 * @param hostPortAddress the address that published ports are bound to
 * @param endpointUrl where a task's containers reach the AWS API, for {@code AWS_ENDPOINT_URL};
 *     empty to leave the variable out
 * @param metadataOnHost whether to serve 169.254.170.2:80 on the host itself, for tasks in bridge
 *     and host mode: needs root. Otherwise they get it at the bridge's own address
 * @param dockerPatience how long a task that is being started waits for a Docker that does not
 *     answer
 */
public record NodeConfig(
    String install,
    String account,
    String region,
    URI docker,
    Path state,
    boolean allowPrivileged,
    PullBehavior pullBehavior,
    String hostPortAddress,
    Function<TaskPayload, Optional<String>> endpointUrl,
    boolean metadataOnHost,
    Duration dockerPatience) {

  public static final URI DOCKER_SOCKET = URI.create("unix:///var/run/docker.sock");

  /** As {@code ECS_IMAGE_PULL_BEHAVIOR}, but a name without a registry is looked for here first. */
  public enum PullBehavior {
    /** Ask the registry; where it cannot be asked, use what is here. */
    DEFAULT,
    /** Ask the registry, and fail where it cannot be asked. */
    ALWAYS,
    /** Use what is here; ask the registry only for what is not. */
    PREFER_CACHED
  }

  /** A node on one machine for a developer. */
  public static NodeConfig local(String install, String account, String region, Path state) {
    return new NodeConfig(
        install,
        account,
        region,
        DOCKER_SOCKET,
        state,
        true,
        PullBehavior.DEFAULT,
        "0.0.0.0",
        task -> Optional.empty(),
        true,
        Duration.ofSeconds(60));
  }

  public NodeConfig withEndpointUrl(Function<TaskPayload, Optional<String>> url) {
    return new NodeConfig(
        install,
        account,
        region,
        docker,
        state,
        allowPrivileged,
        pullBehavior,
        hostPortAddress,
        url,
        metadataOnHost,
        dockerPatience);
  }

  public NodeConfig withDocker(URI uri) {
    return new NodeConfig(
        install,
        account,
        region,
        uri,
        state,
        allowPrivileged,
        pullBehavior,
        hostPortAddress,
        endpointUrl,
        metadataOnHost,
        dockerPatience);
  }

  public NodeConfig withPrivileged(boolean allowed) {
    return new NodeConfig(
        install,
        account,
        region,
        docker,
        state,
        allowed,
        pullBehavior,
        hostPortAddress,
        endpointUrl,
        metadataOnHost,
        dockerPatience);
  }

  public NodeConfig withPullBehavior(PullBehavior behavior) {
    return new NodeConfig(
        install,
        account,
        region,
        docker,
        state,
        allowPrivileged,
        behavior,
        hostPortAddress,
        endpointUrl,
        metadataOnHost,
        dockerPatience);
  }

  public NodeConfig withMetadataOnHost(boolean served) {
    return new NodeConfig(
        install,
        account,
        region,
        docker,
        state,
        allowPrivileged,
        pullBehavior,
        hostPortAddress,
        endpointUrl,
        served,
        dockerPatience);
  }

  public NodeConfig withDockerPatience(Duration patience) {
    return new NodeConfig(
        install,
        account,
        region,
        docker,
        state,
        allowPrivileged,
        pullBehavior,
        hostPortAddress,
        endpointUrl,
        metadataOnHost,
        patience);
  }
}
