package gantry.app.connect;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.EniPayload;
import gantry.node.TaskNetwork;
import gantry.services.ecs.EcsTables;
import gantry.state.Change;
import gantry.state.Commit;
import gantry.state.Feed;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.Tx;
import gantry.state.View;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectLinkTest {

  @TempDir Path logs;

  /** Tables that cannot be read when that is said, and who read them when. */
  private static final class Reluctant implements Store, Feed {
    private final Store empty = MemoryStore.of(Clock.systemUTC(), EcsTables.CONNECT);
    private final LinkedBlockingQueue<Boolean> reads = new LinkedBlockingQueue<>();
    private volatile @Nullable Consumer<Commit> follower;
    private volatile boolean broken;

    @Override
    public View snapshot() {
      boolean works = !broken;
      reads.add(works);
      if (!works) {
        throw new IllegalStateException("a mistake of ours");
      }
      return empty.snapshot();
    }

    @Override
    public <R> R write(Function<Tx, R> writer) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Feed feed() {
      return this;
    }

    @Override
    public Subscription subscribe(long revision, Consumer<Commit> consumer) {
      follower = consumer;
      return () -> follower = null;
    }

    void changed() {
      Consumer<Commit> told = follower;
      if (told != null) {
        Scope here = new Scope("000000000000", "us-east-1");
        told.accept(
            new Commit(
                1,
                Instant.EPOCH,
                List.of(new Change<>(EcsTables.SERVICES, here.key("web"), null, null))));
      }
    }

    boolean nextRead() throws InterruptedException {
      Boolean works = reads.poll(60, TimeUnit.SECONDS);
      assertThat(works).as("somebody reads").isNotNull();
      return works;
    }

    @Override
    public void close() {
      empty.close();
    }
  }

  private static final TaskNetwork NETWORK =
      new TaskNetwork() {
        @Override
        public void attach(String taskArn, EniPayload eni, long pausePid) {}

        @Override
        public void detach(String eniId) {}

        @Override
        public void retainOnly(Set<String> eniIds) {}
      };

  @Test
  void goesOnFollowingAfterAMistake() throws Exception {
    Reluctant store = new Reluctant();
    try (ConnectLink link = new ConnectLink(store, NETWORK, logs)) {
      assertThat(store.nextRead()).as("at its start").isTrue();
      link.attach(
          "arn:aws:ecs:us-east-1:000000000000:task/default/0a",
          new EniPayload(
              "attachment",
              "eni-0a",
              "vpc-0a",
              "subnet-0a",
              "0a:00:00:00:00:01",
              "10.0.0.4",
              "10.0.0.0/24",
              "ip-10-0-0-4",
              null),
          1);
      assertThat(store.nextRead()).as("for the task").isTrue();
      store.broken = true;
      store.changed();
      assertThat(store.nextRead()).isFalse();
      store.broken = false;
      // It may have tried once more before it could.
      boolean works = false;
      while (!works) {
        works = store.nextRead();
      }
    }
  }
}
