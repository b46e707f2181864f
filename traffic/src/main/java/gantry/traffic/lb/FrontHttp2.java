package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** One request of a client's HTTP/2 connection. */
final class FrontHttp2 extends Conn implements Front {

  private static final int MAX_STREAMS = 128;
  private static final int MAX_REQUESTS = 10_000;

  /** What answers in flight get when their client breaks the rules of the protocol. */
  private static final long ENDING_MILLIS = 1000;

  private final Entry entry;
  private final Client client;
  private final Connection connection;

  @SuppressWarnings("NullAway.Init")
  private ChannelHandlerContext ctx;

  private @Nullable Exchange exchange;
  private @Nullable Head head;
  private @Nullable Http2Headers pending;
  private boolean done;
  private boolean requestWhole;

  private FrontHttp2(Worker worker, Entry entry, Client client, Connection connection) {
    super(worker);
    this.entry = entry;
    this.client = client;
    this.connection = connection;
  }

  static void install(ChannelPipeline pipeline, Worker worker, Entry entry, Client client) {
    Connection connection = new Connection(worker, entry, client);
    pipeline.addLast(
        Http2FrameCodecBuilder.forServer()
            .initialSettings(
                Http2Settings.defaultSettings()
                    .maxConcurrentStreams(MAX_STREAMS)
                    .initialWindowSize(256 * 1024)
                    .maxHeaderListSize(HeadParser.MAX_REQUEST_HEAD))
            .gracefulShutdownTimeoutMillis(ENDING_MILLIS)
            .build(),
        new Http2MultiplexHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel stream) {
                connection.opened();
                stream.pipeline().addLast(new FrontHttp2(worker, entry, client, connection));
              }
            }),
        connection);
  }

  /** The connection that the streams are on: its age, its idleness, its end. */
  private static final class Connection extends Conn {
    private final Client client;

    @SuppressWarnings("NullAway.Init")
    private ChannelHandlerContext ctx;

    private int requests;
    private boolean leaving;
    private final Counted counted;

    Connection(Worker worker, Entry entry, Client client) {
      super(worker);
      this.client = client;
      this.counted = new Counted(worker, entry, client);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      ctx = context;
      super.handlerAdded(context);
      counted.opened();
    }

    void opened() {
      lastActive = System.nanoTime();
      if (++requests >= MAX_REQUESTS) {
        leave();
      }
    }

    private void leave() {
      if (!leaving) {
        leaving = true;
        ctx.writeAndFlush(new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR));
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object frame) {
      ReferenceCountUtil.release(frame);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      counted.closed();
      context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      worker.owner.connectionProblem(cause);
      // What breaks the protocol's rules the codec answers itself, with the code for it.
      if (!(cause instanceof Http2Exception)) {
        context.close();
      }
    }

    @Override
    void tick(long now) {
      var settings = counted.settings();
      if (now - client.openedNanos > settings.clientKeepAlive().toNanos()) {
        leave();
      }
      if (now - lastActive > settings.idleTimeout().toNanos()
          && ctx.pipeline()
                  .get(io.netty.handler.codec.http2.Http2FrameCodec.class)
                  .connection()
                  .numActiveStreams()
              == 0) {
        ctx.close();
      }
    }

    @Override
    void shut() {
      leave();
    }
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    super.handlerAdded(context);
  }

  @Override
  public Client client() {
    return client;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object frame) {
    lastActive = System.nanoTime();
    switch (frame) {
      case Http2HeadersFrame headers -> {
        if (exchange != null || done) {
          // Trailers of a request end here.
          if (requestWhole) {
            broken(Http2Error.STREAM_CLOSED);
          } else if (!headers.isEndStream() || Http2Heads.hasPseudo(headers.headers())) {
            broken(Http2Error.PROTOCOL_ERROR);
          } else {
            whole();
          }
          return;
        }
        begin(headers);
      }
      case Http2DataFrame data -> {
        Exchange x = exchange;
        if (x == null) {
          data.release();
        } else {
          x.requestPart(data.content().retain());
          data.release();
        }
        if (data.isEndStream()) {
          whole();
        }
      }
      case Http2ResetFrame _ -> gone();
      default -> ReferenceCountUtil.release(frame);
    }
  }

  /** The stream ends, and the client learns that it was at fault. */
  private void broken(Http2Error error) {
    gone();
    ctx.writeAndFlush(new DefaultHttp2ResetFrame(error));
  }

  private void begin(Http2HeadersFrame headers) {
    if (!Http2Heads.isRequest(headers.headers())) {
      broken(Http2Error.PROTOCOL_ERROR);
      return;
    }
    Head h = worker.takeHead();
    head = h;
    Http2Heads.request(headers.headers(), h, headers.isEndStream());
    requestWhole = headers.isEndStream();
    Compiled asked = entry.resolve(h);
    connection.counted.asks(asked);
    Exchange x = new Exchange(worker, this, h, asked, entry.port());
    exchange = x;
    if (h.refuse != 0) {
      x.refuse(h.refuse);
    } else {
      x.start(requestWhole);
    }
  }

  private void whole() {
    requestWhole = true;
    Exchange x = exchange;
    if (x != null) {
      x.requestEnd();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    Exchange x = exchange;
    if (x != null) {
      x.flushRequest();
    }
  }

  private void gone() {
    Exchange x = exchange;
    exchange = null;
    done = true;
    if (x != null) {
      x.clientGone();
    }
    giveHead();
  }

  private void giveHead() {
    Head h = head;
    if (h != null) {
      head = null;
      worker.giveHead(h);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    gone();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    worker.owner.connectionProblem(cause);
    // A stream that breaks the rules is reset by the codec, with the code for it.
    if (!(cause instanceof Http2Exception)) {
      context.close();
    }
  }

  // --- the answer ----------------------------------------------------------------------------

  @Override
  public void head(Exchange x, Head response, boolean bodyFollows) {
    // Held back a moment: an answer that ends with its head says so in the head.
    pending = Http2Heads.toClient(x, response, worker);
    x.account.sent += Http2Heads.size(pending);
  }

  private void writePending(boolean end) {
    Http2Headers headers = pending;
    if (headers != null) {
      pending = null;
      ctx.write(new DefaultHttp2HeadersFrame(headers, end), ctx.voidPromise());
    }
  }

  @Override
  public void bodyPart(ByteBuf data) {
    writePending(false);
    ctx.write(new DefaultHttp2DataFrame(data), ctx.voidPromise());
  }

  @Override
  public void end(@Nullable Head trailers) {
    if (trailers != null) {
      writePending(false);
      ctx.write(
          new DefaultHttp2HeadersFrame(Http2Heads.trailers(trailers), true), ctx.voidPromise());
    } else if (pending != null) {
      writePending(true);
    } else {
      ctx.write(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true), ctx.voidPromise());
    }
    finish();
  }

  private void finish() {
    exchange = null;
    done = true;
    giveHead();
    // What is left of the request is read and dropped: clients take a reset for a failure.
    ctx.flush();
  }

  @Override
  public void flush() {
    writePending(false);
    ctx.flush();
  }

  @Override
  public void reply(
      Exchange x, int status, String contentType, byte[] body, @Nullable String location) {
    Http2Headers headers = new DefaultHttp2Headers(false);
    headers.status(Integer.toString(status));
    headers.add("server", "awselb/2.0");
    headers.add("date", new String(worker.clock.httpDate(), StandardCharsets.US_ASCII));
    if (body.length > 0) {
      headers.add("content-type", contentType);
    }
    headers.add("content-length", Integer.toString(body.length));
    if (location != null) {
      headers.add("location", location);
    }
    boolean empty = body.length == 0 || x.head().methodIs("HEAD");
    x.replied(Http2Heads.size(headers) + (empty ? 0 : body.length));
    ctx.write(new DefaultHttp2HeadersFrame(headers, empty), ctx.voidPromise());
    if (!empty) {
      ctx.write(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(body), true), ctx.voidPromise());
    }
    finish();
  }

  @Override
  public void abort() {
    exchange = null;
    done = true;
    giveHead();
    ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.INTERNAL_ERROR));
  }

  @Override
  public boolean writable() {
    return ctx.channel().isWritable();
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    Exchange x = exchange;
    if (x != null) {
      x.clientWritable(ctx.channel().isWritable());
    }
  }

  @Override
  public void pauseReading() {
    ctx.channel().config().setAutoRead(false);
  }

  @Override
  public void resumeReading() {
    ctx.channel().config().setAutoRead(true);
  }

  @Override
  public void becomeTunnel() {
    throw new IllegalStateException("HTTP/2 has no 101");
  }

  @Override
  void tick(long now) {
    Exchange x = exchange;
    Compiled any = x == null ? null : x.compiled();
    if (x != null && any != null) {
      x.tick(now, any.balancer.settings().idleTimeout().toNanos(), lastActive, !requestWhole);
    }
  }

  @Override
  void shut() {}
}
