package gantry.traffic.lb;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollChannelOption;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * Whose address the target of a network load balancer sees: the client's own, where its group keeps
 * it and both stand in the VPC, else the balancer's. The VPC's router sends what the target answers
 * to that address back to the socket that has it.
 */
final class SourceAddress {

  private SourceAddress() {}

  /** Where {@code channel} is to be bound before it connects; null: wherever. */
  static @Nullable InetSocketAddress of(Channel channel, TargetState target, Client client) {
    RoutingTable.TargetGroup group = target.group.spec;
    boolean kept =
        group.settings().preserveClientIp()
            && !group.room().equals(SocketRooms.HOST)
            && client.zone != null
            && client.ip.length == 4;
    if (!kept) {
      return group.from();
    }
    channel.config().setOption(EpollChannelOption.IP_TRANSPARENT, true);
    channel.config().setOption(ChannelOption.SO_REUSEADDR, true);
    try {
      return new InetSocketAddress(InetAddress.getByAddress(client.ip), client.port);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are an address", e);
    }
  }
}
