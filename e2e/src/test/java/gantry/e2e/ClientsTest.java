package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.ClusterNotFoundException;
import software.amazon.awssdk.services.ecs.model.TargetType;

/**
 * Clients that nobody here wrote, against the built program: each checks values and modelled
 * errors.
 */
@Tag("client")
class ClientsTest {

  private static final Path CLIENTS = Program.ROOT.resolve(".gantry/clients");

  @TempDir static Path data;
  private static Program program;
  private static String url;

  @BeforeAll
  static void start() throws Exception {
    program = new Program(data.resolve("data"));
    url = program.up();
  }

  @AfterAll
  static void stop() throws Exception {
    program.down();
  }

  @Test
  void awsCliVersion2() throws Exception {
    Path debian = Path.of("/usr/bin/aws");
    String aws = Files.isExecutable(debian) ? debian.toString() : "aws";
    for (String script : List.of("check.sh", "identity.sh")) {
      ok(
          Program.run(
              List.of("bash", resource(script, data).toString()),
              data,
              Map.of(
                  "AWS",
                  aws,
                  "URL",
                  url,
                  "AWS_ACCESS_KEY_ID",
                  "test",
                  "AWS_SECRET_ACCESS_KEY",
                  "test")));
    }
  }

  @Test
  void requestsThatAreSignedWrongly() throws Exception {
    ok(
        Program.run(
            List.of("python3", resource("signed.py", data).toString(), url), data, Map.of()));
  }

  /** A Python with boto3. */
  static String python() throws IOException, InterruptedException {
    Path python = CLIENTS.resolve("python");
    if (!Files.exists(python.resolve("bin/python3"))) {
      install(CLIENTS, "python3", "-m", "venv", python.toString());
    }
    if (Program.run(List.of(python + "/bin/python3", "-c", "import boto3"), CLIENTS, Map.of())
            .code()
        != 0) {
      install(CLIENTS, python + "/bin/pip", "install", "-q", "boto3");
    }
    return python + "/bin/python3";
  }

  @Test
  void boto3() throws Exception {
    String python = python();
    for (String script : List.of("check.py", "identity.py")) {
      ok(Program.run(List.of(python, resource(script, data).toString(), url), data, Map.of()));
    }
  }

  @Test
  void sdkForJavaScript3() throws Exception {
    Path folder = Files.createDirectories(CLIENTS.resolve("js"));
    if (!Files.exists(folder.resolve("node_modules/@aws-sdk/client-kms"))) {
      Files.writeString(
          folder.resolve("package.json"), "{\"private\": true, \"type\": \"module\"}\n");
      install(
          folder,
          "npm",
          "install",
          "--no-save",
          "@aws-sdk/client-ecs",
          "@aws-sdk/client-ssm",
          "@aws-sdk/client-sts",
          "@aws-sdk/client-iam",
          "@aws-sdk/client-kms",
          "@aws-sdk/client-secrets-manager",
          "@aws-sdk/client-cloudwatch-logs");
    }
    for (String script : List.of("check.mjs", "identity.mjs")) {
      ok(Program.run(List.of("node", resource(script, folder).toString(), url), folder, Map.of()));
    }
  }

  @Test
  void sdkForGo2() throws Exception {
    Path folder = Files.createDirectories(CLIENTS.resolve("go"));
    resource("main.go", folder);
    modules(folder);
    // Without a C compiler, which a machine need not have.
    ok(Program.run(List.of("go", "run", ".", url), folder, Map.of("CGO_ENABLED", "0")));
  }

  @Test
  void sdkForJava() {
    try (EcsClient ecs =
        EcsClient.builder()
            .endpointOverride(URI.create(url))
            .region(Region.EU_CENTRAL_1)
            .credentialsProvider(
                StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
            .httpClient(UrlConnectionHttpClient.create())
            .build()) {
      assertThat(ecs.createCluster(r -> r.clusterName("java")).cluster().clusterArn())
          .isEqualTo("arn:aws:ecs:eu-central-1:000000000000:cluster/java");
      assertThat(ecs.listClusters().clusterArns())
          .contains("arn:aws:ecs:eu-central-1:000000000000:cluster/java");
      assertThatThrownBy(
              () ->
                  ecs.listAttributes(
                      r -> r.cluster("none").targetType(TargetType.CONTAINER_INSTANCE)))
          .isInstanceOf(ClusterNotFoundException.class);
      assertThat(ecs.deleteCluster(r -> r.cluster("java")).cluster().status())
          .isEqualTo("INACTIVE");
    }
  }

  private static void ok(Program.Said said) {
    assertThat(said.code()).as(said.toString()).isZero();
    assertThat(said.out().strip()).endsWith("ok");
  }

  private static void install(Path folder, String... command)
      throws IOException, InterruptedException {
    Files.createDirectories(folder);
    Program.Said said = Program.run(List.of(command), folder, Map.of());
    assertThat(said.code()).as(said.toString()).isZero();
  }

  /** What Go's sources of a folder import; the sums are the last that is written. */
  static void modules(Path folder) throws IOException, InterruptedException {
    if (!Files.exists(folder.resolve("go.sum"))) {
      Files.deleteIfExists(folder.resolve("go.mod"));
      install(folder, "go", "mod", "init", "clients");
      install(folder, "go", "mod", "tidy");
    }
  }

  private static Path resource(String name, Path folder) throws IOException {
    Path file = folder.resolve(name);
    try (var in = ClientsTest.class.getResourceAsStream("/clients/" + name)) {
      assertThat(in).as(name).isNotNull();
      Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
    }
    return file;
  }
}
