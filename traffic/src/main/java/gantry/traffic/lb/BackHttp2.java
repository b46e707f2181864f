package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One request on an HTTP/2 connection to a target. */
final class BackHttp2 extends ChannelInboundHandlerAdapter implements Back {

  private static final int MAX_STREAMS = 100;

  /** A connection to a target, shared by the requests of one worker. */
  static final class Connection extends Conn {
    private final TargetState target;
    private final ArrayDeque<Exchange> waiting = new ArrayDeque<>();
    private @Nullable EpollSocketChannel channel;
    private boolean ready;
    private boolean leaving;
    private int streams;
    private int served;

    Connection(Worker worker, TargetState target) {
      super(worker);
      this.target = target;
    }

    boolean takesMore() {
      return !leaving && streams + waiting.size() < MAX_STREAMS;
    }

    void ask(Exchange x) {
      if (ready) {
        open(x);
      } else {
        waiting.add(x);
      }
    }

    void connect(SocketRooms.Room room) {
      EpollSocketChannel made = room.make(EpollSocketChannel::new);
      channel = made;
      made.config()
          .setOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, BackHttp1.CONNECT_TIMEOUT_MILLIS);
      boolean tls = target.group.spec.protocol().secure();
      SslHandler ssl = tls ? Tls.toTarget(made.alloc(), target, true) : null;
      if (ssl != null) {
        made.pipeline().addLast(ssl);
      }
      made.pipeline()
          .addLast(
              Http2FrameCodecBuilder.forClient()
                  .initialSettings(
                      Http2Settings.defaultSettings()
                          .pushEnabled(false)
                          .initialWindowSize(256 * 1024)
                          .maxHeaderListSize(HeadParser.MAX_RESPONSE_HEAD))
                  .build(),
              new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()),
              this);
      worker
          .loop
          .register(made)
          .addListener(
              registered ->
                  made.connect(target.address, target.group.spec.from())
                      .addListener(
                          connected -> {
                            if (!connected.isSuccess()) {
                              failed(connected.cause(), false);
                            } else if (ssl == null) {
                              begin();
                            } else {
                              ssl.handshakeFuture()
                                  .addListener(
                                      shaken -> {
                                        if (shaken.isSuccess()) {
                                          begin();
                                        } else {
                                          failed(shaken.cause(), true);
                                        }
                                      });
                            }
                          }));
    }

    private void begin() {
      ready = true;
      Exchange x;
      while ((x = waiting.poll()) != null) {
        open(x);
      }
    }

    private void failed(Throwable cause, boolean tls) {
      leave();
      Exchange x;
      while ((x = waiting.poll()) != null) {
        x.connectFailed(cause, tls);
      }
      Channel made = channel;
      if (made != null) {
        made.close();
      }
    }

    private void open(Exchange x) {
      Channel made = channel;
      if (made == null) {
        throw new IllegalStateException("not connected");
      }
      streams++;
      lastActive = System.nanoTime();
      BackHttp2 back = new BackHttp2(worker, this, x, served++ > 0);
      new Http2StreamChannelBootstrap(made)
          .handler(back)
          .open()
          .addListener(
              opened -> {
                if (opened.isSuccess()) {
                  back.stream = (Http2StreamChannel) opened.getNow();
                  x.connected(back);
                } else {
                  ended();
                  x.connectFailed(opened.cause(), false);
                }
              });
    }

    void ended() {
      streams--;
      lastActive = System.nanoTime();
      if (leaving) {
        closeIfIdle();
      }
    }

    private void leave() {
      leaving = true;
      List<Connection> all = target.multiplexed.get(worker.index);
      all.remove(this);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object frame) {
      if (frame instanceof Http2GoAwayFrame) {
        leave();
      }
      ReferenceCountUtil.release(frame);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      leave();
      context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      worker.owner.connectionProblem(cause);
      context.close();
    }

    @Override
    void tick(long now) {
      if (ready && streams == 0 && now - lastActive > worker.owner.targetIdleNanos()) {
        leave();
        if (channel != null) {
          channel.close();
        }
      }
    }

    @Override
    void targetDraining(TargetState drained) {
      if (drained == target) {
        leave();
        closeIfIdle();
      }
    }

    @Override
    void targetRemoved(TargetState removed) {
      if (removed == target) {
        leave();
        if (channel != null) {
          channel.close();
        }
      }
    }

    @Override
    void shut() {
      closeIfIdle();
    }

    /** Nobody is served, nor waits for the connection to stand. */
    private void closeIfIdle() {
      if (streams == 0 && waiting.isEmpty() && channel != null) {
        channel.close();
      }
    }
  }

  static void connect(Worker worker, TargetState target, SocketRooms.Room room, Exchange x) {
    List<Connection> all = target.multiplexed.get(worker.index);
    for (Connection one : all) {
      if (one.takesMore()) {
        one.ask(x);
        return;
      }
    }
    Connection fresh = new Connection(worker, target);
    all.add(fresh);
    fresh.ask(x);
    fresh.connect(room);
  }

  private final Worker worker;
  private final Connection connection;
  private final boolean reused;
  private @Nullable Exchange exchange;
  private @Nullable Http2StreamChannel stream;
  private boolean endSent;
  private boolean headSeen;
  private boolean over;

  private BackHttp2(Worker worker, Connection connection, Exchange exchange, boolean reused) {
    this.worker = worker;
    this.connection = connection;
    this.exchange = exchange;
    this.reused = reused;
  }

  private Http2StreamChannel stream() {
    Http2StreamChannel open = stream;
    if (open == null) {
      throw new IllegalStateException("the stream is not open");
    }
    return open;
  }

  // --- Back ----------------------------------------------------------------------------------

  @Override
  public boolean reused() {
    return reused;
  }

  @Override
  public void sendHead(Exchange x) {
    Head h = x.head();
    RequestHead.write(worker, x, worker.out);
    String text = worker.out.text(0, worker.out.size);
    boolean secure = connection.target.group.spec.protocol().secure();
    Http2Headers headers = Http2Heads.toTarget(text, secure ? "https" : "http", Grpc.is(h));
    endSent = x.requestSent() && !h.chunked && h.contentLength <= 0;
    stream().write(new DefaultHttp2HeadersFrame(headers, endSent), stream().voidPromise());
  }

  @Override
  public void bodyPart(ByteBuf data) {
    stream().write(new DefaultHttp2DataFrame(data), stream().voidPromise());
  }

  @Override
  public void requestEnd() {
    if (!endSent) {
      endSent = true;
      stream()
          .write(new DefaultHttp2DataFrame(Unpooled.EMPTY_BUFFER, true), stream().voidPromise());
    }
    stream().flush();
  }

  @Override
  public void flush() {
    stream().flush();
  }

  @Override
  public boolean writable() {
    return stream().isWritable();
  }

  @Override
  public void pauseReading() {
    stream().config().setAutoRead(false);
  }

  @Override
  public void resumeReading() {
    stream().config().setAutoRead(true);
  }

  @Override
  public void cancel() {
    exchange = null;
    Http2StreamChannel open = stream;
    if (open != null && open.isActive()) {
      open.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL));
    }
  }

  // --- reading -------------------------------------------------------------------------------

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object frame) {
    Exchange x = exchange;
    switch (frame) {
      case Http2HeadersFrame headers -> {
        if (x != null) {
          head(x, headers);
        }
      }
      case Http2DataFrame data -> {
        if (x == null) {
          data.release();
          return;
        }
        boolean end = data.isEndStream();
        x.responsePart(data.content().retain());
        data.release();
        if (end) {
          exchange = null;
          x.responseEnd(null);
        }
      }
      case Http2ResetFrame _ -> gone(true);
      default -> ReferenceCountUtil.release(frame);
    }
  }

  private void head(Exchange x, Http2HeadersFrame frame) {
    Head h = new Head();
    h.clear();
    if (headSeen) {
      Http2Heads.fields(frame.headers(), h);
      exchange = null;
      x.responseEnd(h);
      return;
    }
    Http2Heads.response(frame.headers(), h);
    if (h.status >= 100 && h.status < 200) {
      return;
    }
    headSeen = true;
    if (h.status == 0) {
      exchange = null;
      x.targetTalksNonsense();
      cancel();
      return;
    }
    x.responseHead(h);
    if (frame.isEndStream()) {
      exchange = null;
      x.responseEnd(null);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    Exchange x = exchange;
    if (x != null && headSeen) {
      x.flushResponse();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Exchange x = exchange;
    if (x != null && ctx.channel().isWritable()) {
      x.targetWritable();
    }
  }

  private void gone(boolean reset) {
    Exchange x = exchange;
    exchange = null;
    if (x != null) {
      x.targetGone(reset);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (!over) {
      over = true;
      connection.ended();
    }
    gone(false);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    worker.owner.connectionProblem(cause);
    ctx.close();
  }
}
