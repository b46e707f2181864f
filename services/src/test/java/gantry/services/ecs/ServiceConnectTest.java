package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.ecs.controller.ConnectPlan;
import gantry.services.ecs.controller.ConnectPlan.Alias;
import gantry.services.ecs.controller.ConnectPlan.Endpoint;
import gantry.services.ecs.controller.ConnectPlan.Member;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.Deployment;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.NamespaceNotFoundException;
import software.amazon.awssdk.services.ecs.model.ServiceConnectService;

/** Service Connect as the API shows it, and the plan that the proxies follow. */
class ServiceConnectTest {

  private static final String NAMESPACE =
      "arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-mesh";

  private final World world = new World();

  @BeforeEach
  void prepare() {
    world.cluster();
    world.names.namespaces.add("mesh");
    world.fargateNode(8192, 16_384);
    for (String image : List.of("app:1", "app:2")) {
      world.call(
          ecs ->
              ecs.registerTaskDefinition(
                  r ->
                      r.family("api")
                          .networkMode("awsvpc")
                          .requiresCompatibilitiesWithStrings("FARGATE")
                          .cpu("256")
                          .memory("512")
                          .containerDefinitions(
                              c ->
                                  c.name("app")
                                      .image(image)
                                      .versionConsistency("disabled")
                                      .portMappings(
                                          p ->
                                              p.name("web")
                                                  .containerPort(80)
                                                  .appProtocol("http")))));
    }
  }

  private void service(String name, Consumer<ServiceConnectService.Builder> more) {
    world.service(
        name,
        "api:1",
        1,
        r -> {
          World.fargate(r);
          r.serviceConnectConfiguration(
              c ->
                  c.enabled(true)
                      .namespace("mesh")
                      .services(
                          s -> {
                            s.portName("web")
                                .discoveryName(name)
                                .clientAliases(a -> a.port(8080).dnsName(name));
                            more.accept(s);
                          }));
        });
  }

  private void client() {
    world.service(
        "client",
        "api:1",
        1,
        r -> {
          World.fargate(r);
          r.serviceConnectConfiguration(c -> c.enabled(true).namespace("mesh"));
        });
  }

  private ConnectPlan plan() {
    return ConnectPlan.of(world.store.snapshot());
  }

  private Alias alias(String of) {
    return plan().members().stream()
        .filter(member -> member.service().equals("client"))
        .flatMap(member -> member.aliases().stream())
        .filter(alias -> alias.dnsName().equals(of))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aClientKnowsEveryNameOfItsNamespaceAndWhoIsBehindIt() {
    service("api", s -> {});
    client();
    world.until(w -> w.service("client").runningCount() == 1, Duration.ofMinutes(2));
    world.until(w -> w.service("api").runningCount() == 1, Duration.ofMinutes(2));
    Alias alias = alias("api");
    assertThat(alias.port()).isEqualTo(8080);
    assertThat(alias.address()).startsWith("127.").isEqualTo(ConnectPlan.address("API"));
    assertThat(alias.appProtocol()).isEqualTo("http");
    assertThat(alias.endpoints()).singleElement().matches(e -> e.port() == 80 && !e.leaving());
    assertThat(world.names.services).containsExactly("api");
    assertThat(world.names.instances).hasSize(1);
    Deployment deployment = world.primary("api");
    assertThat(deployment.serviceConnectConfiguration().namespace()).isEqualTo(NAMESPACE);
    assertThat(deployment.serviceConnectResources())
        .singleElement()
        .matches(r -> r.discoveryName().equals("api") && r.discoveryArn().endsWith("srv-api"));
    assertThat(
            world.call(ecs -> ecs.listServicesByNamespace(r -> r.namespace("mesh"))).serviceArns())
        .hasSize(2);
    assertThat(world.tasks("RUNNING"))
        .anyMatch(
            task -> task.attachments().stream().anyMatch(a -> "Service Connect".equals(a.type())));
  }

  @Test
  void aTaskThatLeavesIsDrainedBeforeItStops() {
    service("api", s -> {});
    client();
    world.until(w -> w.service("client").runningCount() == 1, Duration.ofMinutes(2));
    world.until(w -> !w.names.instances.isEmpty(), Duration.ofMinutes(2));
    String old = alias("api").endpoints().getFirst().taskId();
    world.call(ecs -> ecs.stopTask(r -> r.task(old)));
    world.run(Duration.ofSeconds(1));
    assertThat(alias("api").endpoints()).contains(endpoint(old));
    world.until(
        w -> alias("api").endpoints().stream().noneMatch(e -> e.taskId().equals(old)),
        Duration.ofMinutes(1));
    world.until(w -> !alias("api").endpoints().isEmpty(), Duration.ofMinutes(1));
    assertThat(alias("api").endpoints()).noneMatch(Endpoint::leaving);
  }

  private Endpoint endpoint(String task) {
    return alias("api").endpoints().stream()
        .filter(e -> e.taskId().equals(task) && e.leaving())
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aPortThatLeadsInIsAnotherThanTheContainers() {
    service("api", s -> s.ingressPortOverride(9000));
    client();
    world.until(w -> !w.names.instances.isEmpty(), Duration.ofMinutes(2));
    assertThat(alias("api").endpoints()).singleElement().matches(e -> e.port() == 9000);
    assertThat(plan().members())
        .filteredOn(member -> member.service().equals("api"))
        .flatExtracting(Member::ingress)
        .containsExactly(new ConnectPlan.Ingress(9000, 80));
    assertThat(world.names.instances.values().iterator().next())
        .containsEntry("AWS_INSTANCE_PORT", "9000");
  }

  @Test
  void whatMakesNoSenseOrIsNotBuiltIsRefused() {
    assertThatThrownBy(() -> service("a", s -> s.portName("nobody")))
        .isInstanceOf(InvalidParameterException.class)
        .hasMessageContaining("portName 'nobody'");
    assertThatThrownBy(() -> service("a", s -> s.clientAliases(List.of())))
        .hasMessageContaining("one client alias");
    assertThatThrownBy(() -> service("a", s -> s.tls(t -> t.kmsKey("k"))))
        .hasMessageContaining("TLS is not supported");
    assertThatThrownBy(
            () ->
                world.service(
                    "a",
                    "api:1",
                    1,
                    r -> {
                      World.fargate(r);
                      r.serviceConnectConfiguration(
                          c ->
                              c.enabled(true)
                                  .namespace("mesh")
                                  .logConfiguration(l -> l.logDriver("awslogs")));
                    }))
        .hasMessageContaining("logConfiguration is not supported");
    assertThatThrownBy(
            () ->
                world.service(
                    "a",
                    "api:1",
                    1,
                    r -> {
                      World.fargate(r);
                      r.serviceConnectConfiguration(c -> c.enabled(true).namespace("none"));
                    }))
        .isInstanceOf(NamespaceNotFoundException.class);
    service("api", s -> {});
    assertThatThrownBy(() -> service("other", s -> s.discoveryName("api")))
        .hasMessageContaining("is used in the namespace by service api");
    assertThatThrownBy(
            () -> service("other", s -> s.clientAliases(a -> a.port(8080).dnsName("api"))))
        .hasMessageContaining("api:8080 is used in the namespace by service api");
  }

  @Test
  void aClustersDefaultNamespaceIsMade() {
    var cluster =
        world.call(
            ecs ->
                ecs.createCluster(
                    r -> r.clusterName("other").serviceConnectDefaults(d -> d.namespace("fresh"))));
    assertThat(cluster.cluster().serviceConnectDefaults().namespace()).endsWith("ns-fresh");
    assertThat(world.names.namespaces).contains("fresh");
  }

  @Test
  void whatWasMadeInCloudMapGoesWithTheService() {
    service("api", s -> {});
    world.until(w -> !w.names.instances.isEmpty(), Duration.ofMinutes(2));
    world.call(ecs -> ecs.deleteService(r -> r.service("api").force(true)));
    world.until(w -> w.names.services.isEmpty(), Duration.ofMinutes(2));
    assertThat(world.names.instances).isEmpty();
  }
}
