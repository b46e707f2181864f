package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Kind;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.TargetGroup;
import gantry.traffic.lb.RoutingTable.TlsPolicy;
import gantry.traffic.lb.RoutingTable.Version;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** TLS, server names, HTTP/2 and gRPC. */
@Execution(ExecutionMode.CONCURRENT) // each has a balancer of its own, and mostly waits
class SecureTest {

  private static List<RoutingTable.Certificate> certificates = List.of();

  private World world;
  private Backend a;

  @BeforeAll
  static void makeKeys() throws Exception {
    certificates =
        List.of(
            Keys.make("cert/one", "one.example.com", "EC"),
            Keys.make("cert/two", "two.example.com", "RSA"));
  }

  @BeforeEach
  void begin() throws Exception {
    System.setProperty("jdk.internal.httpclient.disableHostnameVerification", "true");
    world = new World();
    world.protocol = Protocol.HTTPS;
    a = new Backend("a");
    world.certificates.addAll(certificates);
  }

  @AfterEach
  void end() {
    world.close();
    a.close();
  }

  private HttpResponse<String> send(HttpRequest.Builder request, HttpClient.Version version)
      throws Exception {
    HttpClient client =
        HttpClient.newBuilder()
            .sslContext(Keys.trusting())
            .version(version)
            .connectTimeout(World.PATIENCE)
            .build();
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } finally {
      client.shutdownNow(); // to close it is to wait for its kept connections
    }
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create("https://localhost:" + world.port + path))
        .timeout(World.PATIENCE);
  }

  @Test
  void http2_and_http1_reach_an_http1_target() throws Exception {
    a.answer = (request, in, out) -> Backend.ok(out, "got " + request.body());
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    for (HttpClient.Version version : HttpClient.Version.values()) {
      if (!version.name().startsWith("HTTP_")) {
        continue;
      }
      if (version.name().equals("HTTP_3")) {
        continue;
      }
      var reply =
          send(
              to("/x?y=z").POST(HttpRequest.BodyPublishers.ofString("b".repeat(100_000))), version);
      assertThat(reply.statusCode()).isEqualTo(200);
      assertThat(reply.version()).isEqualTo(version);
      assertThat(reply.body()).isEqualTo("got " + "b".repeat(100_000));
    }
    assertThat(a.requests.getLast().header("X-Forwarded-Proto")).isEqualTo("https");
    assertThat(a.requests.getLast().line()).isEqualTo("POST /x?y=z HTTP/1.1");
  }

  @Test
  void the_certificate_is_chosen_by_server_name() throws Exception {
    world.last =
        new RoutingTable.Rule("d", 0, List.of(), new Action.Fixed(200, "text/plain", "ok"));
    world.apply();
    assertThat(subject("two.example.com")).isEqualTo("CN=two.example.com");
    assertThat(subject("one.example.com")).isEqualTo("CN=one.example.com");
    assertThat(subject("else.example.com")).isEqualTo("CN=one.example.com");
  }

  @Test
  void a_policy_offers_its_versions_and_no_other() throws Exception {
    world.last =
        new RoutingTable.Rule("d", 0, List.of(), new Action.Fixed(200, "text/plain", "ok"));
    for (List<String> versions :
        List.of(
            List.of("TLSv1", "TLSv1.1", "TLSv1.2"),
            List.of("TLSv1.2", "TLSv1.3"),
            List.of("TLSv1.3"))) {
      world.policy = new TlsPolicy(versions, world.policy.ciphers(), false);
      world.apply();
      for (String version : List.of("TLSv1.2", "TLSv1.3")) {
        assertThat(shakes(version))
            .as(versions + " and " + version)
            .isEqualTo(versions.contains(version));
      }
    }
  }

  @Test
  void only_a_post_quantum_policy_takes_a_hybrid_key_exchange() throws Exception {
    world.last =
        new RoutingTable.Rule("d", 0, List.of(), new Action.Fixed(200, "text/plain", "ok"));
    for (boolean postQuantum : List.of(false, true)) {
      world.policy =
          new TlsPolicy(List.of("TLSv1.2", "TLSv1.3"), world.policy.ciphers(), postQuantum);
      world.apply();
      assertThat(Handshake.agrees(world.port, "X25519MLKEM768")).isEqualTo(postQuantum);
      assertThat(Handshake.agrees(world.port, "X25519")).isTrue();
      assertThat(Handshake.agrees(world.port, "P-256")).isTrue();
    }
  }

  private boolean shakes(String protocol) throws Exception {
    try (SSLSocket socket =
        (SSLSocket)
            Keys.trusting()
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), world.port)) {
      socket.setEnabledProtocols(new String[] {protocol});
      socket.setSoTimeout((int) World.PATIENCE.toMillis());
      socket.startHandshake();
      return socket.getSession().getProtocol().equals(protocol);
    } catch (javax.net.ssl.SSLException | java.net.SocketException refused) {
      return false;
    }
  }

  private String subject(String name) throws Exception {
    try (SSLSocket socket =
        (SSLSocket)
            Keys.trusting()
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), world.port)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(name)));
      socket.setSSLParameters(parameters);
      socket.setSoTimeout((int) World.PATIENCE.toMillis());
      socket.startHandshake();
      return ((X509Certificate) socket.getSession().getPeerCertificates()[0])
          .getSubjectX500Principal()
          .getName();
    }
  }

  @Test
  void http2_goes_to_an_http2_target_over_tls_and_grpc_has_its_matrix() throws Exception {
    try (World behind = new World()) {
      behind.protocol = Protocol.HTTPS;
      behind.certificates.addAll(world.certificates);
      behind.last =
          new RoutingTable.Rule("d", 0, List.of(), new Action.Fixed(200, "text/plain", "behind"));
      behind.apply();
      world.groups.put(
          "tg",
          new TargetGroup(
              "tg",
              "targetgroup/tg/1",
              Protocol.HTTPS,
              Version.HTTP2,
              SocketRooms.HOST,
              World.often(Protocol.HTTPS, "200"),
              GroupSettings.DEFAULTS,
              List.of(
                  new RoutingTable.Target("127.0.0.1", behind.port, "127.0.0.1", "az1", false))));
      world.forwardAll("tg").apply().healthy(1);
      var reply = send(to("/"), HttpClient.Version.HTTP_2);
      assertThat(reply.statusCode()).isEqualTo(200);
      assertThat(reply.body()).isEqualTo("behind");
      // HTTP/1.1 has no way to an HTTP/2 group.
      assertThat(send(to("/"), HttpClient.Version.HTTP_1_1).statusCode()).isEqualTo(464);
    }
  }

  @Test
  void grpc_to_an_http1_group_is_464() throws Exception {
    world.group("tg", GroupSettings.DEFAULTS, a).forwardAll("tg").apply().healthy(1);
    var reply =
        send(
            to("/pkg.Service/Method")
                .header("Content-Type", "application/grpc")
                .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[5])),
            HttpClient.Version.HTTP_2);
    assertThat(reply.statusCode()).isEqualTo(464);
  }

  @Test
  void a_network_balancer_ends_tls_and_passes_bytes_with_the_proxy_header() throws Exception {
    try (java.net.ServerSocket server =
        new java.net.ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                try {
                  while (true) {
                    var socket = server.accept();
                    Thread.ofVirtual()
                        .start(
                            () -> {
                              try (socket) {
                                byte[] header = socket.getInputStream().readNBytes(28);
                                if (header.length == 28) {
                                  socket.getOutputStream().write(header[13]);
                                  socket.getInputStream().transferTo(socket.getOutputStream());
                                }
                              } catch (IOException closed) {
                                // The balancer went first.
                              }
                            });
                  }
                } catch (IOException closed) {
                  // The test is over.
                }
              });
      world.kind = Kind.NETWORK;
      world.protocol = Protocol.TLS;
      GroupSettings d = GroupSettings.DEFAULTS;
      GroupSettings settings =
          new GroupSettings(
              d.deregistrationDelay(),
              d.stickiness(),
              d.stickinessDuration(),
              "",
              d.algorithm(),
              false,
              d.slowStart(),
              null,
              1,
              0,
              false,
              true,
              true,
              Duration.ZERO,
              false);
      world.groups.put(
          "tg",
          new TargetGroup(
              "tg",
              "targetgroup/tg/1",
              Protocol.TCP,
              Version.HTTP1,
              SocketRooms.HOST,
              World.often(Protocol.TCP, ""),
              settings,
              List.of(
                  new RoutingTable.Target(
                      "127.0.0.1", server.getLocalPort(), "127.0.0.1", "az1", false))));
      world.forwardAll("tg").apply().healthy(1);
      try (var socket =
          (SSLSocket)
              Keys.trusting()
                  .getSocketFactory()
                  .createSocket(InetAddress.getLoopbackAddress(), world.port)) {
        socket.setSoTimeout((int) World.PATIENCE.toMillis());
        socket
            .getOutputStream()
            .write("hello".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        byte[] back = socket.getInputStream().readNBytes(6);
        assertThat(back[0]).isEqualTo((byte) 0x11);
        assertThat(new String(back, 1, 5, java.nio.charset.StandardCharsets.US_ASCII))
            .isEqualTo("hello");
      }
    }
  }
}
