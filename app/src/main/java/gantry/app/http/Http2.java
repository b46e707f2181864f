package gantry.app.http;

import gantry.app.http.HttpServer.Serving;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpServerUpgradeHandler.UpgradeCodec;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ServerUpgradeCodec;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/** HTTP/2: each stream is a channel of its own, with the same {@link Front} as a connection. */
final class Http2 {

  private static final int WINDOW_BYTES = 1 << 20;

  private Http2() {}

  static void install(ChannelPipeline pipeline, Serving serving, Connection connection) {
    pipeline.addLast(codec(serving), streams(serving, connection));
  }

  static @Nullable UpgradeCodec upgradeTo(
      CharSequence protocol, Serving serving, Connection connection) {
    return AsciiString.contentEquals(Http2CodecUtil.HTTP_UPGRADE_PROTOCOL_NAME, protocol)
        ? new Http2ServerUpgradeCodec(codec(serving), streams(serving, connection))
        : null;
  }

  private static Http2FrameCodec codec(Serving serving) {
    return Http2FrameCodecBuilder.forServer()
        .initialSettings(
            new Http2Settings()
                .maxConcurrentStreams(Limits.STREAMS_PER_CONNECTION)
                .maxHeaderListSize(Limits.HEADER_BYTES)
                .initialWindowSize(WINDOW_BYTES))
        .gracefulShutdownTimeoutMillis(serving.limits().drain().toMillis())
        .build();
  }

  private static Http2MultiplexHandler streams(Serving serving, Connection connection) {
    return new Http2MultiplexHandler(
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel stream) {
            stream.pipeline().addLast(new Http2StreamFrameToHttpObjectCodec(true));
            stream.pipeline().addLast(new Front(serving, connection, true));
          }
        });
  }
}
