package gantry.app.http;

import gantry.traffic.LateFlush;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What goes out on a connection of HTTP/1.1 or a stream of HTTP/2: answers come from whichever
 * thread their handler runs on, and are written by the connection's own, in the order they came.
 * Whoever writes faster than the client reads waits, unless it is the connection's thread.
 */
final class Outgoing {

  private static final String CONNECTION = "connection";
  private static final byte[] NOTHING = {};

  /** Copying more than this costs more than what it saves. */
  private static final int COPIED_MOST = 4 * 1024;

  /** How many bytes may wait for the connection's thread before who writes them waits too. */
  private static final int HANDED_OVER_MOST = 256 * 1024;

  private final boolean http2;

  /** Whether the connection cannot go on after this answer, for reasons of the request's. */
  private final BooleanSupplier last;

  private final Object writable = new Object();
  private final AtomicLong handedOver = new AtomicLong();
  private @Nullable ChannelHandlerContext context;
  private @Nullable FileAnswer sending;
  private boolean keepAlive = true;
  private boolean old;
  private boolean reading;
  private boolean unflushed;
  private volatile boolean gone;

  Outgoing(boolean http2, BooleanSupplier last) {
    this.http2 = http2;
    this.last = last;
  }

  // ---- from any thread

  boolean onLoop() {
    return context().executor().inEventLoop();
  }

  void onLoop(Runnable task) {
    if (onLoop()) {
      task.run();
    } else {
      context().executor().execute(task);
    }
  }

  /** Whether the client has hung up. */
  boolean gone() {
    return gone;
  }

  void live() throws IOException {
    if (gone) {
      throw new IOException("the client has gone");
    }
  }

  /** All of an answer. */
  void whole(int status, AnswerHeaders headers, byte[] body, boolean sendBody) throws IOException {
    live();
    HttpResponseStatus said = HttpResponseStatus.valueOf(status);
    byte[] content = sendBody ? body : NOTHING;
    onLoop(
        () -> {
          usual(headers);
          write(
              inOnePiece(status, content)
                  ? headers.answer(said, content, context().alloc())
                  : full(said, Unpooled.wrappedBuffer(content), headers));
        });
  }

  /** Most answers of an API; others' heads depend on their status, and are the codec's. */
  private boolean inOnePiece(int status, byte[] content) {
    return !http2
        && content.length <= COPIED_MOST
        && status >= 200
        && status != 204
        && status != 205
        && status != 304;
  }

  private static FullHttpResponse full(
      HttpResponseStatus status, ByteBuf body, AnswerHeaders headers) {
    return new DefaultFullHttpResponse(
        HttpVersion.HTTP_1_1, status, body, headers.forNetty(), EmptyHttpHeaders.INSTANCE);
  }

  /** The head of an answer; with {@code length}, its headers say how long the body will be. */
  void begin(int status, AnswerHeaders headers, boolean length) throws IOException {
    live();
    HttpResponseStatus said = HttpResponseStatus.valueOf(status);
    onLoop(
        () -> {
          if (!length && !http2) {
            if (old) {
              keepAlive = false; // its end is the connection's
            } else {
              headers.set("transfer-encoding", "chunked");
            }
          }
          usual(headers);
          write(new DefaultHttpResponse(HttpVersion.HTTP_1_1, said, headers.forNetty()));
        });
  }

  void more(byte[] bytes) throws IOException {
    handOver(bytes.length, () -> write(new DefaultHttpContent(Unpooled.wrappedBuffer(bytes))));
  }

  void end() throws IOException {
    live();
    onLoop(() -> write(LastHttpContent.EMPTY_LAST_CONTENT));
  }

  /** HTTP/2 frames what it sends, and whoever is on the loop cannot wait for it. */
  boolean sendsFiles() {
    return !http2 && !onLoop();
  }

  /** A part of a file as the body, or as a part of it; returns when all of it was handed over. */
  void file(FileChannel file, long from, long count) throws IOException {
    live();
    FileAnswer answer = new FileAnswer(context(), file, from, count);
    onLoop(
        () -> {
          sending = answer;
          answer.run();
        });
    answer.await();
  }

  /** Bytes for a connection that speaks HTTP no more. */
  void raw(byte[] bytes) throws IOException {
    handOver(bytes.length, () -> context().writeAndFlush(Unpooled.wrappedBuffer(bytes)));
  }

  /** What the connection's thread has yet to take counts too: it may be at other work. */
  private void handOver(int bytes, Runnable write) throws IOException {
    live();
    if (onLoop()) {
      write.run(); // it cannot wait for itself
      return;
    }
    handedOver.addAndGet(bytes);
    context()
        .executor()
        .execute(
            () -> {
              try {
                write.run();
              } finally {
                taken(bytes);
              }
            });
    untilWritable();
  }

  /** Lets a client that asked first send its body. */
  void goOn() {
    onLoop(
        () ->
            context()
                .writeAndFlush(
                    new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER)));
  }

  /** A client that takes its answer slowly is waited for by its own handler. */
  private void untilWritable() throws IOException {
    if (takesMore()) {
      return;
    }
    synchronized (writable) {
      while (!takesMore() && !gone) {
        try {
          writable.wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IOException("writing the answer was interrupted", e);
        }
      }
    }
    live();
  }

  private void taken(int bytes) {
    long before = handedOver.getAndAdd(-bytes);
    if (before > HANDED_OVER_MOST && before - bytes <= HANDED_OVER_MOST) {
      writabilityChanged();
    }
  }

  private boolean takesMore() {
    return handedOver.get() <= HANDED_OVER_MOST && context().channel().isWritable();
  }

  // ---- on the connection's thread

  void attach(ChannelHandlerContext ctx) {
    context = ctx;
  }

  ChannelHandlerContext context() {
    return Objects.requireNonNull(context);
  }

  /** The answers that follow are this request's. */
  void answers(HttpRequest request) {
    old = request.protocolVersion().equals(HttpVersion.HTTP_1_0);
    keepAlive = http2 || HttpUtil.isKeepAlive(request);
  }

  boolean old() {
    return old;
  }

  boolean keepAlive() {
    return keepAlive;
  }

  /** The answer that is given now is the connection's last. */
  void closes() {
    keepAlive = false;
  }

  /** Something is being read; what is answered meanwhile leaves at once when all is read. */
  void reads() {
    reading = true;
  }

  void hasRead() {
    reading = false;
    if (unflushed) {
      unflushed = false;
      if (http2) {
        context().flush(); // the connection's own handler gathers those of all its streams
      } else {
        LateFlush.flush(context());
      }
    }
  }

  private void usual(AnswerHeaders headers) {
    headers.set("date", DateHeader.now());
    if ("close".equalsIgnoreCase(headers.get(CONNECTION))) {
      keepAlive = false;
    }
    if (last.getAsBoolean()) {
      keepAlive = false; // where this request ends will not be looked for
    }
    if (!keepAlive && !http2) {
      headers.set(CONNECTION, "close");
    }
  }

  private void write(Object message) {
    ChannelHandlerContext ctx = context();
    if (reading) {
      unflushed = true;
      ctx.write(message);
    } else {
      ctx.writeAndFlush(message);
    }
  }

  /** An answer that nobody's handler gives, and the connection's last. */
  void refuse(int status, String message) {
    byte[] body = line(message);
    AnswerHeaders headers = new AnswerHeaders();
    headers.set("content-type", "text/plain");
    headers.set("content-length", Integer.toString(body.length));
    keepAlive = false;
    usual(headers);
    write(full(HttpResponseStatus.valueOf(status), Unpooled.wrappedBuffer(body), headers));
  }

  static byte[] line(String text) {
    return (text + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /** Answers 101 at once; HTTP is not spoken from then on. */
  void switches(AnswerHeaders headers) {
    ChannelHandlerContext ctx = context();
    ctx.write(full(HttpResponseStatus.SWITCHING_PROTOCOLS, Unpooled.EMPTY_BUFFER, headers));
    Http1.becomeTunnel(ctx.pipeline());
    ctx.flush();
  }

  /** The answer has left; what comes next is another one's. */
  void answered() {
    sending = null;
  }

  /** Whether the client takes nothing of the file that is being sent. */
  boolean stalled(long now, Limits limits) {
    return sending != null && sending.stalled(now, limits.idle().toNanos());
  }

  void writabilityChanged() {
    synchronized (writable) {
      writable.notifyAll();
    }
  }

  void hungUp() {
    gone = true;
    writabilityChanged();
  }
}
