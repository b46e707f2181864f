package gantry.node.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import gantry.node.Payloads;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

/** What an SDK asks at 169.254.169.254. */
class InstanceMetadataTest {

  private static final EniPayload ENI =
      new EniPayload(
          "attachment",
          "eni-0a",
          "vpc-0a",
          "subnet-0a",
          "02:00:00:00:00:01",
          "10.0.1.5",
          "10.0.1.0/24",
          "ip-10-0-1-5.ec2.internal",
          null);

  private final TaskPayload onInstance = task(LaunchType.EC2);
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private final InstantSource source = () -> now;
  private final InstanceMetadata service =
      new InstanceMetadata(
          address ->
              switch (address) {
                case "10.0.1.5" -> onInstance;
                case "10.0.1.6" -> task(LaunchType.FARGATE);
                default -> null;
              },
          source.withZone(ZoneOffset.UTC),
          "amd64");

  private static TaskPayload task(LaunchType type) {
    return Payloads.of(
        each -> each.networkMode(NetworkMode.AWSVPC), ENI, type, Payloads.shell("a", "true"));
  }

  private Reply ask(String method, String path, String from, String... headers) {
    return service.answer(
        new Asked(
            method,
            path,
            headers.length == 0 ? Map.of() : Map.of(headers[0], headers[1]),
            "",
            from));
  }

  private Reply get(String path, String... headers) {
    return ask("GET", path, "10.0.1.5", headers);
  }

  @Test
  void versionOneAndTwo() {
    String zone = onInstance.availabilityZone();
    assertThat(get("/latest/meta-data/placement/availability-zone").body()).isEqualTo(zone);
    assertThat(get("/latest/api/token").status()).isEqualTo(405);
    assertThat(ask("PUT", "/latest/api/token", "10.0.1.5").status()).isEqualTo(400);
    String ttl = "x-aws-ec2-metadata-token-ttl-seconds";
    assertThat(ask("PUT", "/latest/api/token", "10.0.1.5", ttl, "21601").status()).isEqualTo(400);
    Reply token = ask("PUT", "/latest/api/token", "10.0.1.5", ttl, "60");
    assertThat(token.status()).isEqualTo(200);
    String header = "x-aws-ec2-metadata-token";
    assertThat(get("/latest/meta-data/placement/region", header, token.body()).body())
        .isEqualTo(onInstance.region());
    assertThat(get("/latest/meta-data/placement/region", header, "made up").status())
        .isEqualTo(401);
    now = now.plus(Duration.ofSeconds(61));
    assertThat(get("/latest/meta-data/placement/region", header, token.body()).status())
        .isEqualTo(401);
  }

  @Test
  void listsAndDocument() {
    assertThat(get("/latest/meta-data/").body())
        .contains("instance-id", "local-ipv4", "placement/", "network/");
    assertThat(get("/latest/meta-data/placement").body()).isEqualTo("availability-zone\nregion");
    assertThat(get("/latest/meta-data/network/interfaces/macs/02:00:00:00:00:01/subnet-id").body())
        .isEqualTo("subnet-0a");
    assertThat(get("/latest/meta-data/instance-id").body()).matches("i-.{1,17}");
    assertThat(get("/latest/dynamic/instance-identity/document").body())
        .contains(
            "\"architecture\" : \"x86_64\"",
            "\"privateIp\" : \"10.0.1.5\"",
            "\"region\" : \"" + onInstance.region() + "\"");
    assertThat(get("/latest/meta-data/iam/security-credentials/").status()).isEqualTo(404);
    assertThat(get("/latest/user-data").status()).isEqualTo(404);
  }

  @Test
  void aTaskOfFargateIsOnNoInstance() {
    assertThat(ask("GET", "/latest/meta-data/instance-id", "10.0.1.6").status()).isEqualTo(403);
    assertThat(ask("GET", "/latest/meta-data/instance-id", "10.0.1.7").status()).isEqualTo(403);
  }
}
