package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Version;

/** Which client protocol may go to which version of target group (ALB's matrix; 464 otherwise). */
final class Grpc {

  private Grpc() {}

  static boolean is(Head h) {
    int i = h.find(Head.CONTENT_TYPE);
    if (h.version != 20 || i < 0) {
      return false;
    }
    String type = "application/grpc";
    int start = h.valueStart(i);
    int end = h.valueEnd(i);
    if (end - start < type.length()) {
      return false;
    }
    for (int k = 0; k < type.length(); k++) {
      if (Head.lower(h.bytes[start + k]) != type.charAt(k)) {
        return false;
      }
    }
    return end - start == type.length()
        || h.bytes[start + type.length()] == '+'
        || h.bytes[start + type.length()] == ';';
  }

  static boolean admits(Head h, Version version) {
    boolean http2 = h.version == 20;
    return switch (version) {
      case HTTP1 -> !is(h);
      case HTTP2 -> http2;
      case GRPC -> http2 && (is(h) || h.methodIs("POST"));
    };
  }
}
