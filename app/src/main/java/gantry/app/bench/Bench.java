package gantry.app.bench;

import gantry.node.bench.NodeBench;
import gantry.services.logs.LogsBench;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** {@code gantry bench NAME}: the benchmarks by name; without a name, what there is. */
public final class Bench {

  /** A benchmark's main. */
  private interface Run {
    void run(String[] arguments) throws Exception;
  }

  private record Entry(String what, Run run) {}

  private static final Map<String, Entry> ALL = new LinkedHashMap<>();

  static {
    ALL.put(
        "start",
        new Entry(
            "cold start to the first answer, idle memory; beside ministack", StartBench::main));
    ALL.put(
        "wire",
        new Entry(
            "DescribeClusters a second, CPU time of each; beside ministack", WireBench::main));
    ALL.put(
        "registry",
        new Entry("layers pushed and pulled; beside docker-registry", RegistryBench::main));
    ALL.put("logs", new Entry("lines taken in and searched", LogsBench::main));
    ALL.put(
        "alb",
        new Entry(
            "requests a second, CPU time of each, p99; beside nginx and HAProxy", AlbBench::main));
    ALL.put("iam", new Entry("what a decision of the policy engine costs", PolicyBench::main));
    ALL.put(
        "dns",
        new Entry(
            "questions a second, CPU time of each, p99; beside dnsmasq and unbound",
            DnsBench::main));
    ALL.put(
        "scheduler",
        new Entry(
            "tasks placed a second on one core, with 100 to 10,000 instances",
            SchedulerBench::main));
    ALL.put(
        "node",
        new Entry(
            "50 tasks until they run, memory of each, idle use of 150; beside docker run",
            arguments -> NodeBench.run(System.out)));
  }

  private Bench() {}

  /** Returns the command's exit code. */
  public static int run(String[] arguments) {
    Entry entry = arguments.length == 0 ? null : ALL.get(arguments[0]);
    if (entry == null) {
      if (arguments.length > 0) {
        System.err.println("gantry bench: there is no benchmark '" + arguments[0] + "'");
      }
      ALL.forEach((name, one) -> System.out.printf("  %-10s %s%n", name, one.what()));
      return arguments.length == 0 ? 0 : 2;
    }
    try {
      entry.run().run(Arrays.copyOfRange(arguments, 1, arguments.length));
      return 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 130;
    } catch (Exception e) {
      System.err.println("gantry bench " + arguments[0] + " failed:");
      e.printStackTrace();
      return 1;
    }
  }
}
