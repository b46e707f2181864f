package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A role per service, under enforcement, with an unmodified SDK in the containers: {@code roles.sh}
 * beside this test's resources, and the program that its containers run.
 */
@Tag("docker")
class RolesTest {

  @Test
  void eachServiceReadsItsOwnAndIsRefusedTheOthers(@TempDir Path work) throws Exception {
    Program.Said said =
        Program.run(
            List.of(
                "bash",
                Script.resource("roles/roles.sh"),
                Program.ROOT.resolve("gantry").toString(),
                work.toString(),
                Script.ports(1),
                worker().toString()),
            work,
            Script.AWS);
    assertThat(said.code()).as(said.toString()).isZero();
    assertThat(said.out())
        .contains("== a reads its own, is refused b's, and the missing statement is named")
        .contains("== b reads its own, is refused a's, and the missing statement is named")
        .contains("== an execution role that lacks a secret: ResourceInitializationError")
        .contains("== nothing is left");
  }

  /** The containers' program, built once: static, so that the image holds nothing else. */
  private static Path worker() throws IOException, InterruptedException {
    Path folder = Clients.go("worker");
    Files.copy(
        Path.of(Script.resource("roles/worker.go")),
        folder.resolve("main.go"),
        StandardCopyOption.REPLACE_EXISTING);
    Program.Said said =
        Program.run(
            List.of("go", "build", "-o", "worker", "."), folder, Map.of("CGO_ENABLED", "0"));
    assertThat(said.code()).as(said.toString()).isZero();
    return folder.resolve("worker");
  }
}
