package gantry.node.docker;

import gantry.acs.TaskPayload;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The limits of a task as a whole: a control group that its containers' groups stand in. Docker
 * makes a parent that it is given the name of, but gives it no limits, so it is made here first.
 *
 * <p>Where this program may not write control groups, the caller limits every container to what the
 * task may use instead, which is weaker for tasks of several containers, and is logged.
 */
public final class TaskCgroups {

  private static final Logger log = LoggerFactory.getLogger(TaskCgroups.class);

  public static final long CPU_PERIOD_MICROS = 100_000;

  private static final long MIB = 1024L * 1024;

  private final String install;
  private final boolean systemd;
  private final int version;
  private final Path root;
  private final Slices slices;

  public TaskCgroups(String install, DockerEngine.Facts docker) {
    this(install, docker.systemdCgroups(), docker.cgroupVersion(), hostRoot(), new Slices());
  }

  TaskCgroups(String install, boolean systemd, int version, Path root, Slices slices) {
    this.install = install.replaceAll("[^a-zA-Z0-9_.]", "_");
    this.systemd = systemd;
    this.slices = slices;
    this.version = version;
    this.root = root;
  }

  /** The host's own view, also from inside a container that shares the host's processes. */
  public static Path hostRoot() {
    Path host = Path.of("/proc/1/root/sys/fs/cgroup");
    return Files.isReadable(host) ? host : Path.of("/sys/fs/cgroup");
  }

  public Path root() {
    return root;
  }

  public int version() {
    return version;
  }

  /** Where the memory of the task as a whole is counted; null where nowhere. */
  public @Nullable Path memoryGroup(TaskPayload task) {
    if (memoryMib(task) == null) {
      return null;
    }
    Path group =
        Path.of(
            root
                + (version == 2 ? "" : "/memory")
                + (systemd ? "/gantry.slice/" : "")
                + name(task));
    return Files.isDirectory(group) ? group : null;
  }

  /** vCPUs of the task; null without a limit. */
  public static @Nullable Double cpus(TaskPayload task) {
    String cpu = task.definition().cpu();
    return cpu == null || cpu.isEmpty() ? null : Integer.parseInt(cpu.strip()) / 1024.0;
  }

  public static @Nullable Integer memoryMib(TaskPayload task) {
    String memory = task.definition().memory();
    return memory == null || memory.isEmpty() ? null : Integer.valueOf(memory.strip());
  }

  static boolean limited(TaskPayload task) {
    return cpus(task) != null || memoryMib(task) != null;
  }

  /** What Docker is to be given as the containers' parent. */
  String name(TaskPayload task) {
    return systemd
        ? slicesOfOurs() + task.taskId() + ".slice"
        : "/gantry/" + install + "/" + task.taskId();
  }

  /** How our slices begin; a dash would be a level of systemd's tree. */
  private String slicesOfOurs() {
    return "gantry-" + install + "_";
  }

  /**
   * Makes the task's group and sets its limits.
   *
   * @return what to give Docker as the parent; null where the task has no limits, or they cannot be
   *     set
   */
  public @Nullable String ensure(TaskPayload task) {
    if (!limited(task)) {
      return null;
    }
    Double cpus = cpus(task);
    Integer memory = memoryMib(task);
    String name = name(task);
    try {
      if (systemd) {
        slices.limit(name, cpus, memory == null ? null : memory * MIB);
      } else if (version == 2) {
        Path group = Path.of(root + name);
        Files.createDirectories(group);
        delegate(group);
        if (cpus != null) {
          write(group, "cpu.max", quota(cpus) + " " + CPU_PERIOD_MICROS);
          write(group, "cpu.weight", String.valueOf(weight(cpus)));
        }
        if (memory != null) {
          write(group, "memory.max", String.valueOf(memory * MIB));
        }
      } else {
        if (cpus != null) {
          Path group = Path.of(root + "/cpu" + name);
          Files.createDirectories(group);
          write(group, "cpu.cfs_period_us", String.valueOf(CPU_PERIOD_MICROS));
          write(group, "cpu.cfs_quota_us", String.valueOf(quota(cpus)));
          write(group, "cpu.shares", String.valueOf(Math.max(2, (long) (cpus * 1024))));
        }
        if (memory != null) {
          Path group = Path.of(root + "/memory" + name);
          Files.createDirectories(group);
          write(group, "memory.limit_in_bytes", String.valueOf(memory * MIB));
        }
      }
      return name;
    } catch (IOException e) {
      log.warn(
          "task {}: its limits (cpu {}, memory {}) cannot be put on the task as a whole, so each"
              + " container gets them: {}",
          task.taskId(),
          task.definition().cpu(),
          task.definition().memory(),
          e.toString());
      remove(task);
      return null;
    }
  }

  private static long quota(double cpus) {
    return Math.max(1_000, (long) (cpus * CPU_PERIOD_MICROS));
  }

  /** CPU shares (2 to 262144) as the weight (1 to 10000) that version 2 has instead. */
  static long weight(double cpus) {
    long shares = Math.clamp((long) (cpus * 1024), 2, 262_144);
    return 1 + (shares - 2) * 9_999 / 262_142;
  }

  /** In version 2 a controller must be passed on by each group above. */
  private void delegate(Path group) throws IOException {
    List<Path> above = new ArrayList<>();
    for (Path each = group.getParent();
        each != null && each.startsWith(root);
        each = each.getParent()) {
      above.addFirst(each);
    }
    for (Path each : above) {
      write(each, "cgroup.subtree_control", "+cpu +memory +pids");
    }
    write(group, "cgroup.subtree_control", "+cpu +memory +pids");
  }

  private static void write(Path group, String file, String value) throws IOException {
    Files.writeString(group.resolve(file), value);
  }

  /** Removes the group in every hierarchy: Docker removes its own below, and leaves the parent. */
  public void remove(TaskPayload task) {
    removeNamed(name(task));
  }

  /** Removes what is left of this installation's groups. */
  public void removeAll() {
    if (systemd) {
      slices.named(slicesOfOurs()).forEach(slices::remove);
    } else {
      for (Path each : hierarchies()) {
        Path ours = Path.of(each + "/gantry/" + install);
        if (Files.isDirectory(ours)) {
          try (DirectoryStream<Path> tasks = Files.newDirectoryStream(ours, Files::isDirectory)) {
            for (Path task : tasks) {
              rmdir(task);
            }
          } catch (IOException e) {
            log.warn("control groups below {}: {}", ours, e.toString());
          }
          rmdir(ours);
        }
        Path all = Path.of(each + "/gantry");
        if (Files.isDirectory(all) && !hasChildren(all)) {
          rmdir(all);
        }
      }
    }
  }

  private static boolean hasChildren(Path group) {
    try (DirectoryStream<Path> children = Files.newDirectoryStream(group, Files::isDirectory)) {
      return children.iterator().hasNext();
    } catch (IOException e) {
      return true;
    }
  }

  private void removeNamed(String name) {
    if (systemd) {
      slices.remove(name);
      return;
    }
    for (Path each : hierarchies()) {
      Path group = Path.of(each + name);
      if (Files.isDirectory(group)) {
        rmdir(group);
      }
    }
  }

  private List<Path> hierarchies() {
    if (version == 2) {
      return List.of(root);
    }
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> each = Files.newDirectoryStream(root, Files::isDirectory)) {
      each.forEach(found::add);
    } catch (IOException e) {
      log.warn("control groups: {}", e.toString());
    }
    return found;
  }

  private static void rmdir(Path group) {
    try {
      Files.deleteIfExists(group);
    } catch (IOException e) {
      // A container that is just ending still stands in it; what is left goes with removeAll.
      log.debug("control group {} stays for now: {}", group, e.toString());
    }
  }
}
