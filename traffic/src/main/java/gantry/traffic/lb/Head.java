package gantry.traffic.lb;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The head of a message: the bytes as they came, and where its parts stand in them. Nothing of it
 * becomes a String unless somebody asks. Reused from message to message.
 */
final class Head {

  static final int OTHER = 0;
  static final int HOST = 1;
  static final int CONNECTION = 2;
  static final int CONTENT_LENGTH = 3;
  static final int TRANSFER_ENCODING = 4;
  static final int EXPECT = 5;
  static final int UPGRADE = 6;
  static final int TE = 7;
  static final int KEEP_ALIVE = 8;
  static final int PROXY_CONNECTION = 9;
  static final int TRAILER = 10;
  static final int FORWARDED_FOR = 11;
  static final int FORWARDED_PROTO = 12;
  static final int FORWARDED_PORT = 13;
  static final int TRACE_ID = 14;
  static final int COOKIE = 15;
  static final int USER_AGENT = 16;
  static final int CONTENT_TYPE = 17;
  static final int SET_COOKIE = 18;
  static final int SERVER = 19;
  static final int HTTP2_SETTINGS = 20;
  static final int TLS_VERSION = 21;
  static final int TLS_CIPHER = 22;

  private static final byte[][] NAMES = new byte[23][];

  static {
    String[] names = {
      "",
      "host",
      "connection",
      "content-length",
      "transfer-encoding",
      "expect",
      "upgrade",
      "te",
      "keep-alive",
      "proxy-connection",
      "trailer",
      "x-forwarded-for",
      "x-forwarded-proto",
      "x-forwarded-port",
      "x-amzn-trace-id",
      "cookie",
      "user-agent",
      "content-type",
      "set-cookie",
      "server",
      "http2-settings",
      "x-amzn-tls-version",
      "x-amzn-tls-cipher-suite"
    };
    for (int i = 0; i < names.length; i++) {
      NAMES[i] = names[i].getBytes(StandardCharsets.US_ASCII);
    }
  }

  byte[] bytes = new byte[2048];
  int length;

  int methodEnd;
  int targetStart;
  int targetEnd;
  int pathStart;
  int pathEnd;
  int queryStart;
  int version;
  int status;
  int reasonStart;
  int reasonEnd;

  int count;
  private int[] at = new int[4 * 32];
  private byte[] known = new byte[32];

  /** Index of the first Host header, or of the synthetic one; -1 when there is none. */
  int host;

  long contentLength;
  boolean chunked;
  boolean close;
  boolean keepAlive;
  boolean upgradeListed;
  boolean websocket;
  boolean expectContinue;

  /** 0 compliant, 1 acceptable, 2 ambiguous, 3 severe. */
  int desync;

  @Nullable String desyncReason;

  /** The status to refuse with, 0 when the head is good. */
  int refuse;

  void clear() {
    length = 0;
    methodEnd = targetStart = targetEnd = pathStart = pathEnd = queryStart = 0;
    version = status = reasonStart = reasonEnd = 0;
    count = 0;
    host = -1;
    contentLength = -1;
    chunked = close = keepAlive = upgradeListed = websocket = expectContinue = false;
    desync = 0;
    desyncReason = null;
    refuse = 0;
  }

  void room(int size) {
    if (bytes.length < size) {
      bytes = Arrays.copyOf(bytes, Math.max(size, bytes.length * 2));
    }
  }

  /** Gives back what a giant message made this grow to. */
  void shrink() {
    if (bytes.length > 16 * 1024) {
      bytes = new byte[2048];
    }
    if (known.length > 256) {
      at = new int[4 * 32];
      known = new byte[32];
    }
  }

  int addHeader(int nameStart, int nameEnd, int valueStart, int valueEnd) {
    if (count == known.length) {
      at = Arrays.copyOf(at, at.length * 2);
      known = Arrays.copyOf(known, known.length * 2);
    }
    int i = count++;
    at[4 * i] = nameStart;
    at[4 * i + 1] = nameEnd;
    at[4 * i + 2] = valueStart;
    at[4 * i + 3] = valueEnd;
    int id = identify(bytes, nameStart, nameEnd);
    known[i] = (byte) id;
    return id;
  }

  /** Adds a header that did not come as text (HTTP/2). */
  int addHeader(CharSequence name, CharSequence value) {
    int nameStart = append(name);
    int nameEnd = length;
    int valueStart = append(value);
    return addHeader(nameStart, nameEnd, valueStart, length);
  }

  int append(CharSequence text) {
    int start = length;
    int size = text.length();
    room(length + size);
    for (int i = 0; i < size; i++) {
      bytes[length++] = (byte) text.charAt(i);
    }
    return start;
  }

  int known(int i) {
    return known[i];
  }

  int nameStart(int i) {
    return at[4 * i];
  }

  int nameEnd(int i) {
    return at[4 * i + 1];
  }

  int valueStart(int i) {
    return at[4 * i + 2];
  }

  int valueEnd(int i) {
    return at[4 * i + 3];
  }

  /** The first header of that kind, or -1. */
  int find(int id) {
    for (int i = 0; i < count; i++) {
      if (known[i] == id) {
        return i;
      }
    }
    return -1;
  }

  String text(int start, int end) {
    return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
  }

  String method() {
    return text(0, methodEnd);
  }

  String target() {
    return text(targetStart, targetEnd);
  }

  String value(int i) {
    return text(valueStart(i), valueEnd(i));
  }

  String name(int i) {
    return text(nameStart(i), nameEnd(i));
  }

  @Nullable String first(int id) {
    int i = find(id);
    return i < 0 ? null : value(i);
  }

  boolean methodIs(String name) {
    if (methodEnd != name.length()) {
      return false;
    }
    for (int i = 0; i < methodEnd; i++) {
      if (bytes[i] != name.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /** Safe to send twice, as HTTP defines it. */
  boolean idempotent() {
    return methodIs("GET")
        || methodIs("HEAD")
        || methodIs("OPTIONS")
        || methodIs("PUT")
        || methodIs("DELETE");
  }

  /** Is the header's value, ASCII case aside, this (lower-case) word? */
  boolean valueIs(int i, String word) {
    int start = valueStart(i);
    if (valueEnd(i) - start != word.length()) {
      return false;
    }
    for (int k = 0; k < word.length(); k++) {
      if (lower(bytes[start + k]) != word.charAt(k)) {
        return false;
      }
    }
    return true;
  }

  /** Does one of the Connection headers name the header {@code i}? */
  boolean namedByConnection(int i) {
    for (int c = 0; c < count; c++) {
      if (known[c] == CONNECTION
          && listHas(
              bytes, valueStart(c), valueEnd(c), bytes, nameStart(i), nameEnd(i) - nameStart(i))) {
        return true;
      }
    }
    return false;
  }

  static boolean listHas(byte[] list, int start, int end, byte[] word, int wordStart, int size) {
    int i = start;
    while (i < end) {
      while (i < end && (list[i] == ' ' || list[i] == '\t' || list[i] == ',')) {
        i++;
      }
      int from = i;
      while (i < end && list[i] != ',') {
        i++;
      }
      int to = i;
      while (to > from && (list[to - 1] == ' ' || list[to - 1] == '\t')) {
        to--;
      }
      if (to - from == size) {
        int k = 0;
        while (k < size && lower(list[from + k]) == lower(word[wordStart + k])) {
          k++;
        }
        if (k == size) {
          return true;
        }
      }
    }
    return false;
  }

  static int lower(byte b) {
    return b >= 'A' && b <= 'Z' ? b | 0x20 : b;
  }

  private static int identify(byte[] b, int start, int end) {
    int id =
        switch (end - start) {
          case 2 -> TE;
          case 4 -> HOST;
          case 6 ->
              switch (lower(b[start])) {
                case 'e' -> EXPECT;
                case 'c' -> COOKIE;
                case 's' -> SERVER;
                default -> OTHER;
              };
          case 7 -> lower(b[start]) == 'u' ? UPGRADE : TRAILER;
          case 10 ->
              switch (lower(b[start])) {
                case 'c' -> CONNECTION;
                case 'k' -> KEEP_ALIVE;
                case 'u' -> USER_AGENT;
                case 's' -> SET_COOKIE;
                default -> OTHER;
              };
          case 12 -> CONTENT_TYPE;
          case 14 -> lower(b[start]) == 'c' ? CONTENT_LENGTH : HTTP2_SETTINGS;
          case 15 -> lower(b[start + 2]) == 'f' ? FORWARDED_FOR : TRACE_ID;
          case 16 -> lower(b[start]) == 'p' ? PROXY_CONNECTION : FORWARDED_PORT;
          case 17 -> lower(b[start]) == 't' ? TRANSFER_ENCODING : FORWARDED_PROTO;
          case 18 -> TLS_VERSION;
          case 23 -> TLS_CIPHER;
          default -> OTHER;
        };
    if (id == OTHER) {
      return OTHER;
    }
    byte[] name = NAMES[id];
    for (int i = 0; i < name.length; i++) {
      if (lower(b[start + i]) != name[i]) {
        return OTHER;
      }
    }
    return id;
  }
}
