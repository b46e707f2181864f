package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Canary and blue/green with real containers behind the balancer under load, and a rollback in the
 * bake time, by boto3: {@code colours.py} beside this test's resources.
 */
@Tag("docker")
@Tag("long")
class ColoursTest {

  private static final long DEADLINE_MINUTES = 12;

  @Test
  void canaryBlueGreenAndRollbackLoseNoRequest(@TempDir Path work) throws Exception {
    List<String> lines =
        Script.run(
            work,
            DEADLINE_MINUTES,
            List.of(
                Clients.python(),
                Script.resource("colours.py"),
                Program.SCRIPT,
                work.toString(),
                Script.ports(3)));
    assertThat(lines)
        .anyMatch(line -> line.endsWith("requests, none failed"))
        .anyMatch(line -> line.endsWith("nothing is left"));
  }
}
