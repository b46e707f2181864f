package gantry.node.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.model.HostConfig;
import gantry.acs.TaskPayload;
import gantry.node.NodeConfig;
import gantry.node.Payloads;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.HealthCheck;
import software.amazon.awssdk.services.ecs.model.IpcMode;
import software.amazon.awssdk.services.ecs.model.LinuxParameters;
import software.amazon.awssdk.services.ecs.model.MountPoint;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PidMode;
import software.amazon.awssdk.services.ecs.model.SystemControl;
import software.amazon.awssdk.services.ecs.model.VolumeFrom;

class ContainerSpecTest {

  /** Only makes requests; none is sent. */
  private static final DockerEngine DOCKER = new DockerEngine(NodeConfig.DOCKER_SOCKET);

  @AfterAll
  static void close() {
    DOCKER.close();
  }

  private static CreateContainerCmd spec(TaskPayload task) {
    ContainerDefinition container = task.definition().containerDefinitions().getFirst();
    return ContainerSpec.fill(
        DOCKER.client().createContainerCmd("image"),
        task,
        container,
        new ContainerSpec.Surroundings(
            "inst",
            new Images.Local("image", "sha256:1", "sha256:2"),
            Map.of("A", "b"),
            Map.of("data", "vol"),
            new PortPlan(List.of()),
            "/gantry/x",
            "pause",
            null,
            null,
            false,
            false));
  }

  private static HostConfig host(TaskPayload task) {
    return Objects.requireNonNull(spec(task).getHostConfig());
  }

  @Test
  void convertsLimits() {
    HostConfig host =
        host(
            Payloads.bridge(
                Payloads.shell(
                    "a",
                    "x",
                    each ->
                        each.cpu(1)
                            .memory(100)
                            .memoryReservation(50)
                            .linuxParameters(
                                LinuxParameters.builder()
                                    .maxSwap(20)
                                    .swappiness(10)
                                    .sharedMemorySize(32)
                                    .build()))));
    assertThat(host.getCpuShares()).isEqualTo(2);
    assertThat(host.getMemory()).isEqualTo(100L << 20);
    assertThat(host.getMemoryReservation()).isEqualTo(50L << 20);
    assertThat(host.getMemorySwap()).isEqualTo(120L << 20);
    assertThat(host.getMemorySwappiness()).isEqualTo(10L);
    assertThat(host.getShmSize()).isEqualTo(32L << 20);
    assertThat(host.getCgroupParent()).isEqualTo("/gantry/x");
  }

  @Test
  void ignoresTheImagesHealthCheckAndFillsInAwssDefaults() {
    assertThat(
            Objects.requireNonNull(spec(Payloads.bridge(Payloads.shell("a", "x"))).getHealthcheck())
                .getTest())
        .containsExactly("NONE");
    var check =
        Objects.requireNonNull(
            spec(Payloads.bridge(
                    Payloads.shell(
                        "a",
                        "x",
                        each ->
                            each.healthCheck(
                                HealthCheck.builder().command("CMD", "true").build()))))
                .getHealthcheck());
    assertThat(check.getInterval()).isEqualTo(30_000_000_000L);
    assertThat(check.getTimeout()).isEqualTo(5_000_000_000L);
    assertThat(check.getRetries()).isEqualTo(3);
  }

  @Test
  void sharesThePausesNamespaces() {
    TaskPayload task =
        Payloads.of(
            each ->
                each.networkMode(NetworkMode.AWSVPC).pidMode(PidMode.TASK).ipcMode(IpcMode.TASK),
            null,
            Payloads.shell(
                "a",
                "x",
                each ->
                    each.hostname("ignored")
                        .systemControls(
                            SystemControl.builder()
                                .namespace("net.core.somaxconn")
                                .value("1")
                                .build())));
    HostConfig host = host(task);
    assertThat(host.getNetworkMode()).isEqualTo("container:pause");
    assertThat(host.getPidMode()).isEqualTo("container:pause");
    assertThat(host.getIpcMode()).isEqualTo("container:pause");
    assertThat(host.getSysctls()).isNull();
    assertThat(spec(task).getHostName()).isNull();
    assertThat(ContainerSpec.sysctls(task, task.definition().containerDefinitions(), true))
        .containsEntry("net.core.somaxconn", "1");
  }

  @Test
  void mountsVolumesAndOthersVolumes() {
    HostConfig host =
        host(
            Payloads.bridge(
                Payloads.shell(
                    "a",
                    "x",
                    each ->
                        each.mountPoints(
                                MountPoint.builder()
                                    .sourceVolume("data")
                                    .containerPath("/data")
                                    .readOnly(true)
                                    .build())
                            .volumesFrom(
                                VolumeFrom.builder()
                                    .sourceContainer("b")
                                    .readOnly(true)
                                    .build()))));
    assertThat(host.getBinds()[0]).hasToString("vol:/data:ro");
    assertThat(host.getVolumesFrom()[0].toString()).endsWith(":ro");
  }

  @Test
  void refusesPrivilegeUnlessAllowed() {
    TaskPayload task = Payloads.bridge(Payloads.shell("a", "x", each -> each.privileged(true)));
    ContainerDefinition container = task.definition().containerDefinitions().getFirst();
    assertThat(Refusals.of(task, container, false, facts(false)))
        .hasValueSatisfying(each -> assertThat(each).contains("--allow-privileged"));
    assertThat(Refusals.of(task, container, true, facts(false))).isEmpty();
    assertThat(host(task).getPrivileged()).isTrue();
  }

  private static DockerEngine.Facts facts(boolean podman) {
    return new DockerEngine.Facts(podman, "linux", "amd64", "1", false, 2, "", false, Set.of());
  }

  @Test
  void podmanGetsNoTaskWithAnInterfaceOfItsOwn() {
    TaskPayload task =
        Payloads.of(
            each -> each.networkMode(NetworkMode.AWSVPC),
            null,
            Payloads.shell("a", "true", c -> {}));
    ContainerDefinition container = task.definition().containerDefinitions().getFirst();
    assertThat(Refusals.of(task, container, true, facts(true)).orElseThrow())
        .startsWith("ResourceInitializationError: ")
        .contains("network mode awsvpc needs Docker");
    assertThat(Refusals.of(task, container, true, facts(false))).isEmpty();
  }
}
