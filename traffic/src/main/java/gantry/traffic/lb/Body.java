package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;

/** Where the body of an HTTP/1 message ends, found as it flows by: nothing is kept. */
final class Body {

  /** Takes each part of the body as it comes. */
  interface Sink {
    /** Owns {@code data} from here on. */
    void take(ByteBuf data);
  }

  enum Progress {
    MORE,
    DONE,
    BAD
  }

  private static final int NONE = 0;
  private static final int LENGTH = 1;
  private static final int UNTIL_CLOSE = 2;
  private static final int CHUNK_SIZE = 3;
  private static final int CHUNK_DATA = 4;
  private static final int CHUNK_END = 5;
  private static final int TRAILER = 6;

  static final int MAX_CHUNK_LINE = 4096;
  static final int MAX_TRAILERS = 8 * 1024;

  private int mode = NONE;
  private long left;
  private int line;
  private int digits;
  private boolean extension;
  private boolean carriage;
  private int trailerBytes;

  void none() {
    mode = NONE;
  }

  void length(long length) {
    mode = length == 0 ? NONE : LENGTH;
    left = length;
  }

  void untilClose() {
    mode = UNTIL_CLOSE;
  }

  void chunked() {
    mode = CHUNK_SIZE;
    startChunk();
  }

  boolean empty() {
    return mode == NONE;
  }

  boolean endsWithConnection() {
    return mode == UNTIL_CLOSE;
  }

  private void startChunk() {
    left = 0;
    line = 0;
    digits = 0;
    extension = false;
    carriage = false;
  }

  /** Reads from {@code in} what belongs to the body, and gives it to {@code sink}. */
  Progress read(ByteBuf in, Sink sink) {
    while (true) {
      switch (mode) {
        case NONE -> {
          return Progress.DONE;
        }
        case UNTIL_CLOSE -> {
          if (in.isReadable()) {
            sink.take(in.readRetainedSlice(in.readableBytes()));
          }
          return Progress.MORE;
        }
        case LENGTH -> {
          int size = Math.toIntExact(Math.min(left, in.readableBytes()));
          if (size == 0) {
            return Progress.MORE;
          }
          left -= size;
          if (left == 0) {
            mode = NONE;
          }
          sink.take(in.readRetainedSlice(size));
        }
        case CHUNK_SIZE -> {
          Progress progress = size(in);
          if (progress != Progress.DONE) {
            return progress;
          }
          mode = left == 0 ? TRAILER : CHUNK_DATA;
          line = 0;
          trailerBytes = 0;
          carriage = false;
        }
        case CHUNK_DATA -> {
          int size = Math.toIntExact(Math.min(left, in.readableBytes()));
          if (size == 0) {
            return Progress.MORE;
          }
          left -= size;
          if (left == 0) {
            mode = CHUNK_END;
          }
          sink.take(in.readRetainedSlice(size));
        }
        case CHUNK_END -> {
          while (in.isReadable()) {
            byte b = in.readByte();
            if (!carriage) {
              if (b != '\r') {
                return Progress.BAD;
              }
              carriage = true;
            } else {
              if (b != '\n') {
                return Progress.BAD;
              }
              mode = CHUNK_SIZE;
              startChunk();
              break;
            }
          }
          if (mode == CHUNK_END) {
            return Progress.MORE;
          }
        }
        case TRAILER -> {
          Progress progress = trailer(in);
          if (progress == Progress.DONE) {
            mode = NONE;
          }
          return progress;
        }
        default -> throw new IllegalStateException("mode " + mode);
      }
    }
  }

  private Progress size(ByteBuf in) {
    while (in.isReadable()) {
      byte b = in.readByte();
      if (++line > MAX_CHUNK_LINE) {
        return Progress.BAD;
      }
      if (carriage) {
        return b == '\n' ? Progress.DONE : Progress.BAD;
      }
      if (b == '\r') {
        if (digits == 0) {
          return Progress.BAD;
        }
        carriage = true;
        continue;
      }
      if (extension) {
        // Extensions are read over and not passed on.
        if (((b & 255) < 0x20 && b != '\t') || b == 0x7f) {
          return Progress.BAD;
        }
        continue;
      }
      int digit = hex(b);
      if (digit >= 0) {
        if (++digits > 15) {
          return Progress.BAD;
        }
        left = (left << 4) | digit;
      } else if (b == ';' && digits > 0) {
        extension = true;
      } else {
        return Progress.BAD;
      }
    }
    return Progress.MORE;
  }

  /** Trailers are read over: ALB drops them from HTTP/1 messages. */
  private Progress trailer(ByteBuf in) {
    while (in.isReadable()) {
      byte b = in.readByte();
      if (++trailerBytes > MAX_TRAILERS) {
        return Progress.BAD;
      }
      if (carriage) {
        if (b != '\n') {
          return Progress.BAD;
        }
        if (line == 0) {
          return Progress.DONE;
        }
        line = 0;
        carriage = false;
      } else if (b == '\r') {
        carriage = true;
      } else if (b == '\n' || b == 0) {
        return Progress.BAD;
      } else {
        line++;
      }
    }
    return Progress.MORE;
  }

  private static int hex(byte b) {
    if (b >= '0' && b <= '9') {
      return b - '0';
    }
    int c = b | 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  }
}
