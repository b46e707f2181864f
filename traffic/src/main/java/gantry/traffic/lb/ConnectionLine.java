package gantry.traffic.lb;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A client's connection as a line of AWS's connection log. */
final class ConnectionLine {

  private ConnectionLine() {}

  /**
   * @param stands whether there is a connection, or only the attempt at one
   */
  static AccessLog.Line of(String prefix, Compiled to, Client client, int port, boolean stands) {
    long now = System.currentTimeMillis();
    StringBuilder b = new StringBuilder(200);
    b.append(AccessLine.micros(now, System.nanoTime())).append(' ');
    b.append(new String(client.text, StandardCharsets.US_ASCII)).append(' ');
    b.append(client.port).append(' ').append(port).append(' ');
    b.append(client.tlsProtocol == null ? "-" : client.tlsProtocol).append(' ');
    b.append(client.tlsCipher == null ? "-" : client.tlsCipher).append(' ');
    b.append(
        client.handshakeMillis < 0
            ? "-"
            : String.format(Locale.ROOT, "%.3f", client.handshakeMillis / 1e3));
    // Subject, validity and serial number of the client's certificate: none is asked for.
    b.append(" \"-\" - - ");
    b.append(client.secure ? stands ? "Success" : "Failed:UnmappedConnectionError" : "-");
    b.append(' ').append(client.traceId()).append(' ');
    b.append(client.keyExchange == null ? "-" : client.keyExchange);
    return new AccessLog.Line(
        prefix,
        to.balancer.account(),
        to.balancer.region(),
        to.balancer.id(),
        true,
        now,
        b.toString());
  }
}
