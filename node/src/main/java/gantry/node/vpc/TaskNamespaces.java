package gantry.node.vpc;

import gantry.node.vpc.VpcSockets.Inside;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What is done inside the network namespaces of tasks, which their pause containers hold: sockets
 * for the proxy of Service Connect, the redirection of its names' ports to them, and those names in
 * the task's hosts file.
 */
public final class TaskNamespaces implements AutoCloseable {

  private static final String TABLE = "gantry_connect";

  private final Commands commands = new Commands();
  private final Map<Long, NamespaceThread> threads = new ConcurrentHashMap<>();

  /** Connections to an address and port that are taken by another port of the same address. */
  public record Redirect(String address, int port, int listener) {}

  /** Runs {@code work} on a thread that lives in the namespace of a process, and waits for it. */
  public <T> T in(long pid, Inside<T> work) throws IOException {
    return threads
        .computeIfAbsent(
            pid, id -> new NamespaceThread("task-" + id, Path.of("/proc/" + id + "/ns/net")))
        .run(work);
  }

  /** Exactly these ports are redirected from now on. */
  public void redirect(long pid, Collection<Redirect> redirects) {
    StringBuilder script = new StringBuilder();
    script
        .append("table ip ")
        .append(TABLE)
        .append("\ndelete table ip ")
        .append(TABLE)
        .append('\n');
    script.append("table ip ").append(TABLE).append(" {\n chain names {\n");
    script.append("  type nat hook output priority -100; policy accept;\n");
    for (Redirect one : redirects) {
      script.append(
          String.format(
              Locale.ROOT,
              "  ip daddr %s tcp dport %d dnat to %s:%d\n",
              one.address(),
              one.port(),
              one.address(),
              one.listener()));
    }
    script.append(" }\n}\n");
    commands.run(
        List.of("nsenter", "-t", Long.toString(pid), "-n", "nft", "-f", "-"), script.toString());
  }

  /**
   * Adds names to the hosts file that the task's containers share. Names are only ever added: a
   * program may have read them already.
   */
  public void hosts(long pid, Map<String, String> addresses) throws IOException {
    Path file = Path.of("/proc/" + pid + "/root/etc/hosts");
    Set<String> known = new HashSet<>(Files.readAllLines(file));
    StringBuilder more = new StringBuilder();
    addresses.forEach(
        (name, address) -> {
          String line = address + "\t" + name;
          if (!known.contains(line)) {
            more.append(line).append('\n');
          }
        });
    if (!more.isEmpty()) {
      // Written in place: the file is mounted into containers, and a new one would not be.
      Files.write(
          file, more.toString().getBytes(StandardCharsets.UTF_8), StandardOpenOption.APPEND);
    }
  }

  /** Lets go of a namespace, which could not end otherwise. */
  public void forget(long pid) {
    NamespaceThread thread = threads.remove(pid);
    if (thread != null) {
      thread.close();
    }
  }

  @Override
  public void close() {
    threads.keySet().forEach(this::forget);
  }
}
