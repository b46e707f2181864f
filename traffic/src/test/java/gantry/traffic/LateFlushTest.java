package gantry.traffic;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LateFlushTest {

  private final List<EmbeddedChannel> channels = new ArrayList<>();

  private void answered() {
    EmbeddedChannel channel = new EmbeddedChannel(new ChannelInboundHandlerAdapter());
    ChannelHandlerContext context = channel.pipeline().lastContext();
    context.write(Unpooled.wrappedBuffer(new byte[] {1}));
    LateFlush.flush(context);
    LateFlush.flush(context);
    channels.add(channel);
  }

  private long left() {
    return channels.stream().filter(channel -> !channel.outboundMessages().isEmpty()).count();
  }

  @Test
  void answers_leave_together_when_the_round_is_over_or_when_they_are_many() {
    answered();
    answered();
    assertThat(left()).isZero();
    channels.forEach(EmbeddedChannel::runPendingTasks);
    assertThat(left()).isEqualTo(2);
    channels.clear();
    for (int i = 0; i < 12; i++) {
      answered();
    }
    assertThat(left()).as("a full round does not wait for its end").isEqualTo(8);
    channels.forEach(EmbeddedChannel::runPendingTasks);
    assertThat(left()).isEqualTo(12);
    channels.forEach(EmbeddedChannel::finishAndReleaseAll);
  }
}
