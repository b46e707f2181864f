package gantry.services.elbv2;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.elbv2.Rows.GroupRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.CreateTargetGroupRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeTargetGroupsRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeTargetGroupsResponse;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DuplicateTargetGroupNameException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Matcher;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ModifyTargetGroupRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ProtocolEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ResourceInUseException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroupIpAddressTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TooManyTargetGroupsException;

/** Target groups and their health check settings. */
final class Groups {

  private static final int MAX = 3000;
  private static final Set<String> PROTOCOLS =
      Set.of("HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP");

  private final ServiceContext context;
  private final Network network;

  Groups(ServiceContext context, Network network) {
    this.context = context;
    this.network = network;
  }

  static GroupRow require(View view, Scope scope, @Nullable String arn) {
    GroupRow row = view.get(Rows.GROUPS, scope.key(Arns.Kind.GROUP.check(scope, arn)));
    if (row == null) {
      throw Errors.noGroups();
    }
    return row;
  }

  /** The load balancers whose listeners or rules send to the group. */
  static Set<String> balancersOf(View view, Scope scope, String arn) {
    Set<String> arns = new LinkedHashSet<>();
    view.lookup(Rows.LISTENERS_TO, scope, arn)
        .forEach(row -> arns.add(row.value().listener().loadBalancerArn()));
    view.lookup(Rows.RULES_TO, scope, arn)
        .forEach(
            row -> {
              var listener = view.get(Rows.LISTENERS, scope.key(row.value().listenerArn()));
              if (listener != null) {
                arns.add(listener.listener().loadBalancerArn());
              }
            });
    return arns;
  }

  private static TargetGroup shown(View view, Scope scope, GroupRow row) {
    return row.group().toBuilder()
        .loadBalancerArns(balancersOf(view, scope, row.group().targetGroupArn()))
        .build();
  }

  TargetGroup create(CreateTargetGroupRequest r) {
    Scope scope = Caller.current().scope();
    String name = checkName(r.name());
    TargetTypeEnum type = r.targetType() == null ? TargetTypeEnum.INSTANCE : r.targetType();
    if (type == TargetTypeEnum.UNKNOWN_TO_SDK_VERSION) {
      throw Errors.validation(
          "Target type '"
              + r.targetTypeAsString()
              + "' must be one of 'instance, ip, lambda, alb'");
    }
    if (type == TargetTypeEnum.LAMBDA) {
      throw Errors.notBuilt("Target type lambda", "no functions run here");
    }
    String protocol = r.protocolAsString();
    if (protocol == null) {
      throw Errors.validation("A protocol must be specified");
    }
    if (!PROTOCOLS.contains(protocol)) {
      throw Errors.validation(
          "Target group protocol '"
              + protocol
              + "' must be one of 'HTTP, HTTPS, TCP, TLS, UDP, TCP_UDP'");
    }
    if (r.port() == null) {
      throw Errors.validation("A port must be specified");
    }
    if (r.port() < 1 || r.port() > 65535) {
      throw Errors.validation("Port '" + r.port() + "' must be between 1 and 65535");
    }
    if (r.vpcId() == null) {
      throw Errors.validation("A VPC ID must be specified");
    }
    if (type == TargetTypeEnum.ALB && !protocol.equals("TCP")) {
      throw Errors.validation("Target groups with target type 'alb' must use the TCP protocol");
    }
    if (r.targetControlPort() != null) {
      throw Errors.notBuilt(
          "TargetControlPort", "targets have no agent that would steer what they get");
    }
    if (r.ipAddressType() == TargetGroupIpAddressTypeEnum.IPV6) {
      throw Errors.notBuilt("IpAddressType ipv6", "networks here are IPv4");
    }
    boolean http = protocol.startsWith("HTTP");
    String version = http ? r.protocolVersion() == null ? "HTTP1" : r.protocolVersion() : null;
    if (version != null && !Set.of("HTTP1", "HTTP2", "GRPC").contains(version)) {
      throw Errors.validation(
          "Protocol version '" + version + "' must be one of 'HTTP1, HTTP2, GRPC'");
    }
    if (!http && r.protocolVersion() != null) {
      throw Errors.validation(
          "Protocol version cannot be specified for " + protocol + " target groups");
    }
    String hex = context.ids().hex(16);
    String arn = Arns.group(scope, name, hex);
    boolean grpc = "GRPC".equals(version);
    ProtocolEnum check =
        r.healthCheckProtocol() != null
            ? r.healthCheckProtocol()
            : http || type == TargetTypeEnum.ALB ? ProtocolEnum.HTTP : ProtocolEnum.TCP;
    boolean httpCheck = check == ProtocolEnum.HTTP || check == ProtocolEnum.HTTPS;
    if (Boolean.FALSE.equals(r.healthCheckEnabled())) {
      throw Errors.validation(
          "Health check enabled must be true for target groups with target type '" + type + "'");
    }
    if (!httpCheck) {
      noHttpSettings(check, r.healthCheckPath(), r.matcher());
    }
    TargetGroup group =
        TargetGroup.builder()
            .targetGroupArn(arn)
            .targetGroupName(name)
            .protocol(protocol)
            .protocolVersion(version)
            .port(r.port())
            .vpcId(r.vpcId())
            .targetType(type)
            .ipAddressType(TargetGroupIpAddressTypeEnum.IPV4)
            .healthCheckProtocol(check)
            .healthCheckPort(r.healthCheckPort() == null ? "traffic-port" : r.healthCheckPort())
            .healthCheckEnabled(true)
            .healthCheckIntervalSeconds(or(r.healthCheckIntervalSeconds(), 30))
            .healthCheckTimeoutSeconds(
                or(r.healthCheckTimeoutSeconds(), http ? 5 : check == ProtocolEnum.HTTP ? 6 : 10))
            .healthyThresholdCount(or(r.healthyThresholdCount(), 5))
            .unhealthyThresholdCount(or(r.unhealthyThresholdCount(), 2))
            .healthCheckPath(
                !httpCheck
                    ? null
                    : r.healthCheckPath() != null
                        ? r.healthCheckPath()
                        : grpc ? "/AWS.ALB/healthcheck" : "/")
            .matcher(
                !httpCheck
                    ? null
                    : r.matcher() != null
                        ? r.matcher()
                        : grpc
                            ? Matcher.builder().grpcCode("12").build()
                            : Matcher.builder().httpCode(http ? "200" : "200-399").build())
            .build();
    checkHealth(group);
    network.requireVpc(scope, r.vpcId());
    Tags.check(r.tags());
    return context
        .store()
        .write(
            tx -> {
              Row<GroupRow> same =
                  tx.lookup(Rows.GROUP_BY_NAME, scope, name).findFirst().orElse(null);
              if (same != null) {
                TargetGroup had = same.value().group();
                if (had.equals(group.toBuilder().targetGroupArn(had.targetGroupArn()).build())) {
                  return shown(tx, scope, same.value());
                }
                throw DuplicateTargetGroupNameException.builder()
                    .message(
                        "A target group with the same name '"
                            + name
                            + "' exists, but with different settings")
                    .build();
              }
              if (tx.count(Rows.GROUPS, scope) >= MAX) {
                throw TooManyTargetGroupsException.builder()
                    .message("You have reached the maximum number of target groups")
                    .build();
              }
              tx.put(
                  Rows.GROUPS,
                  scope.key(arn),
                  new GroupRow(group, Map.of(), List.copyOf(r.tags()), context.clock().instant()));
              return group;
            });
  }

  private static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  /** Empty ones come from tools that always name every setting. */
  private static void noHttpSettings(
      ProtocolEnum check, @Nullable String path, @Nullable Matcher matcher) {
    if (given(path)) {
      throw Errors.configuration(
          "Health check paths are not supported for " + check + " health checks");
    }
    if (matcher != null && (given(matcher.httpCode()) || given(matcher.grpcCode()))) {
      throw Errors.configuration(
          "Health check matchers are not supported for " + check + " health checks");
    }
  }

  private static boolean given(@Nullable String text) {
    return text != null && !text.isEmpty();
  }

  private static String checkName(@Nullable String name) {
    if (name == null || name.isEmpty()) {
      throw Errors.validation("A target group name must be specified");
    }
    if (name.length() > 32) {
      throw Errors.validation(
          "Target group name '" + name + "' cannot be longer than '32' characters");
    }
    if (!name.matches("[A-Za-z0-9-]+")) {
      throw Errors.validation(
          "Target group name '"
              + name
              + "' can only contain characters that are alphanumeric characters or hyphens(-)");
    }
    if (name.startsWith("-") || name.endsWith("-")) {
      throw Errors.validation("Target group name '" + name + "' cannot begin or end with '-'");
    }
    if (name.contains("--")) {
      throw Errors.validation("Target group name '" + name + "' cannot contain '--'");
    }
    return name;
  }

  private static void checkHealth(TargetGroup g) {
    between("Health check interval", g.healthCheckIntervalSeconds(), 5, 300);
    between("Health check timeout", g.healthCheckTimeoutSeconds(), 2, 120);
    between("Healthy threshold count", g.healthyThresholdCount(), 2, 10);
    between("Unhealthy threshold count", g.unhealthyThresholdCount(), 2, 10);
    boolean http =
        g.healthCheckProtocol() == ProtocolEnum.HTTP
            || g.healthCheckProtocol() == ProtocolEnum.HTTPS;
    int timeout = g.healthCheckTimeoutSeconds();
    int interval = g.healthCheckIntervalSeconds();
    if (http && timeout >= interval) {
      throw Errors.validation(
          "Health check timeout '"
              + timeout
              + "' must be smaller than the interval '"
              + interval
              + "'");
    }
    if (timeout > interval) {
      throw Errors.validation(
          "Health check timeout '"
              + timeout
              + "' must be smaller than or equal to the interval '"
              + interval
              + "'");
    }
    String port = g.healthCheckPort();
    if (!port.equals("traffic-port")
        && !(port.matches("[0-9]{1,5}")
            && Integer.parseInt(port) >= 1
            && Integer.parseInt(port) <= 65535)) {
      throw Errors.validation(
          "Health check port '" + port + "' must be 'traffic-port' or a number from 1 to 65535");
    }
    boolean application = g.protocolAsString().startsWith("HTTP");
    if (application && !http) {
      throw Errors.validation(
          "Health check protocol '"
              + g.healthCheckProtocolAsString()
              + "' is not supported for target groups with the "
              + g.protocolAsString()
              + " protocol");
    }
    if (!http && g.healthCheckProtocol() != ProtocolEnum.TCP) {
      throw Errors.validation(
          "Health check protocol '"
              + g.healthCheckProtocolAsString()
              + "' must be one of 'TCP, HTTP, HTTPS'");
    }
    if (http) {
      String path = g.healthCheckPath();
      if (path == null || !path.startsWith("/") || path.length() > 1024 || path.contains(" ")) {
        throw Errors.validation("Health check path '" + path + "' must begin with '/'");
      }
      boolean grpc = "GRPC".equals(g.protocolVersion());
      String codes = grpc ? g.matcher().grpcCode() : g.matcher().httpCode();
      if (codes == null || !codes.matches("\\d{1,3}(-\\d{1,3})?(,\\d{1,3}(-\\d{1,3})?)*")) {
        throw Errors.validation("Health check matcher '" + codes + "' is not valid");
      }
      int low = grpc ? 0 : 200;
      int high = grpc ? 99 : application ? 499 : 599;
      for (String one : codes.split("[,-]", -1)) {
        between("Health check matcher code", Integer.parseInt(one), low, high);
      }
    }
  }

  private static void between(String what, int value, int low, int high) {
    if (value < low || value > high) {
      throw Errors.validation(
          what + " '" + value + "' must be between '" + low + "' and '" + high + "'");
    }
  }

  TargetGroup modify(ModifyTargetGroupRequest r) {
    Scope scope = Caller.current().scope();
    return context
        .store()
        .write(
            tx -> {
              GroupRow row = require(tx, scope, r.targetGroupArn());
              TargetGroup g = row.group();
              ProtocolEnum check =
                  r.healthCheckProtocol() == null
                      ? g.healthCheckProtocol()
                      : r.healthCheckProtocol();
              boolean http = check == ProtocolEnum.HTTP || check == ProtocolEnum.HTTPS;
              if (Boolean.FALSE.equals(r.healthCheckEnabled())) {
                throw Errors.validation(
                    "Health check enabled must be true for target groups with target type '"
                        + g.targetTypeAsString()
                        + "'");
              }
              if (!http) {
                noHttpSettings(check, r.healthCheckPath(), r.matcher());
              }
              TargetGroup next =
                  g.toBuilder()
                      .healthCheckProtocol(check)
                      .healthCheckPort(
                          Objects.requireNonNullElse(r.healthCheckPort(), g.healthCheckPort()))
                      .healthCheckPath(
                          !http
                              ? null
                              : r.healthCheckPath() != null
                                  ? r.healthCheckPath()
                                  : g.healthCheckPath() != null ? g.healthCheckPath() : "/")
                      .healthCheckIntervalSeconds(
                          or(r.healthCheckIntervalSeconds(), g.healthCheckIntervalSeconds()))
                      .healthCheckTimeoutSeconds(
                          or(r.healthCheckTimeoutSeconds(), g.healthCheckTimeoutSeconds()))
                      .healthyThresholdCount(
                          or(r.healthyThresholdCount(), g.healthyThresholdCount()))
                      .unhealthyThresholdCount(
                          or(r.unhealthyThresholdCount(), g.unhealthyThresholdCount()))
                      .matcher(
                          !http
                              ? null
                              : r.matcher() != null
                                  ? r.matcher()
                                  : g.matcher() != null
                                      ? g.matcher()
                                      : Matcher.builder().httpCode("200-399").build())
                      .build();
              checkHealth(next);
              tx.put(
                  Rows.GROUPS,
                  scope.key(g.targetGroupArn()),
                  new GroupRow(next, row.attributes(), row.tags(), row.created()));
              return shown(tx, scope, new GroupRow(next, Map.of(), List.of(), row.created()));
            });
  }

  DescribeTargetGroupsResponse describe(DescribeTargetGroupsRequest r) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    boolean byArn = r.hasTargetGroupArns() && !r.targetGroupArns().isEmpty();
    boolean byName = r.hasNames() && !r.names().isEmpty();
    boolean byBalancer = r.loadBalancerArn() != null;
    if ((byArn ? 1 : 0) + (byName ? 1 : 0) + (byBalancer ? 1 : 0) > 1) {
      throw Errors.validation(
          "Target group names, target group ARNs, and a load balancer ARN cannot be specified at"
              + " the same time");
    }
    List<TargetGroup> found = new ArrayList<>();
    if (byArn) {
      for (String arn : r.targetGroupArns()) {
        found.add(shown(view, scope, require(view, scope, arn)));
      }
    } else if (byName) {
      for (String name : r.names()) {
        found.add(
            view.lookup(Rows.GROUP_BY_NAME, scope, name)
                .findFirst()
                .map(row -> shown(view, scope, row.value()))
                .orElseThrow(Errors::noGroups));
      }
    } else {
      if (byBalancer) {
        Balancers.require(view, scope, r.loadBalancerArn());
      }
      Page<GroupRow> page =
          Page.of(
              view,
              Rows.GROUPS,
              scope,
              r.marker(),
              r.pageSize(),
              row ->
                  !byBalancer
                      || balancersOf(view, scope, row.group().targetGroupArn())
                          .contains(r.loadBalancerArn()));
      return DescribeTargetGroupsResponse.builder()
          .targetGroups(page.rows().stream().map(row -> shown(view, scope, row)).toList())
          .nextMarker(page.next())
          .build();
    }
    return DescribeTargetGroupsResponse.builder().targetGroups(found).build();
  }

  void delete(@Nullable String given) {
    Scope scope = Caller.current().scope();
    String arn = Arns.Kind.GROUP.check(scope, given);
    context
        .store()
        .write(
            tx -> {
              if (!balancersOf(tx, scope, arn).isEmpty()) {
                throw ResourceInUseException.builder()
                    .message(
                        "Target group '" + arn + "' is currently in use by a listener or a rule")
                    .build();
              }
              tx.lookup(Rows.TARGETS_OF, scope, arn)
                  .toList()
                  .forEach(row -> tx.delete(Rows.TARGETS, row.key()));
              tx.delete(Rows.GROUPS, scope.key(arn));
              return null;
            });
  }
}
