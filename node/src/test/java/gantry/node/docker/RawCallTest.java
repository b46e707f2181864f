package gantry.node.docker;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What comes from Docker's socket is an answer, or else an {@link IOException}. */
class RawCallTest {

  private static String asked(String answer) throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (Socket socket = server.accept()) {
                  socket.getInputStream().read(new byte[4096]);
                  socket.getOutputStream().write(answer.getBytes(US_ASCII));
                } catch (IOException gone) {
                  throw new AssertionError(gone);
                }
              });
      URI docker = URI.create("tcp://127.0.0.1:" + server.getLocalPort());
      try (RawCall call = RawCall.get(docker, "/x")) {
        return call.status() + " " + new String(call.body().readAllBytes(), US_ASCII);
      }
    }
  }

  @Test
  void answersAreReadWholeAndInChunks() throws IOException {
    assertThat(asked("HTTP/1.1 404 Not Found\r\n\r\nno such container"))
        .isEqualTo("404 no such container");
    assertThat(
            asked(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nB;x=y\r\na container\r\n0\r\n\r\n"))
        .isEqualTo("200 a container");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nten\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"
      })
  void anythingElseIsRefused(String answer) {
    assertThatThrownBy(() -> asked(answer)).isInstanceOf(IOException.class);
  }
}
