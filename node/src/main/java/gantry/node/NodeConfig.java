package gantry.node;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * How a node behaves; fixed for its life.
 *
 * @param install names this installation; everything the node makes is labelled with it
 * @param docker the Docker or Podman API, such as {@code unix:///var/run/docker.sock}
 * @param state a directory of the node's own for what must outlive it and is not in Docker: how far
 *     each container's log was shipped
 * @param allowPrivileged whether tasks may have privileged containers and mount the host's own
 *     directories
 * @param pullBehavior what stands in {@code ECS_IMAGE_PULL_BEHAVIOR} on AWS
 * @param hostPortAddress the address that published ports are bound to
 * @param apiPort where, on loopback, the AWS API answers tasks; containers reach it at an address
 *     of the node's and find that in {@code AWS_ENDPOINT_URL}. 0 to leave both out
 * @param metadataOnHost whether to serve 169.254.170.2 on the host itself, for tasks in bridge and
 *     host mode: needs root. Otherwise they get it at the bridge's own address
 * @param dockerPatience how long a task that is being started waits for a Docker that does not
 *     answer
 */
public record NodeConfig(
    String install,
    URI docker,
    Path state,
    boolean allowPrivileged,
    PullBehavior pullBehavior,
    String hostPortAddress,
    int apiPort,
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
  public static NodeConfig local(String install, Path state) {
    return local(install, state, usual -> {});
  }

  /** The same with some of it otherwise. */
  public static NodeConfig local(String install, Path state, Consumer<Choices> otherwise) {
    Choices choices = new Choices();
    otherwise.accept(choices);
    return new NodeConfig(
        install,
        choices.docker,
        state,
        choices.allowPrivileged,
        choices.pullBehavior,
        "0.0.0.0",
        choices.apiPort,
        choices.metadataOnHost,
        choices.dockerPatience);
  }

  /** What may be chosen, at what is usual. */
  public static final class Choices {
    private URI docker = DOCKER_SOCKET;
    private boolean allowPrivileged = true;
    private PullBehavior pullBehavior = PullBehavior.DEFAULT;
    private int apiPort;
    private boolean metadataOnHost = true;
    private Duration dockerPatience = Duration.ofSeconds(60);

    private Choices() {}

    public Choices docker(URI uri) {
      docker = uri;
      return this;
    }

    public Choices allowPrivileged(boolean allowed) {
      allowPrivileged = allowed;
      return this;
    }

    public Choices pullBehavior(PullBehavior behavior) {
      pullBehavior = behavior;
      return this;
    }

    public Choices apiPort(int port) {
      apiPort = port;
      return this;
    }

    public Choices metadataOnHost(boolean served) {
      metadataOnHost = served;
      return this;
    }

    public Choices dockerPatience(Duration patience) {
      dockerPatience = patience;
      return this;
    }
  }
}
