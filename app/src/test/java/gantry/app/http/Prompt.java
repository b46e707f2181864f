package gantry.app.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;

/**
 * A client that began to speak before an impatient server could find it silent, however little of
 * the machine it gets.
 */
final class Prompt {

  private Prompt() {}

  static Socket connect(HttpServer server, Limits limits, String first) throws IOException {
    while (true) {
      long start = System.nanoTime();
      Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
      socket.setTcpNoDelay(true);
      socket.getOutputStream().write(first.getBytes(ISO_8859_1));
      if (System.nanoTime() - start < limits.tick().toNanos() / 2) {
        return socket;
      }
      socket.close();
    }
  }
}
