package gantry.app.registry;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A way to the registry that lets so many bytes of clients through and then none until it is
 * opened: who pushes more is in the middle of it, however fast the machine is.
 */
final class Narrows implements AutoCloseable {

  private final int to;
  private final long limit;
  private final ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final CountDownLatch full = new CountDownLatch(1);
  private final CountDownLatch open = new CountDownLatch(1);
  private long passed;

  Narrows(int to, long limit) throws IOException {
    this.to = to;
    this.limit = limit;
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return door.getLocalPort();
  }

  /** Until somebody waits in it. */
  boolean isFull() throws InterruptedException {
    return full.await(60, TimeUnit.SECONDS);
  }

  void open() {
    open.countDown();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = door.accept();
        Thread.ofVirtual().start(() -> serve(client));
      }
    } catch (IOException closed) {
      return; // the test is over
    }
  }

  private void serve(Socket client) {
    try (client;
        Socket registry = new Socket(InetAddress.getLoopbackAddress(), to)) {
      Thread back = Thread.ofVirtual().start(() -> answers(registry, client));
      pass(client.getInputStream(), registry.getOutputStream());
      registry.shutdownOutput();
      back.join();
    } catch (IOException gone) {
      return; // the client was killed, or the registry has ended
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void pass(InputStream in, OutputStream out) throws IOException, InterruptedException {
    byte[] some = new byte[16_384];
    for (int n = in.read(some); n >= 0; n = in.read(some)) {
      if (counts(n)) {
        full.countDown();
        open.await();
      }
      out.write(some, 0, n);
    }
  }

  /** Whether these are too many. */
  private synchronized boolean counts(int bytes) {
    passed += bytes;
    return passed > limit;
  }

  private static void answers(Socket registry, Socket client) {
    try {
      registry.getInputStream().transferTo(client.getOutputStream());
      client.shutdownOutput();
    } catch (IOException gone) {
      return; // as above
    }
  }

  @Override
  public void close() {
    open();
    try {
      door.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
