package gantry.app.http;

import gantry.services.HttpHandler;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * The one listener: HTTP/1.1, and HTTP/2 by prior knowledge and by upgrade, in the clear. A few
 * threads read and write all connections; every request has a virtual thread of its own, but for
 * those that a {@link QuickHandler} answers at once.
 */
public final class HttpServer implements AutoCloseable {

  /** Threads that read and write; more than this many cores are for the handlers. */
  private static final int LOOPS_MOST = 8;

  private static final int BACKLOG = 1024;

  static {
    NettySetup.once();
  }

  /** Blocks of 256 kB: an idle program keeps few of them. */
  private static final ByteBufAllocator BUFFERS =
      new PooledByteBufAllocator(true, 0, LOOPS_MOST, 8192, 5);

  /** What every connection of one server needs to know. */
  record Serving(HttpHandler handler, Limits limits, ChannelGroup connections) {
    boolean full() {
      return connections.size() > Limits.CONNECTIONS;
    }
  }

  private final Serving serving;
  private final EventLoopGroup loops;
  private final Channel listener;

  private HttpServer(Serving serving, EventLoopGroup loops, Channel listener) {
    this.serving = serving;
    this.loops = loops;
    this.listener = listener;
  }

  /**
   * What takes time before the first server can listen and depends on nothing; for whoever has
   * something else to do meanwhile.
   */
  public static void prepare() {
    EventLoopGroup warm =
        new MultiThreadIoEventLoopGroup(1, Runnable::run, NioIoHandler.newFactory());
    Channel never = new NioServerSocketChannel();
    // Netty looks up once for each class of handlers which events it passes by.
    Serving nobody =
        new Serving(exchange -> {}, Limits.USUAL, new DefaultChannelGroup(warm.next()));
    Connection connection = new Connection(nobody);
    never.pipeline().addLast(new Acceptor(nobody, warm, BUFFERS), connection);
    Http1.install(never.pipeline(), nobody, connection);
    never.unsafe().closeForcibly();
    warm.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }

  /** Listens, and answers as soon as this returns. */
  public static HttpServer start(InetSocketAddress address, HttpHandler handler, Limits limits) {
    Serving serving =
        new Serving(handler, limits, new DefaultChannelGroup(GlobalEventExecutor.INSTANCE));
    EventLoopGroup loops =
        new MultiThreadIoEventLoopGroup(
            Math.min(LOOPS_MOST, Runtime.getRuntime().availableProcessors()),
            new DefaultThreadFactory("http", false), // the program lives as long as it listens
            NioIoHandler.newFactory());
    NioServerSocketChannel listener = new NioServerSocketChannel();
    listener.config().setBacklog(BACKLOG).setReuseAddress(true).setAllocator(BUFFERS);
    listener.pipeline().addLast(new Acceptor(serving, loops, BUFFERS));
    loops.register(listener).awaitUninterruptibly();
    ChannelFuture bound = listener.bind(address).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      throw new UncheckedIOException(cannotListen(address, bound.cause()));
    }
    return new HttpServer(serving, loops, listener);
  }

  private static BindException cannotListen(InetSocketAddress address, Throwable cause) {
    BindException failure = new BindException(address + ": " + cause.getMessage());
    failure.initCause(cause);
    return failure;
  }

  public int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** Takes no more connections, and gives requests in flight their time. */
  @Override
  public void close() {
    listener.close().awaitUninterruptibly();
    for (Channel channel : serving.connections()) {
      Connection connection = channel.pipeline().get(Connection.class);
      if (connection != null) {
        channel.eventLoop().execute(connection::drain);
      }
    }
    serving
        .connections()
        .newCloseFuture()
        .awaitUninterruptibly(serving.limits().drain().toMillis());
    serving.connections().close().awaitUninterruptibly();
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(1, TimeUnit.SECONDS);
  }
}
