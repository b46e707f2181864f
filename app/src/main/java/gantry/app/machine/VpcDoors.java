package gantry.app.machine;

import gantry.acs.network.NetworkPlan;
import gantry.app.dns.DnsLink;
import gantry.traffic.dns.Askers;
import gantry.traffic.dns.DnsServer;
import gantry.traffic.lb.SocketRooms;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
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
  private final Map<String, Set<InetSocketAddress>> listening = new HashMap<>();
  private NetworkPlan wanted;
  private boolean closed;

  VpcDoors(SocketRooms rooms, DnsLink dns) {
    this.rooms = rooms;
    this.dns = dns;
    this.server = DnsServer.start(1, HostResolvers.read());
    this.wanted =
        new NetworkPlan(
            new java.util.TreeMap<>(), new java.util.TreeMap<>(), new java.util.TreeMap<>());
  }

  /**
   * Opens the doors of VPCs that are new. The kernel may be a moment behind the plan, so a door
   * that fails is tried again.
   */
  void update(NetworkPlan plan) {
    synchronized (this) {
      wanted = plan;
    }
    opener.execute(this::open);
  }

  private synchronized void open() {
    if (closed) {
      return;
    }
    boolean again = false;
    for (NetworkPlan.Vpc vpc : wanted.vpcs().values()) {
      again |= !openAll(vpc);
    }
    if (again) {
      opener.schedule(this::open, RETRY_SECONDS, TimeUnit.SECONDS);
    }
  }

  private boolean openAll(NetworkPlan.Vpc vpc) {
    Set<InetSocketAddress> open =
        listening.computeIfAbsent(vpc.id(), id -> new java.util.HashSet<>());
    SocketRooms.Room room = rooms.room(vpc.id());
    if (room == null) {
      return false;
    }
    boolean all = true;
    for (InetSocketAddress address : resolverAddresses(vpc)) {
      if (open.contains(address)) {
        continue;
      }
      try {
        server.listen(address, DnsServer.Sockets.in(room), dns.view(vpc.id()), Askers.INSIDE);
        open.add(address);
      } catch (RuntimeException notYet) {
        LOG.debug("no resolver at {} in {} yet: {}", address, vpc.id(), notYet.toString());
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
    opener.shutdown();
  }
}
