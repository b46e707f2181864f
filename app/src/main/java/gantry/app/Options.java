package gantry.app;

import gantry.acs.network.Cidr;
import gantry.services.iam.IamAuthorizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How one program runs: the command line, read.
 *
 * @param listen the address; loopback unless told otherwise
 * @param port 0 for any that is free
 * @param data the data directory; null keeps everything in memory
 * @param engine what runs tasks
 * @param images what the registry is told
 * @param clusters the names of the clusters that this machine is a container instance of, in every
 *     account and region
 * @param network what VPCs do otherwise than on AWS
 * @param privileged tasks may have privileged containers, and directories and devices of the host
 * @param iam whether what policies do not allow is refused, or only recorded
 */
public record Options(
    String listen,
    int port,
    @Nullable Path data,
    String account,
    String region,
    boolean strict,
    Engine engine,
    List<String> clusters,
    Network network,
    boolean privileged,
    IamAuthorizer.Mode iam,
    Images images) {

  /**
   * What VPCs do otherwise than on AWS.
   *
   * @param relaxed tasks get their images though their subnet has no way to the registry
   * @param lan private blocks beside this machine that internet gateways hand on to
   */
  public record Network(boolean relaxed, List<Cidr> lan) {
    public static final Network USUAL = new Network(false, List.of());
  }

  /**
   * What the registry is told.
   *
   * @param vulnerabilities a folder of OSV files that images are scanned against; null without
   * @param upstreams addresses of registries that pull-through rules may name besides AWS's
   */
  public record Images(@Nullable Path vulnerabilities, Set<String> upstreams) {
    public static final Images USUAL = new Images(null, Set.of());
  }

  /** With the usual clusters, network and registry. */
  public Options(
      String listen,
      int port,
      @Nullable Path data,
      String account,
      String region,
      boolean strict,
      Engine engine,
      IamAuthorizer.Mode iam) {
    this(
        listen,
        port,
        data,
        account,
        region,
        strict,
        engine,
        CLUSTERS,
        Network.USUAL,
        listen.equals(LOOPBACK),
        iam,
        Images.USUAL);
  }

  /** What runs tasks. */
  public enum Engine {
    /** Docker and the kernel of this machine. */
    DOCKER,
    /** Nothing real: tasks start and stop in the tables only. */
    SIMULATED
  }

  /** As Amazon's agent, which joins this one unless it is told otherwise. */
  public static final List<String> CLUSTERS = List.of("default");

  public static final int PORT = 4566;
  public static final String ACCOUNT = "000000000000";
  public static final String REGION = "us-east-1";
  public static final String LOOPBACK = "127.0.0.1";

  /** In memory, on any free port: what tests and throw-away runs want. */
  public static Options ephemeral() {
    return new Options(
        LOOPBACK, 0, null, ACCOUNT, REGION, false, Engine.SIMULATED, IamAuthorizer.Mode.AUDIT);
  }

  /** {@code $GANTRY_HOME}, else {@code ~/.gantry}. */
  public static Path usualData() {
    String home = System.getenv("GANTRY_HOME");
    return home == null || home.isEmpty()
        ? Path.of(System.getProperty("user.home"), ".gantry")
        : Path.of(home);
  }
}
