package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import java.nio.charset.StandardCharsets;
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

  private static final byte[] HTTP11 = ascii("HTTP/1.1 ");
  private static final byte[] KEEP = ascii("Connection: keep-alive\r\n");
  private static final byte[] CLOSE = ascii("Connection: close\r\n");
  private static final byte[] LENGTH = ascii("Content-Length: ");
  private static final byte[] CHUNKED = ascii("Transfer-Encoding: chunked\r\n");
  private static final byte[] OWN_SERVER = ascii("Server: awselb/2.0\r\n");
  private static final byte[] DATE = ascii("Date: ");
  private static final byte[] TYPE = ascii("Content-Type: ");
  private static final byte[] CONTINUE = ascii("HTTP/1.1 100 Continue\r\n\r\n");
  private static final byte[] LAST_CHUNK = ascii("0\r\n\r\n");

  private final Entry entry;
  private final Client client;
  private final Body body = new Body();

  @SuppressWarnings("NullAway.Init")
  private ChannelHandlerContext ctx;

  private State state = State.HEAD;
  private @Nullable ByteBuf pending;
  private @Nullable ByteBuf unsent;
  private @Nullable Exchange exchange;
  private boolean headBegun;
  private long headSince;
  private boolean processing;
  private boolean chunkedOut;
  private boolean closeAfter;
  private boolean refused;
  private boolean inRead;
  private boolean paused;
  private int scanned;
  private @Nullable Compiled counted;
  private @Nullable Head current;

  FrontHttp1(Worker worker, Entry entry, Client client) {
    super(worker);
    this.entry = entry;
    this.client = client;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    super.handlerAdded(context);
    Compiled any = entry.any();
    if (any != null) {
      counted = any;
      any.state.counters[worker.index].newConnections++;
      worker.owner.connected(any, client, entry.port());
    }
  }

  @Override
  public Client client() {
    return client;
  }

  // --- reading -------------------------------------------------------------------------------

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    lastActive = System.nanoTime();
    inRead = true;
    if (pending != null) {
      pending = append(pending, in);
      in = pending;
      pending = null;
    }
    keep(process(in), in);
  }

  private ByteBuf append(ByteBuf before, ByteBuf more) {
    if (before.writableBytes() < more.readableBytes()) {
      ByteBuf joined =
          ctx.alloc().buffer(Math.max(1024, 2 * (before.readableBytes() + more.readableBytes())));
      joined.writeBytes(before);
      before.release();
      before = joined;
    }
    before.writeBytes(more);
    more.release();
    return before;
  }

  private void keep(boolean open, ByteBuf in) {
    if (open && in.isReadable()) {
      pending = in;
      if (state == State.WAIT && in.readableBytes() > MAX_PIPELINED) {
        ctx.channel().config().setAutoRead(false);
        paused = true;
      }
    } else {
      in.release();
    }
  }

  /** Reads on as far as possible; false when the connection takes nothing more. */
  private boolean process(ByteBuf in) {
    if (processing) {
      return true;
    }
    processing = true;
    try {
      while (true) {
        switch (state) {
          case HEAD -> {
            if (!head(in)) {
              return state != State.DISCARD;
            }
          }
          case BODY -> {
            Exchange x = exchange;
            switch (body.read(in, this)) {
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
            if (in.isReadable() && exchange != null) {
              exchange.requestPart(in.readRetainedSlice(in.readableBytes()));
            }
            return true;
          }
          case DISCARD -> {
            in.skipBytes(in.readableBytes());
            return false;
          }
        }
      }
    } finally {
      processing = false;
    }
  }

  /** Tries to read a head and to begin its exchange; false when there is not enough yet. */
  private boolean head(ByteBuf in) {
    if (!headBegun) {
      while (in.isReadable()) {
        byte b = in.getByte(in.readerIndex());
        if (b != '\r' && b != '\n') {
          break;
        }
        in.skipBytes(1);
      }
    }
    int available = in.readableBytes();
    if (available == 0) {
      return false;
    }
    if (headBegun && !blankLineSince(in, scanned) && available < HeadParser.MAX_REQUEST_HEAD) {
      scanned = Math.max(0, available - 3);
      return false;
    }
    Head h = worker.takeHead();
    int size = Math.min(available, 4096);
    int end;
    while (true) {
      h.clear();
      h.room(size);
      in.getBytes(in.readerIndex(), h.bytes, 0, size);
      h.length = size;
      end = HeadParser.request(h, size);
      if (end != HeadParser.INCOMPLETE || size == available) {
        break;
      }
      size = Math.min(available, size * 4);
    }
    if (end == HeadParser.INCOMPLETE
        && available > HeadParser.MAX_REQUEST_HEAD + HeadParser.MAX_REQUEST_LINE) {
      h.refuse = 400;
      end = HeadParser.REFUSED;
    }
    if (end == HeadParser.INCOMPLETE) {
      worker.giveHead(h);
      if (!headBegun) {
        headBegun = true;
        headSince = lastActive;
      }
      scanned = Math.max(0, available - 3);
      return false;
    }
    scanned = 0;
    headBegun = false;
    chunkedOut = false;
    current = h;
    if (end == HeadParser.REFUSED) {
      in.skipBytes(in.readableBytes());
      Exchange x = new Exchange(worker, this, h, entry.resolve(h), entry.port());
      exchange = x;
      refused = true;
      closeAfter = true;
      x.refuse(h.refuse);
      return true;
    }
    in.skipBytes(end);
    Compiled compiled = entry.resolve(h);
    if (compiled != null && counted == null) {
      counted = compiled;
      compiled.state.counters[worker.index].newConnections++;
    }
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
        ctx.writeAndFlush(Unpooled.wrappedBuffer(CONTINUE), ctx.voidPromise());
      }
      x.start(false);
    }
    return true;
  }

  private static boolean blankLineSince(ByteBuf in, int from) {
    int end = in.writerIndex();
    for (int i = in.readerIndex() + from; i + 1 < end; i++) {
      i = in.indexOf(i, end, (byte) '\n');
      if (i < 0) {
        return false;
      }
      if (i + 2 < end && in.getByte(i + 1) == '\r' && in.getByte(i + 2) == '\n') {
        return true;
      }
      if (i + 1 < end && in.getByte(i + 1) == '\n') {
        return true;
      }
    }
    return false;
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
    flush();
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
    Bytes out = worker.out;
    out.reset(r.length + 4096);
    out.put(HTTP11).number(r.status).put(' ');
    if (r.reasonEnd > r.reasonStart) {
      out.put(r.bytes, r.reasonStart, r.reasonEnd);
    } else {
      out.put(Replies.reason(r.status));
    }
    out.crlf();
    boolean listed = x.connectionLists(r);
    for (int i = 0; i < r.count; i++) {
      switch (r.known(i)) {
        case Head.CONNECTION,
            Head.KEEP_ALIVE,
            Head.PROXY_CONNECTION,
            Head.TE,
            Head.TRAILER,
            Head.TRANSFER_ENCODING,
            Head.CONTENT_LENGTH -> {
          continue;
        }
        case Head.UPGRADE -> {
          if (r.status != 101) {
            continue;
          }
        }
        case Head.SERVER -> {
          if (!x.keepsServerHeader()) {
            continue;
          }
        }
        default -> {}
      }
      if (listed && r.status != 101 && r.namedByConnection(i)) {
        continue;
      }
      // Name, colon, value and line end stand together: one copy where the value is not padded.
      out.put(r.bytes, r.nameStart(i), r.nameEnd(i)).put(':').put(' ');
      out.put(r.bytes, r.valueStart(i), r.valueEnd(i)).crlf();
    }
    x.putExtras(out);
    chunkedOut = false;
    if (r.status == 101) {
      out.put("Connection: upgrade\r\n");
    } else {
      if (x.mustClose() || state == State.BODY) {
        closeAfter = true;
      }
      if (r.contentLength >= 0 && r.status != 204 && r.status >= 200) {
        out.put(LENGTH).number(r.contentLength).crlf();
      } else if (bodyFollows) {
        if (x.head().version == 11) {
          chunkedOut = true;
          out.put(CHUNKED);
        } else {
          closeAfter = true;
        }
      }
      out.put(closeAfter ? CLOSE : KEEP);
    }
    out.crlf();
    emit(out, COPY_LIMIT);
  }

  private void emit(Bytes out, int room) {
    ByteBuf held = unsent;
    if (held != null) {
      unsent = null;
      ctx.write(held, ctx.voidPromise());
    }
    ByteBuf buffer = ctx.alloc().directBuffer(out.size + room);
    out.copyTo(buffer);
    unsent = buffer;
  }

  @Override
  public void bodyPart(ByteBuf data) {
    if (chunkedOut) {
      int size = data.readableBytes();
      if (size == 0) {
        data.release();
        return;
      }
      ByteBuf held = held(size + 24);
      writeHex(held, size);
      held.writeByte('\r').writeByte('\n');
      if (size <= COPY_LIMIT && held.writableBytes() >= size + 2) {
        held.writeBytes(data).writeByte('\r').writeByte('\n');
        data.release();
      } else {
        sendHeld();
        ctx.write(data, ctx.voidPromise());
        held(64).writeByte('\r').writeByte('\n');
      }
      return;
    }
    ByteBuf held = unsent;
    if (held != null) {
      int size = data.readableBytes();
      if (size <= held.writableBytes()) {
        held.writeBytes(data);
        data.release();
        return;
      }
      unsent = null;
      ctx.write(held, ctx.voidPromise());
    }
    ctx.write(data, ctx.voidPromise());
  }

  private ByteBuf held(int room) {
    ByteBuf held = unsent;
    if (held != null && held.writableBytes() < room) {
      sendHeld();
      held = null;
    }
    if (held == null) {
      held = ctx.alloc().directBuffer(Math.max(room, 512));
      unsent = held;
    }
    return held;
  }

  private void sendHeld() {
    ByteBuf held = unsent;
    if (held != null) {
      unsent = null;
      ctx.write(held, ctx.voidPromise());
    }
  }

  private static void writeHex(ByteBuf out, int value) {
    int digits = Math.max(1, (35 - Integer.numberOfLeadingZeros(value)) / 4);
    for (int i = digits - 1; i >= 0; i--) {
      out.writeByte("0123456789abcdef".charAt(value >>> (4 * i) & 15));
    }
  }

  @Override
  public void flush() {
    sendHeld();
    ctx.flush();
  }

  @Override
  public void end(@Nullable Head trailers) {
    if (chunkedOut) {
      held(LAST_CHUNK.length).writeBytes(LAST_CHUNK);
    }
    finish();
  }

  @Override
  public void reply(
      Exchange x, int status, String contentType, byte[] content, @Nullable String location) {
    Bytes out = worker.out;
    out.reset(content.length + 1024);
    if (state == State.BODY || x.mustClose() || status == 400 || status == 408) {
      closeAfter = true;
    }
    out.put(HTTP11).number(status).put(' ').put(Replies.reason(status)).crlf();
    out.put(OWN_SERVER).put(DATE).put(worker.clock.httpDate()).crlf();
    if (content.length > 0) {
      out.put(TYPE).put(contentType).crlf();
    }
    if (status != 204) {
      out.put(LENGTH).number(content.length).crlf();
    }
    out.put(closeAfter ? CLOSE : KEEP);
    if (location != null) {
      out.put("Location: ").put(location).crlf();
    }
    out.crlf();
    if (!x.head().methodIs("HEAD") && status != 204) {
      out.put(content);
    }
    emit(out, 0);
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
        flushAndClose();
      }
      return;
    }
    state = State.HEAD;
    if (pending != null && !processing) {
      ByteBuf more = pending;
      pending = null;
      readAgain();
      flush();
      keep(process(more), more);
    } else {
      readAgain();
      if (!inRead || !processing) {
        flush();
      }
    }
  }

  private void readAgain() {
    paused = false;
    if (!ctx.channel().config().isAutoRead()) {
      ctx.channel().config().setAutoRead(true);
    }
  }

  private void flushAndClose() {
    sendHeld();
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  /**
   * Says goodbye without losing the answer: to close with unread bytes would reset the connection,
   * and the client might never see what it was told.
   */
  private void discard() {
    state = State.DISCARD;
    headSince = System.nanoTime();
    sendHeld();
    Channel channel = ctx.channel();
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(
            written -> {
              if (channel instanceof DuplexChannel duplex && !client.secure) {
                duplex.shutdownOutput();
              } else {
                channel.close();
              }
            });
    channel.config().setAutoRead(true);
  }

  @Override
  public void abort() {
    exchange = null;
    giveHead();
    ByteBuf held = unsent;
    if (held != null) {
      unsent = null;
      ctx.write(held, ctx.voidPromise());
      ctx.flush();
    }
    ctx.close();
  }

  @Override
  public void becomeTunnel() {
    state = State.TUNNEL;
    flush();
    if (pending != null && !processing) {
      ByteBuf more = pending;
      pending = null;
      keep(process(more), more);
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
    if (pending != null) {
      pending.release();
      pending = null;
    }
    if (unsent != null) {
      unsent.release();
      unsent = null;
    }
    if (counted != null) {
      counted.state.counters[worker.index].closedConnections++;
      counted = null;
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A reset by the client, or TLS that does not hold: either way the connection is over.
    worker.owner.connectionProblem(cause);
    context.close();
  }

  @Override
  void tick(long now) {
    Compiled any = counted != null ? counted : entry.any();
    long idle =
        any == null
            ? Duration.ofMinutes(1).toNanos()
            : any.balancer.settings().idleTimeout().toNanos();
    switch (state) {
      case HEAD -> {
        if (headBegun) {
          if (now - headSince > idle) {
            Head h = worker.takeHead();
            h.version = 11;
            Exchange x = new Exchange(worker, this, h, any, entry.port());
            exchange = x;
            headBegun = false;
            closeAfter = refused = true;
            x.refuse(408);
          }
        } else if (now - lastActive > idle) {
          ctx.close();
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
      ctx.close();
    } else {
      closeAfter = true;
    }
  }
}
