package gantry.traffic.lb;

import java.nio.charset.StandardCharsets;

/**
 * Reads heads of HTTP/1 messages, strictly: a message whose end two readers could see in different
 * places is refused here, with its desync class, and so never reaches a target.
 */
final class HeadParser {

  static final int MAX_REQUEST_LINE = 16 * 1024;
  static final int MAX_HEADER = 16 * 1024;
  static final int MAX_REQUEST_HEAD = 64 * 1024;
  static final int MAX_RESPONSE_HEAD = 32 * 1024;
  static final int MAX_HEADERS = 1000;
  static final int INCOMPLETE = 0;
  static final int REFUSED = -1;

  static final int ACCEPTABLE = 1;
  static final int AMBIGUOUS = 2;
  static final int SEVERE = 3;

  private static final byte[] CLOSE = "close".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] KEEP_ALIVE = "keep-alive".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] UPGRADE = "upgrade".getBytes(StandardCharsets.US_ASCII);

  private static final boolean[] TOKEN = new boolean[256];
  private static final boolean[] PLAIN_NAME = new boolean[256];

  static {
    for (int c = '0'; c <= '9'; c++) {
      TOKEN[c] = PLAIN_NAME[c] = true;
    }
    for (int c = 'a'; c <= 'z'; c++) {
      TOKEN[c] = PLAIN_NAME[c] = true;
      TOKEN[c - 32] = PLAIN_NAME[c - 32] = true;
    }
    PLAIN_NAME['-'] = true;
    for (char c : "!#$%&'*+-.^_`|~".toCharArray()) {
      TOKEN[c] = true;
    }
  }

  private HeadParser() {}

  static boolean token(int b) {
    return TOKEN[b & 255];
  }

  /** Is the name one that ALB calls valid, {@code [-A-Za-z0-9]+}? */
  static boolean plainName(Head h, int i) {
    byte[] b = h.bytes;
    for (int k = h.nameStart(i); k < h.nameEnd(i); k++) {
      if (!PLAIN_NAME[b[k] & 255]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Parses what stands in {@code h.bytes[0, available)}.
   *
   * @return the size of the head, {@link #INCOMPLETE}, or {@link #REFUSED} with {@code h.refuse}
   */
  static int request(Head h, int available) {
    byte[] b = h.bytes;
    int i = 0;
    while (i < available && TOKEN[b[i] & 255]) {
      i++;
    }
    if (i == available) {
      return i > MAX_REQUEST_LINE ? refuse(h, 400, SEVERE, "BadMethod") : INCOMPLETE;
    }
    if (i == 0 || b[i] != ' ') {
      return refuse(h, 400, SEVERE, "BadMethod");
    }
    h.methodEnd = i;
    int start = ++i;
    h.targetStart = start;
    while (i < available && b[i] != ' ' && b[i] != '\r' && b[i] != '\n') {
      if ((b[i] & 255) < 0x20 || b[i] == 0x7f) {
        return refuse(h, 400, SEVERE, "BadUri");
      }
      i++;
    }
    if (i - start > MAX_REQUEST_LINE) {
      return refuse(h, 414, 0, null);
    }
    if (i == available) {
      return INCOMPLETE;
    }
    if (i == start) {
      return refuse(h, 400, SEVERE, "BadUri");
    }
    if (b[i] != ' ') {
      return refuse(h, 400, SEVERE, "BadVersion");
    }
    h.targetEnd = i;
    i++;
    if (available - i < 10) {
      return unfinished(b, i, available) ? INCOMPLETE : refuse(h, 400, SEVERE, "BadVersion");
    }
    if (b[i] != 'H'
        || b[i + 1] != 'T'
        || b[i + 2] != 'T'
        || b[i + 3] != 'P'
        || b[i + 4] != '/'
        || b[i + 6] != '.'
        || b[i + 5] < '0'
        || b[i + 5] > '9'
        || b[i + 7] < '0'
        || b[i + 7] > '9'
        || b[i + 8] != '\r'
        || b[i + 9] != '\n') {
      return refuse(h, 400, SEVERE, "BadVersion");
    }
    h.version = (b[i + 5] - '0') * 10 + b[i + 7] - '0';
    if (h.version != 11 && h.version != 10) {
      // What the line says of HTTP/2 is not so: that has no such line.
      h.version = 0;
      return refuse(h, 505, 0, null);
    }
    i += 10;
    int end = headers(h, i, available, MAX_REQUEST_HEAD, true);
    if (end <= 0) {
      return end;
    }
    h.length = end;
    return requestFacts(h) ? end : REFUSED;
  }

  /** Could the bytes from {@code i} still become a version and the end of a line? */
  private static boolean unfinished(byte[] b, int i, int available) {
    String shape = "HTTP/1.1\r\n";
    for (int k = 0; i + k < available; k++) {
      byte c = b[i + k];
      boolean good = (k == 5 || k == 7) ? (c >= '0' && c <= '9') : c == shape.charAt(k);
      if (!good) {
        return false;
      }
    }
    return true;
  }

  static int response(Head h, int available) {
    byte[] b = h.bytes;
    if (available < 13) {
      return INCOMPLETE;
    }
    if (b[0] != 'H'
        || b[1] != 'T'
        || b[2] != 'T'
        || b[3] != 'P'
        || b[4] != '/'
        || b[5] != '1'
        || b[6] != '.'
        || (b[7] != '0' && b[7] != '1')
        || b[8] != ' ') {
      return refuse(h, 502, 0, null);
    }
    h.version = 10 + b[7] - '0';
    int status = 0;
    for (int k = 9; k < 12; k++) {
      if (b[k] < '0' || b[k] > '9') {
        return refuse(h, 502, 0, null);
      }
      status = status * 10 + b[k] - '0';
    }
    if (status < 100) {
      return refuse(h, 502, 0, null);
    }
    h.status = status;
    int i = 12;
    if (b[i] == ' ') {
      i++;
    } else if (b[i] != '\r') {
      return refuse(h, 502, 0, null);
    }
    h.reasonStart = i;
    while (i < available && b[i] != '\r') {
      if ((b[i] & 255) < 0x20 && b[i] != '\t') {
        return refuse(h, 502, 0, null);
      }
      i++;
    }
    h.reasonEnd = i;
    if (i + 1 >= available) {
      return i > MAX_RESPONSE_HEAD ? refuse(h, 502, 0, null) : INCOMPLETE;
    }
    if (b[i + 1] != '\n') {
      return refuse(h, 502, 0, null);
    }
    int end = headers(h, i + 2, available, MAX_RESPONSE_HEAD, false);
    if (end <= 0) {
      if (end == REFUSED) {
        h.refuse = 502;
      }
      return end;
    }
    h.length = end;
    if (!framing(h, false)) {
      h.refuse = 502;
      return REFUSED;
    }
    return end;
  }

  private static int headers(Head h, int from, int available, int limit, boolean request) {
    byte[] b = h.bytes;
    int i = from;
    while (true) {
      if (i - from > limit) {
        return refuse(h, 400, 0, null);
      }
      if (i + 1 >= available) {
        return i < available && b[i] != '\r' && !TOKEN[b[i] & 255]
            ? refuse(h, 400, SEVERE, "BadHeader")
            : INCOMPLETE;
      }
      if (b[i] == '\r') {
        if (b[i + 1] != '\n') {
          return refuse(h, 400, SEVERE, "BadHeader");
        }
        return i + 2;
      }
      int nameStart = i;
      while (i < available && TOKEN[b[i] & 255]) {
        i++;
      }
      if (i - nameStart > MAX_HEADER) {
        return refuse(h, 400, 0, null);
      }
      if (i == available) {
        return INCOMPLETE;
      }
      // Also a folded line, which begins with a blank, and a blank before the colon.
      if (b[i] != ':' || i == nameStart) {
        return refuse(h, 400, SEVERE, i == nameStart && b[i] == ':' ? "EmptyHeader" : "BadHeader");
      }
      int nameEnd = i++;
      while (i < available && (b[i] == ' ' || b[i] == '\t')) {
        i++;
      }
      int valueStart = i;
      while (i < available) {
        int c = b[i] & 255;
        if (c < 0x20 && c != '\t') {
          break;
        }
        if (c == 0x7f) {
          break;
        }
        i++;
      }
      if (i - nameStart > MAX_HEADER) {
        return refuse(h, 400, 0, null);
      }
      if (i >= available || (b[i] == '\r' && i + 1 == available)) {
        return available - from > limit ? refuse(h, 400, 0, null) : INCOMPLETE;
      }
      if (b[i] != '\r' || b[i + 1] != '\n') {
        return refuse(h, 400, SEVERE, "BadHeader");
      }
      int valueEnd = i;
      while (valueEnd > valueStart && (b[valueEnd - 1] == ' ' || b[valueEnd - 1] == '\t')) {
        valueEnd--;
      }
      i += 2;
      if (h.count == MAX_HEADERS) {
        return refuse(h, 400, 0, null);
      }
      int id = h.addHeader(nameStart, nameEnd, valueStart, valueEnd);
      if (id != Head.OTHER && !note(h, h.count - 1, id, request)) {
        return REFUSED;
      }
    }
  }

  /** Takes down what a known header says. */
  private static boolean note(Head h, int i, int id, boolean request) {
    switch (id) {
      case Head.HOST -> {
        // Which of two a target goes by nobody can know.
        if (request && h.host >= 0) {
          refuse(h, 400, SEVERE, "BadHeader");
          return false;
        }
        h.host = i;
      }
      case Head.CONTENT_LENGTH -> {
        long value = number(h.bytes, h.valueStart(i), h.valueEnd(i));
        if (value < 0) {
          refuse(h, 400, SEVERE, "BadContentLength");
          return false;
        }
        if (h.contentLength >= 0) {
          if (h.contentLength != value) {
            refuse(h, 400, SEVERE, "MultipleContentLength");
            return false;
          }
          desync(h, AMBIGUOUS, "DuplicateContentLength");
        }
        h.contentLength = value;
      }
      case Head.TRANSFER_ENCODING -> {
        if (h.chunked) {
          refuse(h, 400, SEVERE, "MultipleTransferEncodingChunked");
          return false;
        }
        if (h.valueIs(i, "chunked")) {
          h.chunked = true;
        } else if (!h.valueIs(i, "identity")) {
          refuse(h, knownCoding(h, i) ? 501 : 400, SEVERE, "BadTransferEncoding");
          return false;
        }
      }
      case Head.CONNECTION -> {
        int start = h.valueStart(i);
        int end = h.valueEnd(i);
        h.close |= Head.listHas(h.bytes, start, end, CLOSE, 0, CLOSE.length);
        h.keepAlive |= Head.listHas(h.bytes, start, end, KEEP_ALIVE, 0, KEEP_ALIVE.length);
        h.upgradeListed |= Head.listHas(h.bytes, start, end, UPGRADE, 0, UPGRADE.length);
      }
      case Head.UPGRADE -> h.websocket |= h.valueIs(i, "websocket");
      case Head.EXPECT -> h.expectContinue |= request && h.valueIs(i, "100-continue");
      default -> {}
    }
    return true;
  }

  private static boolean knownCoding(Head h, int i) {
    for (String part : h.value(i).split(",", -1)) {
      switch (part.strip().toLowerCase(java.util.Locale.ROOT)) {
        case "chunked", "gzip", "x-gzip", "compress", "x-compress", "deflate", "identity" -> {}
        default -> {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean framing(Head h, boolean request) {
    if (h.chunked && h.version == 10) {
      refuse(h, 400, SEVERE, "BadTransferEncoding");
      return false;
    }
    if (h.chunked && h.contentLength >= 0) {
      if (!request) {
        return false;
      }
      // Only one of the two is passed on, and the connection ends with this message.
      desync(h, AMBIGUOUS, "BothTeClPresent");
      h.contentLength = -1;
    }
    return true;
  }

  private static boolean requestFacts(Head h) {
    if (!framing(h, true)) {
      return false;
    }
    boolean getOrHead = h.methodIs("GET") || h.methodIs("HEAD");
    if (getOrHead) {
      if (h.chunked) {
        desync(h, AMBIGUOUS, "UndefinedTransferEncodingSemantics");
      } else if (h.contentLength > 0) {
        desync(h, AMBIGUOUS, "UndefinedContentLengthSemantics");
      } else if (h.contentLength == 0) {
        desync(h, ACCEPTABLE, "GetHeadZeroContentLength");
      }
    }
    if (h.methodIs("TRACE")) {
      h.refuse = 405;
      return false;
    }
    return RequestTarget.find(h) && (h.version == 10 || host(h));
  }

  private static boolean host(Head h) {
    if (h.host < 0) {
      refuse(h, 400, 0, null);
      return false;
    }
    return true;
  }

  static void desync(Head h, int level, String reason) {
    if (level > h.desync) {
      h.desync = level;
      h.desyncReason = reason;
    }
  }

  static int refuse(
      Head h, int status, int desync, @org.jspecify.annotations.Nullable String reason) {
    h.refuse = status;
    if (reason != null) {
      desync(h, desync, reason);
    }
    return REFUSED;
  }

  /** Digits and nothing else, at most eighteen of them; -1 otherwise. */
  static long number(byte[] b, int start, int end) {
    if (start == end || end - start > 18) {
      return -1;
    }
    long value = 0;
    for (int i = start; i < end; i++) {
      if (b[i] < '0' || b[i] > '9') {
        return -1;
      }
      value = value * 10 + b[i] - '0';
    }
    return value;
  }
}
