package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/** Where balancers with and without TLS share an edge port: the first byte tells which it is. */
final class Sniffer extends ChannelInboundHandlerAdapter {

  private static final int TLS_HANDSHAKE = 0x16;

  private final Worker worker;
  private final Entry entry;
  private final ServerFront.TlsEntry tls;
  private final @Nullable String zone;

  Sniffer(Worker worker, Entry entry, ServerFront.TlsEntry tls, @Nullable String zone) {
    this.worker = worker;
    this.entry = entry;
    this.tls = tls;
    this.zone = zone;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf in = (ByteBuf) message;
    Channel channel = ctx.channel();
    if (in.getByte(in.readerIndex()) == TLS_HANDSHAKE) {
      ServerFront.secure(channel, worker, entry, tls, zone);
    } else {
      ServerFront.plain(channel, worker, entry, zone);
    }
    ctx.fireChannelRead(in);
    ctx.pipeline().remove(this);
  }
}
