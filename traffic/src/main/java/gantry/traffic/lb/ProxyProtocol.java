package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.InetSocketAddress;

/** The header of PROXY protocol version 2: who the client is, before its first byte. */
final class ProxyProtocol {

  private static final byte[] SIGNATURE = {
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a
  };
  private static final int VERSION_AND_PROXY = 0x21;
  private static final int TCP_OVER_IPV4 = 0x11;
  private static final int TCP_OVER_IPV6 = 0x21;

  private ProxyProtocol() {}

  /** Of a connection that the balancer makes for itself. */
  static ByteBuf local(ByteBufAllocator allocator) {
    return allocator.buffer(16).writeBytes(SIGNATURE).writeByte(0x20).writeByte(0).writeShort(0);
  }

  static ByteBuf header(Client client, InetSocketAddress local, ByteBufAllocator allocator) {
    byte[] to = local.getAddress().getAddress();
    byte[] from = client.ip;
    ByteBuf out = allocator.buffer(64).writeBytes(SIGNATURE).writeByte(VERSION_AND_PROXY);
    if (from.length != to.length) {
      // Mixed families have no form of their own: the peer is left unsaid.
      return out.setByte(out.writerIndex() - 1, 0x20).writeByte(0).writeShort(0);
    }
    return out.writeByte(from.length == 4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6)
        .writeShort(2 * from.length + 4)
        .writeBytes(from)
        .writeBytes(to)
        .writeShort(client.port)
        .writeShort(local.getPort());
  }
}
