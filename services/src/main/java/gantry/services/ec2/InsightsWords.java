package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.acs.network.Ipv4;
import gantry.acs.network.NetworkPlan;
import gantry.acs.network.Reachability;
import gantry.state.Scope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/** An answer about reachability in Reachability Analyzer's words: components and codes. */
final class InsightsWords {

  private static final int TCP = 6;
  private static final int UDP = 17;

  /** An address that nobody has (RFC 5737): behind an internet gateway, any will do. */
  private static final String SOMEWHERE_ON_THE_INTERNET = "203.0.113.1";

  /** Carriers' and overlay networks' (RFC 6598), which have a code of their own. */
  private static final Cidr CARRIERS = Cidr.parse("100.64.0.0/10");

  /** What an ARN calls a thing, by how its id begins. */
  private static final Map<String, String> TYPES =
      Map.ofEntries(
          Map.entry("eni", "network-interface"),
          Map.entry("sg", "security-group"),
          Map.entry("sgr", "security-group-rule"),
          Map.entry("acl", "network-acl"),
          Map.entry("rtb", "route-table"),
          Map.entry("igw", "internet-gateway"),
          Map.entry("nat", "natgateway"),
          Map.entry("pcx", "vpc-peering-connection"),
          Map.entry("vpce", "vpc-endpoint"),
          Map.entry("subnet", "subnet"),
          Map.entry("vpc", "vpc"));

  private InsightsWords() {}

  static String arn(Scope scope, String type, String id) {
    return "arn:aws:ec2:" + scope.region() + ":" + scope.account() + ":" + type + "/" + id;
  }

  static AnalysisComponent component(Scope scope, String id) {
    String type = TYPES.get(id.substring(0, Math.max(0, id.indexOf('-'))));
    return AnalysisComponent.builder()
        .id(id)
        .arn(type == null ? null : arn(scope, type, id))
        .build();
  }

  /** Answers the path's question from what is configured now. */
  static void answer(
      Lookup lookup,
      List<Cidr> lan,
      NetworkInsightsPath path,
      NetworkInsightsAnalysis.Builder analysis) {
    String destination = path.destination();
    String to = path.destinationIp();
    String gateway = null;
    if (destination != null && destination.startsWith(Kinds.INTERNET_GATEWAY.prefix())) {
      gateway = destination;
      to = to == null ? SOMEWHERE_ON_THE_INTERNET : to;
    } else if (destination != null) {
      NetworkInterface target = lookup.find(Kinds.INTERFACE, destination);
      to = to == null && target != null ? target.privateIpAddress() : to;
    }
    if (to == null || lookup.find(Kinds.INTERFACE, path.source()) == null) {
      unreachable(analysis, Explanation.builder().explanationCode("NO_SOURCE_OR_DESTINATION"));
      return;
    }
    NetworkPlan plan = NetworkPlanner.plan(lookup.view()).reaching(lan);
    int port = path.destinationPort();
    int protocol = path.protocol() == Protocol.UDP ? UDP : TCP;
    switch (Reachability.ask(plan, path.source(), to, protocol, port)) {
      case Reachability.Answer.Allowed(List<String> passed) -> {
        if (gateway != null && !passed.contains(gateway)) {
          unreachable(
              analysis,
              Explanation.builder()
                  .explanationCode("NO_PATH")
                  .destination(component(lookup.scope(), gateway)));
        } else {
          analysis
              .networkPathFound(true)
              .forwardPathComponents(components(lookup, passed, gateway));
        }
      }
      case Reachability.Answer.Stopped stopped ->
          unreachable(analysis, explanation(lookup, stopped, to, port, path));
    }
  }

  private static void unreachable(
      NetworkInsightsAnalysis.Builder analysis, Explanation.Builder because) {
    analysis.networkPathFound(false).explanations(because.build());
  }

  private static List<PathComponent> components(
      Lookup lookup, List<String> passed, @Nullable String last) {
    List<PathComponent> components = new ArrayList<>();
    for (String id : passed) {
      if (id.indexOf('-') < 0) {
        continue; // an address, or the internet: beyond the last component
      }
      PathComponent.Builder component =
          PathComponent.builder().sequenceNumber(components.size() + 1);
      SecurityGroupRule rule = lookup.find(Kinds.RULE, id);
      if (rule != null) {
        component
            .component(component(lookup.scope(), rule.groupId()))
            .securityGroupRule(rule(rule));
      } else {
        component.component(component(lookup.scope(), id));
      }
      NetworkInterface eni = lookup.find(Kinds.INTERFACE, id);
      if (eni != null) {
        component
            .subnet(component(lookup.scope(), eni.subnetId()))
            .vpc(component(lookup.scope(), eni.vpcId()));
      }
      components.add(component.build());
      if (id.equals(last)) {
        break;
      }
    }
    return components;
  }

  private static AnalysisSecurityGroupRule rule(SecurityGroupRule rule) {
    ReferencedSecurityGroup referenced = rule.referencedGroupInfo();
    AnalysisSecurityGroupRule.Builder said =
        AnalysisSecurityGroupRule.builder()
            .cidr(rule.cidrIpv4())
            .prefixListId(rule.prefixListId())
            .securityGroupId(referenced == null ? null : referenced.groupId())
            .direction(Boolean.TRUE.equals(rule.isEgress()) ? "egress" : "ingress")
            .protocol("-1".equals(rule.ipProtocol()) ? "all" : rule.ipProtocol());
    if (rule.fromPort() != null && rule.fromPort() >= 0) {
      said.portRange(p -> p.from(rule.fromPort()).to(rule.toPort()));
    }
    return said.build();
  }

  private static Explanation.Builder explanation(
      Lookup lookup,
      Reachability.Answer.Stopped stopped,
      String to,
      int port,
      NetworkInsightsPath path) {
    Explanation.Builder said = Explanation.builder();
    Scope scope = lookup.scope();
    AnalysisComponent at = component(scope, stopped.at());
    switch (stopped.by()) {
      case SECURITY_GROUP_EGRESS, SECURITY_GROUP_INGRESS ->
          said.explanationCode("ENI_SG_RULES_MISMATCH")
              .direction(
                  stopped.by() == Reachability.By.SECURITY_GROUP_EGRESS ? "egress" : "ingress")
              .networkInterface(at)
              .component(at)
              .securityGroups(
                  Arrays.stream(stopped.resource().split(", ", -1))
                      .map(each -> component(scope, each))
                      .toList())
              .port(port)
              .protocols(path.protocolAsString());
      case NETWORK_ACL_EGRESS, NETWORK_ACL_INGRESS ->
          said.explanationCode("SUBNET_ACL_RESTRICTION")
              .direction(stopped.by() == Reachability.By.NETWORK_ACL_EGRESS ? "egress" : "ingress")
              .acl(component(scope, stopped.resource()))
              .component(component(scope, stopped.resource()))
              .subnet(at)
              .protocols(path.protocolAsString());
      case ROUTE ->
          said.explanationCode("NO_ROUTE_TO_DESTINATION")
              .routeTable(component(scope, stopped.resource()))
              .component(component(scope, stopped.resource()))
              .subnet(at)
              .address(to);
      case BLACK_HOLE -> {
        said.explanationCode("BAD_STATE_ROUTE")
            .routeTable(component(scope, stopped.resource()))
            .component(component(scope, stopped.resource()))
            .subnet(at)
            .address(to);
        hole(lookup, stopped.resource(), to, said);
      }
      case NO_PUBLIC_ADDRESS ->
          said.explanationCode("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS")
              .internetGateway(component(scope, stopped.resource()))
              .component(component(scope, stopped.resource()))
              .networkInterface(at);
      case PRIVATE_DESTINATION ->
          said.explanationCode(
                  CARRIERS.contains(to)
                      ? "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS"
                      : "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS")
              .internetGateway(component(scope, stopped.resource()))
              .component(component(scope, stopped.resource()))
              .address(to);
      case NOBODY_THERE ->
          said.explanationCode("NO_POSSIBLE_DESTINATION").component(at).address(to);
    }
    NetworkInterface from = lookup.find(Kinds.INTERFACE, path.source());
    return from == null ? said : said.vpc(component(scope, from.vpcId()));
  }

  /** The route that leads nowhere. */
  private static void hole(Lookup lookup, String table, String to, Explanation.Builder said) {
    RouteTable routes = lookup.find(Kinds.ROUTE_TABLE, table);
    if (routes == null) {
      return;
    }
    routes.routes().stream()
        .filter(
            each ->
                RouteTables.isBlackhole(lookup, routes.vpcId(), each)
                    && each.destinationCidrBlock() != null
                    && Cidr.parse(each.destinationCidrBlock()).contains(Ipv4.parse(to)))
        .findFirst()
        .ifPresent(
            each ->
                said.routeTableRoute(
                    AnalysisRouteTableRoute.builder()
                        .destinationCidr(each.destinationCidrBlock())
                        .gatewayId(each.gatewayId())
                        .natGatewayId(each.natGatewayId())
                        .vpcPeeringConnectionId(each.vpcPeeringConnectionId())
                        .networkInterfaceId(each.networkInterfaceId())
                        .origin(each.originAsString())
                        .state(RouteState.BLACKHOLE.toString())
                        .build()));
  }
}
