package gantry.traffic.dns;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A socket of its own for each question: its random port is half of what protects against forged
 * answers.
 */
final class NettyUpstream implements Forwarder.Upstream {

  private final EventLoop loop;

  NettyUpstream(EventLoop loop) {
    this.loop = loop;
  }

  @Override
  public void ask(
      ByteBuf query,
      InetSocketAddress resolver,
      boolean tcp,
      Predicate<ByteBuf> answers,
      Consumer<@Nullable ByteBuf> then) {
    Once once = new Once(answers, then);
    Bootstrap bootstrap = new Bootstrap().group(loop);
    if (tcp) {
      bootstrap
          .channel(EpollSocketChannel.class)
          .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Forwarder.ANSWER_TIMEOUT_MILLIS)
          .handler(
              new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                  channel
                      .pipeline()
                      .addLast(
                          new LengthFieldBasedFrameDecoder(Answerer.TCP_LIMIT + 2, 0, 2, 0, 2),
                          new LengthFieldPrepender(2),
                          once);
                }
              });
    } else {
      bootstrap.channel(EpollDatagramChannel.class).handler(once);
    }
    bootstrap
        .connect(resolver)
        .addListener(
            connected -> {
              if (!connected.isSuccess()) {
                query.release();
                once.end(null);
                return;
              }
              Channel channel = ((io.netty.channel.ChannelFuture) connected).channel();
              once.timeout(channel, loop);
              channel.writeAndFlush(query);
            });
  }

  /** The first true answer, error or timeout ends it. */
  private static final class Once extends ChannelInboundHandlerAdapter {
    private final Predicate<ByteBuf> answers;
    private @Nullable Consumer<@Nullable ByteBuf> then;

    Once(Predicate<ByteBuf> answers, Consumer<@Nullable ByteBuf> then) {
      this.answers = answers;
      this.then = then;
    }

    void timeout(Channel channel, EventLoop loop) {
      loop.schedule(
          () -> {
            channel.close();
            end(null);
          },
          Forwarder.ANSWER_TIMEOUT_MILLIS,
          TimeUnit.MILLISECONDS);
    }

    void end(@Nullable ByteBuf answer) {
      Consumer<@Nullable ByteBuf> waiting = then;
      then = null;
      if (waiting != null) {
        waiting.accept(answer);
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf answer =
          message instanceof DatagramPacket packet ? packet.content() : (ByteBuf) message;
      try {
        if (answers.test(answer)) {
          end(answer);
          context.close();
        }
      } finally {
        answer.release();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      end(null);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      end(null);
      context.close();
    }
  }
}
