package gantry.sim;

import gantry.state.Index;
import gantry.state.MemoryStore;
import gantry.state.RowCodec;
import gantry.state.Schema;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.SqliteStore;
import gantry.state.Store;
import gantry.state.Table;
import gantry.state.View;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import software.amazon.awssdk.services.ecs.model.Attachment;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.KeyValuePair;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkInterface;
import software.amazon.awssdk.services.ecs.model.Task;

/**
 * What the state costs: durable writes a second for a growing number of writers (beside SQLite used
 * directly, one transaction for each write), reads a second, the memory of 100,000 tasks, and how
 * long it takes until they are there again after a start.
 */
public final class StateBench {

  private static final Table<Task> TASKS = Table.of("bench.tasks", Task.class);
  private static final Index<Task> BY_SERVICE = TASKS.index("group", Task::group);
  private static final Scope HERE = new Scope("000000000000", "us-east-1");
  private static final int ROWS = 100_000;
  private static final int TASKS_PER_SERVICE = 20;
  private static final long PHASE_MILLIS = 3000;

  private final PrintStream out;

  private StateBench(PrintStream out) {
    this.out = out;
  }

  /** The first argument is a directory on the disk that is to be measured. */
  public static void main(String[] args) throws Exception {
    Path directory =
        Files.createTempDirectory(Path.of(args.length > 0 ? args[0] : "."), "state-bench");
    try {
      new StateBench(System.out).run(directory);
    } finally {
      deleteAll(directory);
    }
  }

  private void run(Path directory) throws Exception {
    codec();
    double direct = plainSqlite(directory.resolve("plain.db"));
    out.printf("SQLite directly, one writer           %,10.0f writes/s%n", direct);
    for (int writers : new int[] {1, 4, 16, 64, 256}) {
      double rate = durableWrites(directory.resolve("writers-" + writers), writers);
      out.printf(
          "durable, %3d concurrent writers        %,10.0f writes/s   %.1f times SQLite directly%n",
          writers, rate, rate / direct);
    }
    memory();
    reopen(directory.resolve("rows"));
  }

  private static Task task(int number, String status) {
    SeededIds ids = new SeededIds(number);
    String id = ids.hex(32);
    String prefix = "arn:aws:ecs:us-east-1:000000000000:";
    String address = "10.0." + number / 250 % 250 + "." + number % 250;
    List<Container> containers = new ArrayList<>();
    for (String name : List.of("app", "sidecar")) {
      containers.add(
          Container.builder()
              .containerArn(prefix + "container/prod/" + id + "/" + ids.uuid())
              .taskArn(prefix + "task/prod/" + id)
              .name(name)
              .image("000000000000.dkr.ecr.us-east-1.amazonaws.com/shop/" + name + ":v17")
              .imageDigest("sha256:" + ids.hex(64))
              .runtimeId(id + "-" + ids.below(1 << 30))
              .lastStatus(status)
              .healthStatus("HEALTHY")
              .cpu("128")
              .memory("256")
              .networkInterfaces(
                  NetworkInterface.builder()
                      .attachmentId(ids.uuid())
                      .privateIpv4Address(address)
                      .build())
              .build());
    }
    return Task.builder()
        .taskArn(prefix + "task/prod/" + id)
        .clusterArn(prefix + "cluster/prod")
        .taskDefinitionArn(prefix + "task-definition/shop:" + number % 40)
        .group("service:shop-" + number / TASKS_PER_SERVICE)
        .launchType(LaunchType.FARGATE)
        .lastStatus(status)
        .desiredStatus("RUNNING")
        .connectivity("CONNECTED")
        .healthStatus("HEALTHY")
        .cpu("256")
        .memory("512")
        .availabilityZone("us-east-1a")
        .platformVersion("1.4.0")
        .platformFamily("Linux")
        .startedBy("ecs-svc/" + (number / TASKS_PER_SERVICE + 1000000000000000000L))
        .createdAt(Instant.EPOCH.plusSeconds(number))
        .startedAt(Instant.EPOCH.plusSeconds(number + 3L))
        .version(3L)
        .attachments(
            Attachment.builder()
                .id(ids.uuid())
                .type("ElasticNetworkInterface")
                .status("ATTACHED")
                .details(
                    detail("subnetId", "subnet-" + ids.hex(17)),
                    detail("networkInterfaceId", "eni-" + ids.hex(17)),
                    detail("macAddress", "0a:" + ids.hex(10)),
                    detail("privateIPv4Address", address))
                .build())
        .containers(containers)
        .build();
  }

  private static KeyValuePair detail(String name, String value) {
    return KeyValuePair.builder().name(name).value(value).build();
  }

  /** Made beforehand, two of each: making them is not what is measured. */
  private static final Task[][] MADE = new Task[2][1000];

  static {
    for (int i = 0; i < 1000; i++) {
      MADE[0][i] = task(i, "PENDING");
      MADE[1][i] = task(i, "RUNNING");
    }
  }

  private static Task made(int count) {
    return MADE[count / 1000 % 2][count % 1000];
  }

  private void codec() {
    RowCodec codec = new RowCodec();
    Task task = task(1, "RUNNING");
    byte[] bytes = codec.encode(Task.class, task);
    long sum = 0;
    for (int round = 0; round < 2; round++) {
      long start = cpu();
      for (int i = 0; i < 50_000; i++) {
        sum += codec.encode(Task.class, task).length;
      }
      long middle = cpu();
      for (int i = 0; i < 50_000; i++) {
        sum += codec.decode(Task.class, bytes).containers().size();
      }
      long end = cpu();
      if (round == 1) {
        out.printf(
            "a task of two containers: %,d bytes; written in %.1f us, read in %.1f us (%d)%n",
            bytes.length, (middle - start) / 50e6, (end - middle) / 50e6, sum % 10);
      }
    }
  }

  /** The peer: what a program gets that keeps its rows in SQLite and commits each write. */
  private static double plainSqlite(Path file) throws SQLException {
    RowCodec codec = new RowCodec();
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement setUp = connection.createStatement()) {
      setUp.execute("PRAGMA journal_mode = WAL");
      setUp.execute("PRAGMA synchronous = FULL");
      setUp.execute("CREATE TABLE tasks (id TEXT PRIMARY KEY, value BLOB)");
      try (PreparedStatement put =
          connection.prepareStatement("INSERT OR REPLACE INTO tasks VALUES (?, ?)")) {
        long count = 0;
        long start = System.nanoTime();
        while (System.nanoTime() - start < PHASE_MILLIS * 1_000_000) {
          put.setString(1, "t" + count % 1000);
          put.setBytes(2, codec.encode(Task.class, made((int) count)));
          put.executeUpdate();
          count++;
        }
        return count * 1e9 / (System.nanoTime() - start);
      }
    }
  }

  private static double durableWrites(Path directory, int writers) throws InterruptedException {
    try (Store store =
        SqliteStore.open(directory, Clock.systemUTC(), Schema.FIRST, List.of(TASKS))) {
      LongAdder count = new LongAdder();
      CountDownLatch done = new CountDownLatch(writers);
      long start = System.nanoTime();
      for (int w = 0; w < writers; w++) {
        int writer = w;
        Thread.ofVirtual()
            .start(
                () -> {
                  for (int i = 0; System.nanoTime() - start < PHASE_MILLIS * 1_000_000; i++) {
                    int number = writer * 1000 + i % 1000;
                    Task task = made(i);
                    store.write(
                        tx -> {
                          tx.put(TASKS, HERE.key("t" + number), task);
                          return number;
                        });
                    count.increment();
                  }
                  done.countDown();
                });
      }
      done.await();
      return count.sum() * 1e9 / (System.nanoTime() - start);
    }
  }

  private static void fill(Store store) {
    for (int from = 0; from < ROWS; from += 1000) {
      int begin = from;
      store.write(
          tx -> {
            for (int i = begin; i < begin + 1000; i++) {
              tx.put(TASKS, HERE.key("t%06d".formatted(i)), task(i, "RUNNING"));
            }
            return begin;
          });
    }
  }

  private void memory() throws InterruptedException {
    long before = used();
    Store store = MemoryStore.of(Clock.systemUTC(), TASKS);
    fill(store);
    // The feed keeps the newest commits; their rows are the same objects.
    long after = used();
    out.printf("100,000 tasks: %,d bytes of memory each%n", (after - before) / ROWS);
    reads(store);
    store.close();
  }

  private void reads(Store store) {
    long sum = 0;
    for (int round = 0; round < 2; round++) {
      int gets = 0;
      long start = cpu();
      while (cpu() - start < PHASE_MILLIS * 500_000) {
        View view = store.snapshot();
        for (int i = 0; i < 1000; i++) {
          Task task = view.get(TASKS, HERE.key(KEYS[gets++ % ROWS]));
          sum += task == null ? 0 : task.version();
        }
      }
      double getRate = gets * 1e9 / (cpu() - start);
      int lookups = 0;
      start = cpu();
      while (cpu() - start < PHASE_MILLIS * 500_000) {
        String group = "service:shop-" + lookups++ % (ROWS / TASKS_PER_SERVICE);
        sum +=
            store
                .snapshot()
                .lookup(BY_SERVICE, HERE, group)
                .mapToLong(row -> row.value().version())
                .sum();
      }
      double lookupRate = lookups * 1e9 / (cpu() - start);
      if (round == 1) {
        out.printf("a second of one core: %,.0f gets among 100,000; ", getRate);
        out.printf("%,.0f lookups of a service's 20 tasks (%d)%n", lookupRate, sum % 10);
      }
    }
  }

  private static final String[] KEYS = new String[ROWS];

  static {
    for (int i = 0; i < ROWS; i++) {
      // In no order, so that caches do not flatter.
      KEYS[i] = "t%06d".formatted((int) (i * 7919L % ROWS));
    }
  }

  private void reopen(Path directory) {
    try (Store store =
        SqliteStore.open(directory, Clock.systemUTC(), Schema.FIRST, List.of(TASKS))) {
      long start = System.nanoTime();
      fill(store);
      out.printf("100,000 tasks written in 100 writes in %.1f s%n", since(start));
    }
    for (int i = 0; i < 3; i++) {
      long start = System.nanoTime();
      try (Store store =
          SqliteStore.open(directory, Clock.systemUTC(), Schema.FIRST, List.of(TASKS))) {
        double opened = since(start);
        int count = store.snapshot().count(TASKS, HERE);
        out.printf(
            "opened again in %.0f ms; %,d tasks read, indexed and counted in %.2f s%n",
            opened * 1000, count, since(start));
      }
    }
  }

  /** What one thread has computed, whatever else the machine is busy with. */
  private static long cpu() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static double since(long start) {
    return (System.nanoTime() - start) / 1e9;
  }

  private static long used() throws InterruptedException {
    for (int i = 0; i < 4; i++) {
      System.gc();
      Thread.sleep(50);
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  private static void deleteAll(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
