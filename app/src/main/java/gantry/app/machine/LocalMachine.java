package gantry.app.machine;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.app.balancer.BalancerLink;
import gantry.app.dns.DnsLink;
import gantry.node.NetnsSockets;
import gantry.node.Node;
import gantry.node.NodeConfig;
import gantry.node.NodeDoors;
import gantry.node.vpc.VpcNetwork;
import gantry.node.vpc.VpcSettings;
import gantry.node.vpc.VpcSockets;
import gantry.services.Clients;
import gantry.services.ServiceContext;
import gantry.services.ecs.TaskReports;
import gantry.services.ecs.controller.NodeLink;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.traffic.lb.SocketRooms;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.EcsClient;

/**
 * This machine as a node of the Fargate pool: tasks run in its Docker, VPCs stand in its kernel,
 * load balancers and DNS answer inside them. It only connects: what to do is decided by the tables
 * and done by {@code node} and {@code traffic}.
 *
 * <p>{@link #close} lets everything run on, to be adopted by the next start; {@link
 * #removeEverything} leaves the machine as it was.
 */
final class LocalMachine implements Machine {

  /** Who the node is when it calls: the service that owns it. */
  static final String PRINCIPAL = "ecs.amazonaws.com";

  private final String install;
  private final VpcSettings settings;
  private final VpcNetwork network;
  private final VpcSockets sockets;
  private final VpcNames names = new VpcNames();
  private @Nullable Node node;
  private @Nullable NodeLink nodeLink;
  private volatile @Nullable BalancerLink balancers;
  private volatile @Nullable DnsLink dns;
  private volatile @Nullable VpcDoors doors;
  private @Nullable Runnable rejoin;

  LocalMachine(String install) {
    this.install = install;
    this.settings = VpcSettings.of(install);
    this.network = new VpcNetwork(settings);
    this.sockets = new VpcSockets(network);
  }

  /** Where public addresses come from: the network service hands them out. */
  @Override
  public Cidr publicPool() {
    return settings.publicPool();
  }

  /** Takes each new plan of the networks. */
  @Override
  public Consumer<NetworkPlan> plans() {
    return plan -> {
      network.update(plan);
      names.update(plan);
      DnsLink link = dns;
      if (link != null) {
        link.refresh();
      }
      VpcDoors listening = doors;
      if (listening != null) {
        listening.update(plan);
      }
    };
  }

  @Override
  public synchronized void start(
      ServiceContext context, Scope home, int tasksPort, Path folder, byte[] cookieKey) {
    Store store = context.store();
    Clients clients = context.clients();
    int apiPort = context.endpoint().port();
    EcsClient ecs = clients.as(PRINCIPAL, home, EcsClient.class);
    rejoin =
        () -> {
          String instance = Registration.register(ecs, home, install);
          nodeLink = NodeLink.connect(store, instance, java.util.Objects.requireNonNull(node));
        };
    DnsLink link = new DnsLink(store, home.region(), names);
    link.start();
    dns = link;
    VpcDoors inside = new VpcDoors(sockets, this::room, link, tasksPort);
    inside.update(network.plan());
    doors = inside;
    SocketRooms rooms = this::room;
    balancers =
        new BalancerLink(
            store, rooms, "127.0.0.1", folder.resolve("elb-logs"), cookieKey, apiPort, 0);
    NodeDoors wired =
        new NodeDoors(
            ecs,
            network,
            sockets,
            new InsideRoles(clients),
            new OwnRegistry(apiPort, new InsideRoles(clients), home),
            new RoleSessions(clients, home),
            new TaskReports(context)::containerHealth,
            context.clock());
    NodeConfig config =
        NodeConfig.local(install, home.account(), home.region(), folder.resolve("node"))
            .withEndpointUrl(
                task -> task.eni() == null ? Optional.empty() : Optional.of(VpcDoors.API_URL));
    node = Node.start(config, wired);
    rejoin.run();
  }

  @Override
  public @Nullable BalancerLink balancers() {
    return balancers;
  }

  @Override
  public synchronized void reset() {
    closeIfOpen(nodeLink);
    Runnable again = rejoin;
    if (again != null) {
      again.run();
    }
  }

  private SocketRooms.@Nullable Room room(String name) {
    if (name.equals(SocketRooms.HOST)) {
      return SocketRooms.HOST_ONLY.room(name);
    }
    if (!network.plan().vpcs().containsKey(name)) {
      return null;
    }
    return new SocketRooms.Room() {
      @Override
      public <T> T make(java.util.function.Supplier<T> maker) {
        try {
          return sockets.in(name, maker::get);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  /** The networks, for whoever explains what was dropped. */
  public VpcNetwork network() {
    return network;
  }

  NetnsSockets sockets() {
    return sockets;
  }

  /** Stops tasks, takes networks away: for {@code gantry down} and {@code /_gantry/reset}. */
  @Override
  public synchronized void removeEverything() {
    Node running = node;
    if (running != null) {
      running.removeEverything();
    }
    network.removeEverything();
  }

  @Override
  public synchronized void close() {
    closeIfOpen(nodeLink);
    closeIfOpen(node);
    closeIfOpen(balancers);
    closeIfOpen(doors);
    closeIfOpen(dns);
    network.close();
    sockets.close();
  }

  private static void closeIfOpen(@Nullable AutoCloseable part) {
    if (part == null) {
      return;
    }
    try {
      part.close();
    } catch (Exception e) {
      throw new IllegalStateException("a part of this machine did not close", e);
    }
  }
}
