package gantry.app;

import gantry.app.bench.Knock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The run that the start-up cache is made from: a start with a data directory and simulated tasks,
 * a few calls of ECS, an orderly stop. Whatever they load is loaded and linked the next time before
 * the program begins, needed or not; so it is only what nearly everybody calls first.
 */
final class Train {

  /**
   * What is kept is what was loaded and linked, no profile: the second call knows more ways than
   * the first.
   */
  private static final int ROUNDS = 4;

  private Train() {}

  static int run() {
    if (!"simulated".equals(System.getenv("GANTRY_ENGINE"))) {
      System.err.println("gantry train: only with GANTRY_ENGINE=simulated; nothing real is to run");
      return 2;
    }
    try {
      Path data = Files.createTempDirectory("gantry-train-");
      try {
        return train(data);
      } finally {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(data), "forget"));
      }
    } catch (IOException e) {
      System.err.println("gantry train: " + e.getMessage());
      return 1;
    }
  }

  private static int train(Path data) throws IOException {
    int up = Up.run(new String[] {"--port", "0", "--data", data.toString()});
    Running running = Running.of(data);
    if (up != Up.STAYS || running == null) {
      System.err.println("gantry train: it did not start");
      return 1;
    }
    int port = Integer.parseInt(running.url().substring(running.url().lastIndexOf(':') + 1));
    for (int i = 0; i < ROUNDS; i++) {
      String name = "train-" + i;
      ecs(port, "CreateCluster", "{\"clusterName\":\"" + name + "\"}");
      ecs(port, "DescribeClusters", "{\"clusters\":[\"" + name + "\"]}");
      ecs(port, "ListClusters", "{}");
      ecs(
          port,
          "RegisterTaskDefinition",
          "{\"family\":\"train\",\"containerDefinitions\":[{\"name\":\"a\",\"image\":\"b\",\"memory\":64}]}");
      ecs(port, "DescribeTaskDefinition", "{\"taskDefinition\":\"train\"}");
      ecs(port, "DeleteCluster", "{\"cluster\":\"" + name + "\"}");
      ok(Knock.get(port, "/_gantry/health"));
    }
    return 0;
  }

  private static void ecs(int port, String operation, String body) throws IOException {
    ok(Knock.json(port, "ecs", "AmazonEC2ContainerServiceV20141113." + operation, body));
  }

  private static void ok(Knock.Answer answer) throws IOException {
    if (answer.status() != 200) {
      throw new IOException("a call of the training failed: " + answer);
    }
  }

  private static void delete(Path folder) {
    // The program's own hook may still be closing the store; what it then leaves is /tmp's to tidy.
    try {
      Folders.delete(folder);
    } catch (UncheckedIOException e) {
      System.err.println("gantry train: " + folder + " remains: " + e.getMessage());
    }
  }
}
