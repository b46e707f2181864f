package gantry.node.docker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How many files a container may open where its definition does not say: Fargate's figure, or what this machine allows. */
final class OpenFiles {

  /** Fargate's soft and hard limit. */
  private static final long FARGATE = 65_535;

  private static final Path LIMITS = Path.of("/proc/self/limits");

  /** A container cannot be given more than the engine may have; the engine is as free as we are, or freer. */
  static final long LIMIT = Math.min(FARGATE, hardLimit());

  private OpenFiles() {}

  private static long hardLimit() {
    try {
      for (String line : Files.readAllLines(LIMITS)) {
        if (line.startsWith("Max open files")) {
          String[] words = line.trim().split("\\s+", -1);
          String hard = words[words.length - 2];
          return hard.equals("unlimited") ? FARGATE : Long.parseLong(hard);
        }
      }
    } catch (IOException | NumberFormatException notLinux) {
      return FARGATE;
    }
    return FARGATE;
  }
}
