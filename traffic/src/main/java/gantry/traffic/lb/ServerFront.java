package gantry.traffic.lb;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SniCompletionEvent;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.AsyncMapping;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;
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

  static void secure(
      Channel channel, Worker worker, Entry entry, TlsEntry tls, @Nullable String zone) {
    Client client = new Client((InetSocketAddress) channel.remoteAddress(), true, zone);
    channel
        .pipeline()
        .addLast(new Hello(client, tls))
        .addLast(new AfterHandshake(worker, entry, client));
  }

  /** Chooses the certificate by the name that the client asks for. */
  static final class Hello extends SniHandler {
    Hello(Client client, TlsEntry tls) {
      super(
          (AsyncMapping<String, SslContext>) (name, promise) -> choose(client, tls, name, promise),
          0,
          Tls.HANDSHAKE_MILLIS);
    }

    private static Future<SslContext> choose(
        Client client, TlsEntry tls, @Nullable String name, Promise<SslContext> promise) {
      Tls.Chosen chosen = tls.choose(name);
      if (chosen == null) {
        return promise.setFailure(new javax.net.ssl.SSLException("no certificate for " + name));
      }
      client.serverName = name;
      client.certificateArn = chosen.certificateArn();
      return promise.setSuccess(chosen.context());
    }
  }

  static final class AfterHandshake extends ChannelInboundHandlerAdapter {
    private final Worker worker;
    private final Entry entry;
    private final Client client;

    AfterHandshake(Worker worker, Entry entry, Client client) {
      this.worker = worker;
      this.entry = entry;
      this.client = client;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent shaken) {
        if (!shaken.isSuccess()) {
          Compiled any = entry.any();
          if (any != null) {
            any.state.counters[worker.index].clientTlsErrors++;
          }
          ctx.close();
          return;
        }
        SslHandler ssl = ctx.pipeline().get(SslHandler.class);
        client.tlsProtocol = ssl.engine().getSession().getProtocol();
        client.tlsCipher = TlsPolicies.openSslName(ssl.engine().getSession().getCipherSuite());
        ctx.pipeline().addLast(new FrontHttp1(worker, entry, client));
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
