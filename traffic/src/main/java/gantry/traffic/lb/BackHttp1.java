package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslHandler;
import org.jspecify.annotations.Nullable;

/** An HTTP/1.1 connection to a target: one request at a time, kept for the next. */
final class BackHttp1 extends Conn implements Back, Body.Sink, HeldHeads.Holder {

  private enum State {
    CONNECTING,
    IDLE,
    HEAD,
    BODY,
    TUNNEL,
    CLOSED
  }

  static final int CONNECT_TIMEOUT_MILLIS = 10_000;
  private static final int COPY_LIMIT = 2048;
  private static final int MAX_IDLE = 512;

  private final TargetState target;
  private final Body body = new Body();
  private final Http1In in = new Http1In();

  @SuppressWarnings("NullAway.Init")
  private ChannelHandlerContext ctx;

  @SuppressWarnings("NullAway.Init")
  private Http1Out out;

  private State state = State.CONNECTING;
  private @Nullable Exchange exchange;
  private int served;
  private boolean reusable;
  private boolean reset;

  /** The client has not been sent the head yet: nothing of the body has come. */
  private boolean headAlone;

  BackHttp1(Worker worker, TargetState target) {
    super(worker);
    this.target = target;
  }

  void connect(SocketRooms.Room room, Exchange first) {
    exchange = first;
    EpollSocketChannel channel = room.make(EpollSocketChannel::new);
    channel.config().setOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS);
    channel.config().setOption(ChannelOption.RECVBUF_ALLOCATOR, LoadBalancers.receiveBuffers());
    channel.config().setOption(ChannelOption.ALLOCATOR, LoadBalancers.ALLOCATOR);
    channel.config().setOption(ChannelOption.WRITE_BUFFER_WATER_MARK, LoadBalancers.WATER);
    boolean tls = target.group.spec.protocol().secure();
    SslHandler ssl = tls ? Tls.toTarget(channel.alloc(), target) : null;
    if (ssl != null) {
      channel.pipeline().addLast(ssl);
    }
    channel.pipeline().addLast(this);
    var _ =
        worker
            .loop
            .register(channel)
            .addListener(
                registered ->
                    channel
                        .connect(target.address, target.group.spec.from())
                        .addListener(
                            connected -> {
                              if (!connected.isSuccess()) {
                                failed(connected.cause(), false);
                              } else if (ssl == null) {
                                ready();
                              } else {
                                ssl.handshakeFuture()
                                    .addListener(
                                        shaken -> {
                                          if (shaken.isSuccess()) {
                                            ready();
                                          } else {
                                            failed(shaken.cause(), true);
                                          }
                                        });
                              }
                            }));
  }

  private void failed(Throwable cause, boolean tls) {
    state = State.CLOSED;
    Exchange x = exchange;
    exchange = null;
    ctx.close();
    if (x != null) {
      x.connectFailed(cause, tls);
    }
  }

  private void ready() {
    lastActive = System.nanoTime();
    Exchange x = exchange;
    if (x == null) {
      state = State.CLOSED;
      ctx.close();
      return;
    }
    begin(x);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    out = new Http1Out(context, COPY_LIMIT);
    super.handlerAdded(context);
  }

  boolean usable() {
    return state == State.IDLE && ctx.channel().isActive();
  }

  void begin(Exchange x) {
    exchange = x;
    headAlone = false;
    state = State.HEAD;
    reusable = false;
    lastActive = System.nanoTime();
    x.connected(this);
  }

  // --- Back ----------------------------------------------------------------------------------

  @Override
  public boolean reused() {
    return served > 0;
  }

  @Override
  public void sendHead(Exchange x) {
    Head h = x.head();
    Bytes text = worker.out;
    RequestHead.write(worker, x, text);
    out.head(text, h.chunked || h.contentLength > 0, h.chunked);
  }

  @Override
  public void bodyPart(ByteBuf data) {
    out.part(data);
  }

  @Override
  public void requestEnd() {
    out.end();
    flush();
  }

  @Override
  public void flush() {
    out.flush();
  }

  @Override
  public void flushNow() {
    out.flushNow();
  }

  @Override
  public boolean writable() {
    return ctx.channel().isWritable();
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
  public void cancel() {
    exchange = null;
    if (state == State.TUNNEL) {
      flushNow();
    }
    state = State.CLOSED;
    ctx.close();
  }

  // --- reading -------------------------------------------------------------------------------

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    lastActive = System.nanoTime();
    ByteBuf data = in.with((ByteBuf) message, context.alloc());
    process(data);
    if (data.isReadable() && state == State.HEAD) {
      in.keep(data);
    } else {
      data.release();
    }
  }

  private void process(ByteBuf data) {
    while (true) {
      switch (state) {
        case HEAD -> {
          if (!head(data)) {
            return;
          }
        }
        case BODY -> {
          switch (body.read(data, this)) {
            case MORE -> {
              return;
            }
            case DONE -> {
              if (state == State.BODY) {
                answered(data);
              }
              return;
            }
            case BAD -> {
              nonsense();
              return;
            }
          }
        }
        case TUNNEL -> {
          if (data.isReadable() && exchange != null) {
            exchange.responsePart(data.readRetainedSlice(data.readableBytes()));
          }
          return;
        }
        case IDLE -> {
          // Bytes that nobody asked for: whoever sent them is not to be trusted with a request.
          if (data.isReadable()) {
            state = State.CLOSED;
            ctx.close();
          }
          return;
        }
        case CONNECTING, CLOSED -> {
          data.skipBytes(data.readableBytes());
          return;
        }
      }
    }
  }

  private boolean head(ByteBuf data) {
    int available = data.readableBytes();
    Head h = worker.response;
    int end = in.head(data, h, false);
    if (end == HeadParser.INCOMPLETE) {
      if (available > HeadParser.MAX_RESPONSE_HEAD) {
        nonsense();
      }
      return false;
    }
    if (end == HeadParser.REFUSED) {
      nonsense();
      return false;
    }
    data.skipBytes(end);
    Exchange x = exchange;
    if (x == null) {
      state = State.CLOSED;
      ctx.close();
      return false;
    }
    int status = h.status;
    if (status < 200 && status != 101) {
      // 100 was said by the balancer itself; early hints and the like end here.
      return true;
    }
    if (!x.responseHead(h)) {
      if (state != State.CLOSED) {
        state = State.CLOSED;
        ctx.close();
      }
      return false;
    }
    if (state == State.CLOSED) {
      return false;
    }
    if (status == 101) {
      state = State.TUNNEL;
      out.raw();
      return true;
    }
    reusable = h.version == 11 ? !h.close : h.keepAlive;
    if (x.expectsNoBody()) {
      body.none();
    } else if (h.chunked) {
      body.chunked();
    } else if (h.contentLength >= 0) {
      body.length(h.contentLength);
    } else {
      body.untilClose();
      reusable = false;
    }
    state = State.BODY;
    headAlone = !body.empty();
    return true;
  }

  @Override
  public void take(ByteBuf data) {
    headAlone = false;
    Exchange x = exchange;
    if (x == null) {
      data.release();
    } else {
      x.responsePart(data);
    }
  }

  private void answered(ByteBuf data) {
    Exchange x = exchange;
    exchange = null;
    served++;
    boolean keep = reusable && !data.isReadable() && x != null && x.mayKeepTarget();
    if (keep) {
      state = State.IDLE;
      if (!ctx.channel().config().isAutoRead()) {
        ctx.channel().config().setAutoRead(true);
      }
      var idle = target.idle[worker.index];
      if (idle.size() < MAX_IDLE) {
        idle.addLast(this);
      } else {
        state = State.CLOSED;
        ctx.close();
      }
    } else {
      state = State.CLOSED;
    }
    if (x != null) {
      x.responseEnd(null);
    }
    if (!keep) {
      ctx.close();
    }
  }

  private void nonsense() {
    state = State.CLOSED;
    Exchange x = exchange;
    exchange = null;
    ctx.close();
    if (x != null) {
      x.targetTalksNonsense();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    Exchange x = exchange;
    if (x != null && (state == State.BODY || state == State.TUNNEL)) {
      if (headAlone) {
        worker.heldHeads.add(this);
      } else {
        x.flushResponse();
      }
    }
  }

  /** No body has followed the head so far: the client gets it now. */
  @Override
  public void headWaited() {
    Exchange x = exchange;
    if (headAlone && x != null) {
      headAlone = false;
      x.flushResponse();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    Exchange x = exchange;
    if (x != null && ctx.channel().isWritable()) {
      x.targetWritable();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    reset = true;
    context.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    State was = state;
    state = State.CLOSED;
    in.release();
    out.release();
    Exchange x = exchange;
    exchange = null;
    if (was == State.IDLE) {
      target.idle[worker.index].remove(this);
    } else if (was == State.CONNECTING) {
      // The failed connect, or handshake, tells the exchange.
      exchange = x;
    } else if (x != null) {
      if (was == State.BODY && body.endsWithConnection() && !reset) {
        x.responseEnd(null);
      } else {
        x.targetGone(reset);
      }
    }
  }

  // --- time and changes ----------------------------------------------------------------------

  @Override
  void tick(long now) {
    if (state == State.IDLE && now - lastActive > worker.owner.targetIdleNanos()) {
      target.idle[worker.index].remove(this);
      state = State.CLOSED;
      ctx.close();
    }
  }

  @Override
  void targetDraining(TargetState drained) {
    if (drained == target && state == State.IDLE) {
      target.idle[worker.index].remove(this);
      state = State.CLOSED;
      ctx.close();
    }
  }

  @Override
  void targetRemoved(TargetState removed) {
    if (removed != target) {
      return;
    }
    targetDraining(removed);
    Exchange x = exchange;
    if (x != null) {
      x.targetRemoved(removed);
    }
  }

  @Override
  void shut() {
    if (exchange == null) {
      ctx.close();
    }
  }
}
