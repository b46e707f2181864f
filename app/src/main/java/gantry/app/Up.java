package gantry.app;

import gantry.acs.network.Cidr;
import gantry.services.iam.IamAuthorizer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SimpleTimeZone;
import java.util.TimeZone;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** {@code gantry up}: starts, and says where. */
final class Up {

  /** The program goes on after main has returned. */
  static final int STAYS = -1;

  private static final Duration READY_WITHIN = Duration.ofSeconds(60);

  private static final Set<String> VALUED =
      Set.of(
          "port",
          "listen",
          "data",
          "account",
          "region",
          "engine",
          "iam",
          "cluster",
          "vulnerabilities",
          "allow-lan",
          "upstream");
  private static final Set<String> FLAGS =
      Set.of("ephemeral", "strict", "relaxed-network", "allow-privileged", "detach", "help");

  private Up() {}

  static int run(String[] arguments) {
    try {
      Arguments read = Arguments.read(arguments, VALUED, FLAGS);
      if (read.has("help")) {
        System.out.println(
            """
            gantry up [--port 4566] [--listen ADDRESS] [--data DIR | --ephemeral] [--account ID]
                      [--region NAME] [--engine docker|simulated] [--iam audit|enforce] [--strict] [--detach]
                      [--cluster NAME,... | --cluster none] [--relaxed-network] [--allow-lan CIDR,...]
                      [--allow-privileged] [--vulnerabilities DIR] [--upstream URL,...]\
            """);
        return 0;
      }
      if (!read.others().isEmpty()) {
        throw new Arguments.Wrong("up takes no argument " + read.others().getFirst());
      }
      return read.has("detach") ? detached(arguments, read) : here(read);
    } catch (Arguments.Wrong e) {
      System.err.println("gantry up: " + e.getMessage());
      return 2;
    }
  }

  private static Options options(Arguments read) {
    if (read.has("data") && read.has("ephemeral")) {
      throw new Arguments.Wrong("--data and --ephemeral exclude one another");
    }
    String account = read.get("account", Options.ACCOUNT);
    if (!account.matches("[0-9]{12}")) {
      throw new Arguments.Wrong("--account " + account + " is not twelve digits");
    }
    return new Options(
        read.get("listen", Options.LOOPBACK),
        read.port(Options.PORT),
        read.has("ephemeral") ? null : data(read),
        account,
        read.get("region", Options.REGION),
        read.has("strict"),
        engine(read),
        clusters(read),
        network(read),
        privileged(read),
        iam(read),
        images(read));
  }

  private static Options.Network network(Arguments read) {
    String lan = read.get("allow-lan");
    List<String> blocks = lan == null ? List.of() : List.of(lan.split(",", -1));
    for (String block : blocks) {
      if (!Cidr.isValid(block)) {
        throw new Arguments.Wrong("--allow-lan " + block + " is no block such as 192.168.1.0/24");
      }
    }
    return new Options.Network(
        read.has("relaxed-network"), blocks.stream().map(Cidr::parse).toList());
  }

  private static Options.Images images(Arguments read) {
    String list = read.get("vulnerabilities");
    if (list != null && !Files.isDirectory(Path.of(list))) {
      throw new Arguments.Wrong("--vulnerabilities " + list + " is not a folder");
    }
    String upstream = read.get("upstream");
    Set<String> upstreams = upstream == null ? Set.of() : Set.of(upstream.split(","));
    for (String one : upstreams) {
      if (!one.matches("https?://[a-z0-9.-]+(:[0-9]{1,5})?")) {
        throw new Arguments.Wrong(
            "--upstream " + one + " is not an address such as http://localhost:5000");
      }
    }
    return new Options.Images(list == null ? null : Path.of(list), upstreams);
  }

  /** Of which clusters this machine is an instance; {@code ECS_CLUSTER} is the agent's own name. */
  private static List<String> clusters(Arguments read) {
    String wanted = read.get("cluster", System.getenv().getOrDefault("ECS_CLUSTER", ""));
    if (wanted.isEmpty()) {
      return Options.CLUSTERS;
    }
    return wanted.equals("none") ? List.of() : List.of(wanted.split(",", -1));
  }

  /** As told; else as {@code ./gantry} found the machine. */
  private static Options.Engine engine(Arguments read) {
    String found = System.getenv("GANTRY_ENGINE");
    String wanted = read.get("engine", found == null ? "docker" : found);
    return switch (wanted) {
      case "docker" -> Options.Engine.DOCKER;
      case "simulated" -> Options.Engine.SIMULATED;
      default ->
          throw new Arguments.Wrong("--engine " + wanted + " is neither docker nor simulated");
    };
  }

  /** Whoever can start privileged containers is root here: on loopback, where only we call. */
  private static boolean privileged(Arguments read) {
    return read.has("allow-privileged")
        || read.get("listen", Options.LOOPBACK).equals(Options.LOOPBACK);
  }

  /** Beyond loopback it is always enforced. */
  private static IamAuthorizer.Mode iam(Arguments read) {
    boolean loopback = read.get("listen", Options.LOOPBACK).equals(Options.LOOPBACK);
    String wanted = read.get("iam", loopback ? "audit" : "enforce");
    return switch (wanted) {
      case "audit" -> {
        if (!loopback) {
          throw new Arguments.Wrong("--iam audit is for loopback only");
        }
        yield IamAuthorizer.Mode.AUDIT;
      }
      case "enforce" -> IamAuthorizer.Mode.ENFORCE;
      default -> throw new Arguments.Wrong("--iam " + wanted + " is neither audit nor enforce");
    };
  }

  static Path data(Arguments read) {
    String data = read.get("data");
    return data == null ? Options.usualData() : Path.of(data);
  }

  private static int here(Arguments read) {
    Gantry gantry;
    // SQLite's driver wants to know the zone of the machine at each start, which we never need, and
    // Java then reads the history of all the world's clocks.
    TimeZone.setDefault(new SimpleTimeZone(0, "UTC"));
    try {
      Down.removeLostEphemeral(data(read));
      gantry = Gantry.start(options(read));
    } catch (Arguments.Wrong e) {
      throw e;
    } catch (RuntimeException e) {
      System.err.println("gantry up: " + reason(e));
      LoggerFactory.getLogger(Up.class).debug("it does not start", e);
      return 1;
    } finally {
      TimeZone.setDefault(null); // from here on the machine's own again
    }
    // The other commands look where they would look for any program of that data directory.
    Path data = data(read);
    Gantry.RootKeyShown key = gantry.newRootKey();
    Running.here(gantry).write(data);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  gantry.close();
                  Running.forget(data);
                },
                "stop"));
    StringBuilder said = new StringBuilder();
    said.append("Gantry is ready at ").append(gantry.url()).append('\n');
    if (key != null) {
      said.append("\nThe root key, shown only now:\n  access key id      ");
      said.append(key.accessKeyId()).append("\n  secret access key  ").append(key.secret());
      said.append('\n');
    }
    said.append('\n').append(Env.exports(gantry.url(), gantry.options().region(), null));
    System.out.print(said);
    System.out.flush();
    return STAYS;
  }

  /** One line: the innermost reason is what a person can act on. */
  private static String reason(Throwable e) {
    Throwable at = e;
    while (at.getCause() != null && !(at instanceof gantry.state.DataLock.InUse)) {
      at = at.getCause();
    }
    String message = at.getMessage() == null ? at.toString() : at.getMessage();
    return (at instanceof java.net.BindException ? "the port is taken: " : "") + message;
  }

  /** Starts the same program again without {@code --detach}, and waits until it answers. */
  private static int detached(String[] arguments, Arguments read) {
    Path data = data(read);
    List<String> command = new ArrayList<>();
    // The way this program was started, said again; the process table forgets long command lines.
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.add("up");
    Arrays.stream(arguments).filter(a -> !a.equals("--detach")).forEach(command::add);
    try {
      Files.createDirectories(data);
      Path log = data.resolve("gantry.log");
      Path said = data.resolve("up.out");
      Running before = Running.of(data);
      if (before != null) {
        System.err.println(
            "gantry up: already running at " + before.url() + " (process " + before.pid() + ")");
        return 1;
      }
      Process process =
          new ProcessBuilder(command)
              .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
              .redirectOutput(said.toFile())
              .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      long deadline = System.nanoTime() + READY_WITHIN.toNanos();
      while (System.nanoTime() < deadline) {
        if (process.waitFor(20, TimeUnit.MILLISECONDS)) {
          System.err.println(lastLine(log));
          return 1;
        }
        if (Running.of(data) != null && Files.size(said) > 0) {
          System.out.print(Files.readString(said));
          Files.delete(said);
          return 0;
        }
      }
      System.err.println("gantry up: not ready within " + READY_WITHIN + "; see " + log);
      return 1;
    } catch (IOException e) {
      System.err.println("gantry up: " + e.getMessage());
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  private static @Nullable String lastLine(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    return lines.isEmpty() ? "gantry up: it ended at once; see " + log : lines.getLast();
  }
}
