package gantry.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A runner waits for nothing that has arrived already. */
@Timeout(60)
class InboxTest {

  private final Inbox inbox = new Inbox(Clock.systemUTC());

  @Test
  void beginsWithALookAtEverything() {
    assertThat(inbox.take().everything()).isTrue();
    assertThat(inbox.take()).isEqualTo(new Inbox.News(false, Set.of(), List.of()));
  }

  @Test
  void whatArrivesBeforeItWaitsEndsTheWait() throws InterruptedException {
    inbox.take();
    boolean[] told = {false};
    inbox.tell(() -> told[0] = true); // while the runner decides what to wait for
    inbox.await(null);
    assertThat(told[0]).isTrue();
    inbox.take();
    inbox.changed("app");
    inbox.await(null);
    assertThat(inbox.take().containers()).containsExactly("app");
    inbox.post(() -> told[0] = false);
    inbox.await(null);
    inbox.take().results().forEach(Runnable::run);
    assertThat(told[0]).isFalse();
  }

  @Test
  void whatArrivesWhileItWaitsEndsTheWait() throws InterruptedException {
    inbox.take();
    Thread other = Thread.ofVirtual().start(() -> inbox.changed("app"));
    inbox.await(null);
    other.join();
    assertThat(inbox.take().containers()).containsExactly("app");
  }

  @Test
  void waitsNoLongerThanItIsTold() throws InterruptedException {
    inbox.take();
    inbox.await(Clock.systemUTC().instant().plusMillis(20));
    inbox.await(Clock.systemUTC().instant().minusSeconds(1));
    assertThat(inbox.take().everything()).isFalse();
  }

  @Test
  void theEndEndsEveryWait() throws InterruptedException {
    inbox.take();
    inbox.end();
    inbox.await(null);
    inbox.rest(Duration.ofHours(1));
    assertThat(inbox.take()).isNull();
    assertThat(inbox.isEnded()).isTrue();
  }
}
