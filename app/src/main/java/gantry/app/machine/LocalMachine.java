package gantry.app.machine;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.app.Options;
import gantry.app.balancer.BalancerLink;
import gantry.app.connect.ConnectLink;
import gantry.app.dns.DnsLink;
import gantry.app.dns.HealthLink;
import gantry.app.dns.Resolved;
import gantry.node.Node;
import gantry.node.NodeConfig;
import gantry.node.NodeDoors;
import gantry.node.NodeNews;
import gantry.node.vpc.DropCounters;
import gantry.node.vpc.VpcNetwork;
import gantry.node.vpc.VpcSettings;
import gantry.node.vpc.VpcSockets;
import gantry.services.Clients;
import gantry.services.Reason;
import gantry.services.ServiceContext;
import gantry.services.ecs.TaskReports;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.traffic.lb.SocketRooms;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
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

  /** How long the balancers wait at the start for networks that the kernel does not take. */
  private static final Duration NETWORK_PATIENCE = Duration.ofSeconds(5);

  private static final Logger log = LoggerFactory.getLogger(LocalMachine.class);

  private final String install;
  private final Options options;
  private final VpcSettings settings;
  private final VpcNetwork network;
  private final VpcSockets sockets;
  private final VpcNames names = new VpcNames();
  private volatile @Nullable Node node;
  private @Nullable Joining joining;
  private volatile @Nullable BalancerLink balancers;
  private volatile @Nullable FlowLogLink flowLogs;
  private volatile @Nullable ConnectLink connect;
  private @Nullable HealthLink checks;
  private volatile @Nullable DnsLink dns;
  private volatile @Nullable VpcDoors doors;
  private boolean closed;

  LocalMachine(Options options, String install) {
    this.install = install;
    this.options = options;
    this.settings = VpcSettings.of(install).relaxed(options.network().relaxed());
    this.network = new VpcNetwork(settings, this::otherVpcs);
    this.sockets = new VpcSockets(network);
  }

  /** The balancers reach targets from within their VPC, or from the host while it is not there. */
  private void otherVpcs() {
    BalancerLink link = balancers;
    if (link != null) {
      link.refresh();
    }
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
      Node running = node;
      if (running != null) {
        running.servedOnlyIn(plan.vpcs().keySet());
      }
    };
  }

  @Override
  public List<DropCounters.Denied> denied(String vpcId) {
    return network.dropCounters().recent(vpcId);
  }

  @Override
  public List<String> problems(String about) {
    List<String> found = new ArrayList<>();
    add(found, "the newest networks are not in the kernel: ", network.failure());
    add(found, "", network.egressProblem());
    VpcDoors resolvers = doors;
    if (resolvers != null) {
      found.addAll(resolvers.problems());
    }
    FlowLogLink logs = flowLogs;
    add(found, "its records are not delivered: ", logs == null ? null : logs.failure(about));
    return found;
  }

  private static void add(List<String> all, String words, @Nullable String problem) {
    if (problem != null) {
      all.add(words + problem);
    }
  }

  @Override
  public synchronized void start(
      ServiceContext context, Scope home, int tasksPort, Path folder, byte[] cookieKey) {
    if (closed) {
      return; // the program ended before it came to this
    }
    Store store = context.store();
    Clients clients = context.clients();
    int apiPort = context.endpoint().port();
    DnsLink link = new DnsLink(store, home.region(), names);
    link.start();
    dns = link;
    checks = new HealthLink(store, context.clock(), link.view(DnsLink.HOST));
    VpcDoors inside = new VpcDoors(this::room, link);
    inside.update(network.plan());
    doors = inside;
    awaitNetwork();
    SocketRooms rooms = this::room;
    balancers =
        new BalancerLink(
            store, rooms, "127.0.0.1", folder.resolve("elb-logs"), cookieKey, apiPort, 0);
    flowLogs = new FlowLogLink(network, clients, context.clock());
    connect = new ConnectLink(store, network, folder.resolve("connect-logs"));
    Joining news = new Joining(context, home);
    joining = news;
    NodeDoors wired =
        new NodeDoors(
            clients.as(PRINCIPAL, home, EcsClient.class),
            connect,
            sockets,
            new InsideRoles(clients),
            new OwnRegistry(apiPort, new InsideRoles(clients)),
            new RoleSessions(clients),
            new TaskReports(context)::containerHealth,
            news,
            context.clock());
    Node made = Node.start(config(install, folder, tasksPort, options.privileged()), wired);
    node = made;
    news.knows(made);
  }

  /**
   * After a restart tasks run already: a check that leaves by the host's network because their VPC
   * is not there yet would call them unhealthy.
   */
  private void awaitNetwork() {
    try {
      if (!network.awaitFirst(NETWORK_PATIENCE)) {
        log.warn("the balancers start before the networks: {}", network.failure());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static NodeConfig config(String install, Path folder, int tasksPort, boolean privileged) {
    return NodeConfig.local(
        install,
        folder.resolve("node"),
        usual -> usual.apiPort(tasksPort).docker(dockerSocket()).allowPrivileged(privileged));
  }

  /** Where Docker's own clients look too; Podman's compatible socket is named by it. */
  private static URI dockerSocket() {
    String named = System.getenv("DOCKER_HOST");
    return named == null || named.isEmpty() ? NodeConfig.DOCKER_SOCKET : URI.create(named);
  }

  @Override
  public @Nullable BalancerLink balancers() {
    return balancers;
  }

  @Override
  public List<Reason> why(String about) {
    DnsLink link = dns;
    return link == null ? List.of() : Resolved.why(link.views(), about);
  }

  @Override
  public void writeMetrics(StringBuilder out) {
    ConnectLink link = connect;
    if (link != null) {
      link.writeMetrics(out);
    }
  }

  @Override
  public synchronized void reset() {
    Joining news = joining;
    if (news != null) {
      news.again();
    }
  }

  /** Joins as soon as Docker answers, and tells when it comes and goes. */
  private final class Joining implements NodeNews, AutoCloseable {

    private final ServiceContext context;
    private final Scope home;
    private final TaskReports reports;
    private @Nullable Node agent;
    private @Nullable Membership membership;
    private boolean ready;

    Joining(ServiceContext context, Scope home) {
      this.context = context;
      this.home = home;
      this.reports = new TaskReports(context);
    }

    synchronized void knows(Node made) {
      agent = made;
      join();
    }

    @Override
    public void containerOutput(String taskArn, String container, List<String> lines) {
      reports.containerOutput(taskArn, container, lines);
    }

    @Override
    public synchronized void ready(boolean now) {
      ready = now;
      if (now && membership == null) {
        join();
      } else {
        Membership.connected(context, install, now);
      }
    }

    private void join() {
      Node joins = agent;
      if (ready && joins != null) {
        membership =
            Membership.join(context, home, install, options.clusters(), joins.dockerFacts(), joins);
      }
    }

    /** Everything was forgotten, the memberships too. */
    synchronized void again() {
      close();
      join();
    }

    @Override
    public synchronized void close() {
      if (membership != null) {
        membership.close();
        membership = null;
      }
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

  /** Stops tasks, takes networks away: for {@code gantry down} and {@code /_gantry/reset}. */
  @Override
  public synchronized void removeEverything() {
    Node running = node;
    try {
      if (running != null) {
        running.removeEverything();
      }
    } finally {
      network.removeEverything();
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    RuntimeException failed = null;
    for (AutoCloseable part :
        Arrays.asList(
            joining, node, flowLogs, connect, balancers, checks, doors, dns, network, sockets)) {
      try {
        if (part != null) {
          part.close();
        }
      } catch (Exception e) {
        // The others are closed all the same; what is said in the end names the first.
        if (failed == null) {
          failed = new IllegalStateException("a part of this machine did not close", e);
        } else {
          failed.addSuppressed(e);
        }
      }
    }
    if (failed != null) {
      throw failed;
    }
  }
}
