package gantry.app;

import gantry.app.bench.Bench;
import gantry.app.log.LogProvider;
import java.util.Arrays;
import java.util.Set;

/** The program's entry: starts what can start without a command line library, else hands over. */
public final class Main {

  private static final Set<String> ONLY_ASK =
      Set.of("version", "env", "status", "aws", "why", "image", "events");

  private Main() {}

  /** Exits with the command's code. */
  public static void main(String[] arguments) {
    LogProvider.use();
    quietNetty();
    String[] rest =
        arguments.length == 0 ? arguments : Arrays.copyOfRange(arguments, 1, arguments.length);
    int code =
        switch (arguments.length == 0 ? "help" : arguments[0]) {
          case "up" -> Up.run(rest);
          case "down" -> Down.run(rest);
          case "env" -> Env.run(rest);
          case "status" -> Status.run(rest);
          case "aws" -> AwsCli.run(rest);
          case "version" -> {
            System.out.println("gantry 0.1.0");
            yield 0;
          }
          case "bench" -> Bench.run(rest);
          case "train" -> Train.run();
          case "why" -> Ask.why(rest);
          case "image" -> Ask.image(rest);
          case "events" -> Ask.events(rest);
          case "demo" -> DemoCommand.run(rest);
          default -> {
            System.err.println(
                "usage: gantry up | down | env | aws | status | why | events | image | demo | bench |"
                    + " version   (gantry COMMAND --help)");
            yield 2;
          }
        };
    if (code != Up.STAYS) {
      exit(code, arguments);
    }
  }

  /**
   * Java's own way out first looks for a logger of exits in every jar, which takes longer than most
   * of the commands. Those that only ask have nothing to tidy up.
   */
  private static void exit(int code, String[] arguments) {
    if (arguments.length > 0 && ONLY_ASK.contains(arguments[0])) {
      System.out.flush();
      System.err.flush();
      Runtime.getRuntime().halt(code);
    }
    System.exit(code);
  }

  /**
   * Netty looks for leaks by sampling allocations, with a stack trace each: tests have it on, the
   * data planes would pay for it with every packet.
   */
  private static void quietNetty() {
    String level = "io.netty.leakDetection.level";
    if (System.getProperty(level) == null) {
      System.setProperty(level, "disabled");
    }
  }
}
