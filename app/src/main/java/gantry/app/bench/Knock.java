package gantry.app.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One call over a plain socket, with nothing in it that costs time of its own: what measures a
 * start must not be measured itself.
 */
public final class Knock {

  private static final int PATIENCE_MILLIS = 30_000;
  private static final int HEAD_MOST = 64 * 1024;

  private Knock() {}

  /** The answer's status and body. */
  public record Answer(int status, String body) {}

  /** A call in AWS's JSON 1.1, as the ECS clients make it. */
  public static Answer json(int port, String service, String target, String body)
      throws IOException {
    return post(
        port,
        service,
        "/",
        "content-type: application/x-amz-json-1.1\r\nx-amz-target: " + target + "\r\n",
        body);
  }

  /** A call in AWS's Query protocol. */
  public static Answer query(int port, String service, String form) throws IOException {
    return post(
        port,
        service,
        "/",
        "content-type: application/x-www-form-urlencoded; charset=utf-8\r\n",
        form);
  }

  /**
   * What every client sends; nobody checks the signature of a key that is not known, on loopback.
   */
  public static String authorization(String service) {
    return "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/"
        + service
        + "/aws4_request, SignedHeaders=host;x-amz-date, Signature="
        + "0".repeat(64);
  }

  private static Answer post(int port, String service, String path, String headers, String body)
      throws IOException {
    return send(
        port,
        "POST "
            + path
            + " HTTP/1.1\r\nhost: localhost:"
            + port
            + "\r\nauthorization: "
            + authorization(service)
            + "\r\nx-amz-date: 20260101T000000Z\r\n"
            + headers
            + "content-length: "
            + body.getBytes(StandardCharsets.UTF_8).length
            + "\r\nconnection: close\r\n\r\n"
            + body);
  }

  /** A page, such as the health. */
  public static Answer get(int port, String path) throws IOException {
    return send(
        port,
        "GET " + path + " HTTP/1.1\r\nhost: localhost:" + port + "\r\nconnection: close\r\n\r\n");
  }

  private static Answer send(int port, String request) throws IOException {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), port), PATIENCE_MILLIS);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      InputStream in = socket.getInputStream();
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      int ending = 0;
      while (ending < 4) {
        int b = in.read();
        if (b < 0 || head.size() > HEAD_MOST) {
          throw new IOException("no answer");
        }
        head.write(b);
        ending = b == (ending % 2 == 0 ? '\r' : '\n') ? ending + 1 : b == '\r' ? 1 : 0;
      }
      String[] lines = head.toString(StandardCharsets.ISO_8859_1).split("\r\n", -1);
      int status = Integer.parseInt(lines[0].split(" ", -1)[1]);
      int length = -1;
      for (String line : lines) {
        String lower = line.toLowerCase(Locale.ROOT);
        if (lower.startsWith("content-length:")) {
          length = Integer.parseInt(lower.substring("content-length:".length()).trim());
        }
      }
      byte[] body = length < 0 ? in.readAllBytes() : in.readNBytes(length);
      return new Answer(status, new String(body, StandardCharsets.UTF_8));
    }
  }
}
