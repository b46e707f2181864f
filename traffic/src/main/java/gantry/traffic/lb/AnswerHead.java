package gantry.traffic.lb;

import org.jspecify.annotations.Nullable;

/** Writes the heads of answers as an HTTP/1 client gets them. */
final class AnswerHead {

  private static final byte[] HTTP11 = Bytes.ascii("HTTP/1.1 ");
  private static final byte[] KEEP = Bytes.ascii("Connection: keep-alive\r\n");
  private static final byte[] CLOSE = Bytes.ascii("Connection: close\r\n");
  private static final byte[] LENGTH = Bytes.ascii("Content-Length: ");
  private static final byte[] CHUNKED = Bytes.ascii("Transfer-Encoding: chunked\r\n");
  private static final byte[] OWN_SERVER = Bytes.ascii("Server: awselb/2.0\r\n");
  private static final byte[] DATE = Bytes.ascii("Date: ");
  private static final byte[] TYPE = Bytes.ascii("Content-Type: ");

  private AnswerHead() {}

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
      if (r.known(i) != Head.CONTENT_LENGTH && passes(x, r, i, listed)) {
        out.put(r.bytes, r.nameStart(i), r.nameEnd(i)).put(':').put(' ');
        out.put(r.bytes, r.valueStart(i), r.valueEnd(i)).crlf();
      }
    }
  }

  /**
   * Does a header of a target's answer go on to the client? Those of the one connection do not.
   *
   * @param listed what {@link Exchange#connectionLists} says of the answer
   */
  static boolean passes(Exchange x, Head answer, int i, boolean listed) {
    switch (answer.known(i)) {
      case Head.CONNECTION,
          Head.KEEP_ALIVE,
          Head.PROXY_CONNECTION,
          Head.TE,
          Head.TRAILER,
          Head.TRANSFER_ENCODING -> {
        return false;
      }
      case Head.UPGRADE -> {
        return answer.status == 101;
      }
      case Head.SERVER -> {
        if (!x.keepsServerHeader()) {
          return false;
        }
      }
      default -> {}
    }
    return !listed || answer.status == 101 || !answer.namedByConnection(i);
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
