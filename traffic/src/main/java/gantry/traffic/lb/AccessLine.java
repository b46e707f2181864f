package gantry.traffic.lb;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;

/** A request that is over, as a line of AWS's access log. */
final class AccessLine {

  private static final String[] DESYNC = {"-", "Acceptable", "Ambiguous", "Severe"};

  private AccessLine() {}

  static AccessLog.Line of(Account x, Client client, Compiled c) {
    Head head = x.head;
    long now = System.nanoTime();
    TargetState at = x.target;
    String to = at == null ? "-" : at.address.getAddress().getHostAddress() + ":" + at.port;
    boolean dispatchedOnce = x.dispatched != 0;
    boolean whole = x.answered != 0;
    String type =
        x.tunnel
            ? client.secure ? "wss" : "ws"
            : Grpc.is(head)
                ? "grpcs"
                : head.version == 20 ? "h2" : client.secure ? "https" : "http";
    String host = head.host < 0 ? c.balancer.dnsName() : head.value(head.host);
    String url =
        (client.secure ? "https://" : "http://")
            + host
            + (host.indexOf(':') < 0 ? ":" + x.port : "")
            + (head.targetEnd > 0 && head.target().startsWith("/") ? head.target() : "/");
    String version =
        switch (head.version) {
          case 20 -> "HTTP/2.0";
          case 11 -> "HTTP/1.1";
          case 10 -> "HTTP/1.0";
          default -> "-";
        };
    String agent = head.first(Head.USER_AGENT);
    String code = x.targetStatus == 0 ? "-" : Integer.toString(x.targetStatus);
    StringBuilder b = new StringBuilder(512);
    b.append(type).append(' ').append(micros(System.currentTimeMillis(), now)).append(' ');
    b.append(c.balancer.id()).append(' ');
    b.append(new String(client.text, StandardCharsets.US_ASCII)).append(':').append(client.port);
    b.append(' ').append(to).append(' ');
    seconds(b, dispatchedOnce ? x.dispatched - x.created : -1).append(' ');
    seconds(b, whole ? x.answered - x.dispatched : -1).append(' ');
    seconds(b, whole ? now - x.answered : -1).append(' ');
    int status = x.ownStatus != 0 ? x.ownStatus : x.targetStatus;
    b.append(status == 0 ? "-" : Integer.toString(status)).append(' ').append(code).append(' ');
    b.append(x.received).append(' ').append(x.sent).append(" \"");
    if (head.methodEnd == 0) {
      // Of what could not be read there is only where it came to.
      b.append("- ").append(quoted(url.substring(0, url.length() - 1))).append("- -\" \"");
    } else {
      b.append(head.method()).append(' ').append(quoted(url));
      b.append(' ').append(version).append("\" \"");
    }
    b.append(agent == null ? "-" : quoted(agent)).append("\" ");
    b.append(client.tlsCipher == null ? "-" : client.tlsCipher).append(' ');
    b.append(client.tlsProtocol == null ? "-" : client.tlsProtocol).append(' ');
    b.append(x.group == null ? "-" : x.group.arn).append(" \"");
    b.append(x.traceId == null ? "-" : quoted(x.traceId)).append("\" \"");
    b.append(client.serverName == null ? "-" : client.serverName).append("\" \"");
    b.append(client.tls == null ? "-" : client.certificateArn()).append("\" ");
    b.append(x.rule == null ? "-" : Integer.toString(x.rule.spec.priority())).append(' ');
    b.append(micros(x.createdMillis, x.created)).append(" \"");
    b.append(x.actions == null ? "-" : x.actions).append("\" \"");
    b.append(x.redirectUrl == null ? "-" : quoted(x.redirectUrl)).append("\" \"-\" \"");
    b.append(to).append("\" \"").append(code).append("\" \"");
    b.append(head.desync == 0 ? "-" : DESYNC[head.desync]).append("\" \"");
    b.append(head.desyncReason == null ? "-" : head.desyncReason).append("\" ");
    b.append(client.traceId()).append(" \"");
    b.append(x.rewrittenHost == null ? "-" : x.rewrittenHost).append("\" \"");
    b.append(x.rewrittenUrl == null ? "-" : quoted(x.rewrittenUrl)).append("\" \"");
    b.append(x.transformStatus == null ? "-" : x.transformStatus).append('"');
    return new AccessLog.Line(
        Objects.requireNonNull(c.balancer.settings().accessLogPrefix()),
        c.balancer.account(),
        c.balancer.region(),
        c.balancer.id(),
        false,
        System.currentTimeMillis(),
        b.toString());
  }

  /** A moment with six digits of its second, as AWS writes it. */
  static String micros(long millis, long nanos) {
    long sub = Math.floorMod(nanos / 1000, 1000L);
    String text = Instant.ofEpochMilli(millis).toString();
    String whole = text.length() == 20 ? text.substring(0, 19) + ".000" : text.substring(0, 23);
    return whole + String.format(Locale.ROOT, "%03dZ", sub);
  }

  private static StringBuilder seconds(StringBuilder b, long nanos) {
    return nanos < 0 ? b.append("-1") : b.append(String.format(Locale.ROOT, "%.3f", nanos / 1e9));
  }

  /** What a client sent, so that it cannot end a field or a line of the log. */
  private static String quoted(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\' || c < 0x20 || c > 0x7e) {
        out.append(String.format(Locale.ROOT, "\\x%02x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }
}
