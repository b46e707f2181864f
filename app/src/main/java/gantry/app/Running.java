package gantry.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a running program leaves in its data directory, so that the other commands find it: process,
 * address, region, and the key when there is one.
 */
record Running(
    long pid, String url, String region, String accessKeyId, String secret, boolean alive) {

  private static final String FILE = "running";

  static Path file(Path data) {
    return data.resolve(FILE);
  }

  void write(Path data) {
    try {
      Files.createDirectories(data);
      Path written = data.resolve(FILE + ".new");
      Files.deleteIfExists(written);
      Files.createFile(
          written,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.write(written, List.of(String.valueOf(pid), url, region, accessKeyId, secret));
      Files.move(
          written, file(data), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The program of that data directory, or null when there is none. */
  static @Nullable Running of(Path data) {
    try {
      List<String> lines = Files.readAllLines(file(data));
      if (lines.size() < 5) {
        return null;
      }
      long pid = Long.parseLong(lines.get(0));
      boolean alive = ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
      return alive
          ? new Running(pid, lines.get(1), lines.get(2), lines.get(3), lines.get(4), true)
          : null;
    } catch (IOException | NumberFormatException e) {
      return null; // nothing is running, or something else wrote there
    }
  }

  static void forget(Path data) {
    try {
      Files.deleteIfExists(file(data));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
