package gantry.traffic.dns;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetSocketAddress;
import java.util.function.Supplier;

/** Queries by UDP: answered where they arrive, all that one read brought sent with one flush. */
final class UdpHandler extends ChannelInboundHandlerAdapter {

  private final Supplier<View> view;
  private final Answerer answerer;
  private final Forwarder forwarder;
  private final DnsMetrics metrics;
  private final Askers askers;

  UdpHandler(
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
  public void channelRead(ChannelHandlerContext context, Object message) {
    DatagramPacket packet = (DatagramPacket) message;
    try {
      InetSocketAddress asker = packet.sender();
      // Who asks from port 53 is most often another server, tricked into a loop with us.
      if (!askers.mayAsk(asker.getAddress()) || asker.getPort() == 53 || asker.getPort() == 0) {
        metrics.refused();
        return;
      }
      ByteBuf query = packet.content();
      ByteBuf answer = context.alloc().directBuffer(Answerer.PLAIN_UDP_LIMIT);
      switch (answerer.answer(query, answer, view.get(), true)) {
        case ANSWERED -> {
          metrics.answered();
          context.write(new DatagramPacket(answer, asker), context.voidPromise());
        }
        case DROP -> {
          metrics.dropped();
          answer.release();
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
                      new DatagramPacket(
                          question.answer(reply, question.udpLimit(), context.alloc()), asker),
                      context.voidPromise()));
        }
      }
    } finally {
      packet.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    context.flush();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // An unreachable asker or a packet that could not be sent: nobody is left to tell, so it is
    // counted.
    metrics.failed();
  }
}
