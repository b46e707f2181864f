package gantry.traffic.lb;

import java.net.InetSocketAddress;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything the data plane is told: immutable, whole, and swapped at once. Two tables that name
 * the same ARNs share what lives (health, connections, counters); everything else is replaced.
 */
public record RoutingTable(
    long revision,
    List<Balancer> balancers,
    List<TargetGroup> targetGroups,
    List<Certificate> certificates) {

  public static final RoutingTable EMPTY = new RoutingTable(0, List.of(), List.of(), List.of());

  public enum Kind {
    APPLICATION,
    NETWORK
  }

  public enum Protocol {
    HTTP,
    HTTPS,
    TCP,
    TLS,
    UDP,
    TCP_UDP;

    boolean secure() {
      return this == HTTPS || this == TLS;
    }
  }

  /** What is spoken to a target. */
  public enum Version {
    HTTP1,
    HTTP2,
    GRPC
  }

  public enum Desync {
    MONITOR,
    DEFENSIVE,
    STRICTEST
  }

  public enum ForwardedFor {
    APPEND,
    PRESERVE,
    REMOVE
  }

  public enum Algorithm {
    ROUND_ROBIN,
    LEAST_OUTSTANDING_REQUESTS,
    WEIGHTED_RANDOM
  }

  public enum Stickiness {
    NONE,
    LB_COOKIE,
    APP_COOKIE,
    SOURCE_IP
  }

  /**
   * A load balancer with its listeners.
   *
   * @param id the tail of the ARN as logs and metrics say it: {@code app/name/50dc6c495c0c9188}
   * @param dnsName its name inside, {@code name-1234567890.region.elb.amazonaws.com}
   * @param edgeName its name from the host, {@code name.region.elb.localhost}
   */
  public record Balancer(
      String arn,
      String id,
      String account,
      String region,
      Kind kind,
      String dnsName,
      String edgeName,
      List<Node> nodes,
      BalancerSettings settings,
      List<Listener> listeners) {}

  /**
   * One address of a balancer.
   *
   * @param room the network that the address is in, as {@link SocketRooms} knows it
   */
  public record Node(String zone, String address, String room) {}

  /**
   * What is different for the proxy of a service mesh, which stands in the client's own task: it
   * leaves the request's headers alone, ends what takes too long, tries once more wherever that
   * cannot do harm, and leaves out targets that fail again and again.
   *
   * @param requestTimeout from the request's dispatch to the end of its answer; zero: any time
   */
  public record Mesh(Duration requestTimeout) {}

  public record BalancerSettings(
      Duration idleTimeout,
      Duration clientKeepAlive,
      Desync desync,
      boolean dropInvalidHeaders,
      boolean preserveHost,
      boolean tlsHeaders,
      boolean forwardedClientPort,
      ForwardedFor forwardedFor,
      boolean http2,
      boolean crossZone,
      @Nullable String accessLogPrefix,
      @Nullable String connectionLogPrefix,
      @Nullable Mesh mesh) {

    public BalancerSettings(
        Duration idleTimeout,
        Duration clientKeepAlive,
        Desync desync,
        boolean dropInvalidHeaders,
        boolean preserveHost,
        boolean tlsHeaders,
        boolean forwardedClientPort,
        ForwardedFor forwardedFor,
        boolean http2,
        boolean crossZone,
        @Nullable String accessLogPrefix,
        @Nullable String connectionLogPrefix) {
      this(
          idleTimeout,
          clientKeepAlive,
          desync,
          dropInvalidHeaders,
          preserveHost,
          tlsHeaders,
          forwardedClientPort,
          forwardedFor,
          http2,
          crossZone,
          accessLogPrefix,
          connectionLogPrefix,
          null);
    }

    /** A proxy in a client's task. */
    public static BalancerSettings mesh(Duration idleTimeout, Mesh mesh) {
      return new BalancerSettings(
          idleTimeout,
          idleTimeout,
          Desync.DEFENSIVE,
          false,
          true,
          false,
          false,
          ForwardedFor.PRESERVE,
          true,
          true,
          null,
          null,
          mesh);
    }

    public static final BalancerSettings DEFAULTS =
        new BalancerSettings(
            Duration.ofMinutes(1),
            Duration.ofHours(1),
            Desync.DEFENSIVE,
            false,
            false,
            false,
            false,
            ForwardedFor.APPEND,
            true,
            true,
            null,
            null);
  }

  /**
   * What a balancer does on one port.
   *
   * @param certificates ARNs; the first is the default one
   * @param rules in the order of their priorities, the default rule (priority 0) last
   * @param responseHeaders lines to add to answers of targets, from the listener's attributes
   * @param tcpIdle how long a TCP flow may be silent
   */
  public record Listener(
      String arn,
      int port,
      Protocol protocol,
      @Nullable TlsPolicy tlsPolicy,
      List<String> certificates,
      List<String> alpn,
      List<Rule> rules,
      Map<String, String> responseHeaders,
      boolean serverHeader,
      Duration tcpIdle) {

    public Listener {
      if (protocol.secure() && tlsPolicy == null) {
        throw new IllegalArgumentException(arn + " has no security policy");
      }
    }

    public Listener(String arn, int port, Protocol protocol, List<Rule> rules) {
      this(
          arn,
          port,
          protocol,
          null,
          List.of(),
          List.of(),
          rules,
          Map.of(),
          true,
          Duration.ofSeconds(350));
    }
  }

  /**
   * What a secure listener allows.
   *
   * @param protocols as the JDK calls them
   * @param ciphers as OpenSSL calls them, the preferred ones first
   * @param postQuantum whether a client that can is met with a hybrid key exchange
   */
  public record TlsPolicy(List<String> protocols, List<String> ciphers, boolean postQuantum) {}

  /**
   * Priority 0 is the default rule.
   *
   * @param transforms what becomes of a request that is forwarded
   */
  public record Rule(
      String arn, int priority, List<Condition> conditions, Action action, Transforms transforms) {

    public Rule(String arn, int priority, List<Condition> conditions, Action action) {
      this(arn, priority, conditions, action, Transforms.NONE);
    }
  }

  /** What is rewritten of a request before a target gets it. */
  public record Transforms(@Nullable Rewrite host, @Nullable Rewrite url) {
    public static final Transforms NONE = new Transforms(null, null);
  }

  /**
   * What is found by a regular expression gives way to something else.
   *
   * @param replace with {@code $1} for what the first group found
   */
  public record Rewrite(String regex, String replace) {}

  /**
   * All conditions of a rule must hold; of a condition's values, one. Values are patterns with
   * {@code *} and {@code ?}, or regular expressions.
   */
  public sealed interface Condition {
    record Host(List<String> values, boolean regex) implements Condition {
      public Host(List<String> values) {
        this(values, false);
      }
    }

    record Path(List<String> values, boolean regex) implements Condition {
      public Path(List<String> values) {
        this(values, false);
      }
    }

    record Header(String name, List<String> values, boolean regex) implements Condition {
      public Header(String name, List<String> values) {
        this(name, values, false);
      }
    }

    record Method(List<String> values) implements Condition {}

    record Query(List<Pair> values) implements Condition {
      public record Pair(@Nullable String key, String value) {}
    }

    record SourceIp(List<String> cidrs) implements Condition {}
  }

  public sealed interface Action {
    record Forward(List<Weighted> groups, @Nullable Duration stickiness) implements Action {
      public static Forward to(String targetGroupArn) {
        return new Forward(List.of(new Weighted(targetGroupArn, 1)), null);
      }
    }

    record Redirect(
        int status, String protocol, String host, String port, String path, String query)
        implements Action {}

    record Fixed(int status, String contentType, String body) implements Action {}
  }

  public record Weighted(String targetGroupArn, int weight) {}

  /**
   * Targets, and how they are chosen and checked.
   *
   * @param id the tail of the ARN: {@code targetgroup/name/73e2d6bc24d8a067}
   * @param room the network that targets are dialled from
   * @param source the address that they are dialled from, so that their security groups know the
   *     balancer; null: any
   */
  public record TargetGroup(
      String arn,
      String id,
      Protocol protocol,
      Version version,
      String room,
      HealthCheck healthCheck,
      GroupSettings settings,
      List<Target> targets,
      @Nullable String source) {

    public TargetGroup(
        String arn,
        String id,
        Protocol protocol,
        Version version,
        String room,
        HealthCheck healthCheck,
        GroupSettings settings,
        List<Target> targets) {
      this(arn, id, protocol, version, room, healthCheck, settings, targets, null);
    }

    @Nullable InetSocketAddress from() {
      return source == null ? null : new InetSocketAddress(source, 0);
    }
  }

  /**
   * How a target is asked whether it is well.
   *
   * @param port null: the port on which the target takes traffic
   * @param matcher as the API takes it: {@code 200}, {@code 200,202}, {@code 200-299}
   */
  public record HealthCheck(
      boolean enabled,
      Protocol protocol,
      @Nullable Integer port,
      String path,
      Duration interval,
      Duration timeout,
      int healthyThreshold,
      int unhealthyThreshold,
      String matcher) {

    public static final HealthCheck DEFAULTS =
        new HealthCheck(
            true,
            Protocol.HTTP,
            null,
            "/",
            Duration.ofSeconds(30),
            Duration.ofSeconds(5),
            5,
            2,
            "200");
  }

  /**
   * The attributes of a target group.
   *
   * @param crossZone null: as the balancer
   * @param unhealthyDraining how long flows may stay with a target that turned unhealthy, where
   *     they do not end at once; zero: for good
   * @param minimumHealthyCount below it, or below the percentage, traffic goes to all targets
   */
  public record GroupSettings(
      Duration deregistrationDelay,
      Stickiness stickiness,
      Duration stickinessDuration,
      String appCookie,
      Algorithm algorithm,
      boolean anomalyMitigation,
      Duration slowStart,
      @Nullable Boolean crossZone,
      int minimumHealthyCount,
      int minimumHealthyPercent,
      boolean terminateOnDeregistration,
      boolean proxyProtocol,
      boolean terminateWhenUnhealthy,
      Duration unhealthyDraining,
      boolean preserveClientIp) {

    public static final GroupSettings DEFAULTS =
        new GroupSettings(
            Duration.ofMinutes(5),
            Stickiness.NONE,
            Duration.ofDays(1),
            "",
            Algorithm.ROUND_ROBIN,
            false,
            Duration.ZERO,
            null,
            1,
            0,
            false,
            false,
            true,
            Duration.ZERO,
            false);
  }

  /**
   * One registration.
   *
   * @param id as it was registered; with the port it is the target's identity
   * @param address where it is dialled
   * @param zone {@code all} for one outside of any zone
   * @param draining deregistered: finishes what is in flight, gets nothing new
   * @param registered another time than before: it is a registration of its own, and its health is
   *     not known yet
   */
  public record Target(
      String id, int port, String address, String zone, boolean draining, Instant registered) {

    /** One whose registration is never another. */
    public Target(String id, int port, String address, String zone, boolean draining) {
      this(id, port, address, zone, draining, Instant.EPOCH);
    }
  }

  /** A certificate with its chain, own first. */
  public record Certificate(String arn, PrivateKey key, List<X509Certificate> chain) {}
}
