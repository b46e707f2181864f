package gantry.services.ecr;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The docker client on this machine, unmodified and with no set-up. */
@Tag("docker")
class DockerPushPullTest {

  @TempDir Path folder;

  @Test
  void pushesAndPullsAnImageOfManyLayers() throws Exception {
    Path context = Files.createDirectory(folder.resolve("context"));
    StringBuilder dockerfile = new StringBuilder("FROM scratch\n");
    for (int i = 0; i < 20; i++) {
      Files.writeString(context.resolve("f" + i), "layer " + i + " of " + folder);
      dockerfile.append("COPY f" + i + " /f" + i + "\n");
    }
    Files.writeString(context.resolve("Dockerfile"), dockerfile);
    try (World world = new World(folder.resolve("store"));
        PlainPort plain = new PlainPort(world.server.port())) {
      world.repository("team/app");
      String image = "localhost:" + plain.port() + "/team/app:v1";
      try {
        run("docker", "build", "-q", "-t", image, context.toString());
        String pushed = run("docker", "push", image);
        assertThat(pushed).contains("v1: digest: sha256:");
        run("docker", "rmi", image);
        assertThat(run("docker", "pull", image)).contains("Downloaded newer image");
        assertThat(run("docker", "push", image)).contains("Layer already exists");
      } finally {
        new ProcessBuilder("docker", "rmi", "-f", image).start().waitFor(60, TimeUnit.SECONDS);
      }
    }
  }

  static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }
}
