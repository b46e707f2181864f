package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** up --detach, env, status, aws and down, as a person types them. */
@Tag("client")
class CommandLineTest {

  @TempDir Path folder;

  @Test
  void aDayWithTheCommandLine() throws Exception {
    Path data = folder.resolve("data");
    Program program = new Program(data);
    assertThat(program.gantry("status").code()).isEqualTo(1);
    String url = program.up();
    try {
      assertThat(program.gantry("status").out()).contains(url);
      assertThat(program.gantry("env").out())
          .contains("export AWS_ENDPOINT_URL=" + url, "export AWS_ACCESS_KEY_ID=");
      Program.Said again = program.gantry("up", "--detach", "--port", "0");
      assertThat(again.code()).isEqualTo(1);
      assertThat(again.err()).contains("already running at " + url);
      Program.Said made =
          program.gantry(
              "aws", "ecs", "create-cluster", "--cluster-name", "day", "--output", "json");
      assertThat(made.code()).as(made.toString()).isZero();
      assertThat(made.out()).contains("cluster/day");
      Program.Said none = program.gantry("aws", "ssm", "get-parameter", "--name", "/none");
      assertThat(none.code()).isNotZero();
      assertThat(none.err()).contains("ParameterNotFound");
      // What was made is there after a stop and a start.
      assertThat(program.gantry("down").out()).contains("stopped");
      assertThat(program.gantry("status").code()).isEqualTo(1);
      program.up();
      assertThat(program.gantry("aws", "ecs", "list-clusters", "--output", "text").out())
          .contains("cluster/day");
    } finally {
      program.down();
    }
    assertThat(data.resolve("gantry.db")).doesNotExist();
    assertThat(Files.exists(data.resolve("running"))).isFalse();
  }
}
