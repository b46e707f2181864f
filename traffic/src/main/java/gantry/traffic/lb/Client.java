package gantry.traffic.lb;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** What is known of a client's connection, in the forms in which it is needed again and again. */
final class Client {

  final byte[] ip;
  final int port;
  final byte[] text;
  final byte[] textWithPort;
  final boolean secure;

  /** The zone of the node that it came to; null at the edge. */
  final @Nullable String zone;

  final long openedNanos = System.nanoTime();

  @Nullable String tlsProtocol;
  @Nullable String tlsCipher;
  @Nullable String serverName;

  /** What its TLS was begun with. */
  Tls.@Nullable Chosen tls;

  @Nullable String alpn;

  /** The application protocols that it offered, as logs say them; known only to those. */
  @Nullable String offeredProtocols;

  /** By what the keys were agreed; known only where a log wants it. */
  @Nullable String keyExchange;

  long handshakeMillis = -1;
  private @Nullable String traceId;

  Client(InetSocketAddress remote, boolean secure, @Nullable String zone) {
    InetAddress address = remote.getAddress();
    this.ip = address.getAddress();
    this.port = remote.getPort();
    this.secure = secure;
    this.zone = zone;
    String host = address.getHostAddress();
    int scope = host.indexOf('%');
    String plain = scope < 0 ? host : host.substring(0, scope);
    this.text = plain.getBytes(StandardCharsets.US_ASCII);
    this.textWithPort =
        (ip.length == 16 ? "[" + plain + "]:" + port : plain + ":" + port)
            .getBytes(StandardCharsets.US_ASCII);
  }

  @Nullable String certificateArn() {
    Tls.Chosen chosen = tls;
    return chosen == null ? null : chosen.certificateArn();
  }

  /** What ties the lines of the access log to the connection's own in the connection log. */
  String traceId() {
    String id = traceId;
    if (id == null) {
      var random = ThreadLocalRandom.current();
      id = String.format(Locale.ROOT, "TID_%016x%016x", random.nextLong(), random.nextLong());
      traceId = id;
    }
    return id;
  }
}
