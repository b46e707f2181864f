package gantry.app.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files as answers: whole, in part, and to clients that stop taking them. */
@Timeout(120)
class FileAnswerTest {

  private static final Limits QUICK =
      new Limits(
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          1024,
          Duration.ofSeconds(1),
          Duration.ofMillis(200),
          Duration.ofSeconds(2));

  private static final String GET_LARGE = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";

  private static final int SIZE = 3 * FileAnswer.PIECE + 12_345;

  @TempDir Path folder;
  private final byte[] content = new byte[SIZE];
  private final BlockingQueue<String> ended = new LinkedBlockingQueue<>();
  private Path file;
  private Path large;
  private @Nullable HttpServer server;

  @BeforeEach
  void write() throws IOException {
    new Random(1).nextBytes(content);
    file = Files.write(folder.resolve("file"), content);
    large = folder.resolve("large");
    try (FileChannel channel =
        FileChannel.open(large, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      // A hole: it takes no room.
      channel.write(java.nio.ByteBuffer.allocate(1), 1L << 30);
    }
  }

  private HttpServer serve(Limits limits) {
    HttpServer made =
        HttpServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            exchange -> {
              Path which = exchange.path().equals("/large") ? large : file;
              String[] part = (exchange.query().isEmpty() ? "0-" : exchange.query()).split("-", 2);
              try (FileChannel channel = FileChannel.open(which, StandardOpenOption.READ)) {
                long from = Long.parseLong(part[0]);
                long count =
                    part[1].isEmpty() ? channel.size() - from : Long.parseLong(part[1]) - from;
                exchange.respond(200, channel, from, count);
                ended.add("sent");
              } catch (IOException e) {
                ended.add(String.valueOf(e.getMessage()));
                throw e;
              }
            },
            limits);
    server = made;
    return made;
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  @ParameterizedTest
  @EnumSource(HttpClient.Version.class)
  void wholeAndInPart(HttpClient.Version version) throws Exception {
    int port = serve(Limits.USUAL).port();
    try (HttpClient client = HttpClient.newBuilder().version(version).build()) {
      for (int[] part :
          new int[][] {
            {0, SIZE},
            {0, FileAnswer.PIECE},
            {1, FileAnswer.PIECE + 2},
            {FileAnswer.PIECE, 3 * FileAnswer.PIECE},
            {SIZE - 1, SIZE},
            {7, 7}
          }) {
        URI uri = URI.create("http://127.0.0.1:" + port + "/file?" + part[0] + "-" + part[1]);
        HttpResponse<byte[]> answer =
            client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofByteArray());
        assertThat(answer.version()).isEqualTo(version);
        assertThat(Arrays.equals(answer.body(), Arrays.copyOfRange(content, part[0], part[1])))
            .as(part[0] + " to " + part[1])
            .isTrue();
        assertThat(ended.poll(60, TimeUnit.SECONDS)).isEqualTo("sent");
      }
    }
  }

  @Test
  void aClientThatTakesNothingMoreIsLetGo() throws Exception {
    try (Socket socket = Prompt.connect(serve(QUICK), QUICK, GET_LARGE)) {
      assertThat(socket.getInputStream().read()).isEqualTo('H');
      assertThat(ended.poll(60, TimeUnit.SECONDS)).isEqualTo("a file was not sent to its end");
    }
  }

  @Test
  void aClientThatHangsUpIsNoticed() throws Exception {
    try (Socket socket = Prompt.connect(serve(Limits.USUAL), Limits.USUAL, GET_LARGE)) {
      // More than the head, so that the file is on its way.
      assertThat(socket.getInputStream().readNBytes(100_000)).hasSize(100_000);
    }
    assertThat(ended.poll(60, TimeUnit.SECONDS)).isEqualTo("a file was not sent to its end");
  }
}
