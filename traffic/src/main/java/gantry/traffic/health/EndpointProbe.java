package gantry.traffic.health;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * One check of one endpoint, on the caller's (virtual) thread, within Route 53's limits: ten
 * seconds for a TCP connection, four where HTTP is spoken on it, two more for the answer and two
 * for the text that is searched for.
 */
final class EndpointProbe {

  static final int TCP_CONNECT_MILLIS = 10_000;
  static final int HTTP_CONNECT_MILLIS = 4_000;
  static final int ANSWER_MILLIS = 2_000;

  /** The text must lie in so much of the body. */
  static final int SEARCHED_BYTES = 5_120;

  private static final int MAX_HEAD = 16_384;

  /** What a check found, in words. */
  record Found(boolean well, String status) {}

  /** How names become addresses. */
  interface Resolver {
    InetAddress resolve(String name) throws IOException;
  }

  private EndpointProbe() {}

  static Found check(Endpoint endpoint, Resolver resolver) {
    boolean http = endpoint.kind() == Endpoint.Kind.HTTP;
    try (Socket socket = new Socket()) {
      InetSocketAddress to =
          new InetSocketAddress(resolver.resolve(endpoint.address()), endpoint.port());
      socket.connect(to, http ? HTTP_CONNECT_MILLIS : TCP_CONNECT_MILLIS);
      socket.setSoTimeout(ANSWER_MILLIS);
      if (!http) {
        return new Found(true, "TCP connection succeeded.");
      }
      if (!endpoint.secure()) {
        return ask(endpoint, socket);
      }
      try (SSLSocket secure = secured(endpoint, socket)) {
        return ask(endpoint, secure);
      }
    } catch (SocketTimeoutException late) {
      return new Found(false, "The endpoint did not answer in time: " + late.getMessage());
    } catch (IOException | GeneralSecurityException e) {
      return new Found(
          false,
          "The endpoint could not be asked: "
              + e.getClass().getSimpleName()
              + ": "
              + e.getMessage());
    }
  }

  private static SSLSocket secured(Endpoint endpoint, Socket socket)
      throws IOException, GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Anybody()}, null);
    SSLSocket secure =
        (SSLSocket)
            context
                .getSocketFactory()
                .createSocket(socket, endpoint.address(), endpoint.port(), false);
    SSLParameters parameters = secure.getSSLParameters();
    String host = endpoint.host();
    parameters.setServerNames(
        endpoint.sni() && host != null ? List.of(serverName(host)) : List.of());
    secure.setSSLParameters(parameters);
    secure.startHandshake();
    return secure;
  }

  private static SNIServerName serverName(String host) throws IOException {
    try {
      return new SNIHostName(host);
    } catch (IllegalArgumentException noName) {
      throw new IOException("TLS cannot be told the name " + host, noName);
    }
  }

  private static Found ask(Endpoint endpoint, Socket socket) throws IOException {
    String host = endpoint.host() == null ? endpoint.address() : endpoint.host();
    int usual = endpoint.secure() ? 443 : 80;
    String request =
        "GET "
            + (endpoint.path().startsWith("/") ? "" : "/")
            + endpoint.path()
            + " HTTP/1.1\r\nHost: "
            + host
            + (endpoint.port() == usual ? "" : ":" + endpoint.port())
            + "\r\nConnection: close\r\nAccept: */*\r\nUser-Agent: Amazon-Route53-Health-Check-Service"
            + " (ref "
            + endpoint.id()
            + ")\r\n\r\n";
    socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
    Answer answer = new Answer(socket);
    String head = answer.head();
    String line = head.substring(0, Math.max(0, head.indexOf('\r')));
    String[] words = line.split(" ", 3);
    if (words.length < 2 || !words[0].startsWith("HTTP/1.") || !words[1].matches("[1-5]\\d\\d")) {
      return new Found(false, "The endpoint does not speak HTTP.");
    }
    int code = Integer.parseInt(words[1]);
    String said = "HTTP Status Code " + line.substring(words[0].length() + 1).strip();
    if (code < 200 || code > 399) {
      return new Found(false, said);
    }
    String search = endpoint.search();
    if (search == null) {
      return new Found(true, said);
    }
    String body =
        answer.body(head.toLowerCase(Locale.ROOT).contains("\r\ntransfer-encoding: chunked"));
    return body.contains(search)
        ? new Found(true, said + ", and the search string was found")
        : new Found(false, said + ", but the search string was not found");
  }

  /** An answer as it comes in, never longer than the limits; each part has its own time. */
  private static final class Answer {
    private final Socket socket;
    private final InputStream in;
    private long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ANSWER_MILLIS);

    Answer(Socket socket) throws IOException {
      this.socket = socket;
      this.in = new java.io.BufferedInputStream(socket.getInputStream());
    }

    private int read() throws IOException {
      long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
      if (left <= 0) {
        throw new SocketTimeoutException("no complete answer");
      }
      socket.setSoTimeout((int) left);
      return in.read();
    }

    String head() throws IOException {
      var head = new ByteArrayOutputStream();
      int newlines = 0;
      while (newlines < 2) {
        int b = read();
        if (b < 0 || head.size() > MAX_HEAD) {
          throw new IOException("no complete answer");
        }
        head.write(b);
        newlines = b == '\n' ? newlines + 1 : b == '\r' ? newlines : 0;
      }
      return head.toString(StandardCharsets.ISO_8859_1);
    }

    /** The beginning of the body; what comes too late is not looked at. */
    String body(boolean chunked) throws IOException {
      deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ANSWER_MILLIS);
      var body = new ByteArrayOutputStream();
      try {
        if (chunked) {
          int size = chunk();
          while (size > 0 && body.size() < SEARCHED_BYTES) {
            take(body, size);
            read();
            read();
            size = chunk();
          }
        } else {
          take(body, Integer.MAX_VALUE);
        }
      } catch (SocketTimeoutException late) {
        // What came in time decides.
        return body.toString(StandardCharsets.UTF_8);
      }
      return body.toString(StandardCharsets.UTF_8);
    }

    private void take(ByteArrayOutputStream body, int count) throws IOException {
      for (int i = 0; i < count && body.size() < SEARCHED_BYTES; i++) {
        int b = read();
        if (b < 0) {
          return;
        }
        body.write(b);
      }
    }

    private int chunk() throws IOException {
      int size = 0;
      boolean extension = false;
      for (int b = read(); b >= 0 && b != '\n'; b = read()) {
        extension |= b == ';';
        int digit = Character.digit(b, 16);
        if (!extension && digit >= 0) {
          size = Math.min(SEARCHED_BYTES, size * 16 + digit);
        }
      }
      return size;
    }
  }

  /** Route 53 does not judge certificates: an expired one is no failure. */
  private static final class Anybody implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
