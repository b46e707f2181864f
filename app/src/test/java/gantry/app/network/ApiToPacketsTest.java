package gantry.app.network;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.EniPayload;
import gantry.node.vpc.VpcNetwork;
import gantry.node.vpc.VpcSettings;
import gantry.node.vpc.VpcSockets;
import gantry.services.Caller;
import gantry.services.Clients;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.services.ec2.Ec2;
import gantry.state.Controller;
import gantry.state.ControllerRunner;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.SystemTime;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.IpPermission;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.Subnet;

/**
 * From an EC2 call to what packets do: the service, its controller and the node's network together.
 */
@Tag("docker")
class ApiToPacketsTest {

  private static final Scope SCOPE = new Scope("000000000000", "us-east-1");

  private static <R> R as(Caller caller, Supplier<R> call) {
    return ScopedValue.where(Caller.CURRENT, caller).call(call::get);
  }

  @Test
  void a_call_that_revokes_a_rule_stops_new_connections() throws Exception {
    VpcSettings settings =
        VpcSettings.of("a" + Long.toString(ProcessHandle.current().pid() % 46_656, 36));
    HostedService<Ec2Client> service;
    Process task = new ProcessBuilder("unshare", "-n", "sleep", "300").start();
    try (VpcNetwork network = new VpcNetwork(settings);
        VpcSockets sockets = new VpcSockets(network)) {
      service = Ec2.hosted(settings.publicPool(), network::update);
      SystemTime time = new SystemTime();
      try (Store store = MemoryStore.of(Clock.systemUTC(), service.tables())) {
        ServiceContext context =
            new ServiceContext(
                store,
                Clock.systemUTC(),
                time,
                new SeededIds(7),
                new NoClients(),
                Path.of("/nowhere"),
                new ServiceContext.Endpoint("127.0.0.1", 1));
        Ec2Client ec2 = service.create().apply(context);
        List<Controller> controllers = service.controllers().apply(context);
        try (ControllerRunner runner =
            ControllerRunner.live(store, time, new SeededIds(8), ControllerRunner.Observer.NONE)) {
          controllers.forEach(runner::add);
          revoke(ec2, network, sockets, task.pid());
        }
      } finally {
        network.removeEverything();
      }
    } finally {
      task.destroyForcibly().onExit().join();
    }
  }

  private static void revoke(Ec2Client ec2, VpcNetwork network, VpcSockets sockets, long pid)
      throws Exception {
    Caller ecs = Caller.service("ecs.amazonaws.com", SCOPE, "r");
    Caller elb = Caller.service("elasticloadbalancing.amazonaws.com", SCOPE, "r");
    Subnet subnet = as(ecs, () -> ec2.describeSubnets(r -> {})).subnets().getFirst();
    String group =
        as(
                ecs,
                () ->
                    ec2.createSecurityGroup(
                        r -> r.groupName("lb").description("lb").vpcId(subnet.vpcId())))
            .groupId();
    IpPermission web =
        IpPermission.builder()
            .ipProtocol("tcp")
            .fromPort(80)
            .toPort(80)
            .ipRanges(r -> r.cidrIp("172.31.0.0/16"))
            .build();
    as(ecs, () -> ec2.authorizeSecurityGroupIngress(r -> r.groupId(group).ipPermissions(web)));
    NetworkInterface balancer =
        as(elb, () -> ec2.createNetworkInterface(r -> r.subnetId(subnet.subnetId()).groups(group)))
            .networkInterface();
    NetworkInterface eni =
        as(ecs, () -> ec2.createNetworkInterface(r -> r.subnetId(subnet.subnetId())))
            .networkInterface();
    network.attach(
        "task",
        new EniPayload(
            "attachment",
            eni.networkInterfaceId(),
            eni.vpcId(),
            eni.subnetId(),
            eni.macAddress(),
            eni.privateIpAddress(),
            subnet.cidrBlock(),
            eni.privateDnsName(),
            null),
        pid);
    InetSocketAddress at = new InetSocketAddress(balancer.privateIpAddress(), 80);
    try (ServerSocketChannel server = sockets.listen(subnet.vpcId(), at)) {
      assertThat(server.isOpen()).isTrue();
      assertThat(reaches(pid, balancer.privateIpAddress())).isTrue();
      as(ecs, () -> ec2.revokeSecurityGroupIngress(r -> r.groupId(group).ipPermissions(web)));
      long deadline = System.nanoTime() + Duration.ofSeconds(5).toNanos();
      while (reaches(pid, balancer.privateIpAddress())) {
        assertThat(System.nanoTime()).as("still open").isLessThan(deadline);
      }
    }
  }

  private static boolean reaches(long pid, String address) throws Exception {
    return new ProcessBuilder(
                "nsenter",
                "-t",
                Long.toString(pid),
                "-n",
                "timeout",
                "0.5",
                "bash",
                "-c",
                "exec 3<>/dev/tcp/" + address + "/80")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor()
        == 0;
  }

  private static final class NoClients implements Clients {
    @Override
    public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
      throw new IllegalStateException("EC2 calls nobody");
    }

    @Override
    public <C extends SdkClient> C asRole(
        String principal, String roleArn, String session, Scope scope, Class<C> client) {
      throw new IllegalStateException("EC2 calls nobody");
    }
  }
}
