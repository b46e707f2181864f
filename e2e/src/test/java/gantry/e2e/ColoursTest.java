package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
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

  private static final long DEADLINE_MINUTES = 6;

  @Test
  void canaryBlueGreenAndRollbackLoseNoRequest(@TempDir Path work) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            ClientsTest.python(),
            Path.of("src/test/resources/colours.py").toAbsolutePath().toString(),
            Program.ROOT.resolve("gantry").toString(),
            work.toString(),
            ThreadTest.port());
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("AWS_") || name.endsWith("_BUNDLE"));
    Path output = work.resolve("colours.out");
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    boolean ended = process.waitFor(DEADLINE_MINUTES, TimeUnit.MINUTES);
    if (!ended) {
      process.destroy();
      process.waitFor(1, TimeUnit.MINUTES);
    }
    List<String> lines = Files.readAllLines(output);
    assertThat(ended).as(String.join("\n", lines)).isTrue();
    assertThat(process.exitValue()).as(String.join("\n", lines)).isZero();
    assertThat(lines)
        .anyMatch(line -> line.endsWith("requests, none failed"))
        .anyMatch(line -> line.endsWith("nothing is left"));
  }
}
