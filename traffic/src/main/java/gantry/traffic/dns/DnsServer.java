package gantry.traffic.dns;

import gantry.traffic.lb.SocketRooms;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.timeout.IdleStateHandler;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Answers on any number of sockets, each with the view of those who can reach it. A view is asked
 * for with every query, so a new one answers at once.
 */
public final class DnsServer implements AutoCloseable {

  static final int TCP_IDLE_SECONDS = 10;
  static final int TCP_BACKLOG = 128;

  /** How many ports are tried where any will do. */
  static final int PORT_TRIES = 20;

  static final int SHUTDOWN_SECONDS = 1;

  /**
   * What one query by UDP may be long; longer ones are cut by the kernel and refused as malformed.
   */
  static final int QUERY_LIMIT = 1_024;

  /** How many datagrams one system call brings. */
  static final int DATAGRAMS_AT_ONCE = 32;

  static final int RECEIVE_BUFFER_BYTES = 1 << 20;

  private final EventLoopGroup loops;
  private final boolean ownsLoops;
  private final Forwarder forwarder;
  private final DnsMetrics metrics = new DnsMetrics();
  private final SecureRandom seeds = new SecureRandom();
  private final List<Channel> channels = new ArrayList<>();

  /** How sockets are made: plainly, or inside a network namespace. */
  public interface Sockets {
    DatagramChannel datagram(SocketProtocolFamily family);

    ServerSocketChannel server();

    /** Sockets made inside a room, such as a VPC's network. */
    static Sockets in(SocketRooms.Room room) {
      return new Sockets() {
        @Override
        public DatagramChannel datagram(SocketProtocolFamily family) {
          return room.make(() -> new EpollDatagramChannel(family));
        }

        @Override
        public ServerSocketChannel server() {
          return room.make(EpollServerSocketChannel::new);
        }
      };
    }

    Sockets HOST =
        new Sockets() {
          @Override
          public DatagramChannel datagram(SocketProtocolFamily family) {
            return new EpollDatagramChannel(family);
          }

          @Override
          public ServerSocketChannel server() {
            return new EpollServerSocketChannel();
          }
        };
  }

  /**
   * A server without sockets yet.
   *
   * @param resolvers whom to ask for names that no zone has; usually those of the host
   */
  DnsServer(EventLoopGroup loops, List<InetSocketAddress> resolvers) {
    this(loops, false, resolvers);
  }

  private DnsServer(EventLoopGroup loops, boolean ownsLoops, List<InetSocketAddress> resolvers) {
    this.loops = loops;
    this.ownsLoops = ownsLoops;
    EventLoop loop = loops.next();
    this.forwarder =
        new Forwarder(loop, resolvers, new NettyUpstream(loop), seeds, metrics, System::nanoTime);
  }

  /**
   * A server with event loops of its own, which end with it.
   *
   * @param workers how many
   */
  public static DnsServer start(int workers, List<InetSocketAddress> resolvers) {
    return new DnsServer(
        new MultiThreadIoEventLoopGroup(workers, EpollIoHandler.newFactory()), true, resolvers);
  }

  public DnsMetrics metrics() {
    return metrics;
  }

  /** What listens on one address, until it is closed or the server is. */
  public final class Door implements AutoCloseable {
    private final Channel udp;
    private final Channel tcp;

    private Door(Channel udp, Channel tcp) {
      this.udp = udp;
      this.tcp = tcp;
    }

    /** With the port that was found where 0 was asked for. */
    public InetSocketAddress address() {
      return (InetSocketAddress) udp.localAddress();
    }

    @Override
    public void close() {
      synchronized (DnsServer.this) {
        udp.close().syncUninterruptibly();
        tcp.close().syncUninterruptibly();
        channels.removeAll(List.of(udp, tcp));
      }
    }
  }

  /** Listens for UDP and TCP on one address. */
  public synchronized Door listen(
      InetSocketAddress address, Sockets sockets, Supplier<View> view, Askers askers) {
    for (int tries = 1; ; tries++) {
      Channel udp = udp(address, sockets, view, askers);
      InetSocketAddress bound = (InetSocketAddress) udp.localAddress();
      ChannelFuture tcp = tcp(bound, sockets, view, askers).awaitUninterruptibly();
      if (tcp.isSuccess()) {
        channels.add(udp);
        channels.add(tcp.channel());
        return new Door(udp, tcp.channel());
      }
      udp.close().syncUninterruptibly();
      // A port that is free for UDP may be taken for TCP: where any will do, another one may be
      // free for both.
      if (address.getPort() != 0 || tries == PORT_TRIES) {
        tcp.syncUninterruptibly(); // throws why
      }
    }
  }

  private Channel udp(
      InetSocketAddress address, Sockets sockets, Supplier<View> view, Askers askers) {
    // A socket for both families costs every packet the way through the other one's code.
    SocketProtocolFamily family =
        address.getAddress() instanceof Inet4Address
            ? SocketProtocolFamily.INET
            : SocketProtocolFamily.INET6;
    return new Bootstrap()
        .group(loops)
        .channelFactory(() -> sockets.datagram(family))
        .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        .option(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, QUERY_LIMIT)
        .option(
            ChannelOption.RECVBUF_ALLOCATOR,
            new FixedRecvByteBufAllocator(QUERY_LIMIT * DATAGRAMS_AT_ONCE))
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel
                    .pipeline()
                    .addLast(new UdpHandler(view, answerer(), forwarder, metrics, askers));
              }
            })
        .bind(address)
        .syncUninterruptibly()
        .channel();
  }

  private ChannelFuture tcp(
      InetSocketAddress address, Sockets sockets, Supplier<View> view, Askers askers) {
    return new ServerBootstrap()
        .group(loops)
        .channelFactory(sockets::server)
        .option(ChannelOption.SO_BACKLOG, TCP_BACKLOG)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel
                    .pipeline()
                    .addLast(
                        new IdleStateHandler(0, 0, TCP_IDLE_SECONDS),
                        new LengthFieldBasedFrameDecoder(Answerer.TCP_LIMIT + 2, 0, 2, 0, 2),
                        new LengthFieldPrepender(2),
                        new TcpHandler(view, answerer(), forwarder, metrics, askers));
              }
            })
        .bind(address);
  }

  private Answerer answerer() {
    return new Answerer(new Chooser(new SplittableRandom(seeds.nextLong())));
  }

  @Override
  public synchronized void close() {
    channels.forEach(channel -> channel.close().syncUninterruptibly());
    channels.clear();
    if (ownsLoops) {
      loops.shutdownGracefully(0, SHUTDOWN_SECONDS, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }
}
