package gantry.node.stats;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a process's control groups have used: a dozen small files, no question to Docker. Both
 * versions of control groups are read; which one a machine has shows in {@code /proc/PID/cgroup}.
 */
public final class ControlGroups {

  /** USER_HZ is a constant of Linux's interface to programs on every processor we run on. */
  private static final long TICK_NANOS = TimeUnit.SECONDS.toNanos(1) / 100;

  /** Version 1 shows a limit of about 2^63 where there is none. */
  private static final long NO_LIMIT = 1L << 60;

  private final Path proc;
  private final Path root;
  private final Clock clock;

  public ControlGroups(Path proc, Path root, Clock clock) {
    this.proc = proc;
    this.root = root;
    this.clock = clock;
  }

  /** Null when the process is gone. */
  public @Nullable Sample sample(long pid, boolean ownNetwork) {
    try {
      Map<String, String> groups = groups(pid);
      String unified = groups.get("");
      boolean v1 = groups.containsKey("memory") || groups.containsKey("cpuacct");
      Map<String, Sample.Network> networks = ownNetwork ? networks(pid) : Map.of();
      if (!v1 && unified != null) {
        return version2(Path.of(root + unified), networks);
      }
      return version1(groups, networks);
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      // A group that is just being removed answers "no such device".
      return null;
    }
  }

  private Map<String, String> groups(long pid) throws IOException {
    Map<String, String> groups = new HashMap<>();
    for (String line : lines(proc.resolve(pid + "/cgroup"))) {
      String[] parts = line.split(":", 3);
      if (parts.length == 3) {
        for (String controller : parts[1].split(",", -1)) {
          groups.put(controller, parts[2]);
        }
      }
    }
    return groups;
  }

  private Path group(Map<String, String> groups, String controller) throws IOException {
    String path = groups.get(controller);
    if (path == null) {
      throw new NoSuchFileException(controller);
    }
    return Path.of(root + "/" + controller + path);
  }

  private Sample version1(Map<String, String> groups, Map<String, Sample.Network> networks)
      throws IOException {
    Path cpu = group(groups, "cpuacct");
    Path memory = group(groups, "memory");
    Map<String, Long> times = table(cpu.resolve("cpuacct.stat"));
    Map<String, Long> memoryStat = table(memory.resolve("memory.stat"));
    Map<String, Long> throttle =
        groups.containsKey("cpu") ? table(group(groups, "cpu").resolve("cpu.stat")) : Map.of();
    long read = 0;
    long written = 0;
    if (groups.containsKey("blkio")) {
      for (String line :
          linesOrNone(group(groups, "blkio").resolve("blkio.throttle.io_service_bytes"))) {
        String[] parts = line.split(" ", -1);
        if (parts.length == 3 && parts[1].equals("Read")) {
          read += Long.parseLong(parts[2]);
        } else if (parts.length == 3 && parts[1].equals("Write")) {
          written += Long.parseLong(parts[2]);
        }
      }
    }
    long usage = number(memory.resolve("memory.usage_in_bytes"));
    long limit = number(memory.resolve("memory.limit_in_bytes"));
    return new Sample(
        clock.instant(),
        number(cpu.resolve("cpuacct.usage")),
        times.getOrDefault("user", 0L) * TICK_NANOS,
        times.getOrDefault("system", 0L) * TICK_NANOS,
        systemCpu(),
        Runtime.getRuntime().availableProcessors(),
        throttle.getOrDefault("nr_throttled", 0L),
        throttle.getOrDefault("throttled_time", 0L),
        Math.max(0, usage - memoryStat.getOrDefault("total_inactive_file", 0L)),
        usage,
        number(memory.resolve("memory.max_usage_in_bytes")),
        memoryStat.getOrDefault("total_cache", 0L),
        limit >= NO_LIMIT ? Long.MAX_VALUE : limit,
        read,
        written,
        groups.containsKey("pids") ? number(group(groups, "pids").resolve("pids.current")) : 0,
        networks);
  }

  private Sample version2(Path group, Map<String, Sample.Network> networks) throws IOException {
    Map<String, Long> cpu = table(group.resolve("cpu.stat"));
    Map<String, Long> memoryStat = table(group.resolve("memory.stat"));
    long read = 0;
    long written = 0;
    for (String line : linesOrNone(group.resolve("io.stat"))) {
      for (String part : line.split(" ", -1)) {
        if (part.startsWith("rbytes=")) {
          read += Long.parseLong(part.substring("rbytes=".length()));
        } else if (part.startsWith("wbytes=")) {
          written += Long.parseLong(part.substring("wbytes=".length()));
        }
      }
    }
    long usage = number(group.resolve("memory.current"));
    String limit = text(group.resolve("memory.max")).strip();
    Path peak = group.resolve("memory.peak");
    return new Sample(
        clock.instant(),
        TimeUnit.MICROSECONDS.toNanos(cpu.getOrDefault("usage_usec", 0L)),
        TimeUnit.MICROSECONDS.toNanos(cpu.getOrDefault("user_usec", 0L)),
        TimeUnit.MICROSECONDS.toNanos(cpu.getOrDefault("system_usec", 0L)),
        systemCpu(),
        Runtime.getRuntime().availableProcessors(),
        cpu.getOrDefault("nr_throttled", 0L),
        TimeUnit.MICROSECONDS.toNanos(cpu.getOrDefault("throttled_usec", 0L)),
        Math.max(0, usage - memoryStat.getOrDefault("inactive_file", 0L)),
        usage,
        Files.exists(peak) ? number(peak) : usage,
        memoryStat.getOrDefault("file", 0L),
        limit.equals("max") ? Long.MAX_VALUE : Long.parseLong(limit),
        read,
        written,
        Files.exists(group.resolve("pids.current")) ? number(group.resolve("pids.current")) : 0,
        networks);
  }

  private long systemCpu() throws IOException {
    for (String line : lines(proc.resolve("stat"))) {
      if (line.startsWith("cpu ")) {
        long ticks = 0;
        String[] parts = line.strip().split("\\s+", -1);
        for (int i = 1; i < Math.min(parts.length, 9); i++) {
          ticks += Long.parseLong(parts[i]);
        }
        return ticks * TICK_NANOS;
      }
    }
    return 0;
  }

  private Map<String, Sample.Network> networks(long pid) throws IOException {
    Map<String, Sample.Network> networks = new LinkedHashMap<>();
    for (String line : lines(proc.resolve(pid + "/net/dev"))) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        continue;
      }
      String name = line.substring(0, colon).strip();
      String[] n = line.substring(colon + 1).strip().split("\\s+", -1);
      if (!name.equals("lo") && n.length >= 12) {
        networks.put(
            name,
            new Sample.Network(
                Long.parseLong(n[0]),
                Long.parseLong(n[1]),
                Long.parseLong(n[2]),
                Long.parseLong(n[3]),
                Long.parseLong(n[8]),
                Long.parseLong(n[9]),
                Long.parseLong(n[10]),
                Long.parseLong(n[11])));
      }
    }
    return networks;
  }

  /** How often a group was at its memory limit and something in it was killed for that. */
  public long outOfMemoryKills(Path group) {
    try {
      Path v2 = group.resolve("memory.events");
      Path v1 = group.resolve("memory.oom_control");
      return table(Files.exists(v2) ? v2 : v1).getOrDefault("oom_kill", 0L);
    } catch (IOException e) {
      return 0; // the group is gone, or has no memory controller: nothing was counted
    }
  }

  private static Map<String, Long> table(Path file) throws IOException {
    Map<String, Long> table = new HashMap<>();
    for (String line : lines(file)) {
      int blank = line.indexOf(' ');
      if (blank > 0) {
        table.put(line.substring(0, blank), Long.valueOf(line.substring(blank + 1).strip()));
      }
    }
    return table;
  }

  private static long number(Path file) throws IOException {
    return Long.parseLong(text(file).strip());
  }

  private static List<String> linesOrNone(Path file) throws IOException {
    return Files.exists(file) ? lines(file) : List.of();
  }

  private static List<String> lines(Path file) throws IOException {
    return text(file).lines().toList();
  }

  private static String text(Path file) throws IOException {
    // Files of the kernel say that they are empty, so they are read to their end.
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}
