package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommitFeedTest {

  /**
   * A snapshot may show a commit that the feed has yet to tell of: its reader must not hear of it
   * again.
   */
  @Test
  void aSubscriberThatHasSeenMoreThanTheFeedToldIsToldOnlyOfTheRest() {
    CommitFeed feed = new CommitFeed(4);
    List<Long> heard = new ArrayList<>();
    feed.subscribe(5, commit -> heard.add(commit.revision()));
    feed.publish(new Commit(5, Instant.EPOCH, List.of()));
    feed.publish(new Commit(6, Instant.EPOCH, List.of()));
    assertThat(heard).containsExactly(6L);
  }
}
