package gantry.app.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.app.http.HttpServer.Serving;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.group.DefaultChannelGroup;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AcceptorTest {

  @Test
  void aMachineWithoutFilesToSpareIsAskedAgainAfterASecond() {
    EmbeddedChannel listener = new EmbeddedChannel();
    Serving serving =
        new Serving(exchange -> {}, Limits.USUAL, new DefaultChannelGroup(listener.eventLoop()));
    listener
        .pipeline()
        .addLast(
            new Acceptor(serving, listener.eventLoop().parent(), UnpooledByteBufAllocator.DEFAULT));
    listener.freezeTime();

    listener.pipeline().fireExceptionCaught(new IOException("Too many open files"));

    assertThatThrownBy(listener::checkException).hasMessage("Too many open files");
    assertThat(listener.config().isAutoRead()).isFalse();
    listener.advanceTimeBy(999, TimeUnit.MILLISECONDS);
    listener.runScheduledPendingTasks();
    assertThat(listener.config().isAutoRead()).isFalse();
    listener.advanceTimeBy(1, TimeUnit.MILLISECONDS);
    listener.runScheduledPendingTasks();
    assertThat(listener.config().isAutoRead()).isTrue();
    assertThat(listener.finish()).isFalse();
  }
}
