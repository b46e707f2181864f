package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SniCompletionEvent;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.AsyncMapping;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Puts together what a newly accepted HTTP connection needs: TLS or not, HTTP/1 or HTTP/2. */
final class ServerFront {

  /** How an entry answers a TLS hello. */
  interface TlsEntry {
    Tls.@Nullable Chosen choose(@Nullable String serverName);
  }

  private ServerFront() {}

  static void plain(Channel channel, Worker worker, Entry entry, @Nullable String zone) {
    Client client = new Client((InetSocketAddress) channel.remoteAddress(), false, zone);
    channel.pipeline().addLast(new FrontHttp1(worker, entry, client));
  }

  /** A flow of a network balancer, with TLS ended here where {@code tls} is given. */
  static void flow(
      Channel channel,
      Worker worker,
      Compiled compiled,
      @Nullable TlsEntry tls,
      @Nullable String zone) {
    Client client = new Client((InetSocketAddress) channel.remoteAddress(), tls != null, zone);
    InetSocketAddress local = (InetSocketAddress) channel.localAddress();
    Flow flow = new Flow(worker, compiled, client, local);
    if (tls == null) {
      channel.pipeline().addLast(flow);
    } else {
      boolean logged = compiled.balancer.settings().accessLogPrefix() != null;
      if (logged) {
        channel.pipeline().addLast(new KeyExchange(client));
      }
      channel
          .pipeline()
          .addLast(new Hello(client, tls, logged))
          .addLast(
              new AfterHandshake(
                  worker, client, compiled, local.getPort(), pipeline -> pipeline.addLast(flow)));
    }
  }

  static void secure(
      Channel channel, Worker worker, Entry entry, TlsEntry tls, @Nullable String zone) {
    Client client = new Client((InetSocketAddress) channel.remoteAddress(), true, zone);
    Compiled any = entry.any();
    // Where several listen, whose log it is to be in is not known yet.
    if (any == null || any.balancer.settings().connectionLogPrefix() != null) {
      channel.pipeline().addLast(new KeyExchange(client));
    }
    channel
        .pipeline()
        .addLast(new Hello(client, tls, false))
        .addLast(
            new AfterHandshake(
                worker,
                client,
                any,
                entry.port(),
                pipeline -> {
                  SslHandler ssl = pipeline.get(SslHandler.class);
                  if (ApplicationProtocolNames.HTTP_2.equals(ssl.applicationProtocol())) {
                    FrontHttp2.install(pipeline, worker, entry, client);
                  } else {
                    pipeline.addLast(new FrontHttp1(worker, entry, client));
                  }
                }));
  }

  /** Chooses the certificate by the name that the client asks for. */
  static final class Hello extends SniHandler {
    private final Client client;
    private final boolean logged;

    /**
     * @param logged whether what the client offers is to stand in a log
     */
    Hello(Client client, TlsEntry tls, boolean logged) {
      super(
          (AsyncMapping<String, SslContext>) (name, promise) -> choose(client, tls, name, promise),
          0,
          Tls.HANDSHAKE_MILLIS);
      this.client = client;
      this.logged = logged;
    }

    @Override
    protected Future<SslContext> lookup(ChannelHandlerContext ctx, @Nullable ByteBuf clientHello)
        throws Exception {
      if (logged && clientHello != null) {
        client.offeredProtocols = OfferedProtocols.in(clientHello.nioBuffer());
      }
      return super.lookup(ctx, clientHello);
    }

    private static Future<SslContext> choose(
        Client client, TlsEntry tls, @Nullable String name, Promise<SslContext> promise) {
      Tls.Chosen chosen = tls.choose(name);
      if (chosen == null) {
        return promise.setFailure(new javax.net.ssl.SSLException("no certificate for " + name));
      }
      client.serverName = name;
      client.tls = chosen;
      return promise.setSuccess(chosen.context());
    }
  }

  static final class AfterHandshake extends ChannelInboundHandlerAdapter {
    private final Worker worker;
    private final Client client;
    private final @Nullable Compiled compiled;
    private final int port;
    private final Consumer<ChannelPipeline> then;

    AfterHandshake(
        Worker worker,
        Client client,
        @Nullable Compiled compiled,
        int port,
        Consumer<ChannelPipeline> then) {
      this.worker = worker;
      this.client = client;
      this.compiled = compiled;
      this.port = port;
      this.then = then;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent shaken) {
        if (!shaken.isSuccess()) {
          if (compiled != null) {
            compiled.state.counters[worker.index].clientTlsErrors++;
            worker.owner.connection(compiled, client, port, false);
          }
          ctx.close();
          return;
        }
        SslHandler ssl = ctx.pipeline().get(SslHandler.class);
        client.tlsProtocol = ssl.engine().getSession().getProtocol();
        client.tlsCipher = CipherNames.openSsl(ssl.engine().getSession().getCipherSuite());
        client.alpn = ssl.applicationProtocol();
        client.handshakeMillis = (System.nanoTime() - client.openedNanos) / 1_000_000;
        KeyExchange.end(ctx.pipeline());
        then.accept(ctx.pipeline());
        ctx.pipeline().remove(this);
      } else if (!(event instanceof SniCompletionEvent)) {
        ctx.fireUserEventTriggered(event);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      worker.owner.connectionProblem(cause);
      ctx.close();
    }
  }
}
