package gantry.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a program leaves in its data directory, so that the other commands find it: process,
 * address, region, the key when there is one; and, for whoever finds it dead, what names its things
 * on this machine.
 *
 * @param started when the process was, in milliseconds: its number may be somebody else's by now
 * @param folder what it keeps beside its tables
 */
record Running(
    long pid,
    long started,
    String url,
    String region,
    String accessKeyId,
    String secret,
    String install,
    Path folder) {

  private static final String FILE = "running";
  private static final int LINES = 8;

  static Path file(Path data) {
    return data.resolve(FILE);
  }

  /** This process. */
  static Running here(Gantry gantry) {
    ProcessHandle process = ProcessHandle.current();
    return new Running(
        process.pid(),
        started(process),
        gantry.url(),
        gantry.options().region(),
        gantry.keyForOwner().accessKeyId(),
        gantry.keyForOwner().secret(),
        gantry.install(),
        gantry.folder());
  }

  void write(Path data) {
    try {
      Folders.writePrivate(
          file(data),
          List.of(
              Long.toString(pid),
              url,
              region,
              accessKeyId,
              secret,
              Long.toString(started),
              install,
              folder.toString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The program of that data directory, or null when none runs. */
  static @Nullable Running of(Path data) {
    Running last = last(data);
    return last != null && last.process() != null ? last : null;
  }

  /** The last program of that data directory, dead or alive; null when it ended in good order. */
  static @Nullable Running last(Path data) {
    try {
      List<String> lines = Files.readAllLines(file(data));
      if (lines.size() < LINES) {
        return null;
      }
      return new Running(
          Long.parseLong(lines.get(0)),
          Long.parseLong(lines.get(5)),
          lines.get(1),
          lines.get(2),
          lines.get(3),
          lines.get(4),
          lines.get(6),
          Path.of(lines.get(7)));
    } catch (IOException | NumberFormatException e) {
      return null; // nothing is running, or something else wrote there
    }
  }

  /** Its process; null when that is dead. */
  @Nullable ProcessHandle process() {
    return ProcessHandle.of(pid)
        .filter(each -> each.isAlive() && started(each) == started && !isZombie(pid))
        .orElse(null);
  }

  /** Dead, though nobody has asked yet how it ended: it holds nothing, and answers nobody. */
  private static boolean isZombie(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      // The name before it stands in parentheses and may hold anything.
      return stat.startsWith(" Z", stat.lastIndexOf(')') + 1);
    } catch (IOException e) {
      return false; // another kind of system, or gone this very moment, which is asked again
    }
  }

  private static long started(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  static void forget(Path data) {
    try {
      Files.deleteIfExists(file(data));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
