package gantry.node.logs;

import gantry.acs.TaskPayload;
import gantry.node.RoleClients;
import gantry.node.docker.DockerEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;

/** The output of all containers of a node. */
public final class Logs implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Logs.class);

  /** How much of its last output a failed container's reason shows. */
  static final int LAST_LINES = 10;

  static final int LAST_CHARS = 600;

  /** How long the program waits at its end for a batch that is being sent. */
  static final Duration LAST_BATCH = Duration.ofSeconds(2);

  private final DockerEngine docker;
  private final RoleClients clients;
  private final Path cursors;
  private final ConcurrentHashMap<String, Shipped> shippers = new ConcurrentHashMap<>();
  private final ReentrantLock lock = new ReentrantLock();
  private boolean closed;

  private record Shipped(String taskArn, LogShipper shipper) {}

  public Logs(DockerEngine docker, RoleClients clients, Path state) {
    this.docker = docker;
    this.clients = clients;
    this.cursors = state.resolve("logs");
  }

  /** Uses awslogs, and we ship it. */
  public static boolean shipped(ContainerDefinition container) {
    return container.logConfiguration() != null
        && "awslogs".equals(container.logConfiguration().logDriverAsString());
  }

  /**
   * Makes the log group and stream that the container will need, as the execution role.
   *
   * @throws RuntimeException the service's answer when it cannot be
   */
  public void prepare(TaskPayload task, ContainerDefinition container) {
    LogOptions options = LogOptions.of(task, container);
    boolean named = options.streamPrefix() != null && !options.streamPrefix().isEmpty();
    new LogDestination(clients, task, options)
        .ensure(named ? options.stream(task, container.name(), "") : null);
  }

  /** What to say of a failure of {@link #prepare}. */
  public static String words(RuntimeException e) {
    return LogDestination.words(e);
  }

  /** Begins to ship a container's output, unless it is being shipped. */
  public void ship(
      TaskPayload task,
      ContainerDefinition container,
      String containerId,
      BooleanSupplier running) {
    if (!shipped(container)) {
      return;
    }
    lock.lock();
    try {
      Shipped before = shippers.get(containerId);
      if (closed || (before != null && !before.shipper().finished())) {
        return;
      }
      LogOptions options = LogOptions.of(task, container);
      LogShipper shipper =
          new LogShipper(
              docker,
              new LogDestination(clients, task, options),
              options,
              options.stream(task, container.name(), containerId),
              containerId,
              Boolean.TRUE.equals(container.pseudoTerminal()),
              cursors.resolve(containerId),
              running);
      shippers.put(containerId, new Shipped(task.taskArn(), shipper));
      shipper.start();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for the rest of a task's output to be shipped, and forgets it. */
  public void drain(String taskArn, Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    for (var each : List.copyOf(shippers.entrySet())) {
      if (!each.getValue().taskArn().equals(taskArn)) {
        continue;
      }
      LogShipper shipper = each.getValue().shipper();
      if (!shipper.awaitDone(Duration.ofNanos(deadline - System.nanoTime()))) {
        log.warn("the rest of the output of a container of {} could not be shipped", taskArn);
        shipper.close();
      }
      shippers.remove(each.getKey());
      try {
        Files.deleteIfExists(cursors.resolve(each.getKey()));
      } catch (IOException e) {
        log.debug("cursor of {}: {}", each.getKey(), e.toString());
      }
    }
  }

  /** The last lines that a container printed; none when there are none. */
  public List<String> lastLines(String containerId, boolean terminal) {
    List<String> lines = new ArrayList<>();
    try (DockerLogStream stream = open(containerId, terminal)) {
      if (stream != null) {
        stream.read(
            line -> {
              if (!line.text().isBlank()) {
                lines.add(line.text().strip());
              }
            });
      }
    } catch (IOException e) {
      // Drivers such as syslog keep nothing that could be read back.
      log.debug("last lines of {}: {}", containerId, e.toString());
    }
    return lines;
  }

  /** Lines as one, the end of it where they are long. */
  public static String joined(List<String> lines) {
    String text = String.join(" | ", lines);
    return text.length() <= LAST_CHARS ? text : "…" + text.substring(text.length() - LAST_CHARS);
  }

  private @Nullable DockerLogStream open(String containerId, boolean terminal) throws IOException {
    return DockerLogStream.open(docker, containerId, terminal, false, null, LAST_LINES);
  }

  /** Stops shipping; what is not shipped yet is the next program's to ship. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
    } finally {
      lock.unlock();
    }
    shippers.values().forEach(each -> each.shipper().close());
    try {
      for (Shipped each : shippers.values()) {
        each.shipper().awaitDone(LAST_BATCH); // what is being sent is also noted as sent
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
