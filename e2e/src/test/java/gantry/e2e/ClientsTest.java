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
    assertThat(Program.run(List.of(aws, "--version"), data, Map.of()).out())
        .startsWith("aws-cli/2");
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

  @Test
  void boto3() throws Exception {
    String python = Clients.python();
    for (String script : List.of("check.py", "identity.py")) {
      ok(Program.run(List.of(python, resource(script, data).toString(), url), data, Map.of()));
    }
  }

  @Test
  void sdkForJavaScript3() throws Exception {
    Path folder = Clients.node();
    for (String script : List.of("check.mjs", "identity.mjs")) {
      ok(Program.run(List.of("node", resource(script, folder).toString(), url), folder, Map.of()));
    }
  }

  @Test
  void sdkForGo2() throws Exception {
    Path folder = Clients.go("go");
    resource("main.go", folder);
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

  private static Path resource(String name, Path folder) throws IOException {
    Path file = folder.resolve(name);
    try (var in = ClientsTest.class.getResourceAsStream("/clients/" + name)) {
      assertThat(in).as(name).isNotNull();
      Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
    }
    return file;
  }
}
