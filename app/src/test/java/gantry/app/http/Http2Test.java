package gantry.app.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** HTTP/2 by prior knowledge: many streams of one connection, bodies both ways. */
@Timeout(120)
class Http2Test {

  private static HttpServer server;
  private static EventLoopGroup loops;

  /** What a stream got. */
  private record Got(int status, byte[] body, String echoed) {}

  @BeforeAll
  static void start() {
    server =
        HttpServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            exchange -> {
              byte[] body = exchange.body().readAllBytes();
              exchange.setHeader("x-host", exchange.host());
              exchange.setHeader("x-names", String.join(",", exchange.headerNames()));
              if (exchange.path().equals("/stream")) {
                try (OutputStream out = exchange.respond(200)) {
                  for (int i = 0; i < 64; i++) {
                    out.write(body);
                    out.flush();
                  }
                }
              } else {
                exchange.respond(201, body);
              }
            },
            Limits.USUAL);
    loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  }

  @AfterAll
  static void stop() {
    server.close();
    loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
  }

  private static Channel connection() {
    return new Bootstrap()
        .group(loops)
        .channel(NioSocketChannel.class)
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                channel
                    .pipeline()
                    .addLast(
                        Http2FrameCodecBuilder.forClient().build(),
                        new Http2MultiplexHandler(
                            new ChannelInitializer<>() {
                              @Override
                              protected void initChannel(Channel pushed) {}
                            }));
              }
            })
        .connect(InetAddress.getLoopbackAddress(), server.port())
        .syncUninterruptibly()
        .channel();
  }

  private static CompletableFuture<Got> send(Channel connection, String path, byte[] body) {
    CompletableFuture<Got> got = new CompletableFuture<>();
    Channel stream =
        new Http2StreamChannelBootstrap(connection)
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new Http2StreamFrameToHttpObjectCodec(false),
                            new HttpObjectAggregator(64 << 20),
                            new SimpleChannelInboundHandler<FullHttpResponse>() {
                              @Override
                              protected void channelRead0(
                                  ChannelHandlerContext ctx, FullHttpResponse answer) {
                                byte[] bytes = new byte[answer.content().readableBytes()];
                                answer.content().readBytes(bytes);
                                got.complete(
                                    new Got(
                                        answer.status().code(),
                                        bytes,
                                        answer.headers().get("x-host")
                                            + " "
                                            + answer.headers().get("x-names")));
                              }

                              @Override
                              public void channelInactive(ChannelHandlerContext ctx) {
                                got.completeExceptionally(
                                    new IllegalStateException("closed without an answer"));
                              }
                            });
                  }
                })
            .open()
            .syncUninterruptibly()
            .getNow();
    var request =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1, HttpMethod.POST, path, Unpooled.wrappedBuffer(body));
    request.headers().set("host", "localhost:1").set("x-mine", "a");
    stream.writeAndFlush(request);
    return got;
  }

  @Test
  void manyStreamsShareAConnection() throws Exception {
    Channel connection = connection();
    List<CompletableFuture<Got>> all = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      all.add(send(connection, "/", ("body " + i).getBytes(UTF_8)));
    }
    for (int i = 0; i < 100; i++) {
      Got got = all.get(i).get(60, TimeUnit.SECONDS);
      assertThat(got.status()).isEqualTo(201);
      assertThat(new String(got.body(), UTF_8)).isEqualTo("body " + i);
      // What signatures are made of: the client's headers, and none of the codec's own.
      assertThat(got.echoed()).startsWith("localhost:1 ").contains("x-mine", "host");
      assertThat(got.echoed()).doesNotContain("x-http2");
    }
    connection.close().syncUninterruptibly();
  }

  @Test
  void longBodiesWaitForTheirReadersInBothDirections() throws Exception {
    Channel connection = connection();
    byte[] body = new byte[300_000];
    Arrays.fill(body, (byte) 'x');
    Got got = send(connection, "/stream", body).get(60, TimeUnit.SECONDS);
    assertThat(got.status()).isEqualTo(200);
    assertThat(got.body()).hasSize(64 * body.length);
    connection.close().syncUninterruptibly();
  }

  @Test
  @Tag("client")
  void curlSpeaksIt(@TempDir Path folder) throws Exception {
    Path body = Files.write(folder.resolve("body"), new byte[2 << 20]);
    Process curl =
        new ProcessBuilder(
                "curl",
                "-q",
                "-sS",
                "--noproxy",
                "*",
                "--http2-prior-knowledge",
                "-o",
                folder.resolve("answer").toString(),
                "-w",
                "%{http_version} %{http_code} %{size_download}",
                "--data-binary",
                "@" + body,
                "http://127.0.0.1:" + server.port() + "/")
            .redirectErrorStream(true)
            .start();
    assertThat(new String(curl.getInputStream().readAllBytes(), UTF_8))
        .isEqualTo("2 201 " + (2 << 20));
    assertThat(curl.waitFor()).isZero();
  }
}
