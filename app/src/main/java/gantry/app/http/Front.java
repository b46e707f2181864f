package gantry.app.http;

import gantry.app.http.HttpServer.Serving;
import gantry.traffic.LateFlush;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests one after the other, of a connection of HTTP/1.1 or a stream of HTTP/2: reads each,
 * hands it over, writes its answer. All of its state belongs to the connection's thread.
 */
final class Front extends Inbound {

  /** Bodies up to here are read before anybody is told of the request. */
  private static final int SMALL = 64 * 1024;

  /** What a client still sends after an answer that ends the connection is read for so long. */
  private static final long LINGER_MILLIS = 2_000;

  private enum Phase {
    IDLE,
    HEADERS,
    BODY,
    HANDLING,
    TUNNEL,
    CLOSING
  }

  private final Serving serving;
  private final Connection connection;
  private final boolean http2;
  private final Outgoing out;
  private final ArrayDeque<Object> waiting = new ArrayDeque<>(0);
  private @Nullable NettyExchange current;
  private @Nullable BodyStream stream;
  private byte @Nullable [] small;
  private int smallSize;
  private Phase phase = Phase.IDLE;
  private long since = System.nanoTime();
  private boolean bodyComplete = true;
  private boolean bodyLong;
  private boolean pumping;
  private boolean upgradeTried;

  Front(Serving serving, Connection connection, boolean http2) {
    this.serving = serving;
    this.connection = connection;
    this.http2 = http2;
    this.out = new Outgoing(http2, () -> (!bodyComplete && bodyLong) || connection.draining());
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    out.attach(ctx);
    connection.began(this);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    connection.ended(this);
    waiting.forEach(ReferenceCountUtil::release);
    waiting.clear();
  }

  String peer() {
    return connection.peer();
  }

  /** Whether a request is being read or answered. */
  boolean busy() {
    return phase != Phase.IDLE;
  }

  // ---- what comes

  /** Some bytes came on the connection; what they are shows later. */
  void bytesCame(long now) {
    if (phase == Phase.IDLE) {
      enter(Phase.HEADERS, now);
    }
  }

  private void enter(Phase next, long now) {
    phase = next;
    since = now;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    out.reads();
    if (phase == Phase.TUNNEL && message instanceof ByteBuf bytes) {
      tunnelled(ctx, bytes);
      return;
    }
    if (!waiting.isEmpty() || (current != null && bodyComplete)) {
      // The next request, while this one is answered: it waits, and nothing more is read.
      waiting.add(message);
      ctx.channel().config().setAutoRead(false);
      return;
    }
    take(ctx, message);
  }

  private void tunnelled(ChannelHandlerContext ctx, ByteBuf bytes) {
    byte[] copy = new byte[bytes.readableBytes()];
    bytes.readBytes(copy);
    bytes.release();
    if (stream != null && stream.put(copy)) {
      ctx.channel().config().setAutoRead(false);
    }
  }

  private void take(ChannelHandlerContext ctx, Object message) {
    boolean passedOn = false;
    try {
      if (phase == Phase.CLOSING) {
        return;
      }
      if (message instanceof HttpRequest request) {
        passedOn = begin(ctx, request);
      }
      if (!passedOn && message instanceof HttpContent content && phase != Phase.CLOSING) {
        content(ctx, content);
      }
    } finally {
      if (!passedOn) {
        ReferenceCountUtil.release(message);
      }
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    out.hasRead();
    if (phase == Phase.HEADERS && current == null && http2) {
      phase = Phase.IDLE;
    }
  }

  /** True when somebody else has the request now. */
  private boolean begin(ChannelHandlerContext ctx, HttpRequest request) {
    Refusal refusal = Refusal.of(request, http2);
    if (refusal != null) {
      refuse(ctx, refusal.status(), refusal.message());
      return false;
    }
    if (!http2 && !upgradeTried && Http1.asksForHttp2(request)) {
      upgradeTried = true;
      Http1.upgrade(ctx, request, serving, connection);
      return true;
    }
    NettyExchange exchange = new NettyExchange(this, out, request);
    current = exchange;
    out.answers(request);
    long length = HttpUtil.getContentLength(request, -1L);
    boolean chunked = HttpUtil.isTransferEncodingChunked(request);
    boolean none = !http2 && length <= 0 && !chunked;
    boolean waits = request.headers().contains(HttpHeaderNames.EXPECT);
    bodyComplete = false;
    enter(Phase.BODY, System.nanoTime());
    if (none || (length >= 0 && length <= SMALL && !waits) || request instanceof LastHttpContent) {
      small = new byte[Math.max(0, (int) Math.min(length, SMALL))];
      smallSize = 0;
      bodyLong = false;
      return false;
    }
    bodyLong = chunked || waits || length > SMALL;
    BodyStream coming =
        new BodyStream(
            waits ? out::goOn : () -> {},
            () -> out.onLoop(() -> ctx.channel().config().setAutoRead(true)));
    stream = coming;
    exchange.body(coming);
    phase = Phase.HANDLING;
    Thread.ofVirtual().name("request").start(() -> handle(exchange));
    return false;
  }

  private void content(ChannelHandlerContext ctx, HttpContent content) {
    NettyExchange exchange = current;
    if (exchange == null) {
      return; // the rest of what was refused
    }
    if (content.decoderResult().isFailure()) {
      if (stream != null) {
        stream.fail(new BrokenRequest(400, "The request's body is not well-formed."));
        phase = phase == Phase.HANDLING ? phase : Phase.CLOSING;
      } else {
        refuse(ctx, 400, "The request's body is not well-formed.");
      }
      return;
    }
    boolean last = content instanceof LastHttpContent;
    int size = content.content().readableBytes();
    BodyStream coming = stream;
    byte[] whole = small;
    if (coming != null) {
      if (size > 0) {
        byte[] bytes = new byte[size];
        content.content().readBytes(bytes);
        if (coming.put(bytes)) {
          ctx.channel().config().setAutoRead(false);
        }
      }
      if (last) {
        coming.end();
      }
    } else if (whole != null) {
      if (smallSize + size > whole.length) {
        refuse(ctx, 400, "The request's body is longer than it says.");
        return;
      }
      content.content().readBytes(whole, smallSize, size);
      smallSize += size;
    }
    if (last) {
      bodyComplete = true;
      if (whole != null && coming == null) {
        small = null;
        exchange.body(whole);
        dispatch(exchange);
      } else if (phase == Phase.BODY) {
        finished(ctx, true); // was answered before; what came since was of no interest
      }
    }
  }

  private void dispatch(NettyExchange exchange) {
    phase = Phase.HANDLING;
    if (serving.handler() instanceof QuickHandler quick && quick.quick(exchange)) {
      handle(exchange);
    } else {
      Thread.ofVirtual().name("request").start(() -> handle(exchange));
    }
  }

  // ---- what the handler does, on its own thread or this one

  private void handle(NettyExchange exchange) {
    boolean sound = false;
    try {
      serving.handler().handle(exchange);
      sound =
          exchange.began()
              ? exchange.complete()
              : failed(exchange, new IllegalStateException("there was no answer"));
    } catch (IOException | RuntimeException | Error e) {
      sound = failed(exchange, e);
    } finally {
      boolean whole = sound;
      try {
        out.onLoop(() -> handled(whole));
      } catch (RejectedExecutionException stopped) {
        // The server ended first, and its connections with it.
      }
    }
  }

  /** Says so, where that is still possible. */
  private boolean failed(NettyExchange exchange, Throwable e) {
    BrokenRequest broken = BrokenRequest.in(e);
    if (broken == null && !out.gone() && out.context().channel().isActive()) {
      Log.LOG.warn("{} {} failed", exchange.method(), exchange.path(), e);
    }
    if (exchange.began()) {
      return false;
    }
    try {
      exchange.setHeader("content-type", "text/plain");
      if (broken == null) {
        exchange.respond(
            500, Outgoing.line("Internal failure; the log of the server has the reason."));
      } else {
        exchange.setHeader("connection", "close");
        exchange.respond(broken.status(), Outgoing.line(String.valueOf(broken.getMessage())));
      }
      return true;
    } catch (IOException hungUp) {
      return false;
    }
  }

  /** Answers 101; what comes from then on is only handed over, until the handler ends. */
  BodyStream upgrade(AnswerHeaders headers) throws IOException {
    out.live();
    if (http2 || out.old()) {
      throw new IOException("only a connection of HTTP/1.1 becomes another protocol's");
    }
    ChannelHandlerContext ctx = out.context();
    BodyStream coming =
        new BodyStream(() -> {}, () -> out.onLoop(() -> ctx.channel().config().setAutoRead(true)));
    out.onLoop(
        () -> {
          out.closes();
          if (!bodyComplete || !waiting.isEmpty() || out.gone()) {
            // It went on speaking HTTP: what is whose cannot be told any more.
            coming.end();
            ctx.close();
            return;
          }
          stream = coming;
          enter(Phase.TUNNEL, System.nanoTime());
          out.switches(headers);
        });
    return coming;
  }

  // ---- when it has answered, on the connection's thread

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    out.writabilityChanged();
    ctx.fireChannelWritabilityChanged();
  }

  /** The handler has ended. */
  private void handled(boolean sound) {
    ChannelHandlerContext ctx = out.context();
    if (!sound) {
      phase = Phase.CLOSING;
      LateFlush.close(ctx);
      return;
    }
    if (bodyComplete || !out.keepAlive() || http2) {
      finished(ctx, bodyComplete);
    } else {
      phase = Phase.BODY; // the little that is still to come
      since = System.nanoTime();
      small = null;
      stream = null;
      ctx.channel().config().setAutoRead(true);
    }
  }

  private void finished(ChannelHandlerContext ctx, boolean all) {
    current = null;
    out.answered();
    stream = null;
    small = null;
    if (!out.keepAlive() || http2) {
      enter(Phase.CLOSING, System.nanoTime());
      close(ctx, all);
      return;
    }
    enter(Phase.IDLE, System.nanoTime());
    if (connection.draining()) {
      close(ctx, true);
      return;
    }
    pump(ctx);
  }

  /** Goes on with what came meanwhile. */
  private void pump(ChannelHandlerContext ctx) {
    if (pumping) {
      return;
    }
    pumping = true;
    try {
      while (!waiting.isEmpty() && !(current != null && bodyComplete)) {
        bytesCame(System.nanoTime());
        take(ctx, waiting.remove());
      }
    } finally {
      pumping = false;
    }
    if (waiting.isEmpty() && !ctx.channel().config().isAutoRead()) {
      ctx.channel().config().setAutoRead(true);
    }
  }

  /**
   * Closes when all is written. Closing a socket with unread bytes in it would take back the
   * answer, so a client that still sends is listened to for a while.
   */
  private void close(ChannelHandlerContext ctx, boolean all) {
    ChannelFuture written = ctx.writeAndFlush(Unpooled.EMPTY_BUFFER);
    if (http2) {
      if (!all) {
        written.addListener(ChannelFutureListener.CLOSE);
      }
      return; // a stream whose both sides have ended closes by itself
    }
    if (all || !(ctx.channel() instanceof DuplexChannel duplex)) {
      written.addListener(ChannelFutureListener.CLOSE);
      return;
    }
    written.addListener(
        done -> {
          duplex.shutdownOutput();
          duplex.config().setAutoRead(true);
          ctx.executor().schedule(() -> ctx.close(), LINGER_MILLIS, TimeUnit.MILLISECONDS);
        });
  }

  private void refuse(ChannelHandlerContext ctx, int status, String message) {
    out.refuse(status, message);
    finished(ctx, false);
  }

  /** Looks whether the client dawdles. */
  void look(long now) {
    ChannelHandlerContext ctx = out.context();
    Limits limits = serving.limits();
    long gone = now - since;
    switch (phase) {
      case IDLE -> {
        if (!http2 && gone > limits.idle().toNanos()) {
          LateFlush.close(ctx);
        }
      }
      case HEADERS -> {
        if (gone > limits.headers().toNanos()) {
          refuse(ctx, 408, "The request's headers did not all arrive.");
        }
      }
      case BODY -> {
        if (limits.bodyTooSlow(gone, smallSize)) {
          if (current != null && small != null) {
            refuse(ctx, 408, "The request's body did not all arrive.");
          } else {
            ctx.close();
          }
        }
      }
      case HANDLING -> {
        if (stream != null && stream.tooSlow(now, limits)) {
          stream.fail(new BrokenRequest(408, "The request's body did not all arrive."));
        }
        if (out.stalled(now, limits)) {
          ctx.close();
        }
      }
      // A tunnel is as quiet as its two ends like.
      case TUNNEL, CLOSING -> {}
    }
  }

  /** The client has closed its half. */
  void nothingMoreComes() {
    if (phase == Phase.TUNNEL && stream != null) {
      stream.end();
    } else if (stream != null) {
      stream.fail(new BrokenRequest(400, "The request's body did not all arrive."));
    } else if (phase == Phase.BODY || phase == Phase.HEADERS) {
      out.context().close();
    } else if (phase == Phase.CLOSING) {
      out.context().close();
    }
    out.closes();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    out.hungUp();
    if (phase == Phase.TUNNEL && stream != null) {
      stream.end();
    } else if (stream != null) {
      stream.fail(new BrokenRequest(408, "The request's body did not all arrive."));
    }
    connection.ended(this);
    ctx.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    // What happens to a client's own connection is no event of the program; our mistakes are.
    if (cause instanceof RuntimeException && !(cause instanceof IllegalArgumentException)) {
      Log.LOG.warn("a connection failed", cause);
    }
    ctx.close();
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);
  }
}
