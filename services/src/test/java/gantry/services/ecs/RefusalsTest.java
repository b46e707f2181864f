package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.ClientException;
import software.amazon.awssdk.services.ecs.model.CreateServiceRequest;
import software.amazon.awssdk.services.ecs.model.EcsException;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.NoUpdateAvailableException;
import software.amazon.awssdk.services.ecs.model.UnsupportedFeatureException;

/**
 * What ECS has and is not here: each is refused by a modelled error that names it (docs/ecs.md).
 */
class RefusalsTest {

  private final World world = new World();

  @BeforeEach
  void cluster() {
    world.cluster();
    world.fargateNode(8192, 16_384);
    world.definition("web", "app");
  }

  private void refused(
      Class<? extends EcsException> as, String named, Function<EcsClient, ?> operation) {
    assertThatThrownBy(() -> world.call(operation::apply))
        .isExactlyInstanceOf(as)
        .hasMessageContaining(named);
  }

  private void service(String named, Consumer<CreateServiceRequest.Builder> more) {
    refused(
        UnsupportedFeatureException.class,
        named,
        ecs ->
            ecs.createService(
                r -> {
                  r.serviceName("refused").taskDefinition("web").desiredCount(1);
                  World.fargate(r);
                  more.accept(r);
                }));
  }

  @Test
  void ofServices() {
    service(
        "CODE_DEPLOY deployment controller",
        r -> r.deploymentController(c -> c.type("CODE_DEPLOY")));
    service(
        "Deployment alarms",
        r ->
            r.deploymentConfiguration(
                c -> c.alarms(a -> a.enable(true).rollback(true).alarmNames("errors"))));
    service(
        "lifecycle hooks",
        r ->
            r.deploymentConfiguration(
                c ->
                    c.lifecycleHooks(
                        h ->
                            h.hookTargetArn("arn:aws:lambda:us-east-1:123456789012:function:f")
                                .roleArn("arn:aws:iam::123456789012:role/hooks")
                                .lifecycleStagesWithStrings("POST_SCALE_UP"))));
    service("bakeTimeInMinutes", r -> r.deploymentConfiguration(c -> c.bakeTimeInMinutes(5)));
    service(
        "Amazon EBS",
        r ->
            r.volumeConfigurations(
                v ->
                    v.name("data")
                        .managedEBSVolume(e -> e.roleArn("arn:aws:iam::123456789012:role/ebs"))));
    service(
        "VPC Lattice",
        r ->
            r.vpcLatticeConfigurations(
                v ->
                    v.roleArn("arn:aws:iam::123456789012:role/lattice")
                        .targetGroupArn(
                            "arn:aws:vpc-lattice:us-east-1:123456789012:targetgroup/tg-1")
                        .portName("web")));
    service(
        "Classic Load Balancers",
        r ->
            r.loadBalancers(
                l -> l.loadBalancerName("old").containerName("app").containerPort(8080)));
  }

  /** An update is refused as a creation is, and the service stays as it was. */
  @Test
  void ofUpdates() {
    world.service("web", "web", 1, World::fargate);
    refused(
        UnsupportedFeatureException.class,
        "Deployment alarms",
        ecs ->
            ecs.updateService(
                r ->
                    r.service("web")
                        .deploymentConfiguration(
                            c -> c.alarms(a -> a.enable(true).alarmNames("errors")))));
    refused(
        UnsupportedFeatureException.class,
        "deployment controller",
        ecs ->
            ecs.updateService(r -> r.service("web").deploymentController(c -> c.type("EXTERNAL"))));
  }

  @Test
  void ofTasksAndInstances() {
    refused(
        UnsupportedFeatureException.class,
        "Managed instances",
        ecs ->
            ecs.runTask(
                r ->
                    r.taskDefinition("web")
                        .launchType("MANAGED_INSTANCES")
                        .networkConfiguration(
                            n -> n.awsvpcConfiguration(v -> v.subnets("subnet-a")))));
    refused(
        UnsupportedFeatureException.class,
        "Amazon EBS",
        ecs ->
            ecs.runTask(
                r ->
                    r.taskDefinition("web")
                        .launchType("FARGATE")
                        .volumeConfigurations(
                            v ->
                                v.name("data")
                                    .managedEBSVolume(
                                        e -> e.roleArn("arn:aws:iam::123456789012:role/ebs")))));
    SimulatedNode node = world.instance(1024, 2048, "us-east-1a");
    refused(
        NoUpdateAvailableException.class,
        "no update available",
        ecs -> ecs.updateContainerAgent(r -> r.containerInstance(node.arn)));
  }

  @Test
  void executeCommandSaysFirstWhatEcsWould() {
    world.service(
        "web",
        "web",
        1,
        r -> {
          World.fargate(r);
          r.enableExecuteCommand(true);
        });
    world.service("plain", "web", 1, World::fargate);
    world.run(Duration.ofMinutes(1));
    refused(
        InvalidParameterException.class,
        "execute command was not enabled",
        ecs ->
            ecs.executeCommand(
                r -> r.task(taskOf("plain")).command("sh").interactive(true).container("app")));
    refused(
        InvalidParameterException.class,
        "ExecuteCommand is not supported: its sessions need the message channel of AWS Systems",
        ecs ->
            ecs.executeCommand(
                r -> r.task(taskOf("web")).command("sh").interactive(true).container("app")));
    refused(
        InvalidParameterException.class,
        "task was not found",
        ecs -> ecs.executeCommand(r -> r.task("0".repeat(32)).command("sh").interactive(true)));
  }

  private String taskOf(String service) {
    return world.call(ecs -> ecs.listTasks(r -> r.serviceName(service))).taskArns().getFirst();
  }

  @Test
  void expressServices() {
    refused(
        ClientException.class,
        "Express gateway services",
        ecs -> ecs.createExpressGatewayService(r -> r.executionRoleArn("x")));
    refused(
        ClientException.class,
        "Express gateway services",
        ecs -> ecs.describeExpressGatewayService(r -> r.serviceArn("x")));
    refused(
        ClientException.class,
        "Express gateway services",
        ecs -> ecs.updateExpressGatewayService(r -> r.serviceArn("x")));
    refused(
        ClientException.class,
        "Express gateway services",
        ecs -> ecs.deleteExpressGatewayService(r -> r.serviceArn("x")));
  }

  @Test
  void accountSettingsThatNothingStandsBehind() {
    refused(
        InvalidParameterException.class,
        "guardDutyActivate",
        ecs -> ecs.putAccountSetting(r -> r.name("guardDutyActivate").value("on")));
    refused(
        InvalidParameterException.class,
        "taskLongArnFormat",
        ecs -> ecs.putAccountSetting(r -> r.name("taskLongArnFormat").value("disabled")));
  }

  /** Every operation of the client answers or refuses: none falls through to the SDK's default. */
  @Test
  void noOperationIsForgotten() {
    for (var method : EcsClient.class.getMethods()) {
      if (method.getParameterCount() != 1
          || !method.getParameterTypes()[0].getSimpleName().endsWith("Request")
          || !method.getReturnType().getSimpleName().endsWith("Response")) {
        continue;
      }
      try {
        var own = Ecs.class.getMethod(method.getName(), method.getParameterTypes());
        if (own.getDeclaringClass() != Ecs.class) {
          throw new AssertionError(method.getName() + " is not implemented");
        }
      } catch (NoSuchMethodException e) {
        throw new AssertionError(e);
      }
    }
  }
}
