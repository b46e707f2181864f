package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Everything at once, by the unmodified aws CLI and docker: {@code thread.sh} beside this test's
 * resources.
 */
@Tag("docker")
class ThreadTest {

  private static final long DEADLINE_MINUTES = 8;

  @Test
  void pushedRunBalancedFoundAndUpdatedUnderLoad(@TempDir Path work) throws Exception {
    Path root = Path.of("").toAbsolutePath().getParent();
    Path script = Path.of("src/test/resources/thread.sh").toAbsolutePath();
    ProcessBuilder builder =
        new ProcessBuilder(
            "bash", script.toString(), root.resolve("gantry").toString(), work.toString(), port());
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("AWS_") || name.endsWith("_BUNDLE"));
    builder.environment().put("AWS_ACCESS_KEY_ID", "test");
    builder.environment().put("AWS_SECRET_ACCESS_KEY", "test");
    builder.environment().put("AWS_DEFAULT_REGION", "us-east-1");
    builder.environment().put("AWS_PAGER", "");
    Path output = work.resolve("thread.out");
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    boolean ended = process.waitFor(DEADLINE_MINUTES, TimeUnit.MINUTES);
    if (!ended) {
      process.destroy();
      process.waitFor(1, TimeUnit.MINUTES);
    }
    List<String> lines = java.nio.file.Files.readAllLines(output);
    assertThat(ended).as(String.join("\n", lines)).isTrue();
    assertThat(process.exitValue()).as(String.join("\n", lines)).isZero();
    assertThat(lines)
        .anyMatch(line -> line.contains("none failed"))
        .contains("== killed and started again: the same tasks answer, none was found ill")
        .contains("== nothing is left");
  }

  /** A free port whose two successors, which balancers listen on, are free too. */
  static String port() throws IOException {
    for (int tries = 0; tries < 50; tries++) {
      try (ServerSocket one = new ServerSocket(0);
          ServerSocket next = new ServerSocket(one.getLocalPort() + 1);
          ServerSocket third = new ServerSocket(one.getLocalPort() + 2)) {
        return Integer.toString(one.getLocalPort());
      } catch (IOException taken) {
        continue;
      }
    }
    throw new IOException("no three free ports beside each other");
  }
}
