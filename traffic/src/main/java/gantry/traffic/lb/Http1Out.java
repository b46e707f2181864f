package gantry.traffic.lb;

import gantry.traffic.LateFlush;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What goes out on an HTTP/1 connection. Small pieces wait in one buffer for what follows them, so
 * that a head and a short body take one write; the body is cut into chunks where its length was not
 * told.
 */
final class Http1Out {

  private static final byte[] CONTINUE =
      "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DIGITS = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
  private static final int LEAST_ROOM = 256;

  /** The size of a chunk in digits, and the two line ends. */
  private static final int CHUNK_FRAME = 24;

  private final ChannelHandlerContext ctx;

  /** A body part this small travels in one buffer with the head. */
  private final int copyLimit;

  private @Nullable ByteBuf unsent;
  private boolean chunked;

  Http1Out(ChannelHandlerContext ctx, int copyLimit) {
    this.ctx = ctx;
    this.copyLimit = copyLimit;
  }

  /**
   * Begins a message.
   *
   * @param bodyFollows so there is to be room for the beginning of it
   * @param inChunks how the body is written
   */
  void head(Bytes head, boolean bodyFollows, boolean inChunks) {
    send();
    chunked = inChunks;
    ByteBuf buffer = ctx.alloc().directBuffer(head.size + (bodyFollows ? copyLimit : 0));
    head.copyTo(buffer);
    unsent = buffer;
  }

  /** From here on bytes go as they come. */
  void raw() {
    chunked = false;
  }

  /** Owns {@code data}. */
  void part(ByteBuf data) {
    if (chunked) {
      chunk(data);
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

  private void chunk(ByteBuf data) {
    int size = data.readableBytes();
    if (size == 0) {
      data.release();
      return;
    }
    ByteBuf held = held(size <= copyLimit ? size + CHUNK_FRAME : CHUNK_FRAME);
    writeHex(held, size);
    held.writeByte('\r').writeByte('\n');
    if (size <= copyLimit) {
      held.writeBytes(data);
      data.release();
    } else {
      send();
      ctx.write(data, ctx.voidPromise());
      held = held(CHUNK_FRAME);
    }
    held.writeByte('\r').writeByte('\n');
  }

  private static void writeHex(ByteBuf out, int value) {
    int digits = Math.max(1, (35 - Integer.numberOfLeadingZeros(value)) / 4);
    for (int i = digits - 1; i >= 0; i--) {
      out.writeByte(DIGITS[value >>> (4 * i) & 15]);
    }
  }

  /** The message is whole. */
  void end() {
    if (chunked) {
      chunked = false;
      held(LAST_CHUNK.length).writeBytes(LAST_CHUNK);
    }
  }

  private ByteBuf held(int room) {
    ByteBuf held = unsent;
    if (held != null && held.writableBytes() < room) {
      send();
      held = null;
    }
    if (held == null) {
      held = ctx.alloc().directBuffer(Math.max(room, LEAST_ROOM));
      unsent = held;
    }
    return held;
  }

  /** Hands over what waits, without a flush. */
  void send() {
    ByteBuf held = unsent;
    if (held != null) {
      unsent = null;
      ctx.write(held, ctx.voidPromise());
    }
  }

  /** Lets a client that asked first send its body. */
  void goOn() {
    ctx.writeAndFlush(Unpooled.wrappedBuffer(CONTINUE), ctx.voidPromise());
  }

  void flush() {
    send();
    LateFlush.flush(ctx);
  }

  void flushNow() {
    send();
    ctx.flush();
  }

  /** The connection is over. */
  void release() {
    ByteBuf held = unsent;
    if (held != null) {
      unsent = null;
      held.release();
    }
  }
}
