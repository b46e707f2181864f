package gantry.node.vpc;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import gantry.acs.network.NetworkPlan;
import gantry.node.ControlPlane;
import gantry.node.FakeRoles;
import gantry.node.Node;
import gantry.node.NodeConfig;
import gantry.node.NodeDoors;
import gantry.node.Payloads;
import gantry.node.TaskCredentials;
import gantry.node.TestImages;
import gantry.node.docker.DockerEngine;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecs.model.LogConfiguration;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

/** Tasks of the node in networks of this package: containers, kernel and endpoints together. */
@Tag("docker")
class TaskInVpcTest {

  private static final LogConfiguration LOGS =
      LogConfiguration.builder()
          .logDriver("awslogs")
          .options(
              Map.of(
                  "awslogs-group", "g",
                  "awslogs-stream-prefix", "p",
                  "awslogs-create-group", "true"))
          .build();

  @TempDir Path state;

  @Test
  void twoTasksMeetAndEachHasItsRoleAtAwssAddress() throws Exception {
    try (DockerEngine docker = new DockerEngine(NodeConfig.DOCKER_SOCKET)) {
      TestImages.busybox(docker);
    }
    Plans plans = new Plans();
    Plans.VpcPlan vpc = plans.vpc("vpc-0a", "10.0.0.0/16");
    plans.subnet(vpc, "subnet-0a", "10.0.7.0/24");
    plans.group(vpc, "sg-0a", plans.tcp(8080, "10.0.0.0/16"), plans.allOut());
    plans.eni(vpc, "eni-0server", "subnet-0a", "10.0.7.10", "sg-0a");
    plans.eni(vpc, "eni-0client", "subnet-0a", "10.0.7.11", "sg-0a");
    NetworkPlan plan = plans.plan();
    ControlPlane ecs = new ControlPlane();
    FakeRoles roles = new FakeRoles();
    try (Lab lab = new Lab()) {
      Node node =
          Node.start(
              NodeConfig.local(
                  "node" + lab.settings.names().hashCode(),
                  state,
                  choices -> choices.metadataOnHost(false)),
              NodeDoors.only(ecs, roles)
                  .withNetwork(lab.network, lab.sockets)
                  .withCredentials(
                      (task, role) ->
                          new TaskCredentials.Session(
                              role, "ASIAVPC", "s", "t", Instant.now().plusSeconds(3600))));
      try {
        lab.apply(plan);
        TaskPayload server =
            task(
                Plans.payload(plan, "vpc-0a", "eni-0server"),
                "echo served > /tmp/index.html; exec httpd -f -p 8080 -h /tmp");
        TaskPayload client =
            task(
                Plans.payload(plan, "vpc-0a", "eni-0client"),
                "until wget -q -O - http://10.0.7.10:8080/ 2>/dev/null; do sleep 0.2; done;"
                    + " wget -q -O - http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI;"
                    + " echo; wget -q -O - $ECS_CONTAINER_METADATA_URI_V4; echo;"
                    + " wget -q -O - http://169.254.169.254/latest/meta-data/local-ipv4; echo;"
                    + " sleep 60");
        node.assign(server);
        node.assign(client);
        ecs.await(server.taskArn(), "RUNNING");
        ecs.await(client.taskArn(), "RUNNING");
        String stream = "p/main/" + client.taskId();
        ControlPlane.until(
            "the client heard it all: " + roles.messages(stream),
            () -> roles.messages(stream).size() >= 4);
        List<String> said = roles.messages(stream);
        assertThat(said.get(0)).isEqualTo("served");
        assertThat(said.get(1)).contains("\"AccessKeyId\":\"ASIAVPC\"");
        assertThat(said.get(2))
            .contains("\"IPv4Addresses\":[\"10.0.7.11\"]")
            .contains("\"SubnetGatewayIpv4Address\":\"10.0.7.1/24\"");
        assertThat(said.get(3)).isEqualTo("10.0.7.11");
        node.assign(Payloads.stopped(server));
        node.assign(Payloads.stopped(client));
        ecs.await(server.taskArn(), "STOPPED");
        ecs.await(client.taskArn(), "STOPPED");
      } finally {
        node.removeEverything();
        node.close();
      }
    }
  }

  private static TaskPayload task(EniPayload eni, String script) {
    return Payloads.of(
        each ->
            each.networkMode(NetworkMode.AWSVPC).taskRoleArn("arn:aws:iam::123456789012:role/app"),
        eni,
        Payloads.shell("main", script, each -> each.logConfiguration(LOGS)));
  }
}
