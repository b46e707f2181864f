package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Stickiness;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslHandler;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A TCP flow of a network load balancer: its bytes go to one target for as long as it lives, and
 * back. A side that closes its half closes that half of the other.
 */
final class Flow extends Conn {

  /** In a mesh a connection is tried at so many targets. */
  private static final int MESH_ATTEMPTS = 3;

  private final Compiled compiled;
  private final Client client;
  private final InetSocketAddress local;

  @SuppressWarnings("NullAway.Init")
  private ChannelHandlerContext ctx;

  private @Nullable TargetState target;
  private @Nullable EpollSocketChannel back;
  private final List<ByteBuf> early = new ArrayList<>();
  private int attempts;
  private boolean begun;
  private boolean over;

  /** The client, or the target, has said all that it will. */
  private boolean clientEnded;

  private boolean targetEnded;
  private long received;
  private long sent;

  Flow(Worker worker, Compiled compiled, Client client, InetSocketAddress local) {
    super(worker);
    this.compiled = compiled;
    this.client = client;
    this.local = local;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    super.handlerAdded(context);
    compiled.state.counters[worker.index].newConnections++;
    context.channel().config().setAutoRead(false);
    connect();
  }

  /**
   * The same client address and port always hashes to the same target, while there is none new; in
   * a mesh they take turns.
   */
  static @Nullable TargetState choose(GroupState group, Client client) {
    GroupState.Choice choice = group.choice(client.zone);
    TargetState[] among = choice.targets();
    if (among.length == 0) {
      return null;
    }
    if (group.mesh) {
      return among[(group.turn.getAndIncrement() & Integer.MAX_VALUE) % among.length];
    }
    GroupSettings settings = group.spec.settings();
    int hash = java.util.Arrays.hashCode(client.ip);
    if (settings.stickiness() != Stickiness.SOURCE_IP) {
      hash = hash * 31 + client.port;
    }
    // Spread by the whole hash: neighbours' ports differ in few bits.
    long spread = new Chance(hash).next() >>> 1;
    return among[(int) (spread % among.length)];
  }

  private void connect() {
    Compiled.Rule rule = compiled.rules[compiled.rules.length - 1];
    GroupState group = rule.pick(worker.chance);
    TargetState chosen = group == null ? null : choose(group, client);
    SocketRooms.Room room = chosen == null ? null : worker.owner.room(chosen.group.spec.room());
    if (chosen == null || room == null) {
      reset();
      return;
    }
    target = chosen;
    chosen.inFlight.incrementAndGet();
    chosen.counters[worker.index].requests++;
    chosen.group.counters[worker.index].requests++;
    EpollSocketChannel channel = room.make(EpollSocketChannel::new);
    back = channel;
    channel
        .config()
        .setOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, BackHttp1.CONNECT_TIMEOUT_MILLIS);
    channel.config().setOption(ChannelOption.RECVBUF_ALLOCATOR, LoadBalancers.receiveBuffers());
    channel.config().setOption(ChannelOption.ALLOCATOR, LoadBalancers.ALLOCATOR);
    channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    channel.config().setAutoRead(false);
    if (chosen.group.spec.protocol().secure()) {
      SslHandler ssl = Tls.toTarget(channel.alloc(), chosen, false);
      channel.pipeline().addLast(ssl);
    }
    channel.pipeline().addLast(new BackSide());
    worker
        .loop
        .register(channel)
        .addListener(
            registered ->
                channel
                    .connect(chosen.address, SourceAddress.of(channel, chosen, client))
                    .addListener(
                        connected -> {
                          if (!connected.isSuccess()) {
                            chosen.counters[worker.index].connectionErrors++;
                            chosen.group.counters[worker.index].connectionErrors++;
                            Outliers.failed(chosen);
                            connectFailed(chosen);
                          } else if (over) {
                            channel.close();
                          } else {
                            begin(channel, chosen);
                          }
                        }));
  }

  /** In a mesh the next target is tried: nothing has been sent yet. */
  private void connectFailed(TargetState at) {
    if (at.group.mesh && !over && ++attempts < MESH_ATTEMPTS) {
      at.inFlight.decrementAndGet();
      target = null;
      connect();
    } else {
      reset();
    }
  }

  private void begin(EpollSocketChannel channel, TargetState chosen) {
    Outliers.succeeded(chosen);
    if (chosen.group.spec.settings().proxyProtocol()) {
      channel.writeAndFlush(
          ProxyProtocol.header(client, local, channel.alloc()), channel.voidPromise());
    }
    begun = true;
    early.forEach(part -> channel.write(part, channel.voidPromise()));
    early.clear();
    channel.flush();
    lastActive = System.nanoTime();
    channel.config().setAutoRead(true);
    ctx.channel().config().setAutoRead(true);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    lastActive = System.nanoTime();
    received += in.readableBytes();
    EpollSocketChannel to = back;
    if (to == null || over) {
      in.release();
      return;
    }
    if (!begun) {
      // What came with the TLS handshake waits for the connection, and for the proxy header.
      early.add(in);
      return;
    }
    to.write(in, to.voidPromise());
    if (!to.isWritable()) {
      to.flush();
      if (!to.isWritable()) {
        context.channel().config().setAutoRead(false);
      }
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    EpollSocketChannel to = back;
    if (to != null && begun) {
      to.flush();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    EpollSocketChannel to = back;
    if (to != null) {
      to.config().setAutoRead(context.channel().isWritable());
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event == io.netty.channel.socket.ChannelInputShutdownReadComplete.INSTANCE) {
      EpollSocketChannel to = back;
      clientEnded = true;
      if (targetEnded) {
        endAfterWrites();
      } else if (to != null && to.isActive()) {
        to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> to.shutdownOutput());
      }
    }
  }

  /** Both halves are closed, so nothing closes the sockets but we. */
  private void endAfterWrites() {
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    finish();
    EpollSocketChannel to = back;
    if (to != null) {
      to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    compiled.state.counters[worker.index].clientResets++;
    context.close();
  }

  private void finish() {
    if (over) {
      return;
    }
    over = true;
    early.forEach(ByteBuf::release);
    early.clear();
    Counters c = compiled.state.counters[worker.index];
    c.closedConnections++;
    c.bytesReceived += received;
    c.bytesSent += sent;
    TargetState at = target;
    if (at != null) {
      at.inFlight.decrementAndGet();
    }
    String prefix = compiled.balancer.settings().accessLogPrefix();
    if (prefix != null && client.secure) {
      worker.owner.log(line(prefix));
    }
  }

  /** AWS logs flows of TLS listeners only, in a format of their own. */
  private AccessLog.Line line(String prefix) {
    long now = System.currentTimeMillis();
    long millis = (System.nanoTime() - client.openedNanos) / 1_000_000;
    String since = java.time.Instant.ofEpochMilli(now - millis).toString();
    String listener = compiled.listener.arn();
    StringBuilder b = new StringBuilder(400);
    b.append("tls 2.0 ").append(since, 0, 19).append(' ').append(compiled.balancer.id());
    b.append(' ').append(listener.substring(listener.lastIndexOf('/') + 1)).append(' ');
    b.append(new String(client.text, StandardCharsets.US_ASCII)).append(':').append(client.port);
    b.append(' ').append(local.getAddress().getHostAddress()).append(':').append(local.getPort());
    b.append(' ').append(millis).append(' ');
    b.append(client.handshakeMillis < 0 ? "-" : Long.toString(client.handshakeMillis));
    b.append(' ').append(received).append(' ').append(sent).append(" - ");
    b.append(orDash(client.certificateArn())).append(" - ").append(orDash(client.tlsCipher));
    b.append(' ').append(client.tlsProtocol == null ? "-" : tlsName(client.tlsProtocol));
    b.append(' ').append(orDash(client.keyExchange));
    b.append(' ').append(orDash(client.serverName)).append(' ').append(orDash(client.alpn));
    b.append(" - ").append(orDash(client.offeredProtocols)).append(' ').append(since, 0, 19);
    return new AccessLog.Line(
        prefix,
        compiled.balancer.account(),
        compiled.balancer.region(),
        compiled.balancer.id(),
        false,
        now,
        b.toString());
  }

  private static String orDash(@Nullable String text) {
    return text == null || text.isEmpty() ? "-" : text;
  }

  /** {@code TLSv1.2} as these logs say it. */
  private static String tlsName(String protocol) {
    return protocol.replace("TLSv1.", "tlsv1").replace("TLSv1", "tlsv1");
  }

  /** Ends the flow with a reset, so that neither side takes it for a good end. */
  private void reset() {
    finish();
    if (ctx.channel() instanceof EpollSocketChannel socket && socket.isOpen()) {
      socket.config().setSoLinger(0);
    }
    ctx.close();
    EpollSocketChannel to = back;
    // One that could not connect has no socket any more.
    if (to != null && to.isOpen()) {
      to.config().setSoLinger(0);
      to.close();
    }
  }

  @Override
  void tick(long now) {
    if (now - lastActive > compiled.listener.tcpIdle().toNanos()) {
      reset();
    }
  }

  @Override
  void targetRemoved(TargetState removed) {
    // Flows outlive the registration, unless the group says otherwise.
    if (removed == target && removed.group.spec.settings().terminateOnDeregistration()) {
      reset();
    }
  }

  @Override
  void targetUnhealthy(TargetState ill) {
    if (ill == target) {
      reset();
    }
  }

  @Override
  void shut() {
    ctx.close();
  }

  private final class BackSide extends ChannelInboundHandlerAdapter {
    /** An attempt that failed says nothing of the one that came after it. */
    private boolean isAnothers(ChannelHandlerContext context) {
      return !begun || context.channel() != back;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf in = (ByteBuf) message;
      lastActive = System.nanoTime();
      sent += in.readableBytes();
      ctx.write(in, ctx.voidPromise());
      if (!ctx.channel().isWritable()) {
        ctx.flush();
        if (!ctx.channel().isWritable()) {
          context.channel().config().setAutoRead(false);
        }
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      ctx.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      ctx.channel().config().setAutoRead(context.channel().isWritable());
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (isAnothers(context)) {
        return;
      }
      if (event == io.netty.channel.socket.ChannelInputShutdownReadComplete.INSTANCE) {
        targetEnded = true;
        if (clientEnded) {
          endAfterWrites();
          return;
        }
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
            .addListener(
                written -> {
                  if (ctx.channel() instanceof EpollSocketChannel socket && !client.secure) {
                    socket.shutdownOutput();
                  } else {
                    ctx.close();
                  }
                });
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (isAnothers(context)) {
        return;
      }
      ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      if (isAnothers(context)) {
        return;
      }
      TargetState at = target;
      if (at != null) {
        at.counters[worker.index].targetResets++;
      }
      reset();
    }
  }
}
