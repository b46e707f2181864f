package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Load balancers by boto3, with targets in Python and nginx: {@code balancers.py} beside this
 * test's resources. It needs python3 with boto3, nginx, curl and openssl.
 */
@Tag("docker")
@Tag("client")
class BalancersTest {

  private static final long DEADLINE_MINUTES = 6;

  /** The API's port and those of the listeners after it. */
  private static final int PORTS = 11;

  @Test
  void rulesHealthDrainingCookiesTlsHttp2AndFlows(@TempDir Path work) throws Exception {
    Path script = Path.of("src/test/resources/balancers.py").toAbsolutePath();
    Path output = work.resolve("balancers.out");
    ProcessBuilder builder =
        new ProcessBuilder(
            "python3",
            script.toString(),
            Program.ROOT.resolve("gantry").toString(),
            work.toString(),
            Integer.toString(ports()));
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("AWS_") || name.endsWith("_BUNDLE"));
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    boolean ended = process.waitFor(DEADLINE_MINUTES, TimeUnit.MINUTES);
    if (!ended) {
      process.destroy();
      process.waitFor(1, TimeUnit.MINUTES);
    }
    List<String> lines = Files.readAllLines(output);
    assertThat(ended).as(String.join("\n", lines)).isTrue();
    assertThat(lines).as(String.join("\n", lines)).contains("== all of it");
  }

  /** The first of as many free ports in a row. */
  private static int ports() throws IOException {
    for (int tries = 0; tries < 100; tries++) {
      List<ServerSocket> held = new ArrayList<>();
      try {
        held.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
        int first = held.getFirst().getLocalPort();
        while (held.size() < PORTS) {
          held.add(new ServerSocket(first + held.size(), 1, InetAddress.getLoopbackAddress()));
        }
        return first;
      } catch (IOException taken) {
        continue;
      } finally {
        for (ServerSocket one : held) {
          one.close();
        }
      }
    }
    throw new IOException("no free ports beside each other");
  }
}
