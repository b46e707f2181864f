package gantry.app.dns;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import gantry.services.Caller;
import gantry.services.Clients;
import gantry.services.ServiceContext;
import gantry.services.cloudmap.CloudMap;
import gantry.services.route53.Route53;
import gantry.state.Change;
import gantry.state.ControllerRunner;
import gantry.state.MemoryStore;
import gantry.state.RandomIds;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.SystemTime;
import gantry.state.Table;
import gantry.state.Timers;
import gantry.state.View;
import gantry.traffic.dns.Askers;
import gantry.traffic.dns.DnsServer;
import gantry.traffic.dns.Names;
import gantry.traffic.dns.RecordSet;
import gantry.traffic.dns.RecordType;
import gantry.traffic.dns.Zone;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.servicediscovery.model.CustomHealthStatus;
import software.amazon.awssdk.services.servicediscovery.model.DnsRecord;
import software.amazon.awssdk.services.servicediscovery.model.HealthCheckCustomConfig;
import software.amazon.awssdk.services.servicediscovery.model.OperationStatus;

/** The whole way: RegisterInstance, Route 53's records, the feed, the view, a packet. */
class DnsPathTest {

  private static final Scope SCOPE = new Scope("000000000000", "us-east-1");
  private static final String VPC = "vpc-0000000a";
  private static final String OTHER_VPC = "vpc-0000000b";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final SystemTime time = new SystemTime();
  private final AtomicInteger timersAsked = new AtomicInteger();
  private final Timers timers =
      (delay, task) -> {
        timersAsked.incrementAndGet();
        return time.after(delay, task);
      };
  private Store store;
  private CloudMap map;
  private Route53 route53;
  private ControllerRunner controllers;
  private DnsLink link;
  private DnsServer server;
  private InetSocketAddress inside;
  private InetSocketAddress elsewhere;

  /** A load balancer's name, which no hosted zone has. */
  private static final DnsLink.OwnNames BALANCER =
      new DnsLink.OwnNames() {
        @Override
        public List<Zone> zones(View view, String vpcId) {
          return List.of(
              Zone.of(
                  "us-east-1.elb.amazonaws.com",
                  "ns. admin. 1 2 3 4 60",
                  60,
                  List.of(
                      RecordSet.simple(
                          "lb-1.us-east-1.elb.amazonaws.com", RecordType.A, 60, "10.0.9.9"))));
        }

        @Override
        public boolean concerns(Change<?> change) {
          return false;
        }

        @Override
        public List<String> vpcIds(View view) {
          return List.of(VPC, OTHER_VPC);
        }
      };

  /** Calls inside the process, each with its caller bound, as the program's dispatcher does. */
  private final class Inside implements Clients {
    @Override
    public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
      Caller caller = Caller.service(principal, scope, "r-2");
      SdkClient[] proxy = new SdkClient[1];
      proxy[0] =
          client.cast(
              Proxy.newProxyInstance(
                  client.getClassLoader(),
                  new Class<?>[] {client},
                  (self, method, arguments) ->
                      method.getName().endsWith("Paginator")
                          ? java.lang.reflect.InvocationHandler.invokeDefault(
                              self, method, arguments)
                          : ScopedValue.where(Caller.CURRENT, caller)
                              .call(
                                  () -> {
                                    try {
                                      return method.invoke(route53, arguments);
                                    } catch (InvocationTargetException e) {
                                      throw e.getCause();
                                    }
                                  })));
      return client.cast(proxy[0]);
    }

    @Override
    public <C extends SdkClient> C asRole(
        String principal, String role, String session, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException("no roles here");
    }
  }

  private static <T> T call(Supplier<T> work) {
    return ScopedValue.where(Caller.CURRENT, Caller.root(SCOPE, "r-1")).call(work::get);
  }

  @BeforeEach
  void start() {
    List<Table<?>> tables = new ArrayList<>(CloudMap.HOSTED.tables());
    tables.addAll(Route53.HOSTED.tables());
    store = MemoryStore.of(Clock.systemUTC(), tables);
    RandomIds ids = new RandomIds();
    ServiceContext context =
        new ServiceContext(
            store,
            Clock.systemUTC(),
            timers,
            ids,
            new Inside(),
            Path.of("unused"),
            new ServiceContext.Endpoint("127.0.0.1", 4566));
    route53 = new Route53(context);
    map = new CloudMap(context);
    controllers = ControllerRunner.live(store, timers, ids, ControllerRunner.Observer.NONE);
    controllers.addAll(CloudMap.HOSTED.controllers().apply(context));
    link = new DnsLink(store, "us-east-1", BALANCER);
    link.start();
    server = DnsServer.start(1, List.of());
    inside = listen(VPC);
    elsewhere = listen(OTHER_VPC);
  }

  private InetSocketAddress listen(String vpc) {
    return server
        .listen(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            DnsServer.Sockets.HOST,
            link.view(vpc),
            Askers.LOOPBACK)
        .address();
  }

  @AfterEach
  void stop() throws Exception {
    server.close();
    link.close();
    controllers.close();
    time.close();
  }

  /** The IPv4 addresses of a name; an RCODE in place of them where there is one. */
  private static Set<String> ask(InetSocketAddress where, String name) {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      byte[] wire = Names.toWire(name);
      ByteBuffer query = ByteBuffer.allocate(16 + wire.length);
      query.putInt(0x00070100).putInt(0x00010000).putInt(0).put(wire).putInt(0x00010001);
      socket.send(new DatagramPacket(query.array(), query.position(), where));
      DatagramPacket packet = new DatagramPacket(new byte[1_500], 1_500);
      socket.receive(packet);
      ByteBuffer answer = ByteBuffer.wrap(packet.getData(), 0, packet.getLength());
      int code = answer.getShort(2) & 0xf;
      if (code != 0) {
        return Set.of("rcode " + code);
      }
      Set<String> addresses = new TreeSet<>();
      answer.position(16 + wire.length);
      for (int i = answer.getShort(6); i > 0; i--) {
        answer.getShort(); // the owner: a pointer
        int type = answer.getShort();
        answer.position(answer.position() + 6);
        byte[] data = new byte[answer.getShort()];
        answer.get(data);
        if (type == 1) {
          addresses.add(InetAddress.getByAddress(data).getHostAddress());
        }
      }
      return addresses;
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void until(BooleanSupplier state) {
    long start = System.nanoTime();
    while (!state.getAsBoolean()) {
      if (System.nanoTime() - start > PATIENCE.toNanos()) {
        throw new AssertionError("not after " + PATIENCE);
      }
      LockSupport.parkNanos(200_000);
    }
  }

  private String namespace() {
    String operation =
        call(() -> map.createPrivateDnsNamespace(r -> r.name("local").vpc(VPC))).operationId();
    ended(operation);
    return call(() -> map.getOperation(r -> r.operationId(operation)))
        .operation()
        .targetsAsStrings()
        .get("NAMESPACE");
  }

  private String service(String namespace) {
    return call(() ->
            map.createService(
                r ->
                    r.name("api")
                        .namespaceId(namespace)
                        .healthCheckCustomConfig(HealthCheckCustomConfig.builder().build())
                        .dnsConfig(
                            d -> d.dnsRecords(DnsRecord.builder().type("A").ttl(5L).build()))))
        .service()
        .id();
  }

  private String register(String service, int number) {
    return call(() ->
            map.registerInstance(
                r ->
                    r.serviceId(service)
                        .instanceId("i-" + number)
                        .attributes(Map.of("AWS_INSTANCE_IPV4", "10.0.0." + number))))
        .operationId();
  }

  private void ended(String operation) {
    until(
        () ->
            call(() -> map.getOperation(r -> r.operationId(operation))).operation().status()
                == OperationStatus.SUCCESS);
  }

  @Test
  void anAnswerFollowsItsChangeAtOnce() {
    String service = service(namespace());
    assertThat(ask(inside, "api.local.")).containsExactly("rcode 3");
    int before = timersAsked.get();
    for (int i = 1; i <= 15; i++) {
      String id = "i-" + i;
      ended(register(service, i));
      assertThat(ask(inside, "api.local.")).containsExactly("10.0.0." + i);
      ended(
          call(() -> map.deregisterInstance(r -> r.serviceId(service).instanceId(id)))
              .operationId());
      assertThat(ask(inside, "api.local.")).containsExactly("rcode 3");
    }
    assertThat(timersAsked).as("nothing waits").hasValue(before);
  }

  @Test
  void onlyItsVpcSeesANamespaceAndEverybodySeesABalancer() {
    String service = service(namespace());
    register(service, 1);
    until(() -> ask(inside, "api.local.").equals(Set.of("10.0.0.1")));
    // Without resolvers behind it, what no zone has is a failure: it was asked for elsewhere.
    assertThat(ask(elsewhere, "api.local.")).containsExactly("rcode 2");
    for (InetSocketAddress where : List.of(inside, elsewhere)) {
      assertThat(ask(where, "lb-1.us-east-1.elb.amazonaws.com.")).containsExactly("10.0.9.9");
    }
  }

  @Test
  void whoIsUnhealthyLeavesTheAnswer() {
    String service = service(namespace());
    register(service, 1);
    register(service, 2);
    until(() -> ask(inside, "api.local.").equals(Set.of("10.0.0.1", "10.0.0.2")));
    health(service, CustomHealthStatus.UNHEALTHY);
    until(() -> ask(inside, "api.local.").equals(Set.of("10.0.0.2")));
    health(service, CustomHealthStatus.HEALTHY);
    until(() -> ask(inside, "api.local.").equals(Set.of("10.0.0.1", "10.0.0.2")));
  }

  @Test
  void checksOfInstancesInPublicDnsAreMadeAndFollowed() throws Exception {
    List<HttpServer> endpoints = new ArrayList<>();
    try (HealthLink checks = new HealthLink(store, Clock.systemUTC(), link.view(DnsLink.HOST))) {
      String operation =
          call(() -> map.createPublicDnsNamespace(r -> r.name("example.com"))).operationId();
      ended(operation);
      String namespace =
          call(() -> map.getOperation(r -> r.operationId(operation)))
              .operation()
              .targetsAsStrings()
              .get("NAMESPACE");
      String service =
          call(() ->
                  map.createService(
                      r ->
                          r.name("web")
                              .namespaceId(namespace)
                              .healthCheckConfig(h -> h.type("HTTP").resourcePath("/health"))
                              .dnsConfig(
                                  d ->
                                      d.dnsRecords(DnsRecord.builder().type("A").ttl(5L).build()))))
              .service()
              .id();
      for (int i = 1; i <= 2; i++) {
        HttpServer endpoint = HttpServer.create(new InetSocketAddress("127.0.0." + i, 0), 0);
        int code = i == 1 ? 200 : 500;
        endpoint.createContext(
            "/health",
            exchange -> {
              exchange.sendResponseHeaders(code, -1);
              exchange.close();
            });
        endpoint.start();
        endpoints.add(endpoint);
        String id = "i-" + i;
        Map<String, String> attributes =
            Map.of(
                "AWS_INSTANCE_IPV4",
                "127.0.0." + i,
                "AWS_INSTANCE_PORT",
                Integer.toString(endpoint.getAddress().getPort()));
        ended(
            call(() ->
                    map.registerInstance(
                        r -> r.serviceId(service).instanceId(id).attributes(attributes)))
                .operationId());
      }
      until(() -> ask(inside, "web.example.com.").equals(Set.of("127.0.0.1")));
      assertThat(
              call(() -> map.getInstancesHealthStatus(r -> r.serviceId(service))).statusAsStrings())
          .isEqualTo(Map.of("i-1", "HEALTHY", "i-2", "UNHEALTHY"));
      assertThat(call(() -> route53.listHealthChecks()).healthChecks()).hasSize(2);
      ended(
          call(() -> map.deregisterInstance(r -> r.serviceId(service).instanceId("i-2")))
              .operationId());
      assertThat(call(() -> route53.listHealthChecks()).healthChecks()).hasSize(1);
    } finally {
      endpoints.forEach(endpoint -> endpoint.stop(0));
    }
  }

  private void health(String service, CustomHealthStatus status) {
    call(
        () ->
            map.updateInstanceCustomHealthStatus(
                r -> r.serviceId(service).instanceId("i-1").status(status)));
  }
}
