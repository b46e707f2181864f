package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    return Script.run(
        work,
        DEADLINE_MINUTES,
        List.of(
            "bash",
            Script.resource("names/" + name),
            Program.ROOT.resolve("gantry").toString(),
            work.toString(),
            Script.ports(2)));
  }

  private static boolean installed(String program) {
    return Stream.of((System.getenv("PATH") + ":/usr/sbin").split(":", -1))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }
}
