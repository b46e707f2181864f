package gantry.app.machine;

import gantry.acs.network.NetworkPlan;
import gantry.app.dns.DnsLink;
import gantry.traffic.dns.Askers;
import gantry.traffic.dns.DnsServer;
import gantry.traffic.lb.SocketRooms;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What answers inside each VPC besides its tasks and what the node serves them: the resolver. */
final class VpcDoors implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(VpcDoors.class);

  private static final String RESOLVER = "169.254.169.253";
  private static final int DNS_PORT = 53;
  private static final long RETRY_SECONDS = 1;

  private final SocketRooms rooms;
  private final DnsLink dns;
  private final ScheduledExecutorService opener =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("vpc doors").factory());
  private final DnsServer server;
  private final Map<String, Map<InetSocketAddress, DnsServer.Door>> listening = new HashMap<>();

  /** By address and VPC, why there is no resolver yet. */
  private final Map<String, String> problems = new ConcurrentHashMap<>();

  private NetworkPlan wanted;
  private boolean tryingAgain;
  private boolean closed;

  VpcDoors(SocketRooms rooms, DnsLink dns) {
    this.rooms = rooms;
    this.dns = dns;
    this.server = DnsServer.start(1, HostResolvers.read());
    this.wanted = new NetworkPlan(new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
  }

  /**
   * Opens the doors of VPCs that are new, closes those of VPCs that are gone. The kernel may be a
   * moment behind the plan, so a door that fails is tried again.
   */
  void update(NetworkPlan plan) {
    synchronized (this) {
      wanted = plan;
    }
    opener.execute(this::open);
  }

  /** Resolvers that are not there, and why. */
  List<String> problems() {
    return List.copyOf(problems.values());
  }

  private synchronized void tryAgain() {
    tryingAgain = false;
    open();
  }

  private synchronized void open() {
    if (closed) {
      return;
    }
    for (String gone : Set.copyOf(listening.keySet())) {
      if (!wanted.vpcs().containsKey(gone)) {
        // A socket keeps its namespace in the kernel, though nobody can name it any more.
        listening.getOrDefault(gone, Map.of()).values().forEach(DnsServer.Door::close);
        listening.remove(gone);
        problems.keySet().removeIf(each -> each.endsWith(" " + gone));
      }
    }
    boolean again = false;
    for (NetworkPlan.Vpc vpc : wanted.vpcs().values()) {
      again |= !openAll(vpc);
    }
    if (again && !tryingAgain) {
      tryingAgain = true;
      opener.schedule(this::tryAgain, RETRY_SECONDS, TimeUnit.SECONDS);
    }
  }

  private boolean openAll(NetworkPlan.Vpc vpc) {
    Map<InetSocketAddress, DnsServer.Door> open =
        listening.computeIfAbsent(vpc.id(), id -> new HashMap<>());
    SocketRooms.Room room = rooms.room(vpc.id());
    if (room == null) {
      return false;
    }
    boolean all = true;
    for (InetSocketAddress address : resolverAddresses(vpc)) {
      if (open.containsKey(address)) {
        continue;
      }
      String key = address + " " + vpc.id();
      try {
        open.put(
            address,
            server.listen(address, DnsServer.Sockets.in(room), dns.view(vpc.id()), Askers.INSIDE));
        if (problems.remove(key) != null) {
          LOG.info("the resolver at {} in {} answers now", address, vpc.id());
        }
      } catch (Exception e) {
        // Netty throws whatever the system said, also checked exceptions, which nothing declares.
        String problem = "no resolver at " + address + " in " + vpc.id() + ": " + e;
        if (!problem.equals(problems.put(key, problem))) {
          LOG.warn("{}; it is tried again every {} s", problem, RETRY_SECONDS);
        }
        all = false;
      }
    }
    return all;
  }

  private static Set<InetSocketAddress> resolverAddresses(NetworkPlan.Vpc vpc) {
    Set<InetSocketAddress> addresses = new java.util.LinkedHashSet<>();
    addresses.add(new InetSocketAddress(RESOLVER, DNS_PORT));
    vpc.subnets()
        .values()
        .forEach(subnet -> addresses.add(new InetSocketAddress(subnet.resolver(), DNS_PORT)));
    return addresses;
  }

  @Override
  public synchronized void close() {
    closed = true;
    server.close();
    opener.shutdownNow();
  }
}
