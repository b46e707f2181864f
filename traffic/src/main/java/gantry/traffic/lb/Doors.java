package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Balancer;
import gantry.traffic.lb.RoutingTable.Listener;
import gantry.traffic.lb.RoutingTable.Node;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The listening sockets: which ones a table wants, and what came of it. */
final class Doors {

  private static final Logger LOG = LoggerFactory.getLogger(LoadBalancers.class);

  private final LoadBalancers owner;
  private final LoadBalancers.Config config;
  private final Worker[] workers;
  private final IoEventLoopGroup group;
  private final Map<LoadBalancers.Place, Door> doors = new HashMap<>();
  private volatile List<LoadBalancers.Problem> problems = List.of();

  Doors(
      LoadBalancers owner, LoadBalancers.Config config, Worker[] workers, IoEventLoopGroup group) {
    this.owner = owner;
    this.config = config;
    this.workers = workers;
    this.group = group;
  }

  /** What could not be opened, and why; empty when all is well. */
  List<LoadBalancers.Problem> problems() {
    return problems;
  }

  /** Opens what a table wants and closes what it wants no more. */
  void update(RoutingTable table, Map<String, Compiled> next, Map<String, Tls> tls) {
    Map<LoadBalancers.Place, List<Compiled>> wanted = new TreeMap<>(PLACES);
    for (Balancer balancer : table.balancers()) {
      for (Listener listener : balancer.listeners()) {
        Compiled made = next.get(listener.arn());
        if (made == null) {
          continue;
        }
        for (Node node : balancer.nodes()) {
          for (boolean datagram : transports(listener)) {
            wanted
                .computeIfAbsent(
                    new LoadBalancers.Place(node.room(), node.address(), listener.port(), datagram),
                    place -> new ArrayList<>())
                .add(made);
          }
        }
        String edge = config.edgeAddress();
        if (edge != null) {
          for (boolean datagram : transports(listener)) {
            wanted
                .computeIfAbsent(
                    new LoadBalancers.Place(SocketRooms.HOST, edge, listener.port(), datagram),
                    place -> new ArrayList<>())
                .add(made);
          }
        }
      }
    }
    doors
        .entrySet()
        .removeIf(
            entry -> {
              if (wanted.containsKey(entry.getKey())) {
                return false;
              }
              entry.getValue().close();
              return true;
            });
    List<LoadBalancers.Problem> failed = new ArrayList<>();
    wanted.forEach(
        (place, behind) -> {
          Door door = doors.get(place);
          if (door == null) {
            door = new Door(owner, place, zone(place, behind));
            door.update(behind, tls);
            String problem = open(door);
            if (problem != null) {
              behind.forEach(
                  one -> failed.add(new LoadBalancers.Problem(one.balancer.arn(), problem)));
              if (problems.stream().noneMatch(old -> old.line().equals(problem))) {
                LOG.warn("{}", problem);
              }
              return;
            }
            doors.put(place, door);
          } else {
            door.update(behind, tls);
          }
        });
    problems = List.copyOf(failed);
  }

  private static final java.util.Comparator<LoadBalancers.Place> PLACES =
      java.util.Comparator.comparing(LoadBalancers.Place::room)
          .thenComparing(LoadBalancers.Place::address)
          .thenComparing(LoadBalancers.Place::port)
          .thenComparing(LoadBalancers.Place::datagram);

  private static boolean[] transports(Listener listener) {
    return switch (listener.protocol()) {
      case HTTP, HTTPS, TCP, TLS -> new boolean[] {false};
      case UDP -> new boolean[] {true};
      case TCP_UDP -> new boolean[] {false, true};
    };
  }

  private static @Nullable String zone(LoadBalancers.Place place, List<Compiled> behind) {
    for (Compiled one : behind) {
      for (Node node : one.balancer.nodes()) {
        if (node.room().equals(place.room()) && node.address().equals(place.address())) {
          return node.zone();
        }
      }
    }
    return null;
  }

  private @Nullable String open(Door door) {
    LoadBalancers.Place place = door.place;
    SocketRooms.Room room = config.rooms().room(place.room());
    if (room == null) {
      return "No network "
          + place.room()
          + " here (yet) for a load balancer at "
          + place.address()
          + ":"
          + place.port()
          + ".";
    }
    try {
      if (place.datagram()) {
        Worker worker = workers[place.port() % workers.length];
        door.opened(
            new io.netty.bootstrap.Bootstrap()
                .group(worker.loop)
                .channelFactory(() -> room.make(() -> new EpollDatagramChannel()))
                .option(EpollChannelOption.IP_FREEBIND, !place.room().equals(SocketRooms.HOST))
                .handler(new Datagrams(worker, door))
                .bind(new InetSocketAddress(place.address(), place.port()))
                .sync()
                .channel());
        return null;
      }
      Channel channel =
          new ServerBootstrap()
              .group(workers[0].loop, group)
              .channelFactory(() -> room.make(EpollServerSocketChannel::new))
              .option(ChannelOption.SO_BACKLOG, LoadBalancers.BACKLOG)
              .option(ChannelOption.SO_REUSEADDR, true)
              // A VPC may give the address to its network a moment after us.
              .option(EpollChannelOption.IP_FREEBIND, !place.room().equals(SocketRooms.HOST))
              .childOption(ChannelOption.ALLOCATOR, LoadBalancers.ALLOCATOR)
              .childOption(ChannelOption.RECVBUF_ALLOCATOR, LoadBalancers.receiveBuffers())
              .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, LoadBalancers.WATER)
              .childOption(ChannelOption.TCP_NODELAY, true)
              .childOption(ChannelOption.ALLOW_HALF_CLOSURE, door.network())
              .childHandler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel child) {
                      door.accept(child, owner.worker(child.eventLoop()));
                    }
                  })
              .bind(new InetSocketAddress(place.address(), place.port()))
              .sync()
              .channel();
      door.opened(channel);
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "Interrupted while opening port " + place.port() + ".";
    } catch (Exception e) {
      // Netty throws what bind threw, checked or not.
      String why = e.getMessage() == null ? e.toString() : e.getMessage();
      return "Port "
          + place.port()
          + " on "
          + place.address()
          + " cannot be opened for a load balancer: "
          + reason(why)
          + (place.room().equals(SocketRooms.HOST) && !config.otherDoor().isEmpty()
              ? "; its name also answers at " + config.otherDoor() + "."
              : ".");
    }
  }

  /** The kernel's word without the name of the call that got it. */
  private static String reason(String why) {
    int colon = why.indexOf("): ");
    String plain = colon < 0 ? why : why.substring(colon + 3);
    return plain.startsWith("Permission denied")
        ? plain + " (ports below 1024 need the right to)"
        : plain;
  }

  int boundPort(int listenerPort) {
    for (Door door : doors.values()) {
      if (door.place.port() == listenerPort) {
        return door.boundPort();
      }
    }
    throw new IllegalStateException("nothing listens for port " + listenerPort);
  }

  void close() {
    doors.values().forEach(Door::close);
    doors.clear();
  }
}
