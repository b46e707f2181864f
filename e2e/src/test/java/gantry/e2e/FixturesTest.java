package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Task definitions as people write them: registered by boto3 and run, {@code fixtures.py} beside
 * this test's resources. The definitions are those that the services' own tests read.
 */
class FixturesTest {

  private static final long DEADLINE_MINUTES = 6;

  @Test
  @Tag("client")
  void areTakenAndRunInTheSimulatedEngine(@TempDir Path work) throws Exception {
    run(work, "simulated");
  }

  @Test
  @Tag("docker")
  void runInContainersOrSayWhyNot(@TempDir Path work) throws Exception {
    run(work, "docker");
  }

  private static void run(Path work, String engine) throws Exception {
    List<String> lines =
        Script.run(
            work,
            DEADLINE_MINUTES,
            List.of(
                Clients.python(),
                Script.resource("fixtures.py"),
                Program.SCRIPT,
                work.toString(),
                Script.ports(1),
                Program.ROOT.resolve("services/src/test/resources/ecs/task-definitions").toString(),
                engine));
    assertThat(lines)
        .anyMatch(
            line -> line.endsWith("24 definitions registered, and they come back as they should"))
        .anyMatch(line -> line.endsWith("nothing is left"));
  }
}
