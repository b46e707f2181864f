package gantry.app.http;

import gantry.app.http.HttpServer.Serving;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.socket.SocketChannel;
import java.util.concurrent.TimeUnit;

/**
 * Takes connections and gives each to one of the threads. Netty's own ServerBootstrap would do, but
 * it asks annotations whether its handlers may be shared, for which Java writes classes at each
 * start: 10 ms.
 */
final class Acceptor extends Inbound {

  private static final WriteBufferWaterMark UNWRITTEN =
      new WriteBufferWaterMark(64 * 1024, 256 * 1024);

  private final Serving serving;
  private final EventLoopGroup loops;
  private final ByteBufAllocator buffers;

  Acceptor(Serving serving, EventLoopGroup loops, ByteBufAllocator buffers) {
    this.serving = serving;
    this.loops = loops;
    this.buffers = buffers;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    SocketChannel client = (SocketChannel) message;
    client
        .config()
        .setTcpNoDelay(true)
        // A client that has said all it has to say may still listen.
        .setAllowHalfClosure(true)
        .setAllocator(buffers)
        .setWriteBufferWaterMark(UNWRITTEN);
    client.pipeline().addLast(new Connection(serving));
    loops
        .register(client)
        .addListener(
            registered -> {
              if (!registered.isSuccess()) {
                client.unsafe().closeForcibly();
              }
            });
  }

  /** Without files to spare it would be told so again at once, and for ever: it waits a second. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ChannelConfig config = ctx.channel().config();
    if (config.isAutoRead()) {
      config.setAutoRead(false);
      ctx.channel().eventLoop().schedule(() -> config.setAutoRead(true), 1, TimeUnit.SECONDS);
    }
    ctx.fireExceptionCaught(cause);
  }
}
