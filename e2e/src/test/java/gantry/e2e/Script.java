package gantry.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** A script of this test's resources, and the ports that it is given. */
final class Script {

  private Script() {}

  /** What the aws CLI needs to be told, whoever asks. */
  static final Map<String, String> AWS =
      Map.of(
          "AWS_ACCESS_KEY_ID", "test",
          "AWS_SECRET_ACCESS_KEY", "test",
          "AWS_DEFAULT_REGION", "us-east-1",
          "AWS_PAGER", "",
          // What a script said until it was ended is there to read.
          "PYTHONUNBUFFERED", "1");

  /** A file of the resources. */
  static String resource(String name) {
    return Path.of("src/test/resources", name).toAbsolutePath().toString();
  }

  /** Runs it until it has ended well; what it said, line by line. */
  static List<String> run(Path work, long minutes, List<String> command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("AWS_") || name.endsWith("_BUNDLE"));
    builder.environment().putAll(AWS);
    Path output = work.resolve("script.out");
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    boolean ended = process.waitFor(minutes, TimeUnit.MINUTES);
    if (!ended) {
      // It removes what it made when it is asked to end.
      process.destroy();
      process.waitFor(1, TimeUnit.MINUTES);
    }
    // Whatever it said: an end in the middle of a letter is no reason to say nothing of it.
    List<String> lines = new String(Files.readAllBytes(output), UTF_8).lines().toList();
    assertThat(ended).as(String.join("\n", lines)).isTrue();
    assertThat(process.exitValue()).as(String.join("\n", lines)).isZero();
    return lines;
  }

  /**
   * The first of as many free ports in a row, below those that the kernel gives to connections: one
   * of those may be taken by a client's connection at any time.
   */
  static String ports(int count) throws IOException {
    for (int tries = 0; tries < 100; tries++) {
      List<ServerSocket> held = new ArrayList<>();
      try {
        int first = ThreadLocalRandom.current().nextInt(12_000, 32_000);
        while (held.size() < count) {
          held.add(new ServerSocket(first + held.size()));
        }
        return Integer.toString(first);
      } catch (IOException taken) {
        continue;
      } finally {
        for (ServerSocket one : held) {
          one.close();
        }
      }
    }
    throw new IOException("no " + count + " free ports beside each other");
  }
}
