package gantry.node.vpc;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs the machine's own tools: {@code ip}, {@code nft}, {@code sysctl}, {@code nsenter}. */
public final class Commands {

  /** A tool that has not ended by then is ended, and the step fails. */
  private static final int LIMIT_SECONDS = 30;

  /** Runs a command with {@code input} on its standard input and answers its output. */
  public String run(List<String> command, String input) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      try (OutputStream in = process.getOutputStream()) {
        in.write(input.getBytes(StandardCharsets.UTF_8));
      } catch (IOException closedEarly) {
        // The command ended before it had read everything; its exit code says whether that is bad.
      }
      String output;
      try (InputStream out = process.getInputStream()) {
        output = new String(out.readAllBytes(), StandardCharsets.UTF_8);
      }
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new CommandFailed(
            String.join(" ", command) + ": not done after " + LIMIT_SECONDS + " s");
      }
      if (process.exitValue() != 0) {
        throw new CommandFailed(
            String.join(" ", command)
                + " ended with "
                + process.exitValue()
                + ": "
                + output.strip());
      }
      return output;
    } catch (IOException e) {
      throw new CommandFailed(String.join(" ", command) + " cannot be run: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailed(String.join(" ", command) + " was interrupted", e);
    }
  }

  public String run(String... command) {
    return run(List.of(command), "");
  }

  /** Runs {@code lines} of {@code ip} in a namespace, in one process; none of them may fail. */
  void ip(String namespace, List<String> lines) {
    if (!lines.isEmpty()) {
      run(List.of("ip", "-n", namespace, "-batch", "-"), String.join("\n", lines) + "\n");
    }
  }

  /** The same inside the namespace that the process {@code pid} is in. */
  void ipOf(long pid, List<String> lines) {
    run(
        List.of("nsenter", "-t", Long.toString(pid), "-n", "ip", "-batch", "-"),
        String.join("\n", lines) + "\n");
  }

  /** Runs nftables commands in a namespace as one transaction. */
  void nft(String namespace, String script) {
    if (!script.isEmpty()) {
      inside(namespace, List.of("nft", "-f", "-"), script);
    }
  }

  String inside(String namespace, List<String> command, String input) {
    List<String> all = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + namespace));
    all.addAll(command);
    return run(all, input);
  }
}
