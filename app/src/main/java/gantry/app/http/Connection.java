package gantry.app.http;

import gantry.app.http.HttpServer.Serving;
import gantry.traffic.LateFlush;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One connection: which protocol it speaks, and whether it dawdles. A timeout of the socket would
 * not do, as a client that sends a byte now and then never meets it; so each connection is looked
 * at every {@link Limits#tick}.
 */
final class Connection extends Inbound {

  /** How HTTP/2's preface begins, and no request of HTTP/1.1. */
  private static final byte[] PREFACE = {'P', 'R', 'I', ' '};

  private final Serving serving;
  private final Set<Front> fronts = new HashSet<>(2);
  private @Nullable ByteBuf first;
  private boolean speaks;
  private boolean http2;
  private boolean draining;
  private long accepted;
  private long lastRead;
  private long unwritten;
  private long stalledSince;
  private @Nullable ChannelHandlerContext context;
  private String peer = "";

  Connection(Serving serving) {
    this.serving = serving;
  }

  /** The client's address, without a port. */
  String peer() {
    return peer;
  }

  boolean draining() {
    return draining;
  }

  void began(Front front) {
    fronts.add(front);
  }

  void ended(Front front) {
    fronts.remove(front);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    Channel channel = ctx.channel();
    serving.connections().add(channel);
    if (serving.full()) {
      channel.close();
      return;
    }
    context = ctx;
    accepted = System.nanoTime();
    lastRead = accepted;
    if (channel.remoteAddress() instanceof InetSocketAddress address) {
      peer = address.getAddress().getHostAddress();
    }
    nextTick(ctx);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    lastRead = System.nanoTime();
    if (speaks) {
      if (!http2) {
        fronts.forEach(front -> front.bytesCame(lastRead));
      }
      ctx.fireChannelRead(message);
      return;
    }
    ByteBuf bytes = (ByteBuf) message;
    ByteBuf before = first;
    if (before != null) {
      before.writeBytes(bytes);
      bytes.release();
      bytes = before;
    }
    int length = Math.min(bytes.readableBytes(), PREFACE.length);
    boolean preface = true;
    for (int i = 0; i < length; i++) {
      preface &= bytes.getByte(bytes.readerIndex() + i) == PREFACE[i];
    }
    if (preface && length < PREFACE.length) {
      first = before != null ? before : ctx.alloc().buffer(64).writeBytes(bytes);
      if (before == null) {
        bytes.release();
      }
      return;
    }
    first = null;
    speaks = true;
    if (preface) {
      http2 = true;
      Http2.install(ctx.pipeline(), serving, this);
    } else {
      Http1.install(ctx.pipeline(), serving, this);
      fronts.forEach(front -> front.bytesCame(lastRead));
    }
    ctx.fireChannelRead(bytes);
  }

  /** The client asked for HTTP/2 in a request of HTTP/1.1. */
  void upgraded() {
    http2 = true;
    fronts.clear();
  }

  private void nextTick(ChannelHandlerContext ctx) {
    ctx.executor()
        .schedule(() -> tick(ctx), serving.limits().tick().toNanos(), TimeUnit.NANOSECONDS);
  }

  private void tick(ChannelHandlerContext ctx) {
    Channel channel = ctx.channel();
    if (!channel.isActive()) {
      return;
    }
    long now = System.nanoTime();
    boolean silent = !speaks && (first == null || now - accepted > headers());
    if (silent || stalled(channel, now) || (http2 && fronts.isEmpty() && idle(now))) {
      channel.close();
      return;
    }
    for (Front front : Set.copyOf(fronts)) {
      front.look(now);
    }
    nextTick(ctx);
  }

  private long headers() {
    return serving.limits().headers().toNanos();
  }

  private boolean idle(long now) {
    return now - lastRead > serving.limits().idle().toNanos();
  }

  /** Whether the client has taken nothing of what waits for it, for as long as one may be idle. */
  private boolean stalled(Channel channel, long now) {
    long waits = channel.isWritable() ? 0 : channel.bytesBeforeWritable();
    if (waits == 0 || waits != unwritten) {
      unwritten = waits;
      stalledSince = now;
      return false;
    }
    return now - stalledSince > serving.limits().idle().toNanos();
  }

  /** Ends the connection as soon as nothing is in flight. */
  void drain() {
    draining = true;
    ChannelHandlerContext ctx = context;
    if (ctx == null) {
      return;
    }
    if (http2) {
      ctx.pipeline().close(); // says GOAWAY, and lets the streams end
    } else if (fronts.stream().noneMatch(Front::busy)) {
      LateFlush.close(ctx);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      // Nothing more comes: what is half there never will be whole.
      if (fronts.stream().noneMatch(Front::busy)) {
        LateFlush.close(ctx);
      }
      fronts.forEach(Front::nothingMoreComes);
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    ByteBuf kept = first;
    if (kept != null) {
      first = null;
      kept.release();
    }
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // What happens to a client's own connection is no event of the program.
    ctx.close();
  }
}
