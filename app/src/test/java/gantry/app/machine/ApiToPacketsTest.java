package gantry.app.machine;

import static gantry.app.machine.LiveTasks.container;
import static gantry.app.machine.LiveTasks.idle;
import static gantry.app.machine.LiveTasks.web;
import static gantry.app.machine.RealProgram.run;
import static gantry.app.machine.RealProgram.until;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.app.machine.LiveTasks.Live;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.FilteredLogEvent;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.FlowLogsResourceType;
import software.amazon.awssdk.services.ec2.model.IpPermission;
import software.amazon.awssdk.services.ec2.model.RuleAction;
import software.amazon.awssdk.services.ec2.model.TrafficType;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerCondition;
import software.amazon.awssdk.services.iam.IamClient;

/**
 * From an AWS call to what packets do: the program as a process of its own, real tasks, and nothing
 * but the API in between. Each test has VPCs of its own.
 */
@Tag("docker")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApiToPacketsTest {

  private static final Duration SOON = Duration.ofSeconds(120);

  /** What a change of a security group may take until it holds for new connections. */
  private static final Duration EFFECTIVE_WITHIN = Duration.ofMillis(100);

  private static final int CHANGES = 5;

  /** An address of this host that is no part of any VPC (RFC 5737); the device that has it. */
  private static final String OUTSIDE = "203.0.113.77";

  private static final String DEVICE = "gantry-t-outs";

  private RealProgram program;
  private Ec2Client ec2;
  private LiveTasks tasks;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    RealProgram.makeImage();
    program = new RealProgram(folder.resolve("data"));
    program.start();
    ec2 = program.client(Ec2Client.builder());
    EcsClient ecs = program.client(EcsClient.builder());
    ecs.createCluster();
    tasks = new LiveTasks(ecs);
  }

  @AfterAll
  void end() throws Exception {
    tasks.close();
    String install = program.install();
    program.close();
    assertThat(RealProgram.left(install)).isEmpty();
  }

  // --- what a network is made of ---

  private String vpc(String cidr) {
    return ec2.createVpc(r -> r.cidrBlock(cidr)).vpc().vpcId();
  }

  private String subnet(String vpc, String cidr) {
    return ec2.createSubnet(r -> r.vpcId(vpc).cidrBlock(cidr)).subnet().subnetId();
  }

  /** Everything may leave; what may enter has to be said. */
  private String group(String vpc, String name) {
    return ec2.createSecurityGroup(r -> r.vpcId(vpc).groupName(name).description(name)).groupId();
  }

  /** That lets everything in, where something else is looked at. */
  private String open(String vpc) {
    String group = group(vpc, "open");
    ec2.authorizeSecurityGroupIngress(
        r ->
            r.groupId(group)
                .ipPermissions(p -> p.ipProtocol("-1").ipRanges(i -> i.cidrIp("0.0.0.0/0"))));
    return group;
  }

  private static IpPermission http(String cidr) {
    return IpPermission.builder()
        .ipProtocol("tcp")
        .fromPort(80)
        .toPort(80)
        .ipRanges(i -> i.cidrIp(cidr))
        .build();
  }

  private String mainRoutes(String vpc) {
    return ec2.describeRouteTables(
            r ->
                r.filters(
                    f -> f.name("vpc-id").values(vpc),
                    f -> f.name("association.main").values("true")))
        .routeTables()
        .getFirst()
        .routeTableId();
  }

  // --- the tests ---

  @Test
  void containersOfATaskTalkOverLocalhost() throws Exception {
    String vpc = vpc("10.20.0.0/16");
    String subnet = subnet(vpc, "10.20.1.0/24");
    String group = open(vpc);
    String arn =
        tasks.begin(
            subnet,
            List.of(group),
            container(
                    "asks",
                    "for i in 1 2 3 4 5 6 7 8 9 10; do"
                        + " [ \"$(wget -q -O - http://127.0.0.1:8080/)\" = here ] && exit 0;"
                        + " sleep 1; done; exit 1")
                .toBuilder()
                .dependsOn(d -> d.containerName("serves").condition(ContainerCondition.START))
                .build(),
            container(
                "serves", "echo here > /tmp/index.html; exec httpd -f -p 127.0.0.1:8080 -h /tmp"));
    tasks.awaitStatus(arn, "STOPPED");
    Container asks =
        tasks.task(arn).containers().stream()
            .filter(each -> each.name().equals("asks"))
            .findFirst()
            .orElseThrow();
    assertThat(asks.exitCode()).as(tasks.task(arn).toString()).isZero();
  }

  /** Same block, same addresses even: each VPC's client meets its own VPC's server. */
  @Test
  void vpcsWithTheSameBlockDoNotMeet() throws Exception {
    List<Live> clients = new ArrayList<>();
    List<Live> servers = new ArrayList<>();
    for (String name : List.of("one", "two")) {
      String vpc = vpc("10.30.0.0/16");
      String subnet = subnet(vpc, "10.30.1.0/28");
      String group = open(vpc);
      // All other addresses of the subnet are taken, so that both servers get the same one.
      String last = take(subnet, "10.30.1.", 5);
      servers.add(tasks.run(subnet, List.of(group), web(name)));
      String free = last;
      ec2.deleteNetworkInterface(r -> r.networkInterfaceId(free));
      clients.add(tasks.run(subnet, List.of(group), idle()));
    }
    assertThat(servers).extracting(Live::address).containsOnly("10.30.1.4");
    assertThat(clients).extracting(Live::address).containsOnly("10.30.1.14");
    until("one", SOON, () -> "one".equals(tasks.asks(clients.getFirst(), "10.30.1.4")));
    until("two", SOON, () -> "two".equals(tasks.asks(clients.getLast(), "10.30.1.4")));
    tasks.stop(servers.getFirst());
    assertThat(tasks.asks(clients.getFirst(), "10.30.1.4")).isNull();
    until("two still", SOON, () -> "two".equals(tasks.asks(clients.getLast(), "10.30.1.4")));
  }

  @Test
  void aGroupsRuleHoldsAtOnceForNewConnectionsAndCutsNone() throws Exception {
    String vpc = vpc("10.40.0.0/16");
    String subnet = subnet(vpc, "10.40.1.0/24");
    String closed = group(vpc, "server");
    String clients = group(vpc, "client");
    String serverArn = tasks.begin(subnet, List.of(closed), web("hi"));
    Live client = tasks.run(subnet, List.of(clients), idle());
    Live server = tasks.running(serverArn);
    assertThat(tasks.reaches(client, server.address(), 80)).isFalse();
    IpPermission http = http("10.40.1.0/24");

    List<Long> allowed = new ArrayList<>();
    List<Long> refused = new ArrayList<>();
    ec2.authorizeSecurityGroupIngress(r -> r.groupId(closed).ipPermissions(http));
    tasks.awaitReached(client, server.address(), 80);
    SocketChannel before = tasks.connect(client, server.address(), 80);
    assertThat(before).isNotNull();
    try (Knocks knocks = new Knocks(tasks, client, server.address(), 80)) {
      for (int i = 0; i < CHANGES; i++) {
        refused.add(
            knocks.millisUntil(
                false,
                () -> ec2.revokeSecurityGroupIngress(r -> r.groupId(closed).ipPermissions(http))));
        allowed.add(
            knocks.millisUntil(
                true,
                () ->
                    ec2.authorizeSecurityGroupIngress(r -> r.groupId(closed).ipPermissions(http))));
      }
      ec2.revokeSecurityGroupIngress(r -> r.groupId(closed).ipPermissions(http));
    }
    System.out.printf(
        "after the answer a rule held for new connections within %s ms, its end within %s ms%n",
        allowed, refused);
    assertThat(median(allowed)).isLessThan(EFFECTIVE_WITHIN.toMillis());
    assertThat(median(refused)).isLessThan(EFFECTIVE_WITHIN.toMillis());
    tasks.awaitNotReached(client, server.address(), 80);
    // It stood through all of these changes, and carries bytes both ways now.
    assertThat(LiveTasks.get(before)).isEqualTo("hi");
    before.close();
  }

  private static long median(List<Long> of) {
    return of.stream().sorted().toList().get(of.size() / 2);
  }

  @Test
  void aReferenceToAGroupFollowsItsTasks() throws Exception {
    String vpc = vpc("10.50.0.0/16");
    String subnet = subnet(vpc, "10.50.1.0/28");
    // Three addresses are left, so that a task gets the one that a task before it gave back.
    take(subnet, "10.50.1.", 7);
    String servers = group(vpc, "servers");
    String friends = group(vpc, "friends");
    String others = group(vpc, "others");
    ec2.authorizeSecurityGroupIngress(
        r ->
            r.groupId(servers)
                .ipPermissions(
                    p ->
                        p.ipProtocol("tcp")
                            .fromPort(80)
                            .toPort(80)
                            .userIdGroupPairs(u -> u.groupId(friends))));
    String serverArn = tasks.begin(subnet, List.of(servers), web("hi"));
    String strangerArn = tasks.begin(subnet, List.of(others), idle());
    Live first = tasks.run(subnet, List.of(friends), idle());
    Live server = tasks.running(serverArn);
    Live stranger = tasks.running(strangerArn);
    tasks.awaitReached(first, server.address(), 80);
    assertThat(tasks.reaches(stranger, server.address(), 80)).isFalse();

    tasks.stop(first);
    Live second = tasks.run(subnet, List.of(others), idle());
    assertThat(second.address()).isEqualTo(first.address());
    assertThat(tasks.reaches(second, server.address(), 80)).isFalse();

    tasks.stop(second);
    Live third = tasks.run(subnet, List.of(others, friends), idle());
    assertThat(third.address()).isEqualTo(first.address());
    tasks.awaitReached(third, server.address(), 80);
    assertThat(tasks.reaches(stranger, server.address(), 80)).isFalse();
  }

  /** Takes a subnet's addresses up to its last; the last one's interface. */
  private String take(String subnet, String prefix, int from) {
    String last = "";
    for (int host = from; host <= 14; host++) {
      String address = prefix + host;
      last =
          ec2.createNetworkInterface(r -> r.subnetId(subnet).privateIpAddress(address))
              .networkInterface()
              .networkInterfaceId();
    }
    return last;
  }

  @Test
  void networkAclsAreAskedInOrderAndBothWays() throws Exception {
    String vpc = vpc("10.60.0.0/16");
    String near = subnet(vpc, "10.60.1.0/24");
    String far = subnet(vpc, "10.60.2.0/24");
    String group = open(vpc);
    String acl = ec2.createNetworkAcl(r -> r.vpcId(vpc)).networkAcl().networkAclId();
    entry(acl, 100, RuleAction.ALLOW, false);
    entry(acl, 100, RuleAction.ALLOW, true);
    associate(far, acl);
    String serverArn = tasks.begin(far, List.of(group), web("hi"));
    Live client = tasks.run(near, List.of(group), idle());
    Live server = tasks.running(serverArn);
    tasks.awaitReached(client, server.address(), 80);

    entry(acl, 90, RuleAction.DENY, false);
    tasks.awaitNotReached(client, server.address(), 80);
    entry(acl, 80, RuleAction.ALLOW, false);
    tasks.awaitReached(client, server.address(), 80);
    // Stateless: the answers need leave of their own.
    entry(acl, 70, RuleAction.DENY, true);
    tasks.awaitNotReached(client, server.address(), 80);
    ec2.deleteNetworkAclEntry(r -> r.networkAclId(acl).ruleNumber(70).egress(true));
    tasks.awaitReached(client, server.address(), 80);
  }

  private void entry(String acl, int number, RuleAction action, boolean egress) {
    ec2.createNetworkAclEntry(
        r ->
            r.networkAclId(acl)
                .ruleNumber(number)
                .protocol("6")
                .portRange(p -> p.from(egress ? 1024 : 80).to(egress ? 65_535 : 80))
                .ruleAction(action)
                .egress(egress)
                .cidrBlock("10.60.1.0/24"));
  }

  private void associate(String subnet, String acl) {
    String now =
        ec2
            .describeNetworkAcls(
                r -> r.filters(f -> f.name("association.subnet-id").values(subnet)))
            .networkAcls()
            .getFirst()
            .associations()
            .stream()
            .filter(each -> each.subnetId().equals(subnet))
            .findFirst()
            .orElseThrow()
            .networkAclAssociationId();
    ec2.replaceNetworkAclAssociation(r -> r.associationId(now).networkAclId(acl));
  }

  @Test
  void aPrivateSubnetLeavesByItsNatGateway() throws Exception {
    run("bash", "-c", "ip link del " + DEVICE + " 2>/dev/null || true");
    run("ip", "link", "add", DEVICE, "type", "veth", "peer", "name", DEVICE + "p");
    try (ServerSocket outside = new ServerSocket()) {
      run("ip", "addr", "add", OUTSIDE + "/32", "dev", DEVICE);
      run("ip", "link", "set", DEVICE, "up");
      run("ip", "link", "set", DEVICE + "p", "up");
      outside.bind(new InetSocketAddress(InetAddress.getByName(OUTSIDE), 0));
      outside.setSoTimeout((int) SOON.toMillis());
      int port = outside.getLocalPort();

      String vpc = vpc("10.70.0.0/16");
      String open = subnet(vpc, "10.70.1.0/24");
      String closed = subnet(vpc, "10.70.2.0/24");
      String group = open(vpc);
      String gateway = ec2.createInternetGateway().internetGateway().internetGatewayId();
      ec2.attachInternetGateway(r -> r.vpcId(vpc).internetGatewayId(gateway));
      String routes = ec2.createRouteTable(r -> r.vpcId(vpc)).routeTable().routeTableId();
      ec2.createRoute(
          r -> r.routeTableId(routes).destinationCidrBlock("0.0.0.0/0").gatewayId(gateway));
      ec2.associateRouteTable(r -> r.routeTableId(routes).subnetId(open));
      var elastic = ec2.allocateAddress(r -> {});
      String nat =
          ec2.createNatGateway(r -> r.subnetId(open).allocationId(elastic.allocationId()))
              .natGateway()
              .natGatewayId();

      Live task = tasks.run(closed, List.of(group), idle());
      assertThat(tasks.reaches(task, OUTSIDE, port)).isFalse();
      String main = mainRoutes(vpc);
      ec2.createRoute(
          r -> r.routeTableId(main).destinationCidrBlock("0.0.0.0/0").natGatewayId(nat));
      tasks.awaitReached(task, OUTSIDE, port);
      try (Socket who = outside.accept()) {
        assertThat(who.getInetAddress().getHostAddress()).isEqualTo(elastic.publicIp());
      }
      ec2.deleteRoute(r -> r.routeTableId(main).destinationCidrBlock("0.0.0.0/0"));
      tasks.awaitNotReached(task, OUTSIDE, port);
    } finally {
      run("ip", "link", "del", DEVICE);
    }
  }

  @Test
  void peeringNeedsRoutesOnBothSides() throws Exception {
    String one = vpc("10.80.0.0/16");
    String two = vpc("10.81.0.0/16");
    String near = subnet(one, "10.80.1.0/24");
    String far = subnet(two, "10.81.1.0/24");
    String nearGroup = open(one);
    String farGroup = open(two);
    String serverArn = tasks.begin(far, List.of(farGroup), web("hi"));
    Live client = tasks.run(near, List.of(nearGroup), idle());
    Live server = tasks.running(serverArn);
    String peering =
        ec2.createVpcPeeringConnection(r -> r.vpcId(one).peerVpcId(two))
            .vpcPeeringConnection()
            .vpcPeeringConnectionId();
    ec2.acceptVpcPeeringConnection(r -> r.vpcPeeringConnectionId(peering));
    assertThat(tasks.reaches(client, server.address(), 80)).isFalse();
    ec2.createRoute(
        r ->
            r.routeTableId(mainRoutes(one))
                .destinationCidrBlock("10.81.0.0/16")
                .vpcPeeringConnectionId(peering));
    assertThat(tasks.reaches(client, server.address(), 80)).isFalse();
    ec2.createRoute(
        r ->
            r.routeTableId(mainRoutes(two))
                .destinationCidrBlock("10.80.0.0/16")
                .vpcPeeringConnectionId(peering));
    tasks.awaitReached(client, server.address(), 80);
    assertThat(tasks.asks(client, server.address())).isEqualTo("hi");
    ec2.deleteVpcPeeringConnection(r -> r.vpcPeeringConnectionId(peering));
    tasks.awaitNotReached(client, server.address(), 80);
  }

  @Test
  void flowLogsTellWhatPassedAndWhatDidNot() throws Exception {
    String vpc = vpc("10.90.0.0/16");
    String subnet = subnet(vpc, "10.90.1.0/24");
    String group = group(vpc, "web");
    ec2.authorizeSecurityGroupIngress(r -> r.groupId(group).ipPermissions(http("10.90.0.0/16")));
    program
        .client(IamClient.builder())
        .createRole(
            r ->
                r.roleName("flows")
                    .assumeRolePolicyDocument(
                        """
                        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
                         "Principal":{"Service":"vpc-flow-logs.amazonaws.com"}}]}"""));
    program
        .client(IamClient.builder())
        .putRolePolicy(
            r ->
                r.roleName("flows")
                    .policyName("logs")
                    .policyDocument(
                        """
                        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"""));
    ec2.createFlowLogs(
        r ->
            r.resourceIds(vpc)
                .resourceType(FlowLogsResourceType.VPC)
                .trafficType(TrafficType.ALL)
                .logGroupName("/packets")
                .deliverLogsPermissionArn("arn:aws:iam::000000000000:role/flows")
                .maxAggregationInterval(60));
    String serverArn = tasks.begin(subnet, List.of(group), web("hi"));
    Live client = tasks.run(subnet, List.of(group), idle());
    Live server = tasks.running(serverArn);
    tasks.awaitReached(client, server.address(), 80);
    String from = "2 000000000000 " + server.eni() + " " + client.address() + " ";
    String passed = from + server.address() + " [0-9]+ 80 6 [0-9]+ [0-9]+ [0-9]+ [0-9]+ ACCEPT OK";
    String denied = from + server.address() + " [0-9]+ 81 6 [0-9]+ [0-9]+ [0-9]+ [0-9]+ REJECT OK";
    CloudWatchLogsClient logs = program.client(CloudWatchLogsClient.builder());
    until(
        "records of both",
        SOON,
        () -> {
          // Again and again: a flow log tells of what it sees, from when on it looks.
          assertThat(tasks.reaches(client, server.address(), 81)).isFalse();
          boolean met = tasks.reaches(client, server.address(), 80);
          List<String> told = records(logs);
          return met
              && told.stream().anyMatch(each -> each.matches(passed))
              && told.stream().anyMatch(each -> each.matches(denied));
        });
  }

  private static List<String> records(CloudWatchLogsClient logs) {
    try {
      return logs.filterLogEventsPaginator(r -> r.logGroupName("/packets")).events().stream()
          .map(FilteredLogEvent::message)
          .toList();
    } catch (ResourceNotFoundException notYet) {
      return List.of();
    }
  }
}
