package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Names in real containers, by the unmodified aws CLI: the scripts in {@code names} beside this
 * test's resources.
 */
@Tag("docker")
@Tag("client") // dig, go, musl-gcc, nginx, wrk
class NamesTest {

  private static final long DEADLINE_MINUTES = 8;

  /** The case that this project began from, then resolvers of every kind. */
  @Test
  @Tag("long")
  void nginxFollowsAServiceThatScalesAndIsRedeployed(@TempDir Path work) throws Exception {
    assertThat(run("discovery.sh", work))
        .anyMatch(line -> line.contains("nginx kept routing") && line.contains("none failed"))
        .anyMatch(line -> line.contains("dig, Python, Go and musl found everything by name"))
        .anyMatch(line -> line.contains("nothing is left"));
  }

  @Test
  @Tag("long")
  void serviceConnectFollowsAServiceThatScalesAndIsRedeployed(@TempDir Path work) throws Exception {
    assertThat(run("connect.sh", work))
        .anyMatch(
            line -> line.contains("Service Connect kept routing") && line.contains("none failed"))
        .anyMatch(line -> line.contains("a task outside does not know the name"))
        .anyMatch(line -> line.contains("nothing is left"));
  }

  @Test
  void namesFollowHealthChecksOverHttps(@TempDir Path work) throws Exception {
    assertThat(run("health.sh", work))
        .anyMatch(line -> line.contains("HTTPS health checks moved the name and moved it back"))
        .anyMatch(line -> line.contains("nothing is left"));
  }

  private static List<String> run(String name, Path work) throws Exception {
    for (String program : List.of("aws", "nginx", "wrk", "busybox", "dig", "go", "musl-gcc")) {
      assumeThat(installed(program)).as(program + " is installed").isTrue();
    }
    Path script = Path.of("src/test/resources/names", name).toAbsolutePath();
    ProcessBuilder builder =
        new ProcessBuilder(
            "bash",
            script.toString(),
            Program.ROOT.resolve("gantry").toString(),
            work.toString(),
            port());
    builder
        .environment()
        .keySet()
        .removeIf(variable -> variable.startsWith("AWS_") || variable.endsWith("_BUNDLE"));
    builder.environment().put("AWS_ACCESS_KEY_ID", "test");
    builder.environment().put("AWS_SECRET_ACCESS_KEY", "test");
    builder.environment().put("AWS_DEFAULT_REGION", "us-east-1");
    builder.environment().put("AWS_PAGER", "");
    Path output = work.resolve("script.out");
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    boolean ended = process.waitFor(DEADLINE_MINUTES, TimeUnit.MINUTES);
    if (!ended) {
      process.destroy();
      process.waitFor(1, TimeUnit.MINUTES);
    }
    List<String> lines = Files.readAllLines(output);
    assertThat(ended).as(String.join("\n", lines)).isTrue();
    assertThat(process.exitValue()).as(String.join("\n", lines)).isZero();
    return lines;
  }

  private static boolean installed(String program) {
    return Stream.of((System.getenv("PATH") + ":/usr/sbin").split(":", -1))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
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
