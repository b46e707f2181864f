package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
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
    List<String> lines =
        Script.run(
            work,
            DEADLINE_MINUTES,
            List.of(
                "bash",
                Script.resource("deployments.sh"),
                Program.SCRIPT,
                work.toString(),
                Script.ports(2),
                System.getProperty("gantry.deployments", "3"),
                Script.resource(""),
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                SdkWaiter.class.getName()));
    lines.forEach(System.out::println);
    assertThat(lines).contains("== done").anyMatch(line -> line.contains("requests, 0 failed"));
  }
}
