package gantry.traffic.lb;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;

/** A TLS client that is particular; by BoringSSL, as the JDK's knows no hybrid key exchange. */
final class Handshake {

  private Handshake() {}

  /** Whether a client that knows this key exchange only is served. */
  static boolean agrees(int port, String group) throws Exception {
    SslContext client =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.OPENSSL)
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .endpointIdentificationAlgorithm("")
            .option(OpenSslContextOption.GROUPS, new String[] {group})
            .build();
    SslHandler handler = client.newHandler(ByteBufAllocator.DEFAULT);
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    try {
      Channel channel =
          new Bootstrap()
              .group(loop)
              .channel(NioSocketChannel.class)
              .handler(handler)
              .connect(InetAddress.getLoopbackAddress(), port)
              .sync()
              .channel();
      boolean agreed = handler.handshakeFuture().await().isSuccess();
      channel.close().sync();
      return agreed;
    } finally {
      loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
  }
}
