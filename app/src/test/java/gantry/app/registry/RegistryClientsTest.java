package gantry.app.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.app.Gantry;
import gantry.app.Options;
import gantry.node.docker.Tar;
import gantry.state.Scope;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecr.EcrClient;

/** skopeo and docker, unmodified, with the real program's registry: also when they are killed. */
@Tag("client")
@Timeout(240)
class RegistryClientsTest {

  private static final Scope HOME = new Scope(Options.ACCOUNT, Options.REGION);
  private static final int MANY_LAYERS = 45;
  private static final int BIG = 48 * 1024 * 1024;

  @TempDir Path folder;
  private Gantry gantry;
  private Pushes client;
  private EcrClient ecr;

  @BeforeEach
  void start() {
    gantry = Gantry.start(Options.ephemeral());
    client = new Pushes(gantry.url());
    ecr = gantry.clients().as("test.amazonaws.com", HOME, EcrClient.class);
    for (String name : List.of("app", "copy", "many")) {
      ecr.createRepository(r -> r.repositoryName(name));
    }
  }

  @AfterEach
  void stop() {
    client.close();
    gantry.close();
  }

  private String at(String name) {
    return "docker://localhost:" + gantry.port() + "/" + name;
  }

  @Test
  void skopeoCopiesManyLayersBetweenRepositoriesAndToAndFromAFolder() throws Exception {
    byte[] config = Pushes.config("amd64");
    List<byte[]> layers = new ArrayList<>();
    for (int i = 0; i < MANY_LAYERS; i++) {
      layers.add(tarOf("layer " + i));
    }
    client.blob("many", config);
    for (byte[] layer : layers) {
      client.blob("many", layer);
    }
    byte[] manifest = Pushes.manifest(config, layers);
    client.put("many", "v1", Pushes.MANIFEST, manifest);
    String digest = Pushes.digest(manifest);

    skopeo("copy", "--preserve-digests", at("many:v1"), at("copy:v1"));
    assertThat(client.get("/v2/copy/manifests/v1")).isEqualTo(manifest);
    Path dir = folder.resolve("dir");
    skopeo("copy", "--preserve-digests", at("copy:v1"), "dir:" + dir);
    assertThat(Files.list(dir).count()).isGreaterThan(MANY_LAYERS);
    skopeo("copy", "--preserve-digests", "dir:" + dir, at("app:v2"));
    assertThat(client.get("/v2/app/manifests/" + digest)).isEqualTo(manifest);
    assertThat(
            ecr.describeImages(r -> r.repositoryName("app").imageIds(i -> i.imageTag("v2")))
                .imageDetails()
                .getFirst()
                .imageDigest())
        .isEqualTo(digest);
  }

  @Test
  void manyPushTheSameLayersAtOnce() throws Exception {
    byte[] shared = tarOf("shared");
    client.image("many", "v1", "amd64", shared, tarOf("one"), tarOf("two"), tarOf("three"));
    Path dir = folder.resolve("dir");
    skopeo("copy", "--preserve-digests", at("many:v1"), "dir:" + dir);
    List<Process> copies = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      copies.add(
          begin(
              "skopeo",
              "copy",
              "--preserve-digests",
              "--dest-tls-verify=false",
              "dir:" + dir,
              at((i % 2 == 0 ? "app:v" : "copy:v") + i)));
    }
    for (Process copy : copies) {
      assertThat(copy.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(copy.exitValue()).isZero();
    }
    for (int i = 0; i < 4; i++) {
      assertThat(client.get("/v2/" + (i % 2 == 0 ? "app" : "copy") + "/manifests/v" + i))
          .isEqualTo(client.get("/v2/many/manifests/v1"));
    }
  }

  @Test
  void aCopyThatWasKilledIsRepeatedAndWhole() throws Exception {
    byte[] big = new byte[BIG];
    new Random(3).nextBytes(big);
    String digest = client.image("many", "v1", "amd64", big);
    Path dir = folder.resolve("dir");
    skopeo("copy", "--preserve-digests", at("many:v1"), "dir:" + dir);
    // Only what comes over the network counts: the blob is not to be mounted.
    ecr.deleteRepository(r -> r.repositoryName("many").force(true));
    try (Narrows narrows = new Narrows(gantry.port(), BIG / 2)) {
      Process first =
          begin(
              "skopeo",
              "copy",
              "--preserve-digests",
              "--dest-tls-verify=false",
              "dir:" + dir,
              "docker://localhost:" + narrows.port() + "/app:v1");
      assertThat(narrows.isFull()).as("in the middle of it").isTrue();
      first.destroyForcibly().waitFor();
    }
    boolean done = client.send("GET", "/v2/app/manifests/v1", new byte[0]).statusCode() == 200;
    assertThat(done).as("killed before its end").isFalse();
    skopeo("copy", "--preserve-digests", "dir:" + dir, at("app:v1"));
    assertThat(Pushes.digest(client.get("/v2/app/manifests/v1"))).isEqualTo(digest);
    assertThat(Pushes.digest(client.get("/v2/app/blobs/" + Pushes.digest(big))))
        .isEqualTo(Pushes.digest(big));
  }

  @Test
  void anUploadGoesOnWhereItStopped() throws Exception {
    byte[] content = new byte[3_000_000];
    new Random(4).nextBytes(content);
    String location = location("app");
    assertThat(
            client
                .send("PATCH", location, java.util.Arrays.copyOf(content, 1_000_000))
                .statusCode())
        .isEqualTo(202);
    var where = client.send("GET", location, new byte[0]);
    assertThat(where.statusCode()).isEqualTo(204);
    assertThat(where.headers().firstValue("range")).contains("0-999999");
    String digest = Pushes.digest(content);
    assertThat(
            client
                .send(
                    "PUT",
                    location + "?digest=" + digest,
                    java.util.Arrays.copyOfRange(content, 1_000_000, content.length))
                .statusCode())
        .isEqualTo(201);
    assertThat(client.get("/v2/app/blobs/" + digest)).isEqualTo(content);
  }

  /** The client is gone in the middle of a piece: what came is kept, and it goes on from there. */
  @Test
  void anUploadWhoseConnectionBrokeIsResumed() throws Exception {
    byte[] content = new byte[3_000_000];
    new Random(6).nextBytes(content);
    String location = location("app");
    int sent = 1_700_000;
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), gantry.port())) {
      OutputStream out = socket.getOutputStream();
      out.write(
          ("PATCH "
                  + location
                  + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
                  + "Content-Length: "
                  + content.length
                  + "\r\n\r\n")
              .getBytes(UTF_8));
      out.write(content, 0, sent);
      out.flush();
      // All that was sent arrives before the end does.
      socket.shutdownOutput();
      socket.getInputStream().readAllBytes();
    }
    int came = 0;
    for (long until = System.nanoTime() + 60_000_000_000L; came < sent; ) {
      String range =
          client.send("GET", location, new byte[0]).headers().firstValue("range").orElseThrow();
      came = Integer.parseInt(range.substring("0-".length())) + 1;
      assertThat(System.nanoTime()).as("kept " + came + " of " + sent).isLessThan(until);
    }
    assertThat(came).isEqualTo(sent);
    // A piece that leaves a gap, and one that comes twice, are refused and do no harm.
    byte[] rest = java.util.Arrays.copyOfRange(content, sent, content.length);
    for (int from : new int[] {sent + 1, 0}) {
      var refused =
          client.send(
              "PATCH", location, rest, "Content-Range", from + "-" + (from + rest.length - 1));
      assertThat(refused.statusCode()).isEqualTo(416);
    }
    String digest = Pushes.digest(content);
    var done =
        client.send(
            "PUT",
            location + "?digest=" + digest,
            rest,
            "Content-Range",
            sent + "-" + (content.length - 1));
    assertThat(done.statusCode()).isEqualTo(201);
    assertThat(client.get("/v2/app/blobs/" + digest)).isEqualTo(content);
  }

  private String location(String repository) throws IOException {
    return client
        .send("POST", "/v2/" + repository + "/blobs/uploads/", new byte[0])
        .headers()
        .firstValue("location")
        .orElseThrow();
  }

  @Test
  void corruptedBytesAreRefused() throws Exception {
    byte[] layer = tarOf("good");
    String digest = Pushes.digest(layer);
    byte[] bad = layer.clone();
    bad[7] ^= 1;
    var refused = client.send("POST", "/v2/app/blobs/uploads/?digest=" + digest, bad);
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(new String(refused.body(), UTF_8)).contains("DIGEST_INVALID");
    assertThat(client.send("HEAD", "/v2/app/blobs/" + digest, new byte[0]).statusCode())
        .isEqualTo(404);
    // skopeo with a folder in which somebody changed a byte.
    client.image("many", "v1", "amd64", layer);
    Path dir = folder.resolve("dir");
    skopeo("copy", "--preserve-digests", at("many:v1"), "dir:" + dir);
    Files.write(dir.resolve(digest.substring("sha256:".length())), bad);
    // Else it would not send the layer, but have it mounted from there.
    ecr.deleteRepository(r -> r.repositoryName("many").force(true));
    Process copy =
        begin(
            "skopeo",
            "copy",
            "--preserve-digests",
            "--dest-tls-verify=false",
            "dir:" + dir,
            at("app:bad"));
    assertThat(copy.waitFor()).isNotZero();
    assertThat(client.send("GET", "/v2/app/manifests/bad", new byte[0]).statusCode())
        .isEqualTo(404);
  }

  /** Two images that share most of their many layers, pushed at once, and pulled again. */
  @Test
  @Tag("docker")
  void dockerPushesAndPullsManySharedLayers() throws Exception {
    Path context = Files.createDirectory(folder.resolve("context"));
    StringBuilder shared = new StringBuilder("FROM scratch\n");
    for (int i = 0; i < 30; i++) {
      Files.writeString(context.resolve("f" + i), "layer " + i + " of " + folder);
      shared.append("COPY f" + i + " /f" + i + "\n");
    }
    List<String> images = new ArrayList<>();
    for (String name : List.of("one", "two")) {
      Files.writeString(context.resolve(name), name);
      Files.writeString(
          context.resolve("Dockerfile"), shared + "COPY " + name + " /" + name + "\n");
      images.add("localhost:" + gantry.port() + "/app:" + name);
      run("docker", "build", "-q", "-t", images.getLast(), context.toString());
    }
    try {
      List<Process> pushes = new ArrayList<>();
      for (String image : images) {
        pushes.add(begin("docker", "push", image));
      }
      for (Process push : pushes) {
        assertThat(push.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(push.exitValue()).isZero();
      }
      assertThat(run("docker", "push", images.getFirst())).contains("Layer already exists");
      run("docker", "rmi", images.get(0), images.get(1));
      for (String image : images) {
        assertThat(run("docker", "pull", image)).contains("Downloaded newer image");
        assertThat(run("docker", "inspect", "-f", "{{len .RootFS.Layers}}", image).trim())
            .isEqualTo("31");
      }
    } finally {
      begin("docker", "rmi", "-f", images.get(0), images.get(1)).waitFor();
    }
  }

  @Test
  @Tag("docker")
  void dockerPushKilledAndRepeated() throws Exception {
    Path context = Files.createDirectory(folder.resolve("context"));
    byte[] big = new byte[BIG];
    new Random(5).nextBytes(big);
    Files.write(context.resolve("big"), big);
    Files.writeString(context.resolve("Dockerfile"), "FROM scratch\nCOPY big /big\n");
    Narrows narrows = new Narrows(gantry.port(), BIG / 2);
    String image = "localhost:" + narrows.port() + "/app:docker";
    try (narrows) {
      run("docker", "build", "-q", "-t", image, context.toString());
      Process push = begin("docker", "push", image);
      assertThat(narrows.isFull()).as("in the middle of it").isTrue();
      push.destroyForcibly().waitFor();
      narrows.open();
      run("docker", "push", image);
      run("docker", "rmi", image);
      assertThat(run("docker", "pull", image)).contains("Downloaded newer image");
      String id = run("docker", "create", image, "none").trim();
      Path out = folder.resolve("out");
      run("docker", "cp", id + ":/big", out.toString());
      run("docker", "rm", id);
      assertThat(Pushes.digest(Files.readAllBytes(out))).isEqualTo(Pushes.digest(big));
    } finally {
      begin("docker", "rmi", "-f", image).waitFor();
    }
  }

  // ---- tools

  /** A tar archive of one file: skopeo and docker look inside. */
  private static byte[] tarOf(String content) {
    return new Tar().file("file", "0000644", content.getBytes(UTF_8)).bytes();
  }

  private static void skopeo(String what, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("skopeo", what, "--src-tls-verify=false", "--dest-tls-verify=false"));
    command.addAll(List.of(arguments));
    run(command.toArray(String[]::new));
  }

  private static Process begin(String... command) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + ": " + said).isZero();
    return said;
  }
}
