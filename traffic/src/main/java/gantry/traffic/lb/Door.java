package gantry.traffic.lb;

import io.netty.channel.Channel;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A listening socket and the listeners behind it: one at a balancer's own address, any number at
 * the edge, where the Host (or the TLS server name) tells them apart and a lone one answers to any.
 */
final class Door implements Entry, ServerFront.TlsEntry {

  private record Behind(
      @Nullable Compiled lone,
      @Nullable Compiled first,
      Map<String, Compiled> byHost,
      Map<String, Tls> tls) {
    static final Behind NOBODY = new Behind(null, null, Map.of(), Map.of());
  }

  private final LoadBalancers owner;
  final LoadBalancers.Place place;
  private final @Nullable String zone;
  private volatile Behind behind = Behind.NOBODY;
  private @Nullable Channel channel;

  Door(LoadBalancers owner, LoadBalancers.Place place, @Nullable String zone) {
    this.owner = owner;
    this.place = place;
    this.zone = zone;
  }

  void update(List<Compiled> listeners, Map<String, Tls> tls) {
    Map<String, Compiled> byHost = new HashMap<>();
    Map<String, Tls> mine = new HashMap<>();
    for (Compiled one : listeners) {
      byHost.put(one.balancer.edgeName().toLowerCase(Locale.ROOT), one);
      byHost.put(one.balancer.dnsName().toLowerCase(Locale.ROOT), one);
      Tls secure = tls.get(one.listener.arn());
      if (secure != null) {
        mine.put(one.listener.arn(), secure);
      }
    }
    Compiled first = listeners.isEmpty() ? null : listeners.getFirst();
    behind = new Behind(listeners.size() == 1 ? first : null, first, byHost, mine);
  }

  void opened(Channel open) {
    channel = open;
  }

  int boundPort() {
    Channel open = channel;
    return open == null ? -1 : ((InetSocketAddress) open.localAddress()).getPort();
  }

  void accept(Channel child, Worker worker) {
    Behind now = behind;
    Compiled first = now.first;
    if (first == null) {
      child.close();
      return;
    }
    if (first.balancer.kind() == RoutingTable.Kind.NETWORK) {
      Compiled lone = now.lone;
      if (lone == null) {
        // Bytes carry no name: with several balancers on an edge port nobody can be meant.
        child.close();
      } else {
        ServerFront.flow(child, worker, lone, now.tls.isEmpty() ? null : this, zone);
      }
    } else if (now.tls.isEmpty()) {
      ServerFront.plain(child, worker, this, zone);
    } else if (now.tls.size() == listenersOf(now)) {
      ServerFront.secure(child, worker, this, this, zone);
    } else {
      child.pipeline().addLast(new Sniffer(worker, this, this, zone));
    }
  }

  /** Whether bytes are moved here, not requests. A port is one or the other. */
  boolean network() {
    Compiled first = behind.first;
    return first != null && first.balancer.kind() == RoutingTable.Kind.NETWORK;
  }

  @Nullable String zone() {
    return zone;
  }

  private static int listenersOf(Behind now) {
    return (int) now.byHost.values().stream().distinct().count();
  }

  @Override
  public @Nullable Compiled resolve(Head h) {
    Behind now = behind;
    if (now.lone != null) {
      return now.lone;
    }
    if (h.host < 0) {
      return null;
    }
    int start = h.valueStart(h.host);
    String host = h.text(start, Compiled.hostEnd(h.bytes, start, h.valueEnd(h.host)));
    return now.byHost.get(host.toLowerCase(Locale.ROOT));
  }

  @Override
  public Tls.@Nullable Chosen choose(@Nullable String serverName) {
    Behind now = behind;
    Tls found = null;
    if (now.lone != null) {
      found = now.tls.get(now.lone.listener.arn());
    } else if (serverName != null) {
      Compiled named = now.byHost.get(serverName.toLowerCase(Locale.ROOT));
      if (named != null) {
        found = now.tls.get(named.listener.arn());
      } else {
        for (Tls one : now.tls.values()) {
          if (one.covers(serverName)) {
            found = one;
            break;
          }
        }
      }
    }
    return found != null && found.ready() ? found.choose(serverName) : null;
  }

  @Override
  public @Nullable Compiled any() {
    return behind.lone;
  }

  @Override
  public int port() {
    return place.port();
  }

  LoadBalancers owner() {
    return owner;
  }

  void close() {
    behind = Behind.NOBODY;
    if (channel != null) {
      channel.close();
    }
  }
}
