package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The UDP side of a network load balancer's port: a flow for each client address and port, with a
 * socket of its own towards its target, until nothing has come for a while.
 */
final class Datagrams extends Conn {

  static final int MAX_FLOWS = 20_000;
  private static final long IDLE_NANOS = Duration.ofMinutes(2).toNanos();

  private final Door door;
  private final Map<InetSocketAddress, Session> sessions = new HashMap<>();

  @SuppressWarnings("NullAway.Init")
  private ChannelHandlerContext ctx;

  private static final class Session {
    final TargetState target;
    final Compiled compiled;
    final EpollDatagramChannel channel;
    long lastActive;

    Session(TargetState target, Compiled compiled, EpollDatagramChannel channel, long now) {
      this.target = target;
      this.compiled = compiled;
      this.channel = channel;
      this.lastActive = now;
    }
  }

  Datagrams(Worker worker, Door door) {
    super(worker);
    this.door = door;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    super.handlerAdded(context);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    DatagramPacket packet = (DatagramPacket) message;
    long now = System.nanoTime();
    Session session = sessions.get(packet.sender());
    boolean left =
        session != null
            && session.target.removed
            && session.target.group.spec.settings().terminateOnDeregistration();
    if (session == null || left) {
      if (session != null) {
        end(packet.sender(), session);
      }
      session = open(packet.sender(), now);
    }
    if (session == null) {
      packet.release();
      return;
    }
    session.lastActive = now;
    session.compiled.state.counters[worker.index].bytesReceived += packet.content().readableBytes();
    session.channel.writeAndFlush(packet.content(), session.channel.voidPromise());
  }

  private @Nullable Session open(InetSocketAddress from, long now) {
    Compiled compiled = door.any();
    if (compiled == null || sessions.size() >= MAX_FLOWS) {
      return null;
    }
    Client client = new Client(from, false, door.zone());
    GroupState group = compiled.rules[compiled.rules.length - 1].pick(worker.chance);
    TargetState target = group == null ? null : Flow.choose(group, client);
    SocketRooms.Room room = target == null ? null : worker.owner.room(target.group.spec.room());
    if (target == null || room == null) {
      return null;
    }
    EpollDatagramChannel channel = room.make(() -> new EpollDatagramChannel());
    Session session = new Session(target, compiled, channel, now);
    channel.pipeline().addLast(new Replies(from, session));
    worker.loop.register(channel);
    channel.connect(target.address, SourceAddress.of(channel, target, client));
    sessions.put(from, session);
    target.inFlight.incrementAndGet();
    target.counters[worker.index].requests++;
    target.group.counters[worker.index].requests++;
    compiled.state.counters[worker.index].newConnections++;
    return session;
  }

  private void end(InetSocketAddress from, Session session) {
    if (sessions.remove(from, session)) {
      session.target.inFlight.decrementAndGet();
      session.compiled.state.counters[worker.index].closedConnections++;
      session.channel.close();
    }
  }

  @Override
  void tick(long now) {
    for (var entry : Map.copyOf(sessions).entrySet()) {
      if (now - entry.getValue().lastActive > IDLE_NANOS) {
        end(entry.getKey(), entry.getValue());
      }
    }
  }

  @Override
  void targetUnhealthy(TargetState ill) {
    Map.copyOf(sessions)
        .forEach(
            (from, session) -> {
              if (session.target == ill) {
                end(from, session);
              }
            });
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    Map.copyOf(sessions).forEach(this::end);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A port that answers unreachable concerns one datagram, not the socket.
    worker.owner.connectionProblem(cause);
  }

  @Override
  void shut() {
    ctx.close();
  }

  private final class Replies extends ChannelInboundHandlerAdapter {
    private final InetSocketAddress to;
    private final Session session;

    Replies(InetSocketAddress to, Session session) {
      this.to = to;
      this.session = session;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf content;
      if (message instanceof DatagramPacket packet) {
        content = packet.content();
      } else {
        content = (ByteBuf) message;
      }
      session.lastActive = System.nanoTime();
      session.compiled.state.counters[worker.index].bytesSent += content.readableBytes();
      ctx.writeAndFlush(new DatagramPacket(content, to), ctx.voidPromise());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      worker.owner.connectionProblem(cause);
    }
  }
}
