package gantry.node.docker;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Control groups where systemd keeps them: a task's is a slice, its containers' are scopes in it
 * ({@code docker-ID.scope}). systemd is asked to set the limits, which it keeps in files of its own
 * even after the slice is empty, so a slice is stopped and its files are taken away.
 */
final class Slices {

  private static final Logger log = LoggerFactory.getLogger(Slices.class);

  /** Where systemd keeps what was set at run time. */
  private static final Path SETTINGS = Path.of("/run/systemd/system.control");

  private static final String SETTINGS_OF = ".d";

  /** Runs systemctl. */
  interface Systemctl {
    void run(List<String> arguments) throws IOException;
  }

  private final Systemctl systemctl;
  private final Path settings;

  Slices() {
    this(Slices::systemctl, SETTINGS);
  }

  Slices(Systemctl systemctl, Path settings) {
    this.systemctl = systemctl;
    this.settings = settings;
  }

  void limit(String name, @Nullable Double cpus, @Nullable Long bytes) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("set-property", "--runtime", name));
    if (cpus != null) {
      arguments.add("CPUQuota=" + Math.max(1, Math.round(cpus * 100)) + "%");
    }
    if (bytes != null) {
      arguments.add("MemoryMax=" + bytes);
    }
    systemctl.run(arguments);
  }

  /** The slices with limits whose names begin so. */
  List<String> named(String prefix) {
    List<String> names = new ArrayList<>();
    if (Files.isDirectory(settings)) {
      try (DirectoryStream<Path> all =
          Files.newDirectoryStream(settings, prefix + "*.slice" + SETTINGS_OF)) {
        for (Path each : all) {
          String name = each.getFileName().toString();
          names.add(name.substring(0, name.length() - SETTINGS_OF.length()));
        }
      } catch (IOException e) {
        log.warn("slices in {}: {}", settings, e.toString());
      }
    }
    return names;
  }

  void remove(String name) {
    for (String verb : List.of("stop", "revert")) {
      try {
        systemctl.run(List.of(verb, name));
      } catch (IOException e) {
        log.warn("slice {} stays: {}", name, e.getMessage());
      }
    }
  }

  private static void systemctl(List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("systemctl"));
    command.addAll(arguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException("systemctl: " + said.strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
