package gantry.app.http;

import gantry.app.http.HttpServer.Serving;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerUpgradeHandler;
import io.netty.handler.codec.http.HttpUtil;

/** HTTP/1.1 on a connection, and its way to HTTP/2. */
final class Http1 {

  private static final String CODEC = "codec";
  private static final String FRONT = "front";
  private static final int CHUNK_MOST = 64 * 1024;

  private Http1() {}

  static void install(ChannelPipeline pipeline, Serving serving, Connection connection) {
    pipeline.addLast(CODEC, new CombinedChannelDuplexHandler<>(new Strict(), new Encoder()));
    pipeline.addLast(FRONT, new Front(serving, connection, false));
  }

  /** Whether a request, which has no body, would go on in HTTP/2. */
  static boolean asksForHttp2(HttpRequest request) {
    HttpHeaders headers = request.headers();
    return headers.contains(HttpHeaderNames.UPGRADE)
        && headers.containsValue(HttpHeaderNames.UPGRADE, "h2c", true)
        && !HttpUtil.isTransferEncodingChunked(request)
        && HttpUtil.getContentLength(request, 0L) <= 0;
  }

  /**
   * Hands a request that asks for HTTP/2 to what upgrades, before the {@link Front} sees more of
   * it.
   */
  static void upgrade(
      ChannelHandlerContext front, HttpRequest request, Serving serving, Connection connection) {
    ChannelPipeline pipeline = front.pipeline();
    pipeline.addAfter(
        CODEC,
        "upgrade",
        new HttpServerUpgradeHandler(
            ctx -> {
              ctx.pipeline().remove(CODEC);
              ctx.pipeline().remove(FRONT);
              connection.upgraded();
            },
            protocol -> Http2.upgradeTo(protocol, serving, connection),
            CHUNK_MOST));
    pipeline.context(CODEC).fireChannelRead(request);
  }

  /** From here on the connection's bytes mean nothing to HTTP. */
  static void becomeTunnel(ChannelPipeline pipeline) {
    pipeline.remove(CODEC);
  }

  /** Lets an answer by that was written out already. */
  private static final class Encoder extends HttpResponseEncoder {
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise)
        throws Exception {
      if (message instanceof ByteBuf) {
        ctx.write(message, promise);
      } else {
        super.write(ctx, message, promise);
      }
    }
  }

  /** Two readers could disagree where such a request ends, and what then begins. */
  private static final class Strict extends HttpRequestDecoder {
    Strict() {
      super(
          new HttpDecoderConfig()
              .setMaxInitialLineLength(Limits.PROLOGUE_BYTES)
              .setMaxHeaderSize(Limits.HEADER_BYTES)
              .setMaxChunkSize(CHUNK_MOST)
              .setAllowDuplicateContentLengths(false));
    }

    @Override
    protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
      throw new IllegalArgumentException("The request's length is said in two ways.");
    }
  }
}
