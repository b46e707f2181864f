package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.HealthCheck;
import gantry.traffic.lb.RoutingTable.Protocol;
import gantry.traffic.lb.RoutingTable.TargetGroup;
import gantry.traffic.lb.RoutingTable.Version;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Checks over TLS and of gRPC, against targets that speak it. */
@Timeout(120)
class HealthCheckTest {

  private static RoutingTable.@Nullable Certificate certificate;

  private World world;
  private GroupSettings settings = GroupSettings.DEFAULTS;

  @BeforeAll
  static void makeKey() throws Exception {
    certificate = Keys.make("cert/own", "nobody.example.com", "RSA");
  }

  @BeforeEach
  void begin() throws IOException {
    world = new World(1);
  }

  @AfterEach
  void end() {
    world.close();
  }

  private static final Duration INTERVAL = Duration.ofMillis(400);

  /** A target that is slow to answer for once is not to be taken for one that does not. */
  private Duration timeout = World.PATIENCE;

  private void check(Protocol protocol, Version version, String path, String matcher, int port) {
    HealthCheck check =
        new HealthCheck(true, protocol, null, path, INTERVAL, timeout, 2, 2, matcher);
    world.groups.put(
        "tg",
        new TargetGroup(
            "tg",
            "targetgroup/tg/1",
            protocol,
            version,
            SocketRooms.HOST,
            check,
            settings,
            List.of(new RoutingTable.Target("127.0.0.1", port, "127.0.0.1", "az1", false))));
    world.forwardAll("tg").apply();
  }

  private String reason() {
    World.until(() -> unhealthy().findAny().isPresent(), () -> "only " + world.reports);
    TargetHealthReport last = unhealthy().toList().getLast();
    return last.reason() + ": " + last.description();
  }

  private Stream<TargetHealthReport> unhealthy() {
    return world.reports.stream().filter(r -> r.state().equals("unhealthy"));
  }

  /** Signed by nobody but itself; one for all tests, as it takes a moment to make. */
  private static RoutingTable.Certificate own() {
    return java.util.Objects.requireNonNull(certificate);
  }

  /** A target with such a certificate. */
  private static World secured(int status) throws Exception {
    World target = new World(1);
    target.protocol = Protocol.HTTPS;
    target.certificates.add(own());
    target.last =
        new RoutingTable.Rule("d", 0, List.of(), new Action.Fixed(status, "text/plain", "mine"));
    return target.apply();
  }

  @Test
  void a_target_over_tls_with_a_certificate_of_its_own_is_well_and_served() throws Exception {
    try (World target = secured(200)) {
      check(Protocol.HTTPS, Version.HTTP1, "/", "200", target.port);
      world.healthy(1);
      try (var talk = world.talk()) {
        assertThat(talk.get("/").body()).isEqualTo("mine");
        assertThat(talk.get("/again").body()).isEqualTo("mine");
      }
    }
  }

  @Test
  void its_codes_are_compared() throws Exception {
    try (World target = secured(503)) {
      check(Protocol.HTTPS, Version.HTTP1, "/", "200-299", target.port);
      assertThat(reason())
          .isEqualTo("Target.ResponseCodeMismatch: Health checks failed with these codes: [503]");
    }
  }

  @Test
  void a_target_in_the_clear_fails_a_check_over_tls() throws Exception {
    try (Backend plain = new Backend("plain")) {
      timeout = INTERVAL.minusMillis(50);
      check(Protocol.HTTPS, Version.HTTP1, "/", "200", plain.port());
      // It waits for the end of a line that never comes; others say 400, which is no handshake.
      assertThat(reason()).isEqualTo("Target.Timeout: Request timed out");
    }
  }

  @Test
  void the_proxy_header_comes_before_the_handshake() throws Exception {
    var certificate = own();
    java.security.KeyStore store = java.security.KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(
        "k",
        certificate.key(),
        new char[0],
        certificate.chain().toArray(new java.security.cert.Certificate[0]));
    var keys = javax.net.ssl.KeyManagerFactory.getInstance("PKIX");
    keys.init(store, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    CompletableFuture<String> asked = new CompletableFuture<>();
    try (var server = new java.net.ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                while (!asked.isDone() && !server.isClosed()) {
                  try (Socket socket = server.accept()) {
                    byte[] header = socket.getInputStream().readNBytes(16);
                    assertThat(header[12]).isEqualTo((byte) 0x20);
                    SSLSocket secure =
                        (SSLSocket) context.getSocketFactory().createSocket(socket, "", 0, true);
                    secure.setUseClientMode(false);
                    Backend.Request request = Backend.read(secure.getInputStream());
                    Backend.ok(secure.getOutputStream(), "");
                    if (request != null) {
                      asked.complete(request.line());
                    }
                  } catch (IOException gaveUp) {
                    continue; // the next check comes
                  } catch (AssertionError e) {
                    asked.completeExceptionally(e);
                  }
                }
              });
      Settings.Group proxied = new Settings.Group();
      proxied.proxy = true;
      settings = proxied.made();
      check(Protocol.HTTPS, Version.HTTP1, "/ready", "200", server.getLocalPort());
      assertThat(asked.get(World.PATIENCE.toSeconds(), TimeUnit.SECONDS))
          .isEqualTo("GET /ready HTTP/1.1");
    }
  }

  /** Tables that come quickly one after the other are one: nobody saw it go. */
  @Test
  void a_target_that_was_registered_again_is_judged_anew() throws Exception {
    try (Backend backend = new Backend("b")) {
      world.group("tg", GroupSettings.DEFAULTS, backend).forwardAll("tg").apply().healthy(1);
      World.until(() -> world.reports.size() >= 2, () -> "only " + world.reports);
      for (int i = 1; i <= 3; i++) {
        world.reports.clear();
        world.targets(
            "tg",
            new RoutingTable.Target(
                "127.0.0.1",
                backend.port(),
                "127.0.0.1",
                "az1",
                false,
                Instant.EPOCH.plusSeconds(i)));
        World.until(() -> world.reports.size() >= 2, () -> "only " + world.reports);
        assertThat(world.reports.stream().map(TargetHealthReport::state))
            .containsExactly("initial", "healthy");
      }
    }
  }

  /** After a moment in which nothing ran, as of a machine that slept: one look is no verdict. */
  @Test
  void checks_that_were_missed_are_not_made_up_for() throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    Thread here = Thread.currentThread();
    List<Long> begun = new CopyOnWriteArrayList<>();
    SocketRooms rooms =
        name -> {
          if (Thread.currentThread() != here) { // which opens the door
            begun.add(System.nanoTime());
            if (begun.size() == 1) {
              World.await(go);
            }
          }
          return SocketRooms.HOST_ONLY.room(name);
        };
    long interval = World.QUICK.interval().toNanos();
    try (World alone = new World(1, rooms);
        Backend backend = new Backend("b")) {
      alone.group("tg", GroupSettings.DEFAULTS, backend).forwardAll("tg").apply();
      World.until(() -> !begun.isEmpty(), () -> "no check");
      long missed = begun.getFirst() + 10 * interval;
      World.until(() -> System.nanoTime() > missed, () -> "time");
      go.countDown();
      World.until(() -> begun.size() >= 6, () -> begun + " checks");
      assertThat(begun.get(5) - begun.get(1)).isGreaterThanOrEqualTo(4 * interval);
    } finally {
      go.countDown();
    }
  }

  @Test
  void a_grpc_target_is_judged_by_its_status() throws Exception {
    for (boolean trailers : new boolean[] {true, false}) {
      try (GrpcTarget target = new GrpcTarget(trailers, Map.of("/a.Health/Check", "0"))) {
        check(Protocol.HTTP, Version.GRPC, "/a.Health/Check", "0", target.port());
        world.healthy(1);
        assertThat(target.asked.getFirst()).isEqualTo("POST /a.Health/Check application/grpc 5");
        world.reports.clear();
        check(Protocol.HTTP, Version.GRPC, "/else", "0-11", target.port());
        assertThat(reason())
            .isEqualTo("Target.ResponseCodeMismatch: Health checks failed with these codes: [12]");
        check(Protocol.HTTP, Version.GRPC, "/AWS.ALB/healthcheck", "12", target.port());
        world.healthy(1);
        world.reports.clear();
      }
    }
  }

  /** A gRPC server as far as a check sees one: a status in the trailers, or with no message. */
  private static final class GrpcTarget implements AutoCloseable {
    final List<String> asked = new CopyOnWriteArrayList<>();
    private final MultiThreadIoEventLoopGroup loops =
        new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Channel listener;

    GrpcTarget(boolean trailers, Map<String, String> statuses) {
      listener =
          new ServerBootstrap()
              .group(loops)
              .channel(NioServerSocketChannel.class)
              .childHandler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel child) {
                      child
                          .pipeline()
                          .addLast(
                              Http2FrameCodecBuilder.forServer().build(),
                              new Http2MultiplexHandler(
                                  new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel stream) {
                                      stream.pipeline().addLast(new Method(trailers, statuses));
                                    }
                                  }));
                    }
                  })
              .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .syncUninterruptibly()
              .channel();
    }

    int port() {
      return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    @Override
    public void close() {
      listener.close().syncUninterruptibly();
      loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    private final class Method extends ChannelInboundHandlerAdapter {
      private final boolean trailers;
      private final Map<String, String> statuses;
      private String head = "";
      private String status = "";

      Method(boolean trailers, Map<String, String> statuses) {
        this.trailers = trailers;
        this.statuses = statuses;
      }

      @Override
      public void channelRead(ChannelHandlerContext ctx, Object frame) {
        if (frame instanceof Http2HeadersFrame headers) {
          String path = headers.headers().path().toString();
          head = headers.headers().method() + " " + path;
          head += " " + headers.headers().get("content-type");
          status = statuses.getOrDefault(path, "12");
        } else if (frame instanceof Http2DataFrame data && data.isEndStream()) {
          asked.add(head + " " + data.content().readableBytes());
          var begin =
              new DefaultHttp2Headers().status("200").add("content-type", "application/grpc");
          if (trailers) {
            ctx.write(new DefaultHttp2HeadersFrame(begin));
            ctx.write(
                new DefaultHttp2DataFrame(
                    Unpooled.copiedBuffer("\0\0\0\0\0", StandardCharsets.US_ASCII)));
            ctx.writeAndFlush(
                new DefaultHttp2HeadersFrame(
                    new DefaultHttp2Headers().add("grpc-status", status), true));
          } else {
            ctx.writeAndFlush(new DefaultHttp2HeadersFrame(begin.add("grpc-status", status), true));
          }
        }
        ReferenceCountUtil.release(frame);
      }
    }
  }
}
