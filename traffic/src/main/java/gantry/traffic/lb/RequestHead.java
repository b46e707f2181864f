package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.BalancerSettings;
import gantry.traffic.lb.RoutingTable.ForwardedFor;

/** Writes the head of a request as a target gets it: the client's, with ALB's headers. */
final class RequestHead {

  private static final byte[] VERSION = Bytes.ascii(" HTTP/1.1\r\n");
  private static final byte[] FORWARDED_FOR = Bytes.ascii("X-Forwarded-For: ");
  private static final byte[] PROTO_HTTP = Bytes.ascii("X-Forwarded-Proto: http\r\n");
  private static final byte[] PROTO_HTTPS = Bytes.ascii("X-Forwarded-Proto: https\r\n");
  private static final byte[] PORT = Bytes.ascii("X-Forwarded-Port: ");
  private static final byte[] HOST = Bytes.ascii("Host: ");
  private static final byte[] LENGTH = Bytes.ascii("Content-Length: ");
  private static final byte[] CHUNKED = Bytes.ascii("Transfer-Encoding: chunked\r\n");

  private RequestHead() {}

  static void write(Worker worker, Exchange x, Bytes out) {
    Head h = x.head();
    Compiled compiled = x.compiled();
    if (compiled == null) {
      throw new IllegalStateException("a request without a listener was dispatched");
    }
    BalancerSettings settings = compiled.balancer.settings();
    Client client = x.front().client();
    String url = x.account.rewrittenUrl;
    out.reset(h.length + 4096 + (url == null ? 0 : url.length()));
    out.put(h.bytes, 0, h.methodEnd).put(' ');
    if (url == null) {
      out.put(h.bytes, h.targetStart, h.targetEnd).put(VERSION);
    } else {
      out.put(url).put(VERSION);
    }
    boolean mesh = settings.mesh() != null;
    if (!mesh) {
      forwardedFor(out, h, settings, client);
      out.put(client.secure ? PROTO_HTTPS : PROTO_HTTP);
      out.put(PORT).number(x.account.port).crlf();
    }
    String rewritten = x.account.rewrittenHost;
    if (rewritten == null) {
      host(out, h, settings, compiled, x.account.port);
    } else {
      rewrittenHost(out, h, rewritten, settings, x.account.port);
    }
    if (!mesh) {
      int traceFrom = out.size;
      Trace.put(out, h, worker);
      if (x.account.logged()) {
        x.account.traceId = out.text(traceFrom + Trace.NAME.length, out.size - 2);
      }
    }
    if (settings.tlsHeaders() && client.tlsProtocol != null && client.tlsCipher != null) {
      out.put("X-Amzn-Tls-Version: ").put(client.tlsProtocol).crlf();
      out.put("X-Amzn-Tls-Cipher-Suite: ").put(client.tlsCipher).crlf();
    }
    boolean websocket = h.websocket && h.upgradeListed && h.version == 11;
    boolean listed = x.connectionLists(h);
    boolean dropInvalid = settings.dropInvalidHeaders();
    for (int i = 0; i < h.count; i++) {
      switch (h.known(i)) {
        case Head.HOST -> {
          if (!settings.preserveHost() || rewritten != null) {
            continue;
          }
        }
        case Head.CONNECTION,
            Head.KEEP_ALIVE,
            Head.PROXY_CONNECTION,
            Head.TE,
            Head.TRAILER,
            Head.TRANSFER_ENCODING,
            Head.CONTENT_LENGTH,
            Head.HTTP2_SETTINGS -> {
          continue;
        }
        case Head.FORWARDED_PROTO, Head.FORWARDED_PORT, Head.TRACE_ID -> {
          if (!mesh) {
            continue;
          }
        }
        case Head.EXPECT -> {
          if (h.expectContinue) {
            continue;
          }
        }
        case Head.UPGRADE -> {
          if (!websocket) {
            continue;
          }
        }
        case Head.FORWARDED_FOR -> {
          if (settings.forwardedFor() != ForwardedFor.PRESERVE) {
            continue;
          }
        }
        case Head.TLS_CIPHER, Head.TLS_VERSION -> {
          if (settings.tlsHeaders()) {
            continue;
          }
        }
        default -> {
          if (h.nameStart(i) == h.nameEnd(i)) {
            continue;
          }
          if (dropInvalid && !HeadParser.plainName(h, i)) {
            compiled.state.counters[worker.index].droppedHeaders++;
            continue;
          }
        }
      }
      if (listed && !websocket && h.namedByConnection(i)) {
        continue;
      }
      out.put(h.bytes, h.nameStart(i), h.nameEnd(i)).put(':').put(' ');
      out.put(h.bytes, h.valueStart(i), h.valueEnd(i)).crlf();
    }
    if (h.chunked) {
      out.put(CHUNKED);
    } else if (h.contentLength >= 0) {
      out.put(LENGTH).number(h.contentLength).crlf();
    }
    if (websocket) {
      out.put("Connection: upgrade\r\n");
    }
    out.crlf();
  }

  private static void forwardedFor(Bytes out, Head h, BalancerSettings settings, Client client) {
    if (settings.forwardedFor() != ForwardedFor.APPEND) {
      return;
    }
    out.put(FORWARDED_FOR);
    for (int i = 0; i < h.count; i++) {
      if (h.known(i) == Head.FORWARDED_FOR && h.valueEnd(i) > h.valueStart(i)) {
        out.put(h.bytes, h.valueStart(i), h.valueEnd(i)).put(',').put(' ');
      }
    }
    out.put(settings.forwardedClientPort() ? client.textWithPort : client.text).crlf();
  }

  private static void host(
      Bytes out, Head h, BalancerSettings settings, Compiled compiled, int port) {
    if (h.host < 0) {
      out.put(HOST).put(compiled.balancer.dnsName()).crlf();
      return;
    }
    boolean synthetic = h.nameStart(h.host) == h.nameEnd(h.host);
    if (settings.preserveHost() && !synthetic) {
      return;
    }
    int start = h.valueStart(h.host);
    int end = h.valueEnd(h.host);
    if (start == end) {
      out.put(HOST).crlf();
      return;
    }
    int name = Compiled.hostEnd(h.bytes, start, end);
    boolean usual = port == 80 || port == 443;
    out.put(HOST);
    for (int i = start; i < (usual ? name : end); i++) {
      out.put((char) Head.lower(h.bytes[i]));
    }
    if (!usual && name == end) {
      out.put(':').number(port);
    }
    out.crlf();
  }

  /** With a port where the client's own name would have one. */
  private static void rewrittenHost(
      Bytes out, Head h, String host, BalancerSettings settings, int port) {
    out.put(HOST).put(host);
    boolean usual = !settings.preserveHost() && (port == 80 || port == 443);
    if (host.indexOf(':') < 0 && !usual) {
      int end = h.valueEnd(h.host);
      int name = Compiled.hostEnd(h.bytes, h.valueStart(h.host), end);
      if (name < end) {
        out.put(h.bytes, name, end);
      } else if (!settings.preserveHost()) {
        out.put(':').number(port);
      }
    }
    out.crlf();
  }
}
