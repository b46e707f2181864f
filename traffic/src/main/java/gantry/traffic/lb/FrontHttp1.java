package gantry.traffic.lb;

import gantry.traffic.LateFlush;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A client's HTTP/1 connection.
 *
 * <pre>
 *   HEAD --head parsed--> BODY --body whole--> WAIT --answer whole--> HEAD ...
 *     any --refused or broken--> DISCARD --client closes or time is up--> closed
 *     WAIT --101--> TUNNEL
 * </pre>
 */
final class FrontHttp1 extends Conn implements Front, Body.Sink {

  private enum State {
    HEAD,
    BODY,
    WAIT,
    TUNNEL,
    DISCARD
  }

  /** Bytes of following requests that are taken in while one is being answered. */
  private static final int MAX_PIPELINED = 64 * 1024;

  /** A body part this small travels in one buffer with the head. */
  private static final int COPY_LIMIT = 4096;

  private static final long LINGER_NANOS = Duration.ofSeconds(5).toNanos();

  private final Entry entry;
  private final Client client;
  private final Body body = new Body();

  private final Http1In in = new Http1In();

  @SuppressWarnings("NullAway.Init")
  private ChannelHandlerContext ctx;

  @SuppressWarnings("NullAway.Init")
  private Http1Out out;

  private State state = State.HEAD;
  private @Nullable Exchange exchange;
  private boolean headBegun;
  private long headSince;
  private boolean processing;
  private boolean closeAfter;
  private boolean refused;
  private boolean inRead;
  private boolean paused;

  /** Something was answered while it was read, and has not left. */
  private boolean answered;

  private final Counted counted;
  private @Nullable Head current;

  FrontHttp1(Worker worker, Entry entry, Client client) {
    super(worker);
    this.entry = entry;
    this.client = client;
    this.counted = new Counted(worker, entry, client);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    out = new Http1Out(context, COPY_LIMIT);
    super.handlerAdded(context);
    counted.opened();
  }

  @Override
  public Client client() {
    return client;
  }

  // --- reading -------------------------------------------------------------------------------

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    lastActive = System.nanoTime();
    inRead = true;
    read(in.with((ByteBuf) message, context.alloc()));
  }

  private void read(ByteBuf data) {
    if (process(data) && data.isReadable()) {
      in.keep(data);
      if (state == State.WAIT && data.readableBytes() > MAX_PIPELINED) {
        ctx.channel().config().setAutoRead(false);
        paused = true;
      }
    } else {
      data.release();
    }
  }

  /** Reads on as far as possible; false when the connection takes nothing more. */
  private boolean process(ByteBuf data) {
    if (processing) {
      return true;
    }
    processing = true;
    try {
      while (true) {
        switch (state) {
          case HEAD -> {
            if (!head(data)) {
              return state != State.DISCARD;
            }
          }
          case BODY -> {
            Exchange x = exchange;
            switch (body.read(data, this)) {
              case MORE -> {
                return true;
              }
              case DONE -> {
                // The sink may have ended the exchange, and with it this state.
                if (state == State.BODY) {
                  state = State.WAIT;
                  if (x != null && x == exchange) {
                    x.requestEnd();
                  }
                }
              }
              case BAD -> {
                if (x != null && x == exchange) {
                  x.requestBroken();
                } else {
                  discard();
                }
              }
            }
          }
          case WAIT -> {
            return true;
          }
          case TUNNEL -> {
            if (data.isReadable() && exchange != null) {
              exchange.requestPart(data.readRetainedSlice(data.readableBytes()));
            }
            return true;
          }
          case DISCARD -> {
            data.skipBytes(data.readableBytes());
            return false;
          }
        }
      }
    } finally {
      processing = false;
    }
  }

  /** Tries to read a head and to begin its exchange; false when there is not enough yet. */
  private boolean head(ByteBuf data) {
    if (!headBegun) {
      Http1In.skipBlankLines(data);
    }
    int available = data.readableBytes();
    if (available == 0 || !in.mayBeWhole(data)) {
      return false;
    }
    Head h = worker.takeHead();
    int end = in.head(data, h, true);
    if (end == HeadParser.INCOMPLETE) {
      if (available <= HeadParser.MAX_REQUEST_HEAD + HeadParser.MAX_REQUEST_LINE) {
        worker.giveHead(h);
        if (!headBegun) {
          headBegun = true;
          headSince = lastActive;
        }
        return false;
      }
      h.refuse = 400;
      end = HeadParser.REFUSED;
    }
    headBegun = false;
    current = h;
    if (end == HeadParser.REFUSED) {
      data.skipBytes(available);
      Exchange x = new Exchange(worker, this, h, entry.resolve(h), entry.port());
      exchange = x;
      refused = true;
      closeAfter = true;
      x.refuse(h.refuse);
    } else {
      data.skipBytes(end);
      begin(h);
    }
    return true;
  }

  private void begin(Head h) {
    Compiled compiled = entry.resolve(h);
    counted.asks(compiled);
    Exchange x = new Exchange(worker, this, h, compiled, entry.port());
    exchange = x;
    closeAfter = h.version == 10 ? !h.keepAlive : h.close;
    if (compiled == null
        || lastActive - client.openedNanos
            > compiled.balancer.settings().clientKeepAlive().toNanos()) {
      closeAfter = true;
    }
    if (h.chunked) {
      body.chunked();
    } else {
      body.length(Math.max(0, h.contentLength));
    }
    if (body.empty()) {
      state = State.WAIT;
      x.start(true);
    } else {
      state = State.BODY;
      if (h.expectContinue && h.version == 11) {
        out.goOn();
      }
      x.start(false);
    }
  }

  @Override
  public void take(ByteBuf data) {
    Exchange x = exchange;
    if (x == null) {
      data.release();
    } else {
      x.requestPart(data);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    inRead = false;
    Exchange x = exchange;
    if (x != null) {
      x.flushRequest();
    }
    if (answered) {
      answered = false;
      flushNow(); // the client may have closed its half, and then is closed at once
    }
  }

  @Override
  public void pauseReading() {
    ctx.channel().config().setAutoRead(false);
  }

  @Override
  public void resumeReading() {
    if (!paused) {
      ctx.channel().config().setAutoRead(true);
    }
  }

  // --- writing -------------------------------------------------------------------------------

  @Override
  public void head(Exchange x, Head r, boolean bodyFollows) {
    AnswerHead.Ending ending = AnswerHead.ending(x, r, bodyFollows);
    if (ending == AnswerHead.Ending.CLOSE
        || (ending != AnswerHead.Ending.TUNNEL && (x.mustClose() || state == State.BODY))) {
      closeAfter = true;
    }
    Bytes text = worker.out;
    AnswerHead.write(text, x, r, ending, closeAfter);
    x.account.sent += text.size;
    out.head(text, true, ending == AnswerHead.Ending.CHUNKS);
  }

  @Override
  public void bodyPart(ByteBuf data) {
    out.part(data);
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
  public void end(@Nullable Head trailers) {
    out.end();
    finish();
  }

  @Override
  public void reply(
      Exchange x, int status, String contentType, byte[] content, @Nullable String location) {
    if (state == State.BODY || x.mustClose() || status == 400 || status == 408) {
      closeAfter = true;
    }
    Bytes text = worker.out;
    AnswerHead.writeOwn(
        text,
        worker,
        status,
        contentType,
        content,
        location,
        closeAfter,
        x.head().methodIs("HEAD"));
    out.head(text, false, false);
    x.replied(text.size);
    finish();
  }

  private void giveHead() {
    Head head = current;
    if (head != null) {
      current = null;
      worker.giveHead(head);
    }
  }

  private void finish() {
    exchange = null;
    giveHead();
    if (closeAfter) {
      if (state == State.BODY || refused) {
        discard();
      } else {
        out.send();
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      }
      return;
    }
    state = State.HEAD;
    readAgain();
    ByteBuf more = processing ? null : in.take();
    if (more != null) {
      flush();
      read(more);
    } else if (inRead && processing) {
      answered = true;
    } else {
      flush();
    }
  }

  private void readAgain() {
    paused = false;
    if (!ctx.channel().config().isAutoRead()) {
      ctx.channel().config().setAutoRead(true);
    }
  }

  /**
   * Says goodbye without losing the answer: to close with unread bytes would reset the connection,
   * and the client might never see what it was told.
   */
  private void discard() {
    state = State.DISCARD;
    headSince = System.nanoTime();
    out.send();
    Channel channel = ctx.channel();
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(
            written -> {
              SslHandler tls = channel.pipeline().get(SslHandler.class);
              if (!(channel instanceof DuplexChannel duplex)) {
                channel.close();
              } else if (tls == null) {
                duplex.shutdownOutput();
              } else {
                tls.closeOutbound().addListener(said -> duplex.shutdownOutput());
              }
            });
    channel.config().setAutoRead(true);
  }

  @Override
  public void abort() {
    exchange = null;
    giveHead();
    hangUp();
  }

  @Override
  public void becomeTunnel() {
    state = State.TUNNEL;
    flush();
    ByteBuf more = processing ? null : in.take();
    if (more != null) {
      read(more);
    }
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

  // --- ends ----------------------------------------------------------------------------------

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    Exchange x = exchange;
    exchange = null;
    if (x != null) {
      x.clientGone();
    }
    giveHead();
    in.release();
    out.release();
    counted.closed();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A reset by the client, or TLS that does not hold: either way the connection is over.
    worker.owner.connectionProblem(cause);
    context.close();
  }

  @Override
  void tick(long now) {
    long idle = counted.settings().idleTimeout().toNanos();
    switch (state) {
      case HEAD -> {
        if (headBegun) {
          if (now - headSince > idle) {
            Head h = worker.takeHead();
            h.version = 11;
            Exchange x = new Exchange(worker, this, h, counted.compiled(), entry.port());
            exchange = x;
            headBegun = false;
            closeAfter = refused = true;
            x.refuse(408);
          }
        } else if (now - lastActive > idle) {
          hangUp();
        }
      }
      case BODY, WAIT, TUNNEL -> {
        Exchange x = exchange;
        if (x != null) {
          x.tick(now, idle, lastActive, state == State.BODY);
        }
      }
      case DISCARD -> {
        if (now - headSince > LINGER_NANOS) {
          ctx.close();
        }
      }
    }
  }

  @Override
  void shut() {
    if (exchange == null) {
      hangUp();
    } else {
      closeAfter = true;
    }
  }

  private void hangUp() {
    out.send();
    LateFlush.close(ctx);
  }
}
