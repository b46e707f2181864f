package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
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
    List<String> lines =
        Script.run(
            work,
            DEADLINE_MINUTES,
            List.of(
                "bash",
                Script.resource("thread.sh"),
                Program.ROOT.resolve("gantry").toString(),
                work.toString(),
                Script.ports(3)));
    assertThat(lines)
        .anyMatch(line -> line.contains("none failed"))
        .anyMatch(
            line ->
                line.startsWith(
                    "== killed and started again: the same tasks answer, none was found ill ("))
        .anyMatch(line -> line.startsWith("== nothing is left ("));
  }
}
