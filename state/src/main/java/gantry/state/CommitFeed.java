package gantry.state;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The feed of one store: the newest commits, and who listens. One lock orders everything, so a
 * subscriber that begins with the past meets the present without a gap and without seeing anything
 * twice.
 */
final class CommitFeed implements Feed {

  /** How many commits can be asked for again. */
  static final int RETAINED_COMMITS = 10_000;

  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Commit> retained = new ArrayDeque<>();
  private final List<Live> subscribers = new CopyOnWriteArrayList<>();

  /** The revision just before the oldest retained commit. */
  private long before;

  CommitFeed(long revision) {
    this.before = revision;
  }

  @Override
  public Subscription subscribe(long revision, Consumer<Commit> consumer) {
    lock.lock();
    try {
      if (revision < before) {
        throw new TooOld(revision, before);
      }
      // A snapshot shows a durable commit a moment before the feed tells of it, so the revision of
      // one may lie ahead; its reader has seen those commits and is not told of them.
      Live live = new Live(revision, consumer);
      if (!retained.isEmpty() && retained.getLast().revision() > revision) {
        for (Commit commit : List.copyOf(retained)) {
          live.accept(commit);
        }
      }
      if (!live.closed) {
        subscribers.add(live);
      }
      return live;
    } finally {
      lock.unlock();
    }
  }

  /** Tells of durable commits, which follow the ones before without a gap. */
  void publish(Commit commit) {
    lock.lock();
    try {
      retained.add(commit);
      if (retained.size() > RETAINED_COMMITS) {
        before = retained.remove().revision();
      }
      for (Live live : subscribers) {
        live.accept(commit);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether this thread is inside a consumer, which must not write. */
  boolean isTelling() {
    return lock.isHeldByCurrentThread();
  }

  private final class Live implements Subscription {
    private final long after;
    private final Consumer<Commit> consumer;
    private volatile boolean closed;

    Live(long after, Consumer<Commit> consumer) {
      this.after = after;
      this.consumer = consumer;
    }

    void accept(Commit commit) {
      if (closed || commit.revision() <= after) {
        return;
      }
      try {
        consumer.accept(commit);
      } catch (RuntimeException e) {
        // One consumer's mistake must not keep the others, or the writers, from going on.
        Log.LOG.error("a consumer of the change feed failed at revision {}", commit.revision(), e);
      }
    }

    @Override
    public void close() {
      closed = true;
      subscribers.remove(this);
    }
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(CommitFeed.class);
  }
}
