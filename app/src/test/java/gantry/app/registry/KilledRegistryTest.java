package gantry.app.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.app.Options;
import gantry.app.ReservedPort;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ecr.EcrClient;

/**
 * The real program, killed with -9 again and again while images are pushed into it: afterwards
 * every acknowledged manifest can be pulled whole, and nothing that is listed is half there.
 */
@Tag("client")
@Timeout(300)
class KilledRegistryTest {

  private static final int ROUNDS = Integer.getInteger("gantry.rounds", 3);
  private static final int PUSHERS = 3;
  private static final int LAYERS = 3;
  private static final int MAX_LAYER = 600_000;
  private static final Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");
  private static final Pattern TAG = Pattern.compile("\"(t[0-9-]+)\"");

  @TempDir Path data;
  private final ReservedPort reserved = new ReservedPort();
  private final List<Process> started = new ArrayList<>();
  private final List<Throwable> failed = new CopyOnWriteArrayList<>();

  @AfterEach
  void stop() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
    reserved.close();
  }

  @Test
  void whatWasAcknowledgedIsWhole() throws Exception {
    int port = reserved.number();
    Map<String, String> acknowledged = new ConcurrentHashMap<>();
    Random chance = new Random(7);
    for (int round = 0; round < ROUNDS; round++) {
      Process program = start(port);
      if (round == 0) {
        createRepository(port);
      }
      AtomicBoolean killed = new AtomicBoolean();
      List<Thread> pushers = new ArrayList<>();
      for (int i = 0; i < PUSHERS; i++) {
        String name = round + "-" + i;
        long seed = round * 100L + i;
        pushers.add(
            Thread.ofPlatform()
                .uncaughtExceptionHandler((thread, why) -> failed.add(why))
                .start(() -> push(port, name, new Random(seed), killed, acknowledged)));
      }
      // Anywhere within a few pushes.
      long before = acknowledged.size();
      long until = System.nanoTime() + 60_000_000_000L;
      while (acknowledged.size() < before + 3 && failed.isEmpty() && System.nanoTime() < until) {
        LockSupport.parkNanos(1_000_000);
      }
      LockSupport.parkNanos(chance.nextInt(150_000_000));
      killed.set(true);
      program.destroyForcibly().waitFor();
      for (Thread pusher : pushers) {
        pusher.join();
      }
      assertThat(failed).isEmpty();
      check(port, acknowledged);
    }
    assertThat(acknowledged).hasSizeGreaterThan(ROUNDS);
    System.out.println(
        ROUNDS + " kills, " + acknowledged.size() + " acknowledged manifests, all whole");
  }

  /** The session, and what had arrived, are there after a kill: the client goes on. */
  @Test
  void anUploadGoesOnAfterAKill() throws Exception {
    int port = reserved.number();
    Process program = start(port);
    createRepository(port);
    byte[] content = new byte[2_000_000];
    new Random(9).nextBytes(content);
    int first = 1_200_000;
    String location;
    try (Pushes client = new Pushes("http://localhost:" + port)) {
      location =
          client
              .send("POST", "/v2/app/blobs/uploads/", new byte[0])
              .headers()
              .firstValue("location")
              .orElseThrow();
      assertThat(client.send("PATCH", location, Arrays.copyOf(content, first)).statusCode())
          .isEqualTo(202);
    }
    program.destroyForcibly().waitFor();
    start(port);
    try (Pushes client = new Pushes("http://localhost:" + port)) {
      var where = client.send("GET", location, new byte[0]);
      assertThat(where.statusCode()).isEqualTo(204);
      assertThat(where.headers().firstValue("range")).contains("0-" + (first - 1));
      String digest = Pushes.digest(content);
      assertThat(
              client
                  .send(
                      "PUT",
                      location + "?digest=" + digest,
                      Arrays.copyOfRange(content, first, content.length))
                  .statusCode())
          .isEqualTo(201);
      assertThat(client.get("/v2/app/blobs/" + digest)).isEqualTo(content);
    }
  }

  private void check(int port, Map<String, String> acknowledged) throws Exception {
    Process program = start(port);
    try (Pushes client = new Pushes("http://localhost:" + port)) {
      for (Map.Entry<String, String> one : acknowledged.entrySet()) {
        byte[] manifest = client.get("/v2/app/manifests/" + one.getKey());
        assertThat(Pushes.digest(manifest)).as(one.getKey()).isEqualTo(one.getValue());
      }
      // Also what is listed without having been acknowledged.
      Set<String> layers = new HashSet<>();
      Matcher tags = TAG.matcher(new String(client.get("/v2/app/tags/list"), UTF_8));
      int listed = 0;
      while (tags.find()) {
        listed++;
        Matcher digests =
            DIGEST.matcher(new String(client.get("/v2/app/manifests/" + tags.group(1)), UTF_8));
        while (digests.find()) {
          layers.add(digests.group());
        }
      }
      assertThat(listed).isGreaterThanOrEqualTo(acknowledged.size());
      for (String layer : layers) {
        assertThat(Pushes.digest(client.get("/v2/app/blobs/" + layer))).isEqualTo(layer);
      }
      try (Stream<Path> uploads = Files.list(data.resolve("bulk/ecr/uploads"))) {
        assertThat(uploads.map(Path::toString).filter(name -> name.endsWith(".small")))
            .as("temporary files of small blobs")
            .isEmpty();
      }
      try (Stream<Path> blobs = Files.walk(data.resolve("bulk/ecr/blobs"))) {
        for (Path blob : blobs.filter(Files::isRegularFile).toList()) {
          assertThat(Pushes.digest(Files.readAllBytes(blob)))
              .isEqualTo("sha256:" + blob.getFileName());
        }
      }
    } finally {
      program.destroyForcibly().waitFor();
    }
  }

  private static void push(
      int port,
      String name,
      Random random,
      AtomicBoolean killed,
      Map<String, String> acknowledged) {
    try (Pushes client = new Pushes("http://localhost:" + port)) {
      for (int i = 0; !killed.get(); i++) {
        byte[][] layers = new byte[LAYERS][];
        for (int each = 0; each < LAYERS; each++) {
          layers[each] = new byte[1 + random.nextInt(MAX_LAYER)];
          random.nextBytes(layers[each]);
        }
        String tag = "t" + name + "-" + i;
        acknowledged.put(tag, client.image("app", tag, "amd64", layers));
      }
    } catch (IOException e) {
      if (!killed.get()) {
        throw new AssertionError("a push failed while the program was alive", e);
      }
    }
  }

  private Process start(int port) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "gantry.app.Main",
                "up",
                "--engine",
                "simulated",
                "--port",
                Integer.toString(port),
                "--data",
                data.toString())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    started.add(process);
    long deadline = System.nanoTime() + 60_000_000_000L;
    try (Pushes client = new Pushes("http://localhost:" + port)) {
      while (true) {
        try {
          if (client.send("GET", "/_gantry/health", new byte[0]).statusCode() == 200) {
            return process;
          }
        } catch (IOException notYet) {
          // It is starting.
        }
        assertThat(System.nanoTime()).as("started in time").isLessThan(deadline);
        assertThat(process.isAlive()).isTrue();
        LockSupport.parkNanos(20_000_000);
      }
    }
  }

  private static void createRepository(int port) {
    try (EcrClient ecr =
        EcrClient.builder()
            .endpointOverride(URI.create("http://localhost:" + port))
            .region(Region.of(Options.REGION))
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
            .httpClient(UrlConnectionHttpClient.create())
            .build()) {
      ecr.createRepository(r -> r.repositoryName("app"));
    }
  }
}
