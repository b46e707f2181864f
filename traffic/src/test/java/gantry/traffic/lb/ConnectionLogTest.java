package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Kind;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.TlsPolicy;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What stands in the logs of one connection after the other. */
@Execution(ExecutionMode.CONCURRENT) // each has a balancer of its own, and mostly waits
class ConnectionLogTest {

  /** Time, client, ports, TLS, its certificate, status, trace id, key exchange. */
  private static final Pattern LINE =
      Pattern.compile(
          "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z 127\\.0\\.0\\.1 (?<from>\\d+)"
              + " (?<port>\\d+) (?<tls>\\S+ \\S+) (?<latency>-|\\d\\.\\d{3}) \"-\" - -"
              + " (?<status>\\S+) TID_[0-9a-f]{32} (?<group>\\S+)");

  private static RoutingTable.@org.jspecify.annotations.Nullable Certificate certificate;

  private World world;

  @BeforeAll
  static void makeKey() throws Exception {
    certificate = Keys.make("cert/one", "one.example.com", "EC");
  }

  @BeforeEach
  void begin() throws Exception {
    world = new World();
    world.protocol = Protocol.HTTPS;
    world.settings = World.logging(null, "bucket");
    world.certificates.add(Objects.requireNonNull(certificate));
  }

  @AfterEach
  void end() {
    world.close();
  }

  private SSLSocket connect(String version, String group) throws Exception {
    SSLSocket socket =
        (SSLSocket)
            Keys.trusting()
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), world.port);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setProtocols(new String[] {version});
    parameters.setNamedGroups(new String[] {group});
    parameters.setApplicationProtocols(new String[] {"http/1.1"});
    socket.setSSLParameters(parameters);
    socket.setSoTimeout((int) World.PATIENCE.toMillis());
    return socket;
  }

  /** A client that is served; its port. */
  private int asks(String version, String group) throws Exception {
    try (SSLSocket socket = connect(version, group);
        World.Talk talk = new World.Talk(socket)) {
      assertThat(talk.get("/").status()).isEqualTo(404);
      return socket.getLocalPort();
    }
  }

  private Matcher lineOf(List<String> lines, int port) {
    for (String line : lines) {
      Matcher matcher = LINE.matcher(line);
      assertThat(matcher.matches()).as(line).isTrue();
      if (matcher.group("from").equals(Integer.toString(port))) {
        assertThat(matcher.group("port")).isEqualTo(Integer.toString(world.port));
        return matcher;
      }
    }
    throw new AssertionError("no line of port " + port + " in " + lines);
  }

  @Test
  void a_secure_connection_says_by_what_its_keys_were_agreed() throws Exception {
    world.policy = new TlsPolicy(List.of("TLSv1.2", "TLSv1.3"), world.policy.ciphers(), true);
    world.apply();
    record Case(String version, String group, String cipher) {}
    List<Case> cases =
        List.of(
            new Case("TLSv1.3", "x25519", "TLS_AES_"),
            new Case("TLSv1.3", "secp256r1", "TLS_AES_"),
            new Case("TLSv1.2", "secp384r1", "ECDHE-ECDSA-AES128-GCM-SHA256"));
    int[] ports = new int[cases.size()];
    for (int i = 0; i < ports.length; i++) {
      ports[i] = asks(cases.get(i).version(), cases.get(i).group());
    }
    assertThat(Handshake.agrees(world.port, "X25519MLKEM768")).isTrue();
    World.until(() -> balancer().newConnections() == 4, () -> "four connections");
    List<String> lines = world.logged("bucket");
    for (int i = 0; i < ports.length; i++) {
      Matcher line = lineOf(lines, ports[i]);
      assertThat(line.group("tls"))
          .startsWith(cases.get(i).version() + " " + cases.get(i).cipher());
      assertThat(line.group("latency")).isNotEqualTo("-");
      assertThat(line.group("status")).isEqualTo("Success");
      assertThat(line.group("group")).isEqualTo(cases.get(i).group());
    }
    assertThat(lines).hasSize(4).anyMatch(line -> line.endsWith(" X25519MLKEM768"));
  }

  @Test
  void a_resumed_connection_of_tls_1_2_agreed_on_nothing_new() throws Exception {
    world.apply();
    var context = Keys.trusting();
    int last = 0;
    for (int i = 0; i < 2; i++) {
      SSLSocket socket =
          (SSLSocket)
              context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), world.port);
      socket.setEnabledProtocols(new String[] {"TLSv1.2"});
      try (socket;
          World.Talk talk = new World.Talk(socket)) {
        assertThat(talk.get("/").status()).isEqualTo(404);
        last = socket.getLocalPort();
      }
    }
    assertThat(lineOf(world.logged("bucket"), last).group("group")).isEqualTo("-");
  }

  @Test
  void a_connection_that_fails_is_logged_too() throws Exception {
    world.policy = new TlsPolicy(List.of("TLSv1.3"), world.policy.ciphers(), false);
    world.apply();
    int port;
    try (SSLSocket socket = connect("TLSv1.2", "secp256r1")) {
      port = socket.getLocalPort();
      assertThat(org.assertj.core.api.Assertions.catchThrowable(socket::startHandshake))
          .isInstanceOf(java.io.IOException.class);
    }
    World.until(() -> balancer().clientTlsErrors() == 1, () -> "an error");
    Matcher line = lineOf(world.logged("bucket"), port);
    assertThat(line.group("tls")).isEqualTo("- -");
    assertThat(line.group("latency")).isEqualTo("-");
    assertThat(line.group("status")).isEqualTo("Failed:UnmappedConnectionError");
    assertThat(line.group("group")).isEqualTo("-");
  }

  @Test
  void a_connection_without_tls_has_dashes() throws Exception {
    world.protocol = Protocol.HTTP;
    world.apply();
    int port;
    try (World.Talk talk = world.talk()) {
      assertThat(talk.get("/").status()).isEqualTo(404);
      port = talk.socket.getLocalPort();
    }
    Matcher line = lineOf(world.logged("bucket"), port);
    assertThat(line.group("tls")).isEqualTo("- -");
    assertThat(line.group("latency")).isEqualTo("-");
    assertThat(line.group("status")).isEqualTo("-");
    assertThat(line.group("group")).isEqualTo("-");
  }

  @Test
  void a_network_balancer_names_the_group_in_its_access_log() throws Exception {
    world.kind = Kind.NETWORK;
    world.protocol = Protocol.TLS;
    world.settings = World.logging("bucket", null);
    try (Backend backend = new Backend("a")) {
      world.group("tg", GroupSettings.DEFAULTS, backend).forwardAll("tg").apply().healthy(1);
      try (SSLSocket socket = connect("TLSv1.3", "secp256r1")) {
        socket
            .getOutputStream()
            .write("GET / HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      }
      String[] fields = world.logged("bucket").getFirst().split(" ", -1);
      assertThat(fields[0]).isEqualTo("tls");
      assertThat(fields[14]).startsWith("TLS_AES_");
      assertThat(fields[15]).isEqualTo("tlsv13");
      assertThat(fields[16]).isEqualTo("secp256r1");
      assertThat(fields[20]).isEqualTo("\"http/1.1\"");
    }
  }

  @Test
  void a_hello_cut_short_anywhere_offers_nothing_and_breaks_nothing() {
    byte[] extension = {
      0, 16, 0, 14, 0, 12, 2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'
    };
    ByteBuffer hello = ByteBuffer.allocate(100);
    hello.position(34);
    hello.put((byte) 1).put((byte) 7); // session
    hello.putShort((short) 2).putShort((short) 0x1301); // ciphers
    hello.put((byte) 1).put((byte) 0); // compressions
    hello.putShort((short) extension.length).put(extension);
    byte[] whole = Arrays.copyOf(hello.array(), hello.position());
    assertThat(OfferedProtocols.in(ByteBuffer.wrap(whole))).isEqualTo("\"h2\",\"http/1.1\"");
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThat(OfferedProtocols.in(ByteBuffer.wrap(cut))).isNull();
    }
  }

  private Metrics.Balancer balancer() {
    return world.lb.metrics().balancers().getFirst();
  }
}
