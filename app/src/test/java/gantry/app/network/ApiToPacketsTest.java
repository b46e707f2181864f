package gantry.app.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ec2.model.IpPermission;

/**
 * From an EC2 call to what packets do: the service, its controller and the node's network together.
 */
@Tag("docker")
class ApiToPacketsTest {

  @Test
  void a_call_that_revokes_a_rule_stops_new_connections() throws Exception {
    try (Ec2Lab lab = new Ec2Lab()) {
      String group =
          lab.as(
                  "ecs",
                  () ->
                      lab.ec2.createSecurityGroup(
                          r -> r.groupName("lb").description("lb").vpcId(lab.subnet.vpcId())))
              .groupId();
      IpPermission web =
          IpPermission.builder()
              .ipProtocol("tcp")
              .fromPort(80)
              .toPort(80)
              .ipRanges(r -> r.cidrIp("172.31.0.0/16"))
              .build();
      lab.as(
          "ecs",
          () -> lab.ec2.authorizeSecurityGroupIngress(r -> r.groupId(group).ipPermissions(web)));
      String balancer = lab.balancer(group).privateIpAddress();
      Ec2Lab.Place task = lab.task();
      InetSocketAddress at = new InetSocketAddress(balancer, 80);
      try (ServerSocketChannel server = lab.sockets.listen(lab.subnet.vpcId(), at)) {
        assertThat(server.isOpen()).isTrue();
        assertThat(reaches(task, balancer)).isTrue();
        lab.as(
            "ecs",
            () -> lab.ec2.revokeSecurityGroupIngress(r -> r.groupId(group).ipPermissions(web)));
        long deadline = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (reaches(task, balancer)) {
          assertThat(System.nanoTime()).as("still open").isLessThan(deadline);
        }
      }
    }
  }

  private static boolean reaches(Ec2Lab.Place from, String address) throws Exception {
    return from.run("timeout", "0.5", "bash", "-c", "exec 3<>/dev/tcp/" + address + "/80")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor()
        == 0;
  }
}
