package gantry.services.elbv2;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.GroupRow;
import gantry.services.elbv2.Rows.TargetRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.AnomalyDetection;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.AnomalyResultEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.DescribeTargetHealthRequest;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.InvalidTargetException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.MitigationInEffectEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetDescription;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealth;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealthDescription;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealthReasonEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealthStateEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TooManyTargetsException;

/** Registrations, and what DescribeTargetHealth says of them. */
final class Targets {

  private static final int MAX = 1000;

  private final ServiceContext context;
  private final Network network;
  private final LiveTraffic live;

  Targets(ServiceContext context, Network network, LiveTraffic live) {
    this.context = context;
    this.network = network;
    this.live = live;
  }

  void register(@Nullable String arn, List<TargetDescription> targets) {
    Scope scope = Caller.current().scope();
    GroupRow group = Groups.require(context.store().snapshot(), scope, arn);
    if (targets.isEmpty()) {
      throw Errors.validation("At least one target must be specified");
    }
    Instant now = context.clock().instant();
    List<TargetRow> rows = new ArrayList<>();
    for (TargetDescription target : targets) {
      rows.add(row(scope, group.group(), target, now));
    }
    context
        .store()
        .write(
            tx -> {
              Groups.require(tx, scope, arn);
              for (TargetRow row : rows) {
                var key = Rows.targetKey(scope, row.groupArn(), row.id(), row.port());
                TargetRow had = tx.get(Rows.TARGETS, key);
                // The same target again is nothing new, unless it was on its way out.
                if (had == null || had.drainUntil() != null) {
                  tx.put(Rows.TARGETS, key, row);
                }
              }
              if (tx.lookup(Rows.TARGETS_OF, scope, group.group().targetGroupArn()).count() > MAX) {
                throw TooManyTargetsException.builder()
                    .message("You have reached the maximum number of targets per target group")
                    .build();
              }
              return null;
            });
  }

  private TargetRow row(Scope scope, TargetGroup group, TargetDescription target, Instant now) {
    String id = target.id();
    if (id == null || id.isEmpty()) {
      throw Errors.validation("A target ID must be specified");
    }
    int port = target.port() == null ? group.port() : target.port();
    if (port < 1 || port > 65535) {
      throw Errors.validation("Port '" + port + "' must be between 1 and 65535");
    }
    if (target.quicServerId() != null) {
      throw Errors.notBuilt("A QUIC server id", "QUIC listeners are not served");
    }
    String zone = target.availabilityZone();
    String address;
    switch (group.targetType()) {
      case INSTANCE -> {
        if (!id.matches("m?i-[0-9a-zA-Z]+")) {
          throw InvalidTargetException.builder()
              .message("The following targets are not valid instances: '" + id + "'")
              .build();
        }
        if (zone != null) {
          throw Errors.validation(
              "Availability Zone cannot be specified for target groups with target type 'instance'");
        }
        Network.Reached reached = network.instance(scope, id);
        address = reached.address();
        zone = reached.zone();
      }
      case IP -> {
        if (!Addresses.isV4(id)) {
          throw Errors.validation("The IP address '" + id + "' is not a valid IPv4 address");
        }
        if (!Addresses.mayBeTarget(id)) {
          throw Errors.validation(
              "The IP address '"
                  + id
                  + "' is not within the VPC or one of the private ranges, and cannot be a target");
        }
        zone = zone(scope, group, id, zone);
        address = id;
      }
      case ALB -> {
        View view = context.store().snapshot();
        Balancers.require(view, scope, id);
        boolean listens =
            view.lookup(Rows.LISTENERS_OF, scope, id)
                .anyMatch(row -> row.value().listener().port() == port);
        if (!listens) {
          throw Errors.validation(
              "If the target type is ALB, the target must have at least one listener that matches"
                  + " the target group port or any specified port overrides");
        }
        address = null;
      }
      default -> throw Errors.notBuilt("Target type " + group.targetTypeAsString(), "unknown");
    }
    return new TargetRow(
        group.targetGroupArn(),
        id,
        port,
        zone,
        address,
        "initial",
        "Elb.RegistrationInProgress",
        "Target registration is in progress",
        null,
        now);
  }

  /** The zone of an address: its subnet's, or the one that was given for one outside the VPC. */
  private String zone(Scope scope, TargetGroup group, String id, @Nullable String given) {
    String own = network.zoneOf(scope, group.vpcId(), id);
    if (own != null) {
      if (given != null && !given.equals(own)) {
        throw Errors.validation(
            "The IP address '"
                + id
                + "' is within the VPC, and cannot have its Availability Zone overridden to '"
                + given
                + "' from '"
                + own
                + "'");
      }
      return own;
    }
    if (given == null && id.startsWith("127.")) {
      return "all";
    }
    boolean all = "all".equals(given);
    if (given == null || (!all && !network.zones(scope, group.vpcId()).contains(given))) {
      throw Errors.validation(
          "You must specify a valid Availability Zone or select 'all' for all enabled Availability"
              + " zones, since the IP address '"
              + id
              + "' is outside the VPC");
    }
    if (!all && !id.startsWith("127.") && group.protocolAsString().startsWith("HTTP")) {
      throw Errors.validation(
          "The Availability Zone for IP address '"
              + id
              + "' must be 'all' for Application Load Balancer target groups, when not within the"
              + " VPC");
    }
    return given;
  }

  void deregister(@Nullable String arn, List<TargetDescription> targets) {
    Scope scope = Caller.current().scope();
    if (targets.isEmpty()) {
      throw Errors.validation("At least one target must be specified");
    }
    Instant now = context.clock().instant();
    context
        .store()
        .write(
            tx -> {
              GroupRow group = Groups.require(tx, scope, arn);
              boolean used =
                  !Groups.balancersOf(tx, scope, group.group().targetGroupArn()).isEmpty();
              Duration delay = delay(group);
              for (TargetDescription target : targets) {
                int port = target.port() == null ? group.group().port() : target.port();
                var key = Rows.targetKey(scope, group.group().targetGroupArn(), target.id(), port);
                TargetRow row = tx.get(Rows.TARGETS, key);
                if (row == null || row.drainUntil() != null) {
                  continue;
                }
                if (used && !delay.isZero()) {
                  tx.put(Rows.TARGETS, key, row.draining(now.plus(delay)));
                } else {
                  tx.delete(Rows.TARGETS, key);
                }
              }
              return null;
            });
  }

  static Duration delay(GroupRow group) {
    String value =
        Attributes.effective(Attributes.ofGroup(group.group()), group.attributes())
            .get("deregistration_delay.timeout_seconds");
    return Duration.ofSeconds(value == null ? 0 : Long.parseLong(value));
  }

  List<TargetHealthDescription> health(DescribeTargetHealthRequest r) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    GroupRow group = Groups.require(view, scope, r.targetGroupArn());
    TargetGroup g = group.group();
    Map<String, LiveTraffic.Anomaly> anomalies = anomalies(r, g);
    List<TargetHealthDescription> out = new ArrayList<>();
    if (r.hasTargets() && !r.targets().isEmpty()) {
      for (TargetDescription asked : r.targets()) {
        int port = asked.port() == null ? g.port() : asked.port();
        TargetRow row =
            view.get(Rows.TARGETS, Rows.targetKey(scope, g.targetGroupArn(), asked.id(), port));
        out.add(
            row != null
                ? describe(view, scope, g, row, anomalies)
                : TargetHealthDescription.builder()
                    .target(t -> t.id(asked.id()).port(port))
                    .healthCheckPort(checkPort(g, port))
                    .targetHealth(
                        t ->
                            t.state(TargetHealthStateEnum.UNUSED)
                                .reason(TargetHealthReasonEnum.TARGET_NOT_REGISTERED)
                                .description("Target is not registered to the target group"))
                    .build());
      }
      return out;
    }
    view.lookup(Rows.TARGETS_OF, scope, g.targetGroupArn())
        .map(Row::value)
        .forEach(row -> out.add(describe(view, scope, g, row, anomalies)));
    return out;
  }

  private Map<String, LiveTraffic.Anomaly> anomalies(DescribeTargetHealthRequest r, TargetGroup g) {
    for (String part : r.includeAsStrings()) {
      if (!part.equals("AnomalyDetection") && !part.equals("All")) {
        throw Errors.validation(
            "1 validation error detected: Value '"
                + part
                + "' at 'include.1.member' failed to satisfy constraint: Member must satisfy enum"
                + " value set: [AnomalyDetection, All]");
      }
    }
    return r.include().isEmpty() ? Map.of() : live.anomalies(g.targetGroupArn());
  }

  private static String checkPort(TargetGroup g, int port) {
    return g.healthCheckPort().equals("traffic-port")
        ? Integer.toString(port)
        : g.healthCheckPort();
  }

  private static TargetHealthDescription describe(
      View view,
      Scope scope,
      TargetGroup g,
      TargetRow row,
      Map<String, LiveTraffic.Anomaly> anomalies) {
    LiveTraffic.Anomaly anomaly = anomalies.get(row.id() + ":" + row.port());
    return TargetHealthDescription.builder()
        .anomalyDetection(
            anomaly == null
                ? null
                : AnomalyDetection.builder()
                    .result(
                        anomaly.anomalous()
                            ? AnomalyResultEnum.ANOMALOUS
                            : AnomalyResultEnum.NORMAL)
                    .mitigationInEffect(
                        anomaly.mitigated()
                            ? MitigationInEffectEnum.YES
                            : MitigationInEffectEnum.NO)
                    .build())
        .target(
            TargetDescription.builder()
                .id(row.id())
                .port(row.port())
                .availabilityZone(g.targetType() == TargetTypeEnum.IP ? row.zone() : null)
                .build())
        .healthCheckPort(checkPort(g, row.port()))
        .targetHealth(state(view, scope, g, row))
        .build();
  }

  static TargetHealth state(View view, Scope scope, TargetGroup g, TargetRow row) {
    if (row.drainUntil() != null) {
      return TargetHealth.builder()
          .state(TargetHealthStateEnum.DRAINING)
          .reason(TargetHealthReasonEnum.TARGET_DEREGISTRATION_IN_PROGRESS)
          .description("Target deregistration is in progress")
          .build();
    }
    Set<String> balancers = Groups.balancersOf(view, scope, g.targetGroupArn());
    if (balancers.isEmpty()) {
      return unused("Target group is not configured to receive traffic from the load balancer");
    }
    if (isBalancers(view, scope, g, row)) {
      return TargetHealth.builder()
          .state(TargetHealthStateEnum.UNUSED)
          .reason(TargetHealthReasonEnum.TARGET_IP_UNUSABLE)
          .description(
              "The IP address cannot be used as a target, as it is in use by a load balancer")
          .build();
    }
    if (!zoneEnabled(view, scope, balancers.iterator().next(), row)) {
      return unused("Target is in an Availability Zone that is not enabled for the load balancer");
    }
    return TargetHealth.builder()
        .state(row.state())
        .reason(row.reason())
        .description(row.description())
        .build();
  }

  /** Whether the registered address is one of a load balancer's own, in the group's network. */
  static boolean isBalancers(View view, Scope scope, TargetGroup g, TargetRow row) {
    return g.targetType() == TargetTypeEnum.IP
        && view.scan(Rows.BALANCERS, scope)
            .map(Row::value)
            .filter(balancer -> g.vpcId().equals(balancer.balancer().vpcId()))
            .anyMatch(
                balancer ->
                    balancer.nodes().stream().anyMatch(node -> row.id().equals(node.address())));
  }

  static boolean zoneEnabled(View view, Scope scope, String balancerArn, TargetRow row) {
    String zone = row.zone();
    if (zone == null || zone.equals("all")) {
      return true;
    }
    BalancerRow balancer = view.get(Rows.BALANCERS, scope.key(balancerArn));
    return balancer == null
        || balancer.nodes().isEmpty()
        || balancer.nodes().stream().anyMatch(node -> node.zone().equals(zone));
  }

  private static TargetHealth unused(String description) {
    return TargetHealth.builder()
        .state(TargetHealthStateEnum.UNUSED)
        .reason(TargetHealthReasonEnum.TARGET_NOT_IN_USE)
        .description(description)
        .build();
  }
}
