package gantry.services.cloudmap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.Caller;
import gantry.services.Clients;
import gantry.services.ServiceContext;
import gantry.services.route53.Route53;
import gantry.state.ControllerRunner;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.Table;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.route53.Route53Client;
import software.amazon.awssdk.services.route53.model.ChangeResourceRecordSetsRequest;
import software.amazon.awssdk.services.route53.model.ChangeResourceRecordSetsResponse;
import software.amazon.awssdk.services.route53.model.CreateHostedZoneRequest;
import software.amazon.awssdk.services.route53.model.CreateHostedZoneResponse;
import software.amazon.awssdk.services.route53.model.DeleteHostedZoneRequest;
import software.amazon.awssdk.services.route53.model.DeleteHostedZoneResponse;
import software.amazon.awssdk.services.route53.model.ListHostedZonesRequest;
import software.amazon.awssdk.services.route53.model.ListHostedZonesResponse;
import software.amazon.awssdk.services.route53.model.ListResourceRecordSetsRequest;
import software.amazon.awssdk.services.route53.model.ListResourceRecordSetsResponse;
import software.amazon.awssdk.services.route53.model.RRType;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;
import software.amazon.awssdk.services.servicediscovery.model.CustomHealthNotFoundException;
import software.amazon.awssdk.services.servicediscovery.model.CustomHealthStatus;
import software.amazon.awssdk.services.servicediscovery.model.DnsRecord;
import software.amazon.awssdk.services.servicediscovery.model.DuplicateRequestException;
import software.amazon.awssdk.services.servicediscovery.model.FilterCondition;
import software.amazon.awssdk.services.servicediscovery.model.HealthCheckCustomConfig;
import software.amazon.awssdk.services.servicediscovery.model.HealthStatus;
import software.amazon.awssdk.services.servicediscovery.model.HealthStatusFilter;
import software.amazon.awssdk.services.servicediscovery.model.HttpInstanceSummary;
import software.amazon.awssdk.services.servicediscovery.model.InstanceNotFoundException;
import software.amazon.awssdk.services.servicediscovery.model.InvalidInputException;
import software.amazon.awssdk.services.servicediscovery.model.Namespace;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceAlreadyExistsException;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceFilterName;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceNotFoundException;
import software.amazon.awssdk.services.servicediscovery.model.Operation;
import software.amazon.awssdk.services.servicediscovery.model.OperationNotFoundException;
import software.amazon.awssdk.services.servicediscovery.model.OperationStatus;
import software.amazon.awssdk.services.servicediscovery.model.RecordType;
import software.amazon.awssdk.services.servicediscovery.model.ResourceInUseException;
import software.amazon.awssdk.services.servicediscovery.model.RoutingPolicy;
import software.amazon.awssdk.services.servicediscovery.model.Service;
import software.amazon.awssdk.services.servicediscovery.model.ServiceAlreadyExistsException;
import software.amazon.awssdk.services.servicediscovery.model.ServiceNotFoundException;

/** Cloud Map beside the true Route 53, both in this process; time is virtual. */
class CloudMapTest {

  private static final Scope SCOPE = new Scope("000000000000", "us-east-1");

  private final VirtualTime time = new VirtualTime();
  private final SeededIds ids = new SeededIds(11);
  private CloudMap map;
  private Route53 route53;
  private ControllerRunner controllers;

  /** The operations of Route 53 that Cloud Map uses, each called as Cloud Map. */
  private record AsCloudMap(Route53Client inside, Caller caller) implements Route53Client {
    private <T> T call(Supplier<T> work) {
      return bound(caller, work);
    }

    @Override
    public String serviceName() {
      return SERVICE_NAME;
    }

    @Override
    public void close() {}

    @Override
    public CreateHostedZoneResponse createHostedZone(CreateHostedZoneRequest r) {
      return call(() -> inside.createHostedZone(r));
    }

    @Override
    public DeleteHostedZoneResponse deleteHostedZone(DeleteHostedZoneRequest r) {
      return call(() -> inside.deleteHostedZone(r));
    }

    @Override
    public ListHostedZonesResponse listHostedZones(ListHostedZonesRequest r) {
      return call(() -> inside.listHostedZones(r));
    }

    @Override
    public ListResourceRecordSetsResponse listResourceRecordSets(ListResourceRecordSetsRequest r) {
      return call(() -> inside.listResourceRecordSets(r));
    }

    @Override
    public ChangeResourceRecordSetsResponse changeResourceRecordSets(
        ChangeResourceRecordSetsRequest r) {
      return call(() -> inside.changeResourceRecordSets(r));
    }
  }

  private final class Inside implements Clients {
    @Override
    public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
      return client.cast(new AsCloudMap(route53, Caller.service(principal, scope, "r-2")));
    }

    @Override
    public <C extends SdkClient> C asRole(
        String principal, String role, String session, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException("no roles here");
    }
  }

  private static <T> T bound(Caller caller, Supplier<T> work) {
    return ScopedValue.where(Caller.CURRENT, caller).call(work::get);
  }

  private static <T> T call(Supplier<T> work) {
    return bound(Caller.root(SCOPE, "r-1"), work);
  }

  @BeforeEach
  void start() {
    List<Table<?>> tables = new ArrayList<>(CloudMap.HOSTED.tables());
    tables.addAll(Route53.HOSTED.tables());
    Store store = MemoryStore.of(time, tables);
    ServiceContext context =
        new ServiceContext(
            store,
            time,
            time,
            ids,
            new Inside(),
            Path.of("unused"),
            new ServiceContext.Endpoint("127.0.0.1", 4566));
    route53 = new Route53(context);
    map = new CloudMap(context);
    controllers = ControllerRunner.virtual(store, time, ids.split());
    controllers.addAll(CloudMap.HOSTED.controllers().apply(context));
  }

  private void settle() {
    time.runUntilIdle(Duration.ofSeconds(10));
  }

  private Operation ended(String id) {
    settle();
    return call(() -> map.getOperation(r -> r.operationId(id))).operation();
  }

  private String done(String id) {
    Operation operation = ended(id);
    assertThat(operation.status())
        .as("%s %s", operation.errorCode(), operation.errorMessage())
        .isEqualTo(OperationStatus.SUCCESS);
    return operation.targetsAsStrings().getOrDefault("NAMESPACE", "");
  }

  private String namespace(String name, String vpc) {
    return done(
        call(() -> map.createPrivateDnsNamespace(r -> r.name(name).vpc(vpc))).operationId());
  }

  private String httpNamespace(String name) {
    return done(call(() -> map.createHttpNamespace(r -> r.name(name))).operationId());
  }

  private String service(
      String namespace, String name, RoutingPolicy policy, boolean health, RecordType... types) {
    return call(() ->
            map.createService(
                r -> {
                  r.name(name).namespaceId(namespace);
                  if (types.length > 0) {
                    r.dnsConfig(
                        d ->
                            d.routingPolicy(policy)
                                .dnsRecords(
                                    java.util.Arrays.stream(types)
                                        .map(t -> DnsRecord.builder().type(t).ttl(7L).build())
                                        .toList()));
                  }
                  if (health) {
                    r.healthCheckCustomConfig(HealthCheckCustomConfig.builder().build());
                  }
                }))
        .service()
        .id();
  }

  private String register(String service, String id, String... attributes) {
    Map<String, String> map2 = new java.util.HashMap<>();
    for (int i = 0; i < attributes.length; i += 2) {
      map2.put(attributes[i], attributes[i + 1]);
    }
    return call(() ->
            map.registerInstance(r -> r.serviceId(service).instanceId(id).attributes(map2)))
        .operationId();
  }

  private Namespace described(String id) {
    return call(() -> map.getNamespace(r -> r.id(id))).namespace();
  }

  private List<String> records(String namespace) {
    String zone = described(namespace).properties().dnsProperties().hostedZoneId();
    return call(() -> route53.listResourceRecordSets(r -> r.hostedZoneId(zone)))
        .resourceRecordSets()
        .stream()
        .filter(s -> s.type() != RRType.SOA && s.type() != RRType.NS)
        .map(CloudMapTest::text)
        .toList();
  }

  private static String text(ResourceRecordSet set) {
    String value =
        set.aliasTarget() != null
            ? "alias " + set.aliasTarget().dnsName()
            : set.resourceRecords().getFirst().value();
    return set.name() + " " + set.typeAsString() + " " + value;
  }

  private List<HttpInstanceSummary> discover(
      String namespace, String service, HealthStatusFilter filter, Map<String, String> query) {
    return call(() ->
            map.discoverInstances(
                r ->
                    r.namespaceName(namespace)
                        .serviceName(service)
                        .healthStatus(filter)
                        .queryParameters(query)))
        .instances();
  }

  @Test
  void aPrivateNamespaceIsAPrivateZone() {
    String id = namespace("local", "vpc-0000000a");
    Namespace namespace = described(id);
    assertThat(id).matches("ns-[a-z0-9]{16}");
    assertThat(namespace.typeAsString()).isEqualTo("DNS_PRIVATE");
    assertThat(namespace.arn())
        .isEqualTo("arn:aws:servicediscovery:us-east-1:000000000000:namespace/" + id);
    assertThat(namespace.properties().httpProperties().httpName()).isEqualTo("local");
    String zoneId = namespace.properties().dnsProperties().hostedZoneId();
    var zone = call(() -> route53.getHostedZone(r -> r.id(zoneId)));
    assertThat(zone.hostedZone().name()).isEqualTo("local.");
    assertThat(zone.vpCs().getFirst().vpcId()).isEqualTo("vpc-0000000a");
    assertThat(zone.hostedZone().linkedService().servicePrincipal())
        .isEqualTo("servicediscovery.amazonaws.com");
    assertThat(soaTtl(zoneId)).isEqualTo(15);
    done(
        call(() ->
                map.updatePrivateDnsNamespace(
                    r ->
                        r.id(id)
                            .namespace(
                                n ->
                                    n.properties(
                                        p -> p.dnsProperties(d -> d.soa(s -> s.ttl(99L)))))))
            .operationId());
    assertThat(soaTtl(zoneId)).isEqualTo(99);
    done(call(() -> map.deleteNamespace(r -> r.id(namespace.arn()))).operationId());
    assertThatThrownBy(() -> described(id))
        .isInstanceOf(NamespaceNotFoundException.class)
        .hasMessageContaining("No namespace found with ID: " + id);
    assertThat(call(() -> route53.getHostedZoneCount()).hostedZoneCount()).isZero();
  }

  private long soaTtl(String zoneId) {
    return call(() -> route53.listResourceRecordSets(r -> r.hostedZoneId(zoneId)))
        .resourceRecordSets()
        .stream()
        .filter(s -> s.type() == RRType.SOA)
        .findFirst()
        .orElseThrow()
        .ttl();
  }

  @Test
  void oneNameOneVpc() {
    String id = namespace("local", "vpc-0000000a");
    assertThatThrownBy(
            () ->
                call(() -> map.createPrivateDnsNamespace(r -> r.name("local").vpc("vpc-0000000a"))))
        .isInstanceOfSatisfying(
            NamespaceAlreadyExistsException.class, e -> assertThat(e.namespaceId()).isEqualTo(id));
    assertThat(namespace("local", "vpc-0000000b")).isNotEqualTo(id);
  }

  @Test
  void aZoneThatRoute53RefusesFailsTheOperation() {
    call(
        () ->
            route53.createHostedZone(
                r ->
                    r.name("taken")
                        .callerReference("mine")
                        .vpc(v -> v.vpcId("vpc-0000000a").vpcRegion("us-east-1"))));
    Operation operation =
        ended(
            call(() -> map.createPrivateDnsNamespace(r -> r.name("taken").vpc("vpc-0000000a")))
                .operationId());
    assertThat(operation.status()).isEqualTo(OperationStatus.FAIL);
    assertThat(operation.errorCode()).isEqualTo("CANNOT_CREATE_HOSTED_ZONE");
    assertThat(operation.errorMessage())
        .startsWith("The VPC vpc-0000000a in region us-east-1 has already been associated")
        .endsWith("with the same domain name.");
    assertThat(call(() -> map.listNamespaces(r -> {})).namespaces()).isEmpty();
  }

  @Test
  void theSameRequestTwiceIsOneNamespace() {
    String first =
        call(() -> map.createHttpNamespace(r -> r.name("h").creatorRequestId("c"))).operationId();
    String again =
        call(() -> map.createHttpNamespace(r -> r.name("h").creatorRequestId("c"))).operationId();
    assertThat(again).isEqualTo(first);
    assertThat(call(() -> map.listNamespaces(r -> {})).namespaces()).hasSize(1);
  }

  @Test
  void registeredInstancesAreRecordsUntilTheyLeave() {
    String ns = namespace("local", "vpc-0000000a");
    String api = service(ns, "api", RoutingPolicy.MULTIVALUE, false, RecordType.A);
    done(register(api, "i-1", "AWS_INSTANCE_IPV4", "10.0.0.1"));
    done(register(api, "i-2", "AWS_INSTANCE_IPV4", "10.0.0.2"));
    assertThat(records(ns)).containsExactly("api.local. A 10.0.0.1", "api.local. A 10.0.0.2");
    done(register(api, "i-1", "AWS_INSTANCE_IPV4", "10.0.0.3"));
    assertThat(records(ns)).containsExactly("api.local. A 10.0.0.3", "api.local. A 10.0.0.2");
    done(call(() -> map.deregisterInstance(r -> r.serviceId(api).instanceId("i-1"))).operationId());
    assertThat(records(ns)).containsExactly("api.local. A 10.0.0.2");
    assertThatThrownBy(
            () -> call(() -> map.deregisterInstance(r -> r.serviceId(api).instanceId("i-1"))))
        .isInstanceOf(InstanceNotFoundException.class);
    assertThatThrownBy(() -> call(() -> map.deleteService(r -> r.id(api))))
        .isInstanceOf(ResourceInUseException.class)
        .hasMessageContaining(
            "Service contains registered instances; delete the instances before deleting the service");
    assertThatThrownBy(() -> call(() -> map.deleteNamespace(r -> r.id(ns))))
        .isInstanceOf(ResourceInUseException.class);
  }

  @Test
  void srvServicesNameTheirInstances() {
    String ns = namespace("local", "vpc-0000000a");
    String srv = service(ns, "_Http._tcp", RoutingPolicy.MULTIVALUE, false, RecordType.SRV);
    done(register(srv, "Task/1", "AWS_INSTANCE_IPV4", "10.0.0.1", "AWS_INSTANCE_PORT", "8080"));
    List<String> expected =
        List.of(
            "_http._tcp.local. SRV 1 1 8080 task\\0571._http._tcp.local.",
            "task\\0571._http._tcp.local. A 10.0.0.1");
    assertThat(records(ns)).containsExactlyElementsOf(expected);
    // The same again changes nothing, and above all removes nothing.
    done(register(srv, "Task/1", "AWS_INSTANCE_IPV4", "10.0.0.1", "AWS_INSTANCE_PORT", "8080"));
    assertThat(records(ns)).containsExactlyElementsOf(expected);
    done(
        call(() -> map.deregisterInstance(r -> r.serviceId(srv).instanceId("Task/1")))
            .operationId());
    assertThat(records(ns)).isEmpty();
    assertThatThrownBy(() -> register(srv, "a", "AWS_INSTANCE_IPV4", "10.0.0.1"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("AWS_INSTANCE_PORT");
    assertThatThrownBy(
            () -> register(srv, "a..b", "AWS_INSTANCE_IPV4", "10.0.0.1", "AWS_INSTANCE_PORT", "1"))
        .isInstanceOf(InvalidInputException.class);
  }

  @Test
  void aServiceBelowAnotherKeepsItsRecords() {
    String ns = namespace("local", "vpc-0000000a");
    String upper = service(ns, "api", RoutingPolicy.MULTIVALUE, false, RecordType.A);
    String lower = service(ns, "blue.api", RoutingPolicy.MULTIVALUE, false, RecordType.A);
    done(register(lower, "i-1", "AWS_INSTANCE_IPV4", "10.0.0.1"));
    done(register(upper, "i-2", "AWS_INSTANCE_IPV4", "10.0.0.2"));
    assertThat(records(ns)).containsExactly("api.local. A 10.0.0.2", "blue.api.local. A 10.0.0.1");
  }

  @Test
  void aliasesAndCnamesAreWeighted() {
    String ns = namespace("local", "vpc-0000000a");
    String lb = service(ns, "lb", RoutingPolicy.WEIGHTED, false, RecordType.A);
    done(register(lb, "i-1", "AWS_ALIAS_DNS_NAME", "My-LB.us-east-1.elb.amazonaws.com"));
    String name = service(ns, "name", RoutingPolicy.WEIGHTED, false, RecordType.CNAME);
    done(register(name, "i-1", "AWS_INSTANCE_CNAME", "www.example.com"));
    assertThat(records(ns))
        .containsExactly(
            "lb.local. A alias my-lb.us-east-1.elb.amazonaws.com.",
            "name.local. CNAME www.example.com");
    assertThatThrownBy(() -> service(ns, "x", RoutingPolicy.MULTIVALUE, false, RecordType.CNAME))
        .isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(
            () -> service(ns, "x", RoutingPolicy.WEIGHTED, false, RecordType.A, RecordType.SRV))
        .isInstanceOf(InvalidInputException.class);
  }

  @Test
  void customHealthDecidesWhoIsSeen() {
    String ns = namespace("local", "vpc-0000000a");
    String api = service(ns, "api", RoutingPolicy.MULTIVALUE, true, RecordType.A);
    done(register(api, "good", "AWS_INSTANCE_IPV4", "10.0.0.1"));
    done(
        register(
            api, "new", "AWS_INSTANCE_IPV4", "10.0.0.2", "AWS_INIT_HEALTH_STATUS", "UNHEALTHY"));
    assertThat(records(ns)).containsExactly("api.local. A 10.0.0.1");
    assertThat(discover("local", "api", null, Map.of()))
        .extracting(HttpInstanceSummary::instanceId)
        .containsExactly("good");
    assertThat(discover("local", "api", HealthStatusFilter.ALL, Map.of())).hasSize(2);
    health(api, "new", CustomHealthStatus.HEALTHY);
    assertThat(records(ns)).hasSize(2);
    health(api, "new", CustomHealthStatus.UNHEALTHY);
    health(api, "good", CustomHealthStatus.UNHEALTHY);
    assertThat(records(ns)).as("all unhealthy is as if all were healthy").hasSize(2);
    assertThat(discover("local", "api", HealthStatusFilter.HEALTHY_OR_ELSE_ALL, Map.of()))
        .hasSize(2)
        .allMatch(i -> i.healthStatus() == HealthStatus.UNHEALTHY);
    assertThat(discover("local", "api", null, Map.of())).isEmpty();
    String plain = service(ns, "plain", RoutingPolicy.MULTIVALUE, false, RecordType.A);
    assertThatThrownBy(() -> health(plain, "x", CustomHealthStatus.HEALTHY))
        .isInstanceOf(CustomHealthNotFoundException.class);
  }

  private void health(String service, String instance, CustomHealthStatus status) {
    call(
        () ->
            map.updateInstanceCustomHealthStatus(
                r -> r.serviceId(service).instanceId(instance).status(status)));
    settle();
  }

  @Test
  void discoveryByAttributesAndItsRevision() {
    String ns = httpNamespace("web");
    String api = service(ns, "api", null, false);
    assertThat(discover("web", "api", null, Map.of())).isEmpty();
    long before = revision();
    register(api, "a", "stage", "blue", "zone", "1");
    register(api, "b", "stage", "blue", "zone", "2");
    register(api, "c", "stage", "green");
    assertThat(revision()).isGreaterThan(before);
    assertThat(discover("web", "api", null, Map.of("stage", "blue")))
        .extracting(HttpInstanceSummary::instanceId)
        .containsExactlyInAnyOrder("a", "b");
    assertThat(discover("web", "api", null, Map.of("stage", "red"))).isEmpty();
    assertThat(discover("web", "api", null, Map.of()))
        .hasSize(3)
        .allMatch(i -> i.healthStatus() == HealthStatus.UNKNOWN);
    assertThat(
            call(() ->
                    map.discoverInstances(
                        r ->
                            r.namespaceName("web")
                                .serviceName("api")
                                .queryParameters(Map.of("stage", "blue"))
                                .optionalParameters(Map.of("zone", "2"))))
                .instances())
        .extracting(HttpInstanceSummary::instanceId)
        .containsExactly("b");
    assertThatThrownBy(() -> discover("nowhere", "api", null, Map.of()))
        .isInstanceOf(NamespaceNotFoundException.class);
    assertThatThrownBy(() -> discover("web", "nobody", null, Map.of()))
        .isInstanceOf(ServiceNotFoundException.class);
  }

  private long revision() {
    return call(() -> map.discoverInstancesRevision(r -> r.namespaceName("web").serviceName("api")))
        .instancesRevision();
  }

  @Test
  void pagesOfInstances() {
    String api = service(httpNamespace("web"), "api", null, false);
    for (int i = 0; i < 25; i++) {
      register(api, "i-" + i, "n", "" + i);
    }
    List<String> found = new ArrayList<>();
    String token = null;
    do {
      String from = token;
      var page =
          call(() -> map.listInstances(r -> r.serviceId(api).maxResults(10).nextToken(from)));
      page.instances().forEach(i -> found.add(i.id()));
      token = page.nextToken();
    } while (token != null);
    assertThat(found).hasSize(25).doesNotHaveDuplicates();
    assertThatThrownBy(
            () -> call(() -> map.listInstances(r -> r.serviceId(api).nextToken("rubbish"))))
        .isInstanceOf(InvalidInputException.class);
  }

  @Test
  void oneOperationOnAnInstanceAtATime() {
    String ns = namespace("local", "vpc-0000000a");
    String api = service(ns, "api", RoutingPolicy.MULTIVALUE, false, RecordType.A);
    String first = register(api, "i-1", "AWS_INSTANCE_IPV4", "10.0.0.1");
    assertThatThrownBy(() -> register(api, "i-1", "AWS_INSTANCE_IPV4", "10.0.0.2"))
        .isInstanceOfSatisfying(
            DuplicateRequestException.class,
            e -> assertThat(e.duplicateOperationId()).isEqualTo(first));
    register(api, "i-2", "AWS_INSTANCE_IPV4", "10.0.0.2");
    done(first);
    assertThat(records(ns)).hasSize(2);
  }

  @Test
  void attributesAreChecked() {
    String ns = namespace("local", "vpc-0000000a");
    String api = service(ns, "api", RoutingPolicy.MULTIVALUE, false, RecordType.A);
    for (String[] attributes :
        new String[][] {
          {},
          {"AWS_INSTANCE_IPV4", "10.1"},
          {"AWS_INSTANCE_IPV4", "::1"},
          {"AWS_INSTANCE_IPV4", "10.0.0.1", "AWS_INSTANCE_PORT", "70000"},
          {"AWS_INSTANCE_IPV4", "10.0.0.1", "AWS_INIT_HEALTH_STATUS", "FINE"},
          {"AWS_ALIAS_DNS_NAME", "lb.example.com"},
          {"AWS_INSTANCE_IPV4", "10.0.0.1", "long", "x".repeat(1025)},
        }) {
      assertThatThrownBy(() -> register(api, "i", attributes))
          .isInstanceOf(InvalidInputException.class);
    }
    assertThatThrownBy(() -> register(api, "a b", "AWS_INSTANCE_IPV4", "10.0.0.1"))
        .isInstanceOf(InvalidInputException.class);
  }

  @Test
  void anUpdateRewritesAllRecordsOrRemovesThem() {
    String ns = namespace("local", "vpc-0000000a");
    String api = service(ns, "api", RoutingPolicy.MULTIVALUE, false, RecordType.A);
    done(register(api, "i-1", "AWS_INSTANCE_IPV4", "10.0.0.1"));
    done(
        call(() ->
                map.updateService(
                    r ->
                        r.id(api)
                            .service(
                                s ->
                                    s.dnsConfig(
                                        d ->
                                            d.dnsRecords(
                                                DnsRecord.builder()
                                                    .type(RecordType.A)
                                                    .ttl(300L)
                                                    .build())))))
            .operationId());
    String zone = described(ns).properties().dnsProperties().hostedZoneId();
    assertThat(
            call(() -> route53.listResourceRecordSets(r -> r.hostedZoneId(zone)))
                .resourceRecordSets())
        .anyMatch(s -> s.name().equals("api.local.") && s.ttl() == 300);
    done(
        call(() -> map.updateService(r -> r.id(api).service(s -> s.description("no DNS any more"))))
            .operationId());
    assertThat(records(ns)).isEmpty();
    Service now = call(() -> map.getService(r -> r.id(api))).service();
    assertThat(now.typeAsString()).isEqualTo("HTTP");
    assertThat(now.instanceCount()).isEqualTo(1);
  }

  @Test
  void servicesClashWhateverTheirCase() {
    String ns = namespace("local", "vpc-0000000a");
    String api = service(ns, "api", RoutingPolicy.MULTIVALUE, false, RecordType.A);
    assertThatThrownBy(() -> service(ns, "API", RoutingPolicy.MULTIVALUE, false, RecordType.A))
        .isInstanceOfSatisfying(
            ServiceAlreadyExistsException.class, e -> assertThat(e.serviceId()).isEqualTo(api));
    String http = httpNamespace("web");
    assertThatThrownBy(() -> service(http, "x", RoutingPolicy.MULTIVALUE, false, RecordType.A))
        .isInstanceOf(InvalidInputException.class);
    assertThatThrownBy(
            () ->
                call(
                    () ->
                        map.createService(
                            r ->
                                r.name("y")
                                    .namespaceId(http)
                                    .healthCheckConfig(h -> h.type("TCP")))))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "HealthCheckConfig for a service without DNS records is not supported");
  }

  @Test
  void manyInstancesAtOnce() {
    String ns = namespace("local", "vpc-0000000a");
    String srv = service(ns, "srv", RoutingPolicy.MULTIVALUE, false, RecordType.SRV);
    for (int i = 0; i < 1_000; i++) {
      register(
          srv,
          "%032x".formatted(i),
          "AWS_INSTANCE_IPV4",
          "10.0." + i / 250 + "." + i % 250,
          "AWS_INSTANCE_PORT",
          "" + (32_768 + i));
    }
    settle();
    String zone = described(ns).properties().dnsProperties().hostedZoneId();
    assertThat(
            call(() -> route53.getHostedZone(r -> r.id(zone)))
                .hostedZone()
                .resourceRecordSetCount())
        .isEqualTo(2_002);
    assertThatThrownBy(
            () -> register(srv, "more", "AWS_INSTANCE_IPV4", "10.9.9.9", "AWS_INSTANCE_PORT", "1"))
        .hasMessageContaining("1000 instances");
  }

  @Test
  void namespacesByFilter() {
    httpNamespace("web");
    namespace("local", "vpc-0000000a");
    assertThat(
            call(() ->
                    map.listNamespaces(
                        r ->
                            r.filters(
                                f ->
                                    f.name(NamespaceFilterName.TYPE)
                                        .condition(FilterCondition.EQ)
                                        .values("HTTP"))))
                .namespaces())
        .hasSize(1)
        .allMatch(n -> n.name().equals("web"));
    assertThatThrownBy(() -> call(() -> map.getOperation(r -> r.operationId("none"))))
        .isInstanceOf(OperationNotFoundException.class);
  }
}
