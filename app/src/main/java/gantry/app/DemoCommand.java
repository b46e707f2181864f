package gantry.app;

import gantry.app.demo.Demo;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** {@code gantry demo}: the example system, on the program that runs. */
final class DemoCommand {

  private static final int WEB_PORT = 8080;

  private DemoCommand() {}

  static int run(String[] arguments) {
    Arguments read;
    int webPort;
    try {
      read = Arguments.read(arguments, Set.of("data", "port"), Set.of());
      webPort = read.port(WEB_PORT);
    } catch (Arguments.Wrong e) {
      System.err.println("gantry demo: " + e.getMessage());
      return 2;
    }
    Running running = Env.running("demo", read);
    if (running == null) {
      return 1;
    }
    Path sources =
        Path.of(System.getenv().getOrDefault("GANTRY_ROOT", "."), "examples", "microservices");
    if (!Files.isDirectory(sources)) {
      System.err.println("gantry demo: its sources are not at " + sources);
      return 1;
    }
    try (Demo demo =
        new Demo(
            running.url(),
            running.region(),
            running.accessKeyId(),
            running.secret(),
            sources,
            Up.data(read).resolve("demo"),
            webPort,
            System.out)) {
      return Demo.run(demo, read.others());
    }
  }
}
