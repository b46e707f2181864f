package gantry.app.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Programs that the demo runs, docker before all. */
final class Shell {

  private final PrintStream out;
  private final Map<String, String> environment;

  Shell(PrintStream out, Map<String, String> environment) {
    this.out = out;
    this.environment = environment;
  }

  /** Shows the command and runs it. */
  void run(String... command) {
    out.println("$ " + Cli.shown(command[0], Arrays.copyOfRange(command, 1, command.length)));
    quiet(command);
  }

  /** Runs it; its lines come back. */
  List<String> quiet(String... command) {
    return piped("", null, command);
  }

  /** Runs it with that on its standard input. */
  List<String> fed(String input, String... command) {
    return piped(input, null, command);
  }

  /** Runs it and shows its lines as they come. */
  void shown(String... command) {
    piped("", out, command);
  }

  private List<String> piped(
      String input, @org.jspecify.annotations.Nullable PrintStream echo, String... command) {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    List<String> lines = new ArrayList<>();
    try {
      Process process = builder.start();
      try (var in = process.getOutputStream()) {
        in.write(input.getBytes(StandardCharsets.UTF_8));
      }
      try (BufferedReader reader =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          lines.add(line);
          if (echo != null) {
            echo.println(line);
          }
        }
      }
      if (process.waitFor() != 0) {
        throw new DemoFailed(
            Path.of(command[0]).getFileName()
                + " failed: "
                + (lines.isEmpty() ? "no word" : String.join("\n", lines)));
      }
      return lines;
    } catch (IOException e) {
      throw new UncheckedIOException(command[0] + " cannot be run", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoFailed("interrupted");
    }
  }
}
