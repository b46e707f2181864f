package gantry.app.machine;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.app.Main;
import gantry.app.ReservedPort;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.core.client.builder.SdkSyncClientBuilder;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;

/** The program as a process of its own on this machine's Docker and kernel, to be killed. */
final class RealProgram implements AutoCloseable {

  /** A shell and small tools, made here from what Debian has installed. */
  static final String IMAGE = "gantry-app-test/busybox:1";

  /** {@code -Dgantry.flow.logs.seconds=60} waits for the intervals that the API has. */
  static final int FLOW_LOG_SECONDS = Integer.getInteger("gantry.flow.logs.seconds", 5);

  private static final Duration READY_WITHIN = Duration.ofSeconds(120);

  /** Else it is asked again. */
  private static final Duration ANSWERS_WITHIN = Duration.ofSeconds(10);

  private final Path data;
  private final List<String> options;
  private final ReservedPort port = new ReservedPort();
  private @Nullable Process process;

  RealProgram(Path data, String... options) {
    this.data = data;
    this.options = List.of(options);
  }

  /** One that keeps nothing; what other commands need to know stands in {@code data}. */
  static RealProgram ephemeral(Path data) {
    return new RealProgram(data, "--ephemeral");
  }

  String url() {
    return "http://localhost:" + port.number();
  }

  /** Names everything that the program makes on this machine. */
  String install() throws IOException {
    return Files.readString(data.resolve("install")).strip();
  }

  /** The same of an ephemeral one, which says it to other commands only. */
  String runningInstall() throws IOException {
    return Files.readAllLines(data.resolve("running")).get(6);
  }

  Path runningFolder() throws IOException {
    return Path.of(Files.readAllLines(data.resolve("running")).get(7));
  }

  void start() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(java());
    command.addAll(List.of("up", "--port", Integer.toString(port.number())));
    if (!options.contains("--ephemeral")) {
      command.addAll(List.of("--data", data.toString()));
    }
    command.addAll(options);
    Files.createDirectories(data);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("AWS_"));
    builder.environment().put("GANTRY_ENGINE", "docker");
    builder.environment().put("GANTRY_HOME", data.toString());
    process =
        builder
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
            .start();
    until("the program answers", READY_WITHIN, this::answers);
  }

  private static List<String> java() {
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "--enable-native-access=ALL-UNNAMED",
        "-Dgantry.flow.logs.seconds=" + FLOW_LOG_SECONDS,
        "-cp",
        path,
        Main.class.getName());
  }

  private boolean answers() {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
              .send(
                  HttpRequest.newBuilder(URI.create(url() + "/_gantry/health"))
                      .timeout(ANSWERS_WITHIN)
                      .build(),
                  HttpResponse.BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (IOException notYet) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** What {@code gantry why} prints. */
  String why(String about) {
    return command(2, "why", "--data", data.toString(), about);
  }

  /** {@code kill -9}. */
  void kill() {
    if (process != null) {
      process.destroyForcibly().onExit().join();
    }
  }

  /** As a service manager stops it: tasks run on. */
  void terminate() {
    if (process != null) {
      process.destroy();
      process.onExit().join();
    }
  }

  /** What is on the machine of an installation. */
  static List<String> left(String install) {
    List<String> left = new ArrayList<>(containers(install));
    left.addAll(run("docker", "volume", "ls", "-q", "--filter", "label=gantry.install=" + install));
    left.addAll(namespaces(install));
    run("nft", "list", "tables").stream()
        .filter(each -> each.endsWith("gantry_" + install))
        .forEach(left::add);
    run("ip", "-o", "link").stream()
        .filter(each -> each.contains(": gt" + install + "-"))
        .forEach(left::add);
    run("bash", "-c", "iptables -w -S DOCKER-USER 2>/dev/null || true").stream()
        .filter(each -> each.contains(" gt" + install + "-"))
        .forEach(left::add);
    run("bash", "-c", "ls -d /sys/fs/cgroup/gantry/* /sys/fs/cgroup/*/gantry/* 2>/dev/null || true")
        .stream()
        .filter(each -> each.endsWith("/" + install))
        .forEach(left::add);
    return left;
  }

  static List<String> containers(String install) {
    return run("docker", "ps", "-aq", "--no-trunc", "--filter", "label=gantry.install=" + install);
  }

  static List<String> namespaces(String install) {
    return run("ip", "netns", "list").stream()
        .map(each -> each.split(" ", 2)[0])
        .filter(each -> each.startsWith("gantry-" + install + "-"))
        .toList();
  }

  /** {@code gantry down --purge}. */
  String down() {
    return command(1, "down", "--purge", "--data", data.toString());
  }

  /** {@code gantry down}: the tables stay. */
  String downOnly() {
    return command(1, "down", "--data", data.toString());
  }

  private static String command(int worst, String... arguments) {
    List<String> command = new ArrayList<>(java());
    command.addAll(List.of(arguments));
    Ended ended = ended(command);
    assertThat(ended.code()).as(ended.said()).isLessThan(worst);
    return ended.said();
  }

  Path log() {
    return data.resolveSibling(data.getFileName() + ".log");
  }

  <B extends AwsClientBuilder<B, C> & SdkSyncClientBuilder<B, C>, C> C client(B builder) {
    return client(builder, "test", "us-east-1");
  }

  <B extends AwsClientBuilder<B, C> & SdkSyncClientBuilder<B, C>, C> C client(
      B builder, String key, String region) {
    return builder
        .endpointOverride(URI.create(url()))
        .region(Region.of(region))
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create(key, "any")))
        .httpClient(UrlConnectionHttpClient.create())
        .build();
  }

  /** Takes away what is there, also after a test that failed. */
  @Override
  public void close() {
    try {
      if (process != null) {
        down();
      }
    } finally {
      kill();
      port.close();
    }
  }

  /** The lines that a command prints. */
  static List<String> run(String... command) {
    Ended ended = ended(List.of(command));
    assertThat(ended.code()).as(String.join(" ", command) + ": " + ended.said()).isZero();
    return ended.said().lines().toList();
  }

  private record Ended(int code, String said) {}

  private static Ended ended(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Ended(process.waitFor(), said);
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Makes {@link #IMAGE} unless it is there. */
  static void makeImage() {
    if (run("docker", "images", "-q", IMAGE).isEmpty()) {
      run(
          "bash",
          "-c",
          "set -e; d=$(mktemp -d); mkdir -p $d/bin $d/tmp; cp /usr/bin/busybox $d/bin/;"
              + " for t in sh sleep nc echo cat printf timeout httpd wget grep; do"
              + " ln -s busybox $d/bin/$t; done; tar -C $d -c . | docker import - "
              + IMAGE
              + "; rm -r $d");
    }
  }

  static void until(String what, Duration limit, BooleanSupplier holds)
      throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within " + limit + ": " + what);
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }
}
