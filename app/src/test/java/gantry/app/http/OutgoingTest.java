package gantry.app.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class OutgoingTest {

  private static final int PIECE = 64 * 1024;
  private static final int PIECES = 1024;

  /** As many threads as a server reads and writes with, at most. */
  private static final int LOOPS = Math.min(8, Runtime.getRuntime().availableProcessors());

  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch busy = new CountDownLatch(LOOPS);
  private final CountDownLatch free = new CountDownLatch(1);
  private final CompletableFuture<Thread> writer = new CompletableFuture<>();
  private final CompletableFuture<Boolean> written = new CompletableFuture<>();

  /** Answers `/busy` on the connection's own thread, and keeps that. */
  private final class Handler implements QuickHandler {
    @Override
    public boolean quick(HttpExchange exchange) {
      return exchange.path().equals("/busy");
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
      try {
        switch (exchange.path()) {
          case "/busy" -> {
            busy.countDown();
            free.await();
          }
          case "/much" -> {
            try (OutputStream out = exchange.respond(200)) {
              asked.countDown();
              busy.await();
              writer.complete(Thread.currentThread());
              byte[] piece = new byte[PIECE];
              for (int i = 0; i < PIECES; i++) {
                out.write(piece);
              }
              written.complete(true);
            }
            return;
          }
          default -> {}
        }
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      exchange.respond(200, new byte[1]);
    }
  }

  private static Socket asking(HttpServer server, String path) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
    ask(socket, path);
    return socket;
  }

  private static void ask(Socket socket, String path) throws IOException {
    socket
        .getOutputStream()
        .write(("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n").getBytes(US_ASCII));
  }

  @Test
  void whoWritesWaitsForAConnectionsThreadThatHasOtherWork() throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    List<Socket> others = new ArrayList<>();
    try (HttpServer server = HttpServer.start(any, new Handler(), Limits.USUAL);
        Socket reader = asking(server, "/much")) {
      asked.await();
      for (int i = 0; i < LOOPS; i++) {
        Socket other = asking(server, "/"); // it is some loop's by the time it has an answer
        others.add(other);
        assertThat(other.getInputStream().read()).isEqualTo('H');
      }
      for (Socket other : others) {
        ask(other, "/busy");
      }
      Thread writing = writer.get();
      while (writing.getState() != Thread.State.WAITING && !written.isDone()) {
        Thread.yield();
      }
      boolean allWritten = written.isDone();
      free.countDown();
      assertThat(allWritten).as("nobody could have taken any of it").isFalse();
      assertThat(reader.getInputStream().readNBytes(PIECES * PIECE)).hasSize(PIECES * PIECE);
      assertThat(written.get()).isTrue();
    } finally {
      for (Socket other : others) {
        other.close();
      }
    }
  }
}
