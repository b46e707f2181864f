package gantry.services.ecr;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * A port before the JDK's server that hangs up on TLS. Clients of registries try that first, and
 * the JDK's server leaves them to wait for ten seconds, each time.
 */
final class PlainPort implements AutoCloseable {

  private static final int TLS_HANDSHAKE = 0x16;

  private final ServerSocket front = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
  private final int server;

  PlainPort(int server) throws IOException {
    this.server = server;
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return front.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = front.accept();
        Thread.ofVirtual().start(() -> serve(client));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  private void serve(Socket client) {
    try (client) {
      InputStream in = client.getInputStream();
      int first = in.read();
      if (first < 0 || first == TLS_HANDSHAKE) {
        return;
      }
      try (Socket to = new Socket(InetAddress.getLoopbackAddress(), server)) {
        to.setTcpNoDelay(true);
        client.setTcpNoDelay(true);
        OutputStream out = to.getOutputStream();
        out.write(first);
        Thread back = Thread.ofVirtual().start(() -> pass(to, client));
        pass(client, to);
        back.join();
      }
    } catch (IOException over) {
      // One of the two has hung up: the other one hears it now.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void pass(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
      to.shutdownOutput();
    } catch (IOException over) {
      // As above.
    }
  }

  @Override
  public void close() {
    try {
      front.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
