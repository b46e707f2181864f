package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.Balancer;
import gantry.traffic.lb.RoutingTable.BalancerSettings;
import gantry.traffic.lb.RoutingTable.Certificate;
import gantry.traffic.lb.RoutingTable.Condition;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.HealthCheck;
import gantry.traffic.lb.RoutingTable.Kind;
import gantry.traffic.lb.RoutingTable.Listener;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.Rule;
import gantry.traffic.lb.RoutingTable.Target;
import gantry.traffic.lb.RoutingTable.TargetGroup;
import gantry.traffic.lb.RoutingTable.Version;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** One balancer with what is behind it, for tests that read as scenarios. */
final class World implements AutoCloseable {

  static final String LB =
      "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/w/1";

  /** How long a state may take to come on a machine that has no time. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  final List<TargetHealthReport> reports = new CopyOnWriteArrayList<>();
  final LoadBalancers lb;
  final int port;
  final Path logs;
  final Map<String, TargetGroup> groups = new LinkedHashMap<>();
  final List<Rule> rules = new ArrayList<>();
  final List<Certificate> certificates = new ArrayList<>();

  /** Further balancers, which have the port too. */
  final List<String> others = new ArrayList<>();

  BalancerSettings settings = BalancerSettings.DEFAULTS;
  Protocol protocol = Protocol.HTTP;
  RoutingTable.TlsPolicy policy =
      new RoutingTable.TlsPolicy(
          List.of("TLSv1.2", "TLSv1.3"),
          List.of(
              "TLS_AES_128_GCM_SHA256",
              "TLS_AES_256_GCM_SHA384",
              "TLS_CHACHA20_POLY1305_SHA256",
              "ECDHE-ECDSA-AES128-GCM-SHA256",
              "ECDHE-RSA-AES128-GCM-SHA256",
              "ECDHE-RSA-AES128-SHA256"),
          false);
  Kind kind = Kind.APPLICATION;
  Rule last =
      new Rule("rule/default", 0, List.of(), new Action.Fixed(404, "text/plain", "default"));
  private final Socket reserved;
  private long revision;

  World() throws IOException {
    this(2);
  }

  World(int workers) throws IOException {
    this(workers, SocketRooms.HOST_ONLY);
  }

  World(int workers, SocketRooms rooms) throws IOException {
    reserved = reserve();
    port = reserved.getLocalPort();
    logs = Files.createTempDirectory("lb-logs");
    lb =
        new LoadBalancers(
            new LoadBalancers.Config(
                workers, rooms, "127.0.0.1", logs, new byte[16], "", reports::add));
  }

  /**
   * A port that is nobody's but the listener's: bound and not listening, it refuses who connects,
   * the kernel gives it to nobody else, and a listener may still be bound there.
   */
  static Socket reserve() throws IOException {
    Socket socket = new Socket();
    socket.setReuseAddress(true);
    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    return socket;
  }

  /** Often, but a target that is slow to answer for once is not ill. */
  static final HealthCheck QUICK = often(Protocol.HTTP, "200");

  static final HealthCheck UNCHECKED =
      new HealthCheck(
          false,
          Protocol.TCP,
          null,
          "/",
          Duration.ofSeconds(30),
          Duration.ofSeconds(5),
          5,
          2,
          "200");

  static HealthCheck often(Protocol protocol, String matcher) {
    return new HealthCheck(
        true, protocol, null, "/", Duration.ofMillis(100), PATIENCE, 2, 2, matcher);
  }

  World group(String arn, GroupSettings settings, Backend... backends) {
    return group(arn, Version.HTTP1, settings, QUICK, backends);
  }

  World group(
      String arn, Version version, GroupSettings settings, HealthCheck check, Backend... backends) {
    groups.put(
        arn,
        new TargetGroup(
            arn,
            "targetgroup/" + arn + "/1",
            protocol == Protocol.TCP || protocol == Protocol.TLS ? Protocol.TCP : Protocol.HTTP,
            version,
            SocketRooms.HOST,
            check,
            settings,
            Arrays.stream(backends).map(b -> target(b, false)).toList()));
    return this;
  }

  static Target target(Backend backend, boolean draining) {
    return new Target("127.0.0.1", backend.port(), "127.0.0.1", "az1", draining);
  }

  World targets(String arn, Target... targets) {
    TargetGroup g = java.util.Objects.requireNonNull(groups.get(arn));
    groups.put(
        arn,
        new TargetGroup(
            g.arn(),
            g.id(),
            g.protocol(),
            g.version(),
            g.room(),
            g.healthCheck(),
            g.settings(),
            List.of(targets)));
    return apply();
  }

  World rule(int priority, Action action, Condition... conditions) {
    rules.add(new Rule("rule/" + priority, priority, List.of(conditions), action));
    return this;
  }

  World forwardAll(String arn) {
    last = new Rule("rule/default", 0, List.of(), Action.Forward.to(arn));
    return this;
  }

  /** The usual settings, and logs; null for one that is not kept. */
  static BalancerSettings logging(@Nullable String access, @Nullable String connections) {
    var d = BalancerSettings.DEFAULTS;
    return new BalancerSettings(
        d.idleTimeout(),
        d.clientKeepAlive(),
        d.desync(),
        false,
        false,
        false,
        false,
        d.forwardedFor(),
        true,
        true,
        access,
        connections);
  }

  /** Ends the balancer, which writes what it has to log, and reads that. */
  List<String> logged(String bucket) throws IOException {
    lb.close();
    List<String> all = new ArrayList<>();
    try (var files = Files.walk(logs.resolve(bucket))) {
      // By name, which is by time: every five minutes another one is begun.
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        try (var in = new GZIPInputStream(Files.newInputStream(file))) {
          all.addAll(new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList());
        }
      }
    }
    return all;
  }

  World apply() {
    List<Balancer> balancers = new ArrayList<>(List.of(balancer("w")));
    others.forEach(name -> balancers.add(balancer(name)));
    lb.apply(
        new RoutingTable(
            ++revision, balancers, List.copyOf(groups.values()), List.copyOf(certificates)));
    if (!lb.problems().isEmpty()) {
      throw new AssertionError(lb.problems());
    }
    return this;
  }

  private Balancer balancer(String name) {
    List<Rule> all = new ArrayList<>(rules);
    all.sort(java.util.Comparator.comparing(Rule::priority));
    all.add(last);
    Listener listener =
        new Listener(
            name.equals("w") ? "listener/1" : "listener/" + name,
            port,
            protocol,
            protocol.secure() ? policy : null,
            certificates.stream().map(Certificate::arn).toList(),
            List.of(),
            all,
            Map.of(),
            true,
            Duration.ofSeconds(350));
    return new Balancer(
        LB.replace("/w/", "/" + name + "/"),
        "app/" + name + "/1",
        "000000000000",
        "us-east-1",
        kind,
        name + "-1.us-east-1.elb.amazonaws.com",
        name + ".us-east-1.elb.localhost",
        List.of(),
        settings,
        List.of(listener));
  }

  World healthy(int count) {
    until(
        () ->
            lb.metrics().groups().stream()
                    .flatMap(g -> g.targets().stream())
                    .filter(t -> t.health().equals("healthy") && !t.draining())
                    .count()
                == count,
        () -> "expected " + count + " healthy targets, have " + lb.metrics().groups());
    return this;
  }

  static void until(BooleanSupplier holds, Supplier<String> what) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError(what.get());
      }
      java.util.concurrent.locks.LockSupport.parkNanos(2_000_000);
    }
  }

  static void await(CountDownLatch latch) {
    try {
      if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("what was waited for did not happen");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One connection, spoken to in bytes. */
  Talk talk() throws IOException {
    return new Talk(new Socket(InetAddress.getLoopbackAddress(), port));
  }

  static final class Talk implements AutoCloseable {
    final Socket socket;
    final InputStream in;
    final OutputStream out;

    Talk(Socket socket) throws IOException {
      this.socket = socket;
      socket.setTcpNoDelay(true);
      socket.setSoTimeout((int) PATIENCE.toMillis());
      in = new java.io.BufferedInputStream(socket.getInputStream());
      out = socket.getOutputStream();
    }

    Talk send(String text) throws IOException {
      out.write(text.getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
      return this;
    }

    Reply get(String path) throws IOException {
      return send("GET " + path + " HTTP/1.1\r\nHost: test.example.com\r\n\r\n").reply();
    }

    Reply reply() throws IOException {
      return reply(false);
    }

    Reply reply(boolean toHead) throws IOException {
      Backend.Request head = readHead();
      int status = Integer.parseInt(head.head().split(" ", 3)[1]);
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      String length = head.header("Content-Length");
      if (toHead || status == 204 || status == 304 || status < 200) {
        return new Reply(status, head.head(), "");
      }
      if (length != null) {
        body.writeBytes(in.readNBytes(Integer.parseInt(length)));
      } else if ("chunked".equals(head.header("Transfer-Encoding"))) {
        while (true) {
          int size = Integer.parseInt(line(), 16);
          body.writeBytes(in.readNBytes(size));
          line();
          if (size == 0) {
            break;
          }
        }
      } else {
        body.writeBytes(in.readAllBytes());
      }
      return new Reply(status, head.head(), body.toString(StandardCharsets.ISO_8859_1));
    }

    private String line() throws IOException {
      StringBuilder text = new StringBuilder();
      for (int b = in.read(); b != '\n'; b = in.read()) {
        if (b < 0) {
          throw new IOException("ended inside a line");
        }
        if (b != '\r') {
          text.append((char) b);
        }
      }
      return text.toString();
    }

    private Backend.Request readHead() throws IOException {
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      int last = 0;
      while (last != 0x0d0a0d0a) {
        int b = in.read();
        if (b < 0) {
          throw new IOException("closed after: " + head.toString(StandardCharsets.ISO_8859_1));
        }
        head.write(b);
        last = last << 8 | b;
      }
      return new Backend.Request(head.toString(StandardCharsets.ISO_8859_1), "");
    }

    boolean closed() throws IOException {
      try {
        return in.read() < 0;
      } catch (java.net.SocketException reset) {
        return true;
      }
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  record Reply(int status, String head, String body) {
    @Nullable String header(String name) {
      return new Backend.Request(head, "").header(name);
    }
  }

  @Override
  public void close() {
    lb.close();
    try {
      reserved.close();
      try (var files = Files.walk(logs)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
