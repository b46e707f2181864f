package gantry.app.connect;

import gantry.node.vpc.TaskNamespaces.Redirect;
import gantry.services.ecs.controller.ConnectPlan;
import gantry.services.ecs.controller.ConnectPlan.Alias;
import gantry.services.ecs.controller.ConnectPlan.Member;
import gantry.traffic.lb.RoutingTable;
import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.Balancer;
import gantry.traffic.lb.RoutingTable.BalancerSettings;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.HealthCheck;
import gantry.traffic.lb.RoutingTable.Kind;
import gantry.traffic.lb.RoutingTable.Listener;
import gantry.traffic.lb.RoutingTable.Mesh;
import gantry.traffic.lb.RoutingTable.Node;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.Rule;
import gantry.traffic.lb.RoutingTable.Target;
import gantry.traffic.lb.RoutingTable.TargetGroup;
import gantry.traffic.lb.RoutingTable.Version;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * From the plan of Service Connect to the data plane's table: in each task's network one balancer
 * for each name, and one for each port that leads in.
 */
final class ConnectTables {

  /** Where the proxy listens inside a task; a name with several ports takes those that follow. */
  static final int FIRST_LISTENER = 15_001;

  private static final Duration HTTP_IDLE = Duration.ofMinutes(5);
  private static final Duration TCP_IDLE = Duration.ofHours(1);
  private static final Duration REQUEST = Duration.ofSeconds(15);

  /** Longer than any program here runs: stands for "never". */
  private static final Duration NEVER = Duration.ofDays(3650);

  private static final HealthCheck UNCHECKED =
      new HealthCheck(
          false,
          Protocol.TCP,
          null,
          "/",
          Duration.ofSeconds(30),
          Duration.ofSeconds(5),
          5,
          2,
          "200");

  private ConnectTables() {}

  static String room(String taskArn) {
    return "task " + taskArn;
  }

  /** What one task is given besides its balancers. */
  record Inside(List<Redirect> redirects, Map<String, String> hosts) {}

  static Inside inside(Member member) {
    List<Redirect> redirects = new ArrayList<>();
    Map<String, String> hosts = new TreeMap<>();
    listeners(member)
        .forEach(
            (alias, listener) -> {
              redirects.add(new Redirect(alias.address(), alias.port(), listener));
              hosts.put(alias.dnsName(), alias.address());
            });
    return new Inside(redirects, hosts);
  }

  /** Aliases come sorted by name and port, so the ports of a name are beside each other. */
  private static Map<Alias, Integer> listeners(Member member) {
    Map<String, Integer> next = new HashMap<>();
    Map<Alias, Integer> ports = new java.util.LinkedHashMap<>();
    for (Alias alias : member.aliases()) {
      int port = next.merge(alias.address(), FIRST_LISTENER, (used, first) -> used + 1);
      ports.put(alias, port);
    }
    return ports;
  }

  /** For the tasks that are on this machine. */
  static RoutingTable table(long revision, ConnectPlan plan, Set<String> here) {
    List<Balancer> balancers = new ArrayList<>();
    List<TargetGroup> groups = new ArrayList<>();
    for (Member member : plan.members()) {
      if (!here.contains(member.taskArn())) {
        continue;
      }
      listeners(member).forEach((alias, port) -> addAlias(balancers, groups, member, alias, port));
      for (ConnectPlan.Ingress ingress : member.ingress()) {
        addIngress(balancers, groups, member, ingress);
      }
    }
    return new RoutingTable(revision, balancers, groups, List.of());
  }

  /** Names a balancer of a task: what its counters are told apart by. */
  static String arn(Member member, Alias alias) {
    return "connect " + member.taskArn() + " " + alias.dnsName() + ":" + alias.port();
  }

  private static void addAlias(
      List<Balancer> balancers,
      List<TargetGroup> groups,
      Member member,
      Alias alias,
      int listener) {
    String arn = arn(member, alias);
    boolean tcp = alias.appProtocol().equals("tcp");
    Version version =
        switch (alias.appProtocol()) {
          case "http2" -> Version.HTTP2;
          case "grpc" -> Version.GRPC;
          default -> Version.HTTP1;
        };
    List<Target> targets =
        alias.endpoints().stream()
            .map(each -> new Target(each.taskId(), each.port(), each.ip(), "all", each.leaving()))
            .toList();
    groups.add(group(arn, member, tcp ? Protocol.TCP : Protocol.HTTP, version, targets));
    Duration idle = seconds(alias.idleSeconds(), tcp ? TCP_IDLE : HTTP_IDLE, NEVER);
    Duration request = seconds(alias.requestSeconds(), REQUEST, Duration.ZERO);
    balancers.add(
        balancer(
            arn,
            member,
            tcp,
            alias.dnsName(),
            new Node("all", alias.address(), room(member.taskArn())),
            listener,
            idle,
            request));
  }

  /** Nothing given: the protocol's default; 0: without a limit. */
  private static Duration seconds(
      @org.jspecify.annotations.Nullable Integer given, Duration usual, Duration none) {
    return given == null ? usual : given == 0 ? none : Duration.ofSeconds(given);
  }

  /** Bytes are moved: what is asked was judged by the proxy of the task that asks. */
  private static void addIngress(
      List<Balancer> balancers,
      List<TargetGroup> groups,
      Member member,
      ConnectPlan.Ingress ingress) {
    String arn = "connect " + member.taskArn() + " in " + ingress.port();
    Target self = new Target("self", ingress.containerPort(), "127.0.0.1", "all", false);
    groups.add(group(arn, member, Protocol.TCP, Version.HTTP1, List.of(self)));
    balancers.add(
        balancer(
            arn,
            member,
            true,
            member.ip(),
            new Node("all", member.ip(), room(member.taskArn())),
            ingress.port(),
            NEVER,
            Duration.ZERO));
  }

  private static TargetGroup group(
      String arn, Member member, Protocol protocol, Version version, List<Target> targets) {
    return new TargetGroup(
        arn,
        arn,
        protocol,
        version,
        room(member.taskArn()),
        UNCHECKED,
        GroupSettings.DEFAULTS,
        targets);
  }

  private static Balancer balancer(
      String arn,
      Member member,
      boolean tcp,
      String name,
      Node node,
      int listener,
      Duration idle,
      Duration request) {
    return new Balancer(
        arn,
        arn,
        member.account(),
        member.region(),
        tcp ? Kind.NETWORK : Kind.APPLICATION,
        name,
        name,
        List.of(node),
        BalancerSettings.mesh(idle, new Mesh(request)),
        List.of(
            new Listener(
                arn + " listener",
                listener,
                tcp ? Protocol.TCP : Protocol.HTTP,
                null,
                List.of(),
                List.of(),
                List.of(new Rule(arn + " rule", 0, List.of(), Action.Forward.to(arn))),
                Map.of(),
                true,
                idle)));
  }
}
