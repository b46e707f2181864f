package gantry.app.machine;

import static gantry.app.machine.RealProgram.until;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.FilteredLogEvent;
import software.amazon.awssdk.services.cloudwatchlogs.model.OutputLogEvent;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.FlowLogsResourceType;
import software.amazon.awssdk.services.ec2.model.TrafficType;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Compatibility;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.LogDriver;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.RunTaskResponse;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.iam.IamClient;

/**
 * One machine for every account and region, every network mode: its tasks find the API and their
 * role, and what passes between them is logged and explained.
 */
@Tag("docker")
class MachineTest {

  private static final String OTHER = "111122223333";
  private static final Duration SOON = Duration.ofSeconds(120);

  /** An interval, looked at every ten seconds. */
  private static final Duration AGGREGATED = Duration.ofSeconds(90 + RealProgram.FLOW_LOG_SECONDS);

  /** Its role's credentials, the API's answer to an unsigned call, its region. */
  private static final String ASKS =
      "wget -q -O - ${AWS_CONTAINER_CREDENTIALS_FULL_URI:-"
          + "http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI}; echo;"
          + " wget -O - $AWS_ENDPOINT_URL/ 2>&1; echo region $AWS_REGION";

  /** AWS's name of its registry, where it asks for a login. */
  private static final String REGISTRY =
      "wget -O - http://%s.dkr.ecr.%s.amazonaws.com:4566/v2/ 2>&1; ";

  @TempDir Path folder;

  @Test
  void everyModeAccountAndRegion() throws Exception {
    RealProgram.makeImage();
    try (RealProgram program = new RealProgram(folder.resolve("data"))) {
      program.start();
      EcsClient ecs = program.client(EcsClient.builder());
      Ec2Client ec2 = program.client(Ec2Client.builder());
      CloudWatchLogsClient logs = program.client(CloudWatchLogsClient.builder());
      role(program.client(IamClient.builder()), "000000000000", "vpc-flow-logs.amazonaws.com");
      ecs.createCluster();
      until(
          "the machine is in the cluster",
          SOON,
          () -> !ecs.listContainerInstances().containerInstanceArns().isEmpty());
      String[] pair = flows(ecs, ec2);

      knows(program, NetworkMode.BRIDGE, "test", "000000000000", "us-east-1");
      knows(program, NetworkMode.HOST, "test", "000000000000", "us-east-1");
      knows(program, NetworkMode.AWSVPC, OTHER, OTHER, "eu-west-1");

      assertThat(why(program, pair, 80))
          .startsWith("task " + pair[0] + " reaches task " + pair[1] + " on tcp/80");
      // What was refused is counted every few seconds.
      until(
          "packets that were refused",
          SOON,
          () -> why(program, pair, 81).contains("packets were refused within"));
      assertThat(why(program, pair, 81)).contains("does not reach", "security group ingress sg-");
      until(
          "both kinds of records",
          AGGREGATED,
          () ->
              records(logs).stream().anyMatch(line -> line.matches("2 0{12} eni-.* 80 .*ACCEPT OK"))
                  && records(logs).stream()
                      .anyMatch(line -> line.matches("2 0{12} eni-.* 81 6 .*REJECT OK")));
    }
  }

  private static String why(RealProgram program, String[] pair, int port) {
    return program.why(pair[0] + " -> " + pair[1] + ":" + port);
  }

  private static List<String> records(CloudWatchLogsClient logs) {
    try {
      return logs.filterLogEventsPaginator(r -> r.logGroupName("/flows")).events().stream()
          .map(FilteredLogEvent::message)
          .toList();
    } catch (ResourceNotFoundException notYet) {
      return List.of();
    }
  }

  /** Two tasks, one of which asks the other at an open port and at a closed one; their ids. */
  private static String[] flows(EcsClient ecs, Ec2Client ec2) throws InterruptedException {
    String vpc = ec2.describeVpcs().vpcs().getFirst().vpcId();
    String subnet = ec2.describeSubnets().subnets().getFirst().subnetId();
    ec2.createFlowLogs(
        r ->
            r.resourceIds(vpc)
                .resourceType(FlowLogsResourceType.VPC)
                .trafficType(TrafficType.ALL)
                .logGroupName("/flows")
                .deliverLogsPermissionArn("arn:aws:iam::000000000000:role/app")
                .maxAggregationInterval(60));
    String group =
        ec2.createSecurityGroup(r -> r.groupName("web").description("web").vpcId(vpc)).groupId();
    ec2.authorizeSecurityGroupIngress(
        r -> r.groupId(group).ipProtocol("tcp").fromPort(80).toPort(80).cidrIp("0.0.0.0/0"));
    Task server =
        fargate(ecs, "server", "while true; do echo hi | nc -l -p 80; done", subnet, group);
    String address =
        server.attachments().getFirst().details().stream()
            .filter(each -> each.name().equals("privateIPv4Address"))
            .findFirst()
            .orElseThrow()
            .value();
    Task client =
        fargate(
            ecs,
            "client",
            "while true; do nc -w 1 "
                + address
                + " 80 < /dev/null; nc -w 1 "
                + address
                + " 81 < /dev/null; sleep 1; done",
            subnet,
            group);
    return new String[] {id(client), id(server)};
  }

  private static String id(Task task) {
    return task.taskArn().substring(task.taskArn().lastIndexOf('/') + 1);
  }

  private static Task fargate(
      EcsClient ecs, String family, String command, String subnet, String group)
      throws InterruptedException {
    ecs.registerTaskDefinition(
        r ->
            r.family(family)
                .networkMode(NetworkMode.AWSVPC)
                .requiresCompatibilities(Compatibility.FARGATE)
                .cpu("256")
                .memory("512")
                .containerDefinitions(
                    c -> c.name("a").image(RealProgram.IMAGE).command("sh", "-c", command)));
    RunTaskResponse run =
        ecs.runTask(
            r ->
                r.taskDefinition(family)
                    .launchType(LaunchType.FARGATE)
                    .networkConfiguration(
                        n -> n.awsvpcConfiguration(v -> v.subnets(subnet).securityGroups(group))));
    String arn = run.tasks().getFirst().taskArn();
    until(family + " runs", SOON, () -> task(ecs, arn).lastStatus().equals("RUNNING"));
    return task(ecs, arn);
  }

  private static Task task(EcsClient ecs, String arn) {
    return ecs.describeTasks(r -> r.tasks(arn)).tasks().getFirst();
  }

  private static String role(IamClient iam, String account, String service) {
    iam.createRole(
        r ->
            r.roleName("app")
                .assumeRolePolicyDocument(
                    """
                    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
                     "Principal":{"Service":["ecs-tasks.amazonaws.com","%s"]}}]}"""
                        .formatted(service)));
    iam.putRolePolicy(
        r ->
            r.roleName("app")
                .policyName("all")
                .policyDocument(
                    """
                    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"""));
    return "arn:aws:iam::" + account + ":role/app";
  }

  /** A task of that mode sees the API, its region and its role. */
  private static void knows(
      RealProgram program, NetworkMode mode, String key, String account, String region)
      throws InterruptedException {
    EcsClient ecs = program.client(EcsClient.builder(), key, region);
    CloudWatchLogsClient logs = program.client(CloudWatchLogsClient.builder(), key, region);
    boolean vpc = mode == NetworkMode.AWSVPC;
    if (!account.equals("000000000000")) {
      role(program.client(IamClient.builder(), key, region), account, "ecs.amazonaws.com");
      ecs.createCluster();
    }
    String role = "arn:aws:iam::" + account + ":role/app";
    String family = "asks-" + mode;
    String asks = vpc ? REGISTRY.formatted(account, region) + ASKS : ASKS;
    ecs.registerTaskDefinition(
        r ->
            r.family(family)
                .networkMode(mode)
                .requiresCompatibilities(vpc ? Compatibility.FARGATE : Compatibility.EC2)
                .cpu("256")
                .memory("512")
                .taskRoleArn(role)
                .executionRoleArn(role)
                .containerDefinitions(
                    c ->
                        c.name("a")
                            .image(RealProgram.IMAGE)
                            .command("sh", "-c", asks)
                            .logConfiguration(
                                l ->
                                    l.logDriver(LogDriver.AWSLOGS)
                                        .options(
                                            Map.of(
                                                "awslogs-group",
                                                "/asks",
                                                "awslogs-create-group",
                                                "true",
                                                "awslogs-region",
                                                region,
                                                "awslogs-stream-prefix",
                                                mode.toString())))));
    RunTaskResponse run =
        vpc
            ? ecs.runTask(
                r ->
                    r.taskDefinition(family)
                        .launchType(LaunchType.FARGATE)
                        .networkConfiguration(
                            n ->
                                n.awsvpcConfiguration(
                                    v ->
                                        v.subnets(
                                            program
                                                .client(Ec2Client.builder(), key, region)
                                                .describeSubnets()
                                                .subnets()
                                                .getLast()
                                                .subnetId()))))
            : ecs.runTask(r -> r.taskDefinition(family));
    assertThat(run.failures()).isEmpty();
    String arn = run.tasks().getFirst().taskArn();
    until(family + " ended", SOON, () -> task(ecs, arn).lastStatus().equals("STOPPED"));
    String stream = mode + "/a/" + arn.substring(arn.lastIndexOf('/') + 1);
    // Its last words are delivered soon after it has stopped, not before.
    until(
        family + " said it all: " + task(ecs, arn),
        SOON,
        () -> said(logs, stream).contains("region " + region));
    assertThat(said(logs, stream))
        .as(family + ": " + task(ecs, arn))
        .contains("\"RoleArn\":\"" + role + "\"", "HTTP/1.1 4", "region " + region);
    if (vpc) {
      assertThat(said(logs, stream)).contains("HTTP/1.1 401");
    }
  }

  private static String said(CloudWatchLogsClient logs, String stream) {
    try {
      return logs
          .getLogEvents(r -> r.logGroupName("/asks").logStreamName(stream).startFromHead(true))
          .events()
          .stream()
          .map(OutputLogEvent::message)
          .collect(Collectors.joining("\n"));
    } catch (ResourceNotFoundException notYet) {
      return "";
    }
  }
}
