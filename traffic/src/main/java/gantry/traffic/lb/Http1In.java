package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/** What has come on an HTTP/1 connection and is not read yet; finds heads in it. */
final class Http1In {

  /** Most heads are no longer: so much is copied before anybody knows how long this one is. */
  private static final int FIRST_COPY = 4096;

  private @Nullable ByteBuf kept;

  /** How far a head that is not whole yet was looked through for its end. */
  private int scanned;

  /** What was kept, and {@code more} behind it: the caller owns it now. */
  ByteBuf with(ByteBuf more, ByteBufAllocator allocator) {
    ByteBuf before = kept;
    if (before == null) {
      return more;
    }
    kept = null;
    if (before.writableBytes() < more.readableBytes()) {
      ByteBuf joined =
          allocator.buffer(Math.max(1024, 2 * (before.readableBytes() + more.readableBytes())));
      joined.writeBytes(before);
      before.release();
      before = joined;
    }
    before.writeBytes(more);
    more.release();
    return before;
  }

  void keep(ByteBuf in) {
    kept = in;
  }

  /** What was kept, which the caller owns now. */
  @Nullable ByteBuf take() {
    ByteBuf was = kept;
    kept = null;
    return was;
  }

  void release() {
    ByteBuf was = take();
    if (was != null) {
      was.release();
    }
  }

  /** Old clients send some after a body, and HTTP asks to let them. */
  static void skipBlankLines(ByteBuf in) {
    while (in.isReadable()) {
      byte b = in.getByte(in.readerIndex());
      if (b != '\r' && b != '\n') {
        return;
      }
      in.skipBytes(1);
    }
  }

  /** Whether looking for a head's end makes sense again, after it was not whole. */
  boolean mayBeWhole(ByteBuf in) {
    int available = in.readableBytes();
    if (scanned == 0 || available >= HeadParser.MAX_REQUEST_HEAD || blankLineSince(in, scanned)) {
      return true;
    }
    scanned = Math.max(0, available - 3);
    return false;
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

  /** The head's length, {@link HeadParser#INCOMPLETE} or {@link HeadParser#REFUSED}. */
  int head(ByteBuf in, Head h, boolean request) {
    int available = in.readableBytes();
    int size = Math.min(available, FIRST_COPY);
    while (true) {
      h.clear();
      h.room(size);
      in.getBytes(in.readerIndex(), h.bytes, 0, size);
      h.length = size;
      int end = request ? HeadParser.request(h, size) : HeadParser.response(h, size);
      if (end != HeadParser.INCOMPLETE) {
        scanned = 0;
        return end;
      }
      if (size == available) {
        scanned = Math.max(0, available - 3);
        return end;
      }
      size = Math.min(available, size * 4);
    }
  }
}
