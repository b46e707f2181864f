package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code ./gantry demo} and what a person does with it, a browser included. */
@Tag("docker")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DemoTest {

  @TempDir static Path data;
  private static Program program;
  private static String webPort;

  @BeforeAll
  static void bringUp() throws Exception {
    webPort = Script.ports(1);
    program = new Program(data.resolve("data"), "docker");
    Program.Said up = program.gantry("up", "--detach", "--port", "0", "--iam", "enforce");
    assertThat(up.code()).as(up.toString()).isZero();
    Program.Said demo = program.gantry("demo", "--port", webPort);
    assertThat(demo.code()).as(demo.toString()).isZero();
    assertThat(demo.out()).contains("It runs: http://demo-", "$ aws ecs create-service");
  }

  @AfterAll
  static void remove() throws Exception {
    Program.Said clean = program.gantry("demo", "clean", "--port", webPort);
    program.down();
    assertThat(clean.code()).as(clean.toString()).isZero();
    assertThat(clean.out()).contains("Nothing of the demo is left.");
  }

  @Test
  @Order(1)
  void aPersonSubmitsJobsInABrowser() throws Exception {
    Path folder = Clients.node();
    Path script = folder.resolve("page.mjs");
    try (var in = Objects.requireNonNull(getClass().getResourceAsStream("/demo/page.mjs"))) {
      Files.copy(in, script, StandardCopyOption.REPLACE_EXISTING);
    }
    Path picture = folder.resolve("demo.png");
    Program.Said said =
        Program.run(
            List.of(
                "node",
                script.toString(),
                "http://demo.localhost:" + webPort + "/",
                picture.toString(),
                chromium()),
            folder,
            Map.of());
    ok(said);
    assertThat(said.out()).contains("done: 3 jobs");
    assertThat(picture).isNotEmptyFile();
  }

  @Test
  @Order(2)
  void aNewVersionIsRolledOutWithoutAFailedRequest() throws Exception {
    Program.Said said = program.gantry("demo", "roll", "--port", webPort);
    ok(said);
    assertThat(said.out()).contains("0 failed: v2 serves alone.");
  }

  @Test
  @Order(3)
  void tasksThatAreStoppedAreReplacedWithoutAFailedRequest() throws Exception {
    Program.Said said = program.gantry("demo", "kill", "--port", webPort);
    ok(said);
    assertThat(said.out()).contains("After StopTask: 0 failed.");
  }

  @ParameterizedTest
  @Order(4)
  @CsvSource(
      delimiter = ';',
      value = {
        "closed-group; security group,refused,tcp/80",
        "health-path; Health checks failed with these codes: [404]",
        "architecture; image is linux/arm64, this node is linux/amd64",
        "execution-role; ResourceInitializationError,secretsmanager:GetSecretValue",
        "no-route; no way from subnet,no public address,NAT gateway,no endpoint",
        "memory; OutOfMemoryError,exit code 137"
      })
  void aMistakeIsExplained(String mistake, String reasons) throws Exception {
    Program.Said said = program.gantry("demo", "break", mistake, "--port", webPort);
    ok(said);
    assertThat(said.out()).contains(reasons.strip().split(",(?! )"));
  }

  private static void ok(Program.Said said) {
    assertThat(said.code()).as(said.toString()).isZero();
  }

  private static String chromium() throws IOException {
    for (String name : List.of("/usr/bin/chromium", "/usr/bin/chromium-browser")) {
      if (Files.isExecutable(Path.of(name))) {
        return name;
      }
    }
    throw new IOException("chromium is not installed");
  }
}
