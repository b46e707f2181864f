package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The built program, driven by {@code ./gantry} as a person does, with a data directory of its own.
 */
final class Program {

  private static final long PATIENCE_SECONDS = 600;

  /** The root of the sources. */
  static final Path ROOT = root();

  /** {@code ./gantry}, or what stands for it. */
  static final String SCRIPT =
      System.getProperty("gantry.script", ROOT.resolve("gantry").toString());

  private final Path data;
  private final String engine;

  /** One whose tasks are simulated. */
  Program(Path data) {
    this(data, "simulated");
  }

  Program(Path data, String engine) {
    this.data = data;
    this.engine = engine;
  }

  /** A command's code and what it said, both streams apart. */
  record Said(int code, String out, String err) {}

  /** {@code ./gantry ARGUMENTS}. */
  Said gantry(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(SCRIPT));
    command.addAll(List.of(arguments));
    String built = System.getProperty("gantry.built", ROOT.resolve(".gantry/built").toString());
    return run(
        command,
        ROOT,
        Map.of("GANTRY_BUILT", built, "GANTRY_ENGINE", engine, "GANTRY_HOME", data.toString()));
  }

  /** Starts it on a free port; the URL. */
  String up() throws IOException, InterruptedException {
    Said said = gantry("up", "--detach", "--port", "0");
    assertThat(said.code()).as(said.toString()).isZero();
    return said.out()
        .lines()
        .filter(line -> line.startsWith("export AWS_ENDPOINT_URL="))
        .map(line -> line.substring(line.indexOf('=') + 1))
        .findFirst()
        .orElseThrow(() -> new AssertionError(said));
  }

  void down() throws IOException, InterruptedException {
    Said said = gantry("down", "--purge");
    assertThat(said.code()).as(said.toString()).isZero();
  }

  /** Runs a program in an environment that names nothing of this machine's AWS or certificates. */
  static Said run(List<String> command, Path folder, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("gantry-e2e-", ".out");
    Path err = Files.createTempFile("gantry-e2e-", ".err");
    try {
      ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
      builder.environment().keySet().removeIf(n -> n.startsWith("AWS_") || n.endsWith("CA_BUNDLE"));
      builder.environment().put("AWS_EC2_METADATA_DISABLED", "true");
      builder.environment().putAll(environment);
      Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(command + " does not end: " + Files.readString(err));
      }
      return new Said(
          process.exitValue(),
          Files.readString(out, StandardCharsets.UTF_8),
          Files.readString(err, StandardCharsets.UTF_8));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  private static Path root() {
    Path at = Path.of("").toAbsolutePath();
    while (at != null && !Files.isExecutable(at.resolve("gantry"))) {
      at = at.getParent();
    }
    if (at == null) {
      throw new IllegalStateException("run within the sources of Gantry");
    }
    return at;
  }
}
