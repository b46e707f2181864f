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
 * Deployments behind the balancer under constant load, a StopTask in each, then a kill: {@code
 * deployments.sh} beside this test's resources. How many: {@code -Dgantry.deployments=N}.
 */
@Tag("docker")
@Tag("long")
@Tag("client")
class DeploymentsTest {

  private static final long DEADLINE_MINUTES = 20;

  @Test
  void noRequestFails(@TempDir Path work) throws Exception {
    Path script = Path.of("src/test/resources/deployments.sh").toAbsolutePath();
    ProcessBuilder builder =
        new ProcessBuilder(
            "bash",
            script.toString(),
            Program.SCRIPT,
            work.toString(),
            port(),
            System.getProperty("gantry.deployments", "3"),
            script.getParent().toString(),
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            SdkWaiter.class.getName());
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("AWS_") || name.endsWith("_BUNDLE"));
    builder.environment().put("AWS_ACCESS_KEY_ID", "test");
    builder.environment().put("AWS_SECRET_ACCESS_KEY", "test");
    builder.environment().put("AWS_DEFAULT_REGION", "us-east-1");
    builder.environment().put("AWS_PAGER", "");
    Path output = work.resolve("deployments.out");
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    boolean ended = process.waitFor(DEADLINE_MINUTES, TimeUnit.MINUTES);
    if (!ended) {
      process.destroy();
      process.waitFor(1, TimeUnit.MINUTES);
    }
    List<String> lines = java.nio.file.Files.readAllLines(output);
    assertThat(ended).as(String.join("\n", lines)).isTrue();
    assertThat(process.exitValue()).as(String.join("\n", lines)).isZero();
    lines.forEach(System.out::println);
    assertThat(lines).contains("== done").anyMatch(line -> line.contains("requests, 0 failed"));
  }

  /** A free port whose successor, which the balancer listens on, is free too. */
  private static String port() throws IOException {
    for (int tries = 0; tries < 50; tries++) {
      try (ServerSocket one = new ServerSocket(0);
          ServerSocket next = new ServerSocket(one.getLocalPort() + 1)) {
        return Integer.toString(one.getLocalPort());
      } catch (IOException taken) {
        continue;
      }
    }
    throw new IOException("no two free ports beside each other");
  }
}
