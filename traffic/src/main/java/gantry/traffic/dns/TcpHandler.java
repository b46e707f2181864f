package gantry.traffic.dns;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.timeout.IdleStateEvent;
import java.net.InetSocketAddress;
import java.util.function.Supplier;

/** Queries by TCP, framed by their length; several may follow one another on a connection. */
final class TcpHandler extends SimpleChannelInboundHandler<ByteBuf> {

  private final Supplier<View> view;
  private final Answerer answerer;
  private final Forwarder forwarder;
  private final DnsMetrics metrics;
  private final Askers askers;

  TcpHandler(
      Supplier<View> view,
      Answerer answerer,
      Forwarder forwarder,
      DnsMetrics metrics,
      Askers askers) {
    this.view = view;
    this.answerer = answerer;
    this.forwarder = forwarder;
    this.metrics = metrics;
    this.askers = askers;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    if (context.channel().remoteAddress() instanceof InetSocketAddress asker
        && !askers.mayAsk(asker.getAddress())) {
      metrics.refused();
      context.close();
      return;
    }
    context.fireChannelActive();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, ByteBuf query) {
    ByteBuf answer = context.alloc().buffer(Answerer.PLAIN_UDP_LIMIT);
    switch (answerer.answer(query, answer, view.get(), false)) {
      case ANSWERED -> {
        metrics.answered();
        if (!context.channel().isWritable()) {
          // It asks and asks and reads nothing.
          answer.release();
          context.close();
          return;
        }
        context.writeAndFlush(answer, context.voidPromise());
      }
      case DROP -> {
        metrics.dropped();
        answer.release();
        context.close();
      }
      case FORWARD -> {
        answer.release();
        metrics.forwarded();
        Pending question = answerer.pending(query);
        forwarder.ask(
            question,
            context.channel().eventLoop(),
            reply ->
                context.writeAndFlush(
                    question.answer(reply, Answerer.TCP_LIMIT, context.alloc()),
                    context.voidPromise()));
      }
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof IdleStateEvent) {
      context.close();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    metrics.failed();
    context.close();
  }
}
