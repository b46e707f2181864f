package gantry.traffic.lb;

import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Heads of HTTP/2 as heads of this program, and back. What comes in is checked as strictly as
 * HTTP/1 is, for it may go out as HTTP/1.
 */
final class Http2Heads {

  private Http2Heads() {}

  /** Whether it has what every request must have. A CONNECT has not, and goes nowhere from here. */
  static boolean isRequest(Http2Headers in) {
    return present(in.method()) && present(in.path()) && present(in.scheme());
  }

  private static boolean present(@Nullable CharSequence value) {
    return value != null && !value.isEmpty();
  }

  /** Trailers must not have what only a head has. */
  static boolean hasPseudo(Http2Headers in) {
    for (Map.Entry<CharSequence, CharSequence> one : in) {
      if (!one.getKey().isEmpty() && one.getKey().charAt(0) == ':') {
        return true;
      }
    }
    return false;
  }

  /** Fills {@code h} from what is a request; {@code h.refuse} says when it cannot be served. */
  static void request(Http2Headers in, Head h, boolean endsHere) {
    CharSequence method = in.method();
    CharSequence path = in.path();
    h.append(method);
    h.methodEnd = h.length;
    for (int i = 0; i < h.methodEnd; i++) {
      if (!HeadParser.token(h.bytes[i])) {
        h.refuse = 400;
      }
    }
    h.targetStart = h.append(path);
    h.targetEnd = h.length;
    h.version = 20;
    for (int i = h.targetStart; i < h.targetEnd; i++) {
      if ((h.bytes[i] & 255) <= 0x20 || h.bytes[i] == 0x7f) {
        h.refuse = 400;
      }
    }
    if (path.length() > HeadParser.MAX_REQUEST_LINE) {
      h.refuse = 414;
    }
    CharSequence authority = in.authority();
    if (authority != null && !authority.isEmpty()) {
      h.addHeader("host", authority);
      h.host = 0;
    }
    StringBuilder cookies = null;
    int size = h.length;
    for (Map.Entry<CharSequence, CharSequence> one : in) {
      CharSequence name = one.getKey();
      CharSequence value = one.getValue();
      size += name.length() + value.length();
      if (name.isEmpty() || name.charAt(0) == ':') {
        continue;
      }
      if (!clean(name, value)) {
        h.refuse = 400;
        continue;
      }
      if (name.length() == 6 && name.toString().equals("cookie")) {
        // HTTP/2 lets a client split its cookies; HTTP/1 knows one line of them.
        cookies = cookies == null ? new StringBuilder() : cookies.append("; ");
        cookies.append(value);
        continue;
      }
      if (name.toString().equals("host") && h.host >= 0) {
        continue;
      }
      int id = h.addHeader(name, value);
      switch (id) {
        case Head.HOST -> h.host = h.count - 1;
        case Head.CONNECTION,
            Head.TRANSFER_ENCODING,
            Head.KEEP_ALIVE,
            Head.PROXY_CONNECTION,
            Head.UPGRADE ->
            h.refuse = 400;
        case Head.CONTENT_LENGTH -> {
          long length =
              HeadParser.number(h.bytes, h.valueStart(h.count - 1), h.valueEnd(h.count - 1));
          if (length < 0 || h.contentLength >= 0 && h.contentLength != length) {
            h.refuse = 400;
          }
          h.contentLength = length;
        }
        default -> {}
      }
    }
    if (cookies != null) {
      h.addHeader("cookie", cookies);
    }
    if (size > HeadParser.MAX_REQUEST_HEAD || h.count > HeadParser.MAX_HEADERS) {
      h.refuse = 400;
    }
    if (endsHere && h.contentLength > 0) {
      h.refuse = 400;
    }
    if (h.contentLength < 0 && !endsHere) {
      h.chunked = true;
    }
    if (h.methodIs("TRACE")) {
      h.refuse = 405;
    }
    if (h.refuse == 0) {
      if (h.bytes[h.targetStart] != '/' && !(h.methodIs("OPTIONS") && path.length() == 1)) {
        h.refuse = 400;
      } else if (h.host < 0) {
        h.refuse = 400;
      } else if (!RequestTarget.find(h) && h.refuse == 0) {
        h.refuse = 400;
      }
    }
  }

  private static boolean clean(CharSequence name, CharSequence value) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c > 0x7f || !HeadParser.token(c) || c >= 'A' && c <= 'Z') {
        return false;
      }
    }
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < 0x20 && c != '\t' || c == 0x7f || c > 0xff) {
        return false;
      }
    }
    return true;
  }

  static void response(Http2Headers in, Head h) {
    CharSequence status = in.status();
    h.version = 11;
    h.status =
        status != null && status.toString().matches("[1-5][0-9][0-9]")
            ? Integer.parseInt(status.toString())
            : 0;
    fields(in, h);
  }

  static void fields(Http2Headers in, Head h) {
    for (Map.Entry<CharSequence, CharSequence> one : in) {
      CharSequence name = one.getKey();
      if (name.isEmpty() || name.charAt(0) == ':' || !clean(name, one.getValue())) {
        continue;
      }
      int id = h.addHeader(name, one.getValue());
      if (id == Head.CONTENT_LENGTH) {
        h.contentLength =
            HeadParser.number(h.bytes, h.valueStart(h.count - 1), h.valueEnd(h.count - 1));
      }
    }
  }

  /** An answer's head for a client. */
  static Http2Headers toClient(Exchange x, Head r, Worker worker) {
    Http2Headers out = new DefaultHttp2Headers(false);
    out.status(Integer.toString(r.status));
    boolean listed = x.connectionLists(r);
    for (int i = 0; i < r.count; i++) {
      if (AnswerHead.passes(x, r, i, listed)) {
        out.add(r.name(i).toLowerCase(Locale.ROOT), r.value(i));
      }
    }
    Bytes extras = worker.out;
    extras.reset(4096);
    x.putExtras(extras);
    if (extras.size > 0) {
      for (String line : extras.text(0, extras.size).split("\r\n", -1)) {
        int colon = line.indexOf(':');
        if (colon > 0) {
          out.add(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 2));
        }
      }
    }
    return out;
  }

  static Http2Headers trailers(@Nullable Head trailers) {
    Http2Headers out = new DefaultHttp2Headers(false);
    if (trailers != null) {
      for (int i = 0; i < trailers.count; i++) {
        out.add(trailers.name(i).toLowerCase(Locale.ROOT), trailers.value(i));
      }
    }
    return out;
  }

  /** A request's head for a target: what HTTP/1 would carry, read back from its text. */
  static Http2Headers toTarget(String head, String scheme, boolean grpc) {
    String[] lines = head.split("\r\n", -1);
    String[] first = lines[0].split(" ", 3);
    Http2Headers out = new DefaultHttp2Headers(false);
    out.method(first[0]).path(first[1]).scheme(scheme);
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      if (colon <= 0) {
        continue;
      }
      String name = lines[i].substring(0, colon).toLowerCase(Locale.ROOT);
      String value = lines[i].substring(colon + 1).strip();
      switch (name) {
        case "host" -> out.authority(value);
        case "transfer-encoding", "connection" -> {}
        default -> out.add(name, value);
      }
    }
    if (grpc) {
      out.add("te", "trailers");
    }
    return out;
  }

  /** A head's size as text, before HPACK makes it less. */
  static int size(Http2Headers headers) {
    int size = 0;
    for (Map.Entry<CharSequence, CharSequence> one : headers) {
      size += one.getKey().length() + one.getValue().length() + 4;
    }
    return size;
  }
}
