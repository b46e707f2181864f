package gantry.node.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.InternalServerErrorException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.Info;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection to the Docker (or Podman) API. Every call has a time after which it counts as
 * failed, since a Docker that hangs must not hang a task with it.
 *
 * <p>Answers that stream for as long as a container lives (logs) are read with {@link RawCall}, on
 * the caller's virtual thread: docker-java would keep a platform thread for each.
 */
public final class DockerEngine implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(DockerEngine.class);

  /** The largest number of calls at one time. */
  static final int MAX_CONNECTIONS = 256;

  /** For calls that only look. */
  public static final Duration LOOK = Duration.ofSeconds(30);

  /** As Amazon's agent: create 4 minutes, start 3. */
  public static final Duration CREATE = Duration.ofMinutes(4);

  public static final Duration START = Duration.ofMinutes(3);

  /** The default network, as Docker names it and as Podman does. */
  static final java.util.List<String> BRIDGES = java.util.List.of("bridge", "podman");

  private final URI host;
  private final DockerClient client;
  private volatile @Nullable Facts facts;

  /**
   * What the daemon says of itself.
   *
   * @param podman it is Podman behind Docker's API
   */
  public record Facts(
      boolean podman,
      String os,
      String architecture,
      String serverVersion,
      boolean systemdCgroups,
      int cgroupVersion,
      String bridgeGateway,
      boolean storageQuotas,
      java.util.Set<String> logDrivers) {}

  public DockerEngine(URI host) {
    this.host = host;
    this.client =
        DockerClientImpl.getInstance(
            DefaultDockerClientConfig.createDefaultConfigBuilder()
                .withDockerHost(host.toString())
                .withDockerTlsVerify(false)
                .build(),
            new ZerodepDockerHttpClient.Builder()
                .dockerHost(host)
                .maxConnections(MAX_CONNECTIONS)
                .connectionTimeout(Duration.ofSeconds(10))
                .build());
  }

  public URI host() {
    return host;
  }

  /** The typed client, for calls whose time is limited in another way. */
  public DockerClient client() {
    return client;
  }

  /**
   * Makes an image of one layer from a tar archive.
   *
   * @param name with its tag
   */
  public void importImage(String name, byte[] tar) {
    // In one parameter, as Docker allows: Podman reads no tag beside it.
    post("/images/create?fromSrc=-&repo=" + name, tar);
  }

  /** Takes in images as {@code docker save} writes them. */
  public void loadImages(byte[] tar) {
    post("/images/load?quiet=true", tar);
  }

  private void post(String path, byte[] tar) {
    try (RawCall call = RawCall.post(host, path, tar)) {
      String said = new String(call.body().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      if (call.status() != 200 || said.contains("\"error\"")) {
        throw new DockerException(said, call.status());
      }
    } catch (IOException e) {
      throw new Unavailable("Docker does not answer at " + host + ": " + e.getMessage(), e);
    }
  }

  /**
   * Calls Docker, and gives up after {@code limit}.
   *
   * @throws DockerException what Docker answered
   * @throws Unavailable it does not answer at all
   */
  public <T> T call(String what, Duration limit, Function<DockerClient, T> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread worker =
        Thread.ofVirtual()
            .name("docker " + what)
            .start(
                () -> {
                  try {
                    result.complete(call.apply(client));
                  } catch (Throwable e) {
                    result.completeExceptionally(e);
                  }
                });
    try {
      return result.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      worker.interrupt();
      throw new Unavailable(
          "DockerTimeoutError: Could not transition to "
              + what
              + "; timed out after waiting "
              + limit.toSeconds()
              + "s: Docker at "
              + host
              + " is too slow or hangs",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Unavailable("interrupted while Docker was asked to " + what, e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      if (cause instanceof InternalServerErrorException answer && saysNoSuchContainer(answer)) {
        throw new NotFoundException(answer.getMessage(), answer);
      }
      if (cause instanceof DockerException answer) {
        throw answer;
      }
      if (isConnection(cause)) {
        throw new Unavailable(
            "Docker does not answer at "
                + host
                + " ("
                + message(cause)
                + "): start it, for example with `systemctl start docker`",
            cause);
      }
      if (cause instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      if (cause instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException(cause);
    }
  }

  /** Podman's word for a container that goes while it is looked at. */
  private static boolean saysNoSuchContainer(DockerException answer) {
    return String.valueOf(answer.getMessage()).contains("no such container");
  }

  private static boolean isConnection(@Nullable Throwable cause) {
    for (Throwable each = cause; each != null; each = each.getCause()) {
      if (each instanceof IOException || each instanceof UncheckedIOException) {
        return true;
      }
    }
    return false;
  }

  private static String message(Throwable cause) {
    Throwable deepest = cause;
    while (deepest.getCause() != null && deepest.getCause() != deepest) {
      deepest = deepest.getCause();
    }
    String text = deepest.getMessage();
    return text == null ? deepest.getClass().getSimpleName() : text;
  }

  /** Asked once; a daemon does not change its mind while it runs. */
  public Facts facts() {
    Facts known = facts;
    if (known == null) {
      known = ask();
      facts = known;
    }
    return known;
  }

  private Facts ask() {
    Info info = call("tell about itself", LOOK, docker -> docker.infoCmd().exec());
    String driver = String.valueOf(info.getRawValues().get("CgroupDriver"));
    String version = String.valueOf(info.getRawValues().get("CgroupVersion"));
    String gateway =
        call(
            "tell about its bridge",
            LOOK,
            docker -> {
              for (String name : BRIDGES) {
                try {
                  var network = docker.inspectNetworkCmd().withNetworkId(name).exec();
                  return network.getIpam().getConfig().stream()
                      .map(each -> gateway(each.getGateway(), each.getSubnet()))
                      .filter(each -> !each.isEmpty())
                      .findFirst()
                      .orElse("");
                } catch (NotFoundException e) {
                  continue; // the next name, or there is none
                }
              }
              return "";
            });
    java.util.Set<String> drivers = new java.util.TreeSet<>();
    if (info.getRawValues().get("Plugins") instanceof java.util.Map<?, ?> plugins
        && plugins.get("Log") instanceof java.util.List<?> log) {
      log.forEach(each -> drivers.add(String.valueOf(each)));
    }
    return new Facts(
        info.getRawValues().containsKey("BuildahVersion"),
        info.getOsType() == null ? "linux" : info.getOsType(),
        goArchitecture(info.getArchitecture()),
        String.valueOf(info.getServerVersion()),
        driver.equals("systemd"),
        version.equals("2") ? 2 : 1,
        gateway,
        quotas(info),
        drivers);
  }

  /**
   * With the volumes that have no name. One that is not there, or just goes, is removed; one that
   * others stand on has to go after them, which only Podman insists on.
   */
  public void removeContainer(String idOrName) {
    try {
      call(
          "removed",
          START,
          d -> d.removeContainerCmd(idOrName).withForce(true).withRemoveVolumes(true).exec());
    } catch (NotFoundException e) {
      log.debug("{} is gone already", idOrName);
    } catch (ConflictException e) {
      log.debug("{} is being removed already", idOrName);
    } catch (InternalServerErrorException e) {
      if (!String.valueOf(e.getMessage()).contains("has dependent containers")) {
        throw e;
      }
      log.debug("{} goes after those that stand on it", idOrName);
    }
  }

  /** What a container got on the default network. */
  public static Optional<String> bridgeAddress(Map<String, ContainerNetwork> networks) {
    return BRIDGES.stream()
        .map(networks::get)
        .filter(Objects::nonNull)
        .map(ContainerNetwork::getIpAddress)
        .filter(address -> address != null && !address.isEmpty())
        .findFirst();
  }

  /** Whether a container's own layer can be limited: with overlay2 only on XFS. */
  private static boolean quotas(Info info) {
    String driver = String.valueOf(info.getDriver());
    return driver.equals("btrfs")
        || driver.equals("zfs")
        || (driver.equals("overlay2")
            && info.getDriverStatuses() != null
            && info.getDriverStatuses().stream()
                .anyMatch(each -> each.contains("Backing Filesystem") && each.contains("xfs")));
  }

  /** Docker takes the first address of the block where nobody chose one, and does not say so. */
  private static String gateway(@Nullable String named, @Nullable String subnet) {
    if (named != null && !named.isEmpty() && !named.contains(":")) {
      return named;
    }
    if (subnet == null || subnet.contains(":")) {
      return "";
    }
    String network = subnet.substring(0, subnet.indexOf('/'));
    int dot = network.lastIndexOf('.');
    return network.substring(0, dot + 1) + (Integer.parseInt(network.substring(dot + 1)) + 1);
  }

  /** The kernel's word for a processor, in Go's words, which images use. */
  static String goArchitecture(@Nullable String machine) {
    if (machine == null) {
      return "unknown";
    }
    return switch (machine.toLowerCase(Locale.ROOT)) {
      case "x86_64", "amd64" -> "amd64";
      case "aarch64", "arm64" -> "arm64";
      case "armv7l", "armv6l", "arm" -> "arm";
      case "i386", "i686" -> "386";
      default -> machine.toLowerCase(Locale.ROOT);
    };
  }

  @Override
  public void close() {
    try {
      client.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Docker does not answer; nothing is known of what it did or did not do. */
  public static final class Unavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Unavailable(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
