package gantry.traffic.lb;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Writes the heads of answers as an HTTP/1 client gets them. */
final class AnswerHead {

  private static final byte[] HTTP11 = ascii("HTTP/1.1 ");
  private static final byte[] KEEP = ascii("Connection: keep-alive\r\n");
  private static final byte[] CLOSE = ascii("Connection: close\r\n");
  private static final byte[] LENGTH = ascii("Content-Length: ");
  private static final byte[] CHUNKED = ascii("Transfer-Encoding: chunked\r\n");
  private static final byte[] OWN_SERVER = ascii("Server: awselb/2.0\r\n");
  private static final byte[] DATE = ascii("Date: ");
  private static final byte[] TYPE = ascii("Content-Type: ");

  private AnswerHead() {}

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** How the body of an answer is told to end. */
  enum Ending {
    /** There is none, or its length is told. */
    LENGTH,
    CHUNKS,
    CLOSE,
    /** No answer any more: bytes. */
    TUNNEL
  }

  static Ending ending(Exchange x, Head r, boolean bodyFollows) {
    if (r.status == 101) {
      return Ending.TUNNEL;
    }
    if (lengthTold(r) || !bodyFollows) {
      return Ending.LENGTH;
    }
    return x.head().version == 11 ? Ending.CHUNKS : Ending.CLOSE;
  }

  private static boolean lengthTold(Head r) {
    return r.contentLength >= 0 && r.status != 204 && r.status >= 200;
  }

  /** A target's answer. */
  static void write(Bytes out, Exchange x, Head r, Ending ending, boolean close) {
    out.reset(r.length + 4096);
    out.put(HTTP11).number(r.status).put(' ');
    if (r.reasonEnd > r.reasonStart) {
      out.put(r.bytes, r.reasonStart, r.reasonEnd);
    } else {
      out.put(Replies.reason(r.status));
    }
    out.crlf();
    headers(out, x, r);
    x.putExtras(out);
    if (ending == Ending.TUNNEL) {
      out.put("Connection: upgrade\r\n");
    } else {
      if (lengthTold(r)) {
        out.put(LENGTH).number(r.contentLength).crlf();
      } else if (ending == Ending.CHUNKS) {
        out.put(CHUNKED);
      }
      out.put(close ? CLOSE : KEEP);
    }
    out.crlf();
  }

  private static void headers(Bytes out, Exchange x, Head r) {
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
      out.put(r.bytes, r.nameStart(i), r.nameEnd(i)).put(':').put(' ');
      out.put(r.bytes, r.valueStart(i), r.valueEnd(i)).crlf();
    }
  }

  /** A whole answer that the balancer made itself. */
  static void writeOwn(
      Bytes out,
      Worker worker,
      int status,
      String contentType,
      byte[] content,
      @Nullable String location,
      boolean close,
      boolean toHead) {
    out.reset(content.length + 1024);
    out.put(HTTP11).number(status).put(' ').put(Replies.reason(status)).crlf();
    out.put(OWN_SERVER).put(DATE).put(worker.clock.httpDate()).crlf();
    if (content.length > 0) {
      out.put(TYPE).put(contentType).crlf();
    }
    if (status != 204) {
      out.put(LENGTH).number(content.length).crlf();
    }
    out.put(close ? CLOSE : KEEP);
    if (location != null) {
      out.put("Location: ").put(location).crlf();
    }
    out.crlf();
    if (!toHead && status != 204) {
      out.put(content);
    }
  }
}
