package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.ecs.model.ClientException;
import software.amazon.awssdk.services.ecs.model.Compatibility;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.SortOrder;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionStatus;

@SuppressWarnings("unchecked")
class TaskDefinitionsTest {

  private final World world = new World();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "01-fargate-minimal",
        "02-fargate-web-awslogs",
        "03-fargate-secrets-all-forms",
        "04-fargate-console-style",
        "05-fargate-nginx-php-fpm",
        "06-fargate-firelens",
        "07-fargate-xray-daemon",
        "08-fargate-efs",
        "09-ec2-bridge-dynamic-port",
        "10-ec2-host-daemon",
        "11-ec2-bridge-links",
        "12-ec2-gpu-ebs",
        "13-fargate-depends-on",
        "14-ec2-linux-parameters",
        "15-fargate-windows",
        "16-fargate-arm64-worker",
        "17-ec2-placement-docker-volume",
        "18-fargate-service-connect-otel",
        "19-ec2-ten-containers",
        "20-fargate-proxy-envoy",
        "21-fargate-many-variables",
        "22-external-private-registry",
        "23-github-actions-first-console",
        "24-github-actions-new-console"
      })
  void whatPeopleSendIsAcceptedAndComesBackAsItWas(String file) {
    RegisterTaskDefinitionRequest request = FixtureJson.taskDefinition(file + ".json");
    TaskDefinition registered =
        world.call(ecs -> ecs.registerTaskDefinition(request)).taskDefinition();
    assertThat(registered.revision()).isEqualTo(1);
    assertThat(registered.status()).isEqualTo(TaskDefinitionStatus.ACTIVE);
    assertThat(registered.containerDefinitions()).hasSameSizeAs(request.containerDefinitions());
    for (int i = 0; i < request.containerDefinitions().size(); i++) {
      ContainerDefinition sent = request.containerDefinitions().get(i);
      ContainerDefinition back = registered.containerDefinitions().get(i);
      assertThat(back.environment()).isEqualTo(sent.environment());
      assertThat(back.secrets()).isEqualTo(sent.secrets());
      assertThat(back.image()).isEqualTo(sent.image());
      assertThat(back.logConfiguration()).isEqualTo(sent.logConfiguration());
    }
    if (file.contains("fargate")) {
      assertThat(registered.compatibilities()).contains(Compatibility.FARGATE);
    }
    TaskDefinition described =
        world
            .call(ecs -> ecs.describeTaskDefinition(r -> r.taskDefinition(request.family())))
            .taskDefinition();
    assertThat(described).isEqualTo(registered);
    TaskDefinition again = world.call(ecs -> ecs.registerTaskDefinition(request)).taskDefinition();
    assertThat(again.revision()).isEqualTo(2);
    assertThat(
            EcsJson.write(again)
                .replace(":2\"", ":1\"")
                .replace("\"revision\":2", "\"revision\":1"))
        .isEqualTo(EcsJson.write(registered));
  }

  @Test
  void sizesAreStoredAsIntegers() {
    TaskDefinition otel = register("18-fargate-service-connect-otel", r -> r);
    assertThat(otel.cpu()).isEqualTo("1024");
    assertThat(otel.memory()).isEqualTo("2048");
    TaskDefinition small = register("21-fargate-many-variables", r -> r);
    assertThat(small.cpu()).isEqualTo("256");
    assertThat(small.memory()).isEqualTo("512");
  }

  @Test
  void hostPortIsFilledInForAwsvpc() {
    TaskDefinition minimal = register("01-fargate-minimal", r -> r);
    assertThat(minimal.containerDefinitions().getFirst().portMappings().getFirst().hostPort())
        .isEqualTo(80);
  }

  @Test
  void bridgeIsCompatibleWithExternalAndEc2() {
    TaskDefinition bridge = register("09-ec2-bridge-dynamic-port", r -> r);
    assertThat(bridge.compatibilities()).containsExactly(Compatibility.EXTERNAL, Compatibility.EC2);
    assertThat(bridge.networkMode()).isNull();
  }

  @Test
  void refusalsHaveAmazonsTexts() {
    refused(
        "02-fargate-web-awslogs",
        r -> r.executionRoleArn(null),
        "Fargate requires task definition to have execution role ARN to support ECR images.");
    refused(
        "02-fargate-web-awslogs",
        r -> r.memory("768"),
        "No Fargate configuration exists for given values.");
    refused(
        "02-fargate-web-awslogs",
        r -> r.cpu(null),
        "Fargate requires that 'cpu' be defined at the task level.");
    refused(
        "02-fargate-web-awslogs",
        r -> first(r, c -> c.portMappings(p -> p.containerPort(8080).hostPort(80))),
        "When networkMode=awsvpc, the host ports and container ports in port mappings must match.");
    refused(
        "02-fargate-web-awslogs",
        r -> r.networkMode(NetworkMode.BRIDGE),
        "Fargate only supports network mode ‘awsvpc’.");
    refused(
        "02-fargate-web-awslogs",
        r -> first(r, c -> c.image("")),
        "Container.image should not be null or empty.");
    refused(
        "02-fargate-web-awslogs",
        r -> first(r, c -> c.environment(e -> e.value("x"))),
        "Environment variable name cannot be null or blank.");
    refused(
        "09-ec2-bridge-dynamic-port",
        r -> first(r, c -> c.memoryReservation(null)),
        "Invalid setting for container 'catalog'. At least one of 'memory' or 'memoryReservation' must"
            + " be specified.");
    refused(
        "16-fargate-arm64-worker",
        r -> r.pidMode("host"),
        "Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for"
            + " pidMode is 'task'.");
    refused(
        "17-ec2-placement-docker-volume",
        r -> r.placementConstraints(c -> c.type("distinctInstance")),
        "constraint.type 'distinctInstance' is not supported.");
    refused(
        "13-fargate-depends-on",
        r ->
            r.containerDefinitions(
                r.build().containerDefinitions().stream()
                    .map(
                        c -> c.name().equals("migrate") ? c.toBuilder().essential(true).build() : c)
                    .toList()),
        "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container");
    refused(
        "11-ec2-bridge-links",
        r ->
            r.containerDefinitions(
                r.build().containerDefinitions().stream()
                    .map(c -> c.name().equals("db") ? c.toBuilder().links("app").build() : c)
                    .toList()),
        "Container links should not have a cycle");
    assertThatThrownBy(() -> world.call(ecs -> ecs.registerTaskDefinition(r -> r.family("only"))))
        .isInstanceOf(ClientException.class);
  }

  @Test
  void anEleventhContainerIsRefused() {
    assertThatThrownBy(
            () ->
                register(
                    "19-ec2-ten-containers",
                    r -> {
                      List<ContainerDefinition> more =
                          new java.util.ArrayList<>(r.build().containerDefinitions());
                      more.add(
                          ContainerDefinition.builder()
                              .name("eleventh")
                              .image("x")
                              .memory(64)
                              .build());
                      return r.containerDefinitions(more);
                    }))
        .isInstanceOf(ClientException.class);
  }

  @Test
  void statesAndLists() {
    for (int i = 0; i < 12; i++) {
      registerSimple("web");
    }
    registerSimple("web-a");
    registerSimple("api");
    List<String> arns = world.call(ecs -> ecs.listTaskDefinitions()).taskDefinitionArns();
    assertThat(arns).hasSize(14);
    assertThat(arns.getFirst()).endsWith("/api:1");
    assertThat(arns.get(10)).endsWith("/web:10");
    assertThat(arns.getLast()).endsWith("/web-a:1");
    assertThat(
            world
                .call(
                    ecs -> ecs.listTaskDefinitions(r -> r.familyPrefix("web").sort(SortOrder.DESC)))
                .taskDefinitionArns()
                .getFirst())
        .endsWith("/web:12");
    world.call(ecs -> ecs.deregisterTaskDefinition(r -> r.taskDefinition("web:12")));
    assertThat(
            world
                .call(ecs -> ecs.describeTaskDefinition(r -> r.taskDefinition("web")))
                .taskDefinition()
                .revision())
        .isEqualTo(11);
    assertThat(
            world
                .call(ecs -> ecs.describeTaskDefinition(r -> r.taskDefinition("web:12")))
                .taskDefinition()
                .status())
        .isEqualTo(TaskDefinitionStatus.INACTIVE);
    var deleted =
        world.call(
            ecs -> ecs.deleteTaskDefinitions(r -> r.taskDefinitions("web:12", "web:11", "web:99")));
    assertThat(deleted.taskDefinitions()).hasSize(1);
    assertThat(deleted.failures()).hasSize(2);
    assertThatThrownBy(
            () -> world.call(ecs -> ecs.deregisterTaskDefinition(r -> r.taskDefinition("web"))))
        .hasMessageContaining("Revision is missing.");
    assertThatThrownBy(
            () -> world.call(ecs -> ecs.describeTaskDefinition(r -> r.taskDefinition("nothing"))))
        .hasMessageContaining("Unable to describe task definition.");
    assertThat(
            world.call(ecs -> ecs.listTaskDefinitionFamilies(r -> r.familyPrefix("we"))).families())
        .containsExactly("web", "web-a");
  }

  @Test
  void pagesSurviveWhatIsAddedInBetween() {
    for (int i = 0; i < 5; i++) {
      registerSimple("p" + i);
    }
    var first = world.call(ecs -> ecs.listTaskDefinitions(r -> r.maxResults(2)));
    registerSimple("a-new-one");
    var second =
        world.call(
            ecs -> ecs.listTaskDefinitions(r -> r.maxResults(2).nextToken(first.nextToken())));
    assertThat(second.taskDefinitionArns().getFirst()).endsWith("/p2:1");
    assertThatThrownBy(
            () ->
                world.call(
                    ecs ->
                        ecs.listTaskDefinitions(
                            r -> r.familyPrefix("p1").nextToken(first.nextToken()))))
        .hasMessageContaining("Invalid token");
  }

  private void registerSimple(String family) {
    world.call(
        ecs ->
            ecs.registerTaskDefinition(
                r ->
                    r.family(family).containerDefinitions(c -> c.name("c").image("i").memory(64))));
  }

  private TaskDefinition register(
      String file, UnaryOperator<RegisterTaskDefinitionRequest.Builder> change) {
    RegisterTaskDefinitionRequest request =
        change.apply(FixtureJson.taskDefinition(file + ".json").toBuilder()).build();
    return world.call(ecs -> ecs.registerTaskDefinition(request)).taskDefinition();
  }

  private static RegisterTaskDefinitionRequest.Builder first(
      RegisterTaskDefinitionRequest.Builder request, Consumer<ContainerDefinition.Builder> change) {
    List<ContainerDefinition> all =
        new java.util.ArrayList<>(request.build().containerDefinitions());
    all.set(0, all.getFirst().copy(change));
    return request.containerDefinitions(all);
  }

  private void refused(
      String file, UnaryOperator<RegisterTaskDefinitionRequest.Builder> change, String message) {
    assertThatThrownBy(() -> register(file, change))
        .as(file)
        .isInstanceOf(ClientException.class)
        .hasMessage(message);
  }
}
