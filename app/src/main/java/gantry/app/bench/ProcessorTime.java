package gantry.app.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What a process and its children used of the processors so far, in microseconds.
 *
 * @param compiler what of it the JIT took, which does so only in a program's first minutes
 */
record ProcessorTime(double user, double kernel, double compiler) {

  private static final double TICK_MICROS = 1e6 / 100;
  private static final int USER = 11;
  private static final int KERNEL = 12;

  double all() {
    return user + kernel;
  }

  ProcessorTime since(ProcessorTime before) {
    // A thread that compiles may end when there is nothing to do, and takes its own time with it.
    return new ProcessorTime(
        user - before.user, kernel - before.kernel, Math.max(0, compiler - before.compiler));
  }

  static ProcessorTime of(ProcessHandle process) throws IOException {
    ProcessorTime all = of(process.pid());
    for (ProcessHandle child : process.descendants().filter(ProcessHandle::isAlive).toList()) {
      ProcessorTime one = of(child.pid());
      all =
          new ProcessorTime(
              all.user + one.user, all.kernel + one.kernel, all.compiler + one.compiler);
    }
    return all;
  }

  private static ProcessorTime of(long pid) throws IOException {
    String[] fields = fields(Path.of("/proc/" + pid + "/stat"));
    return new ProcessorTime(
        TICK_MICROS * Long.parseLong(fields[USER]),
        TICK_MICROS * Long.parseLong(fields[KERNEL]),
        TICK_MICROS * compiler(pid));
  }

  /** What stands after the name, which may have blanks in it. */
  private static String[] fields(Path stat) throws IOException {
    String text = Files.readString(stat);
    return text.substring(text.lastIndexOf(')') + 2).split(" ", -1);
  }

  /** The threads that compile, of a Java program. */
  private static long compiler(long pid) throws IOException {
    long all = 0;
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
      for (Path task : tasks.toList()) {
        if (Files.readString(task.resolve("comm")).matches("C[12] Compiler.*\\s*")) {
          String[] fields = fields(task.resolve("stat"));
          all += Long.parseLong(fields[USER]) + Long.parseLong(fields[KERNEL]);
        }
      }
    } catch (NoSuchFileException ended) {
      return all;
    }
    return all;
  }

  /** A core's time in ticks since the machine runs. */
  record Core(long idle, long all) {

    static Core of(int number) throws IOException {
      for (String line : Files.readAllLines(Path.of("/proc/stat"))) {
        String[] fields = line.split(" +", -1);
        if (fields[0].equals("cpu" + number)) {
          long all = 0;
          for (int i = 1; i <= 8; i++) {
            all += Long.parseLong(fields[i]);
          }
          return new Core(Long.parseLong(fields[4]) + Long.parseLong(fields[5]), all);
        }
      }
      throw new IOException("there is no core " + number);
    }

    /** The share of the time that the core had nothing to do. */
    double idlePercentSince(Core before) {
      return 100.0 * (idle - before.idle) / Math.max(1, all - before.all);
    }
  }
}
