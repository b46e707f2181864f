package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Action;

/** Where a redirect action sends: its parts, with the placeholders filled in. */
final class Redirects {

  private Redirects() {}

  static String location(Action.Redirect redirect, Head h, Client client, int port) {
    String host = "";
    if (h.host >= 0) {
      int start = h.valueStart(h.host);
      host = h.text(start, Compiled.hostEnd(h.bytes, start, h.valueEnd(h.host)));
    }
    String path = h.pathEnd > h.pathStart ? h.text(h.pathStart + 1, h.pathEnd) : "";
    String query = h.queryStart < h.targetEnd ? h.text(h.queryStart, h.targetEnd) : "";
    String protocol = client.secure ? "https" : "http";
    String[] parts = {
      redirect.protocol().toLowerCase(java.util.Locale.ROOT),
      redirect.host(),
      redirect.port(),
      redirect.path(),
      redirect.query()
    };
    for (int i = 0; i < parts.length; i++) {
      if (parts[i].contains("#{")) {
        parts[i] = fill(parts[i], protocol, host, Integer.toString(port), path, query);
      }
    }
    String location = parts[0] + "://" + parts[1] + ":" + parts[2] + parts[3];
    return parts[4].isEmpty() ? location : location + "?" + parts[4];
  }

  /** One pass, so that a placeholder's text is never taken for a placeholder. */
  private static String fill(
      String text, String protocol, String host, String port, String path, String query) {
    StringBuilder out = new StringBuilder();
    int i = 0;
    while (i < text.length()) {
      int close = text.startsWith("#{", i) ? text.indexOf('}', i) : -1;
      String value =
          close < 0
              ? null
              : switch (text.substring(i + 2, close)) {
                case "protocol" -> protocol;
                case "host" -> host;
                case "port" -> port;
                case "path" -> path;
                case "query" -> query;
                default -> null;
              };
      if (value == null) {
        out.append(text.charAt(i++));
      } else {
        out.append(value);
        i = close + 1;
      }
    }
    return out.toString();
  }
}
