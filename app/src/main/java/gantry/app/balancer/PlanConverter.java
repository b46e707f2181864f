package gantry.app.balancer;

import gantry.services.elbv2.BalancerPlan;
import gantry.traffic.lb.RoutingTable;
import gantry.traffic.lb.RoutingTable.Action.Fixed;
import gantry.traffic.lb.RoutingTable.Action.Forward;
import gantry.traffic.lb.RoutingTable.Action.Redirect;
import gantry.traffic.lb.RoutingTable.Algorithm;
import gantry.traffic.lb.RoutingTable.Balancer;
import gantry.traffic.lb.RoutingTable.BalancerSettings;
import gantry.traffic.lb.RoutingTable.Certificate;
import gantry.traffic.lb.RoutingTable.Condition;
import gantry.traffic.lb.RoutingTable.Desync;
import gantry.traffic.lb.RoutingTable.ForwardedFor;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.HealthCheck;
import gantry.traffic.lb.RoutingTable.Kind;
import gantry.traffic.lb.RoutingTable.Listener;
import gantry.traffic.lb.RoutingTable.Node;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.Rewrite;
import gantry.traffic.lb.RoutingTable.Rule;
import gantry.traffic.lb.RoutingTable.Stickiness;
import gantry.traffic.lb.RoutingTable.Target;
import gantry.traffic.lb.RoutingTable.TargetGroup;
import gantry.traffic.lb.RoutingTable.TlsPolicy;
import gantry.traffic.lb.RoutingTable.Transforms;
import gantry.traffic.lb.RoutingTable.Version;
import gantry.traffic.lb.RoutingTable.Weighted;
import gantry.traffic.lb.SocketRooms;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancerTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RewriteConfig;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleCondition;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleTransform;

/** Says the API's plan in the data plane's words. A pure function. */
final class PlanConverter {

  private final SocketRooms rooms;

  PlanConverter(SocketRooms rooms) {
    this.rooms = rooms;
  }

  RoutingTable convert(BalancerPlan plan, List<Certificate> certificates) {
    Map<String, String> sources = new HashMap<>();
    List<Balancer> balancers = new ArrayList<>();
    for (BalancerPlan.Balancer one : plan.balancers()) {
      balancers.add(balancer(one));
      String address = one.nodes().isEmpty() ? null : one.nodes().getFirst().address();
      if (address != null && rooms.room(one.balancer().vpcId()) != null) {
        for (BalancerPlan.Listener listener : one.listeners()) {
          for (BalancerPlan.Rule rule : listener.rules()) {
            rule.actions()
                .forEach(action -> groups(action).forEach(arn -> sources.put(arn, address)));
          }
        }
      }
    }
    List<TargetGroup> groups = new ArrayList<>();
    for (BalancerPlan.Group one : plan.groups()) {
      groups.add(group(one, sources.get(one.group().targetGroupArn())));
    }
    return new RoutingTable(plan.revision(), balancers, groups, certificates);
  }

  private static List<String> groups(Action action) {
    return action.forwardConfig() == null
        ? List.of()
        : action.forwardConfig().targetGroups().stream().map(t -> t.targetGroupArn()).toList();
  }

  private Balancer balancer(BalancerPlan.Balancer one) {
    var b = one.balancer();
    String[] arn = b.loadBalancerArn().split(":", 6);
    boolean application = b.type() == LoadBalancerTypeEnum.APPLICATION;
    List<Node> nodes = new ArrayList<>();
    if (rooms.room(b.vpcId()) != null) {
      for (BalancerPlan.Node node : one.nodes()) {
        if (node.address() != null) {
          nodes.add(new Node(node.zone(), node.address(), b.vpcId()));
        }
      }
    }
    return new Balancer(
        b.loadBalancerArn(),
        arn[5].substring("loadbalancer/".length()),
        arn[4],
        arn[3],
        application ? Kind.APPLICATION : Kind.NETWORK,
        b.dnsName(),
        b.loadBalancerName().toLowerCase(Locale.ROOT) + "." + arn[3] + ".elb.localhost",
        nodes,
        settings(one.attributes()),
        one.listeners().stream().map(PlanConverter::listener).toList());
  }

  private static BalancerSettings settings(Map<String, String> a) {
    return new BalancerSettings(
        seconds(a, "idle_timeout.timeout_seconds", 60),
        seconds(a, "client_keep_alive.seconds", 3600),
        Desync.valueOf(
            a.getOrDefault("routing.http.desync_mitigation_mode", "defensive")
                .toUpperCase(Locale.ROOT)),
        on(a, "routing.http.drop_invalid_header_fields.enabled"),
        on(a, "routing.http.preserve_host_header.enabled"),
        on(a, "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"),
        on(a, "routing.http.xff_client_port.enabled"),
        ForwardedFor.valueOf(
            a.getOrDefault("routing.http.xff_header_processing.mode", "append")
                .toUpperCase(Locale.ROOT)),
        on(a, "routing.http2.enabled"),
        on(a, "load_balancing.cross_zone.enabled"),
        log(a, "access_logs"),
        log(a, "connection_logs"));
  }

  /** Bucket and prefix, as a folder. */
  private static @Nullable String log(Map<String, String> a, String which) {
    if (!on(a, which + ".s3.enabled")) {
      return null;
    }
    String bucket = a.getOrDefault(which + ".s3.bucket", "");
    String prefix = a.getOrDefault(which + ".s3.prefix", "");
    return prefix.isEmpty() ? bucket : bucket + "/" + prefix;
  }

  private static boolean on(Map<String, String> a, String key) {
    return "true".equals(a.get(key));
  }

  private static Duration seconds(Map<String, String> a, String key, int otherwise) {
    String value = a.get(key);
    return Duration.ofSeconds(value == null || value.isEmpty() ? otherwise : Long.parseLong(value));
  }

  private static int number(Map<String, String> a, String key, int otherwise) {
    String value = a.get(key);
    return value == null || !value.matches("[0-9]+") ? otherwise : Integer.parseInt(value);
  }

  private static Listener listener(BalancerPlan.Listener one) {
    Map<String, String> headers = new HashMap<>();
    BalancerPlan.RESPONSE_HEADERS.forEach(
        (key, name) -> {
          String value = one.attributes().get("routing.http.response." + key + ".header_value");
          if (value != null && !value.isEmpty()) {
            headers.put(name, value);
          }
        });
    List<String> alpn =
        one.alpnPolicy().isEmpty()
            ? List.of()
            : switch (one.alpnPolicy().getFirst()) {
              case "HTTP1Only" -> List.of("http/1.1");
              case "HTTP2Only" -> List.of("h2");
              case "HTTP2Optional" -> List.of("http/1.1", "h2");
              case "HTTP2Preferred" -> List.of("h2", "http/1.1");
              default -> List.of();
            };
    return new Listener(
        one.arn(),
        one.port(),
        Protocol.valueOf(one.protocol()),
        policy(one.tlsPolicy()),
        one.certificateArns(),
        alpn,
        one.rules().stream().map(PlanConverter::rule).toList(),
        Map.copyOf(headers),
        !"false".equals(one.attributes().get("routing.http.response.server.enabled")),
        seconds(one.attributes(), "tcp.idle_timeout.seconds", 350));
  }

  private static @Nullable TlsPolicy policy(BalancerPlan.@Nullable TlsPolicy one) {
    return one == null ? null : new TlsPolicy(one.protocols(), one.ciphers(), one.postQuantum());
  }

  private static Rule rule(BalancerPlan.Rule one) {
    return new Rule(
        one.arn(),
        one.priority(),
        one.conditions().stream().map(PlanConverter::condition).toList(),
        action(one.actions().getLast()),
        transforms(one.transforms()));
  }

  private static Transforms transforms(List<RuleTransform> given) {
    Rewrite host = null;
    Rewrite url = null;
    for (RuleTransform one : given) {
      switch (one.type()) {
        case HOST_HEADER_REWRITE -> host = rewrite(one.hostHeaderRewriteConfig().rewrites());
        case URL_REWRITE -> url = rewrite(one.urlRewriteConfig().rewrites());
        case UNKNOWN_TO_SDK_VERSION ->
            throw new IllegalStateException("a transform that the API admits: " + one);
      }
    }
    return new Transforms(host, url);
  }

  private static Rewrite rewrite(List<RewriteConfig> rewrites) {
    RewriteConfig only = rewrites.getFirst();
    return new Rewrite(only.regex(), only.replace());
  }

  private static Condition condition(RuleCondition c) {
    return switch (c.field()) {
      case "host-header" -> new Condition.Host(texts(c, c.hostHeaderConfig().values()), regex(c));
      case "path-pattern" -> new Condition.Path(texts(c, c.pathPatternConfig().values()), regex(c));
      case "http-header" ->
          new Condition.Header(
              c.httpHeaderConfig().httpHeaderName(),
              texts(c, c.httpHeaderConfig().values()),
              regex(c));
      case "http-request-method" -> new Condition.Method(c.httpRequestMethodConfig().values());
      case "query-string" ->
          new Condition.Query(
              c.queryStringConfig().values().stream()
                  .map(pair -> new Condition.Query.Pair(pair.key(), pair.value()))
                  .toList());
      case "source-ip" -> new Condition.SourceIp(c.sourceIpConfig().values());
      default -> throw new IllegalStateException("a condition that the API admits: " + c.field());
    };
  }

  private static boolean regex(RuleCondition c) {
    return !c.regexValues().isEmpty();
  }

  private static List<String> texts(RuleCondition c, List<String> values) {
    return regex(c) ? c.regexValues() : values;
  }

  private static RoutingTable.Action action(Action a) {
    return switch (a.type()) {
      case FORWARD -> {
        var sticky = a.forwardConfig().targetGroupStickinessConfig();
        yield new Forward(
            a.forwardConfig().targetGroups().stream()
                .map(t -> new Weighted(t.targetGroupArn(), t.weight() == null ? 1 : t.weight()))
                .toList(),
            sticky != null && Boolean.TRUE.equals(sticky.enabled())
                ? Duration.ofSeconds(sticky.durationSeconds())
                : null);
      }
      case REDIRECT -> {
        var r = a.redirectConfig();
        yield new Redirect(
            Integer.parseInt(r.statusCodeAsString().substring("HTTP_".length())),
            r.protocol(),
            r.host(),
            r.port(),
            r.path(),
            r.query());
      }
      case FIXED_RESPONSE -> {
        var f = a.fixedResponseConfig();
        yield new Fixed(
            Integer.parseInt(f.statusCode()),
            f.contentType() == null ? "text/plain" : f.contentType(),
            f.messageBody() == null ? "" : f.messageBody());
      }
      case AUTHENTICATE_OIDC, AUTHENTICATE_COGNITO, JWT_VALIDATION, UNKNOWN_TO_SDK_VERSION ->
          throw new IllegalStateException("an action that the API admits: " + a.typeAsString());
    };
  }

  private TargetGroup group(BalancerPlan.Group one, @Nullable String source) {
    var g = one.group();
    Map<String, String> a = one.attributes();
    boolean local = one.targets().stream().anyMatch(t -> t.address().startsWith("127."));
    boolean inside = !local && rooms.room(g.vpcId()) != null;
    String port = g.healthCheckPort();
    boolean grpc = "GRPC".equals(g.protocolVersion());
    String matcher =
        g.matcher() == null ? "200" : grpc ? g.matcher().grpcCode() : g.matcher().httpCode();
    HealthCheck check =
        new HealthCheck(
            Boolean.TRUE.equals(g.healthCheckEnabled()),
            Protocol.valueOf(g.healthCheckProtocolAsString()),
            port.equals("traffic-port") ? null : Integer.valueOf(port),
            g.healthCheckPath() == null ? "/" : g.healthCheckPath(),
            Duration.ofSeconds(g.healthCheckIntervalSeconds()),
            Duration.ofSeconds(g.healthCheckTimeoutSeconds()),
            g.healthyThresholdCount(),
            g.unhealthyThresholdCount(),
            matcher);
    String crossZone = a.getOrDefault("load_balancing.cross_zone.enabled", "");
    String type = a.getOrDefault("stickiness.type", "");
    boolean app = type.equals("app_cookie");
    GroupSettings settings =
        new GroupSettings(
            seconds(a, "deregistration_delay.timeout_seconds", 300),
            on(a, "stickiness.enabled")
                ? Stickiness.valueOf(type.toUpperCase(Locale.ROOT))
                : Stickiness.NONE,
            seconds(
                a,
                app
                    ? "stickiness.app_cookie.duration_seconds"
                    : "stickiness.lb_cookie.duration_seconds",
                86400),
            a.getOrDefault("stickiness.app_cookie.cookie_name", ""),
            Algorithm.valueOf(
                a.getOrDefault("load_balancing.algorithm.type", "round_robin")
                    .toUpperCase(Locale.ROOT)),
            "on".equals(a.get("load_balancing.algorithm.anomaly_mitigation")),
            seconds(a, "slow_start.duration_seconds", 0),
            crossZone.startsWith("use_") || crossZone.isEmpty() ? null : Boolean.valueOf(crossZone),
            number(
                a, "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", 1),
            number(
                a,
                "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
                0),
            on(a, "deregistration_delay.connection_termination.enabled"),
            on(a, "proxy_protocol_v2.enabled"),
            on(a, "target_health_state.unhealthy.connection_termination.enabled"),
            seconds(a, "target_health_state.unhealthy.draining_interval_seconds", 0),
            on(a, "preserve_client_ip.enabled"));
    return new TargetGroup(
        g.targetGroupArn(),
        g.targetGroupArn().substring(g.targetGroupArn().lastIndexOf(':') + 1),
        Protocol.valueOf(g.protocolAsString()),
        g.protocolVersion() == null ? Version.HTTP1 : Version.valueOf(g.protocolVersion()),
        inside ? g.vpcId() : SocketRooms.HOST,
        check,
        settings,
        one.targets().stream()
            .map(
                t ->
                    new Target(
                        t.id(), t.port(), t.address(), t.zone(), t.draining(), t.registered()))
            .toList(),
        inside ? source : null);
  }
}
