package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.HealthCheck;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A health check over HTTP/2: of its code, or of its gRPC status. */
final class Http2Probe extends ChannelInboundHandlerAdapter {

  private static final byte[] EMPTY_MESSAGE = new byte[5];

  private final HealthCheck settings;
  private final String authority;
  private final boolean grpc;
  private final boolean secure;
  private final Consumer<HealthChecker.Verdict> done;

  private Http2Probe(
      HealthCheck settings,
      String authority,
      boolean grpc,
      boolean secure,
      Consumer<HealthChecker.Verdict> done) {
    this.settings = settings;
    this.authority = authority;
    this.grpc = grpc;
    this.secure = secure;
    this.done = done;
  }

  static void install(
      Channel channel,
      HealthCheck settings,
      String authority,
      boolean grpc,
      boolean secure,
      Consumer<HealthChecker.Verdict> done) {
    channel
        .pipeline()
        .addLast(
            Http2FrameCodecBuilder.forClient().build(),
            new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()),
            new Http2Probe(settings, authority, grpc, secure, done));
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    if (!secure) {
      ask(ctx.channel());
    }
    ctx.fireChannelActive();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslHandshakeCompletionEvent shaken) {
      if (shaken.isSuccess()) {
        ask(ctx.channel());
      } else {
        failed();
      }
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    failed();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    failed();
  }

  private void failed() {
    done.accept(new HealthChecker.Verdict(HealthChecker.FAILED, "Health checks failed"));
  }

  private void ask(Channel channel) {
    var _ =
        new Http2StreamChannelBootstrap(channel)
            .handler(new Answer())
            .open()
            .addListener(
                opened -> {
                  if (!opened.isSuccess()) {
                    failed();
                    return;
                  }
                  Http2StreamChannel stream = (Http2StreamChannel) opened.getNow();
                  Http2Headers headers =
                      new DefaultHttp2Headers()
                          .method(grpc ? "POST" : "GET")
                          .path(settings.path())
                          .scheme(secure ? "https" : "http")
                          .authority(authority)
                          .add("user-agent", "ELB-HealthChecker/2.0");
                  if (grpc) {
                    headers.add("content-type", "application/grpc").add("te", "trailers");
                  }
                  stream.write(new DefaultHttp2HeadersFrame(headers, !grpc));
                  if (grpc) {
                    stream.write(
                        new DefaultHttp2DataFrame(
                            io.netty.buffer.Unpooled.wrappedBuffer(EMPTY_MESSAGE), true));
                  }
                  stream.flush();
                });
  }

  private final class Answer extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
      try {
        if (frame instanceof Http2HeadersFrame answer) {
          CharSequence status =
              grpc ? answer.headers().get("grpc-status") : answer.headers().status();
          if (status != null) {
            judge(status.toString());
          } else if (answer.isEndStream()) {
            failed();
          }
        } else if (frame instanceof Http2ResetFrame) {
          failed();
        }
      } finally {
        ReferenceCountUtil.release(frame);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, @Nullable Throwable cause) {
      failed();
    }
  }

  private void judge(String code) {
    int value = code.matches("[0-9]{1,9}") ? Integer.parseInt(code) : -1;
    done.accept(
        value >= 0 && HealthChecker.codeMatches(settings.matcher(), value)
            ? HealthChecker.Verdict.WELL
            : new HealthChecker.Verdict(
                HealthChecker.MISMATCH, "Health checks failed with these codes: [" + code + "]"));
  }
}
