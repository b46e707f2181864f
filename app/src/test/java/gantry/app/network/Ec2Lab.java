package gantry.app.network;

import gantry.acs.EniPayload;
import gantry.node.vpc.VpcNetwork;
import gantry.node.vpc.VpcSettings;
import gantry.node.vpc.VpcSockets;
import gantry.services.Caller;
import gantry.services.FixedClients;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.services.ec2.Ec2Service;
import gantry.state.ControllerRunner;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.SystemTime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.Subnet;

/** EC2's service, its controllers and the node's network: a call becomes what packets do. */
final class Ec2Lab implements AutoCloseable {

  private static final Scope SCOPE = new Scope("000000000000", "us-east-1");
  private static final AtomicInteger LABS = new AtomicInteger();

  final VpcNetwork network;
  final VpcSockets sockets;
  final Ec2Client ec2;
  final Subnet subnet;
  private final Store store;
  private final ControllerRunner runner;
  private final List<Process> processes = new ArrayList<>();

  Ec2Lab() {
    int number = (int) (ProcessHandle.current().pid() % 1296);
    VpcSettings settings =
        VpcSettings.of("a" + Integer.toString(number * 36 + LABS.getAndIncrement() % 36, 36));
    network = new VpcNetwork(settings);
    sockets = new VpcSockets(network);
    HostedService<Ec2Client> service =
        Ec2Service.hosted(settings.publicPool(), List.of(), network::update);
    SystemTime time = new SystemTime();
    store = MemoryStore.of(Clock.systemUTC(), service.tables());
    ServiceContext context =
        new ServiceContext(
            store,
            Clock.systemUTC(),
            time,
            new SeededIds(7),
            FixedClients.of(),
            Path.of("/nowhere"),
            new ServiceContext.Endpoint("127.0.0.1", 1));
    ec2 = service.create().apply(context);
    runner = ControllerRunner.live(store, time, new SeededIds(8), ControllerRunner.Observer.NONE);
    service.controllers().apply(context).forEach(runner::add);
    subnet = as("ecs", () -> ec2.describeSubnets(r -> {})).subnets().getFirst();
  }

  <R> R as(String service, Supplier<R> call) {
    Caller caller = Caller.service(service + ".amazonaws.com", SCOPE, "r");
    return ScopedValue.where(Caller.CURRENT, caller).call(call::get);
  }

  /** An interface of a load balancer: an address of the router itself. */
  NetworkInterface balancer(String group) {
    return as(
            "elasticloadbalancing",
            () -> ec2.createNetworkInterface(r -> r.subnetId(subnet.subnetId()).groups(group)))
        .networkInterface();
  }

  /** An interface with a namespace of its own, as a task has one. */
  Place task(String... groups) throws Exception {
    NetworkInterface eni =
        as(
                "ecs",
                () -> ec2.createNetworkInterface(r -> r.subnetId(subnet.subnetId()).groups(groups)))
            .networkInterface();
    Process process = new ProcessBuilder("unshare", "-n", "sleep", "300").start();
    processes.add(process);
    Path own = Files.readSymbolicLink(Path.of("/proc/self/ns/net"));
    Path its = Path.of("/proc/" + process.pid() + "/ns/net");
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (Files.readSymbolicLink(its).equals(own)) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("no namespace");
      }
      Thread.onSpinWait();
    }
    network.attach(
        "task" + processes.size(),
        new EniPayload(
            "attachment" + processes.size(),
            eni.networkInterfaceId(),
            eni.vpcId(),
            eni.subnetId(),
            eni.macAddress(),
            eni.privateIpAddress(),
            subnet.cidrBlock(),
            eni.privateDnsName(),
            null),
        process.pid());
    return new Place(process.pid(), eni.privateIpAddress());
  }

  /** Where a task would run. */
  record Place(long pid, String address) {
    ProcessBuilder run(String... command) {
      List<String> all =
          new ArrayList<>(List.of("nsenter", "-t", Long.toString(pid), "-n", "timeout", "60"));
      all.addAll(List.of(command));
      return new ProcessBuilder(all).redirectErrorStream(true);
    }
  }

  @Override
  public void close() {
    runner.close();
    store.close();
    for (Process process : processes) {
      process.destroyForcibly().onExit().join();
    }
    sockets.close();
    try {
      network.removeEverything();
    } finally {
      network.close();
    }
  }
}
