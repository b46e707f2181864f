package gantry.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.EcsException;
import software.amazon.awssdk.services.ecs.model.RunTaskRequest;
import software.amazon.awssdk.services.ecs.model.RunTaskResponse;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;

/**
 * The task definitions that people send, byte for byte, to the running program; then each is run.
 * What this machine cannot carry says so.
 */
@Tag("client")
class FixturesTest {

  private static final Path FOLDER =
      Program.ROOT.resolve("services/src/test/resources/ecs/task-definitions");

  /** What is refused when it is to run, and the word that must stand in the refusal. */
  private static final Map<String, String> CANNOT =
      Map.of(
          "12-ec2-gpu-ebs", "volume",
          "15-fargate-windows", "unavailable",
          "16-fargate-arm64-worker", "unavailable");

  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Test
  void allAreTakenAndRun(@TempDir Path data) throws Exception {
    Program program = new Program(data);
    String url = program.up();
    try (EcsClient ecs =
            EcsClient.builder()
                .endpointOverride(URI.create(url))
                .region(Region.US_EAST_1)
                .credentialsProvider(
                    StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
                .httpClient(UrlConnectionHttpClient.create())
                .build();
        Stream<Path> files = Files.list(FOLDER)) {
      ecs.createCluster();
      String subnet = subnet(url);
      Map<String, String> ended = new TreeMap<>();
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString().replace(".json", "");
        String family = family(post(url, Files.readString(file)));
        TaskDefinition definition =
            ecs.describeTaskDefinition(r -> r.taskDefinition(family)).taskDefinition();
        ended.put(name, run(ecs, definition, subnet));
      }
      ended.forEach(
          (name, end) -> {
            String cannot = CANNOT.get(name);
            if (cannot == null) {
              assertThat(end).as(name).isIn("RUNNING", "STOPPED EssentialContainerExited");
            } else {
              assertThat(end).as(name).containsIgnoringCase(cannot);
            }
          });
      assertThat(ended).hasSize(24);
    } finally {
      program.down();
    }
  }

  /** Runs it once, as its own compatibility says, and tells what became of it. */
  private static String run(EcsClient ecs, TaskDefinition definition, String subnet)
      throws InterruptedException {
    boolean fargate =
        definition.compatibilitiesAsStrings().contains("FARGATE")
            && definition.requiresCompatibilitiesAsStrings().contains("FARGATE");
    RunTaskRequest.Builder request =
        RunTaskRequest.builder()
            .taskDefinition(definition.taskDefinitionArn())
            .launchType(fargate ? "FARGATE" : "EC2");
    if ("awsvpc".equals(definition.networkModeAsString())) {
      request.networkConfiguration(n -> n.awsvpcConfiguration(v -> v.subnets(subnet)));
    }
    RunTaskResponse answer;
    try {
      answer = ecs.runTask(request.build());
    } catch (EcsException refused) {
      return "refused: " + refused.awsErrorDetails().errorMessage();
    }
    if (!answer.failures().isEmpty()) {
      return "failure: " + answer.failures().getFirst().reason();
    }
    String arn = answer.tasks().getFirst().taskArn();
    Instant deadline = Instant.now().plus(PATIENCE);
    while (true) {
      Task task = ecs.describeTasks(r -> r.tasks(arn)).tasks().getFirst();
      if (task.lastStatus().equals("RUNNING")) {
        ecs.stopTask(r -> r.task(arn));
        return "RUNNING";
      }
      if (task.lastStatus().equals("STOPPED")) {
        return "STOPPED " + task.stopCodeAsString();
      }
      if (Instant.now().isAfter(deadline)) {
        return "still " + task.lastStatus();
      }
      Thread.sleep(200);
    }
  }

  /** The bytes as they are: an SDK would leave out what it does not know. */
  private static String post(String url, String definition) throws Exception {
    HttpResponse<String> answer =
        send(
            HttpRequest.newBuilder(URI.create(url))
                .header("content-type", "application/x-amz-json-1.1")
                .header("x-amz-target", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition")
                .POST(HttpRequest.BodyPublishers.ofString(definition)),
            "ecs");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.body();
  }

  private static String subnet(String url) throws Exception {
    String answer =
        send(
                HttpRequest.newBuilder(URI.create(url))
                    .header("content-type", "application/x-www-form-urlencoded")
                    .POST(
                        HttpRequest.BodyPublishers.ofString(
                            "Action=DescribeSubnets&Version=2016-11-15")),
                "ec2")
            .body();
    int at = answer.indexOf("<subnetId>") + "<subnetId>".length();
    return answer.substring(at, answer.indexOf('<', at));
  }

  /** On loopback any key will do. */
  private static HttpResponse<String> send(HttpRequest.Builder request, String service)
      throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          request
              .header("x-amz-date", DATE.format(Instant.now()))
              .header(
                  "authorization",
                  "AWS4-HMAC-SHA256 Credential=test/"
                      + DATE.format(Instant.now()).substring(0, 8)
                      + "/us-east-1/"
                      + service
                      + "/aws4_request, SignedHeaders=host, Signature=0")
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  private static String family(String answer) throws IOException {
    try (JsonParser json = new JsonFactory().createParser(answer)) {
      while (json.nextToken() != null) {
        if (json.currentToken() == JsonToken.FIELD_NAME && "family".equals(json.currentName())) {
          return json.nextTextValue();
        }
      }
    }
    throw new IOException("no family in " + answer);
  }
}
