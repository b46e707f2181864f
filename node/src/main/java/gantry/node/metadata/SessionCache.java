package gantry.node.metadata;

import gantry.node.TaskCredentials;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Keeps each task's session until shortly before its end, so that SDKs always find a valid one. */
final class SessionCache {

  /** SDKs ask again some minutes before the end, and must then get a new one. */
  static final Duration RENEW_BEFORE = Duration.ofMinutes(15);

  private final TaskCredentials credentials;
  private final Clock clock;
  private final ConcurrentHashMap<String, Entry> sessions = new ConcurrentHashMap<>();

  private static final class Entry {
    final ReentrantLock lock = new ReentrantLock();
    TaskCredentials.@Nullable Session session;
  }

  SessionCache(TaskCredentials credentials, Clock clock) {
    this.credentials = credentials;
    this.clock = clock;
  }

  TaskCredentials.Session session(String taskArn, String roleArn) {
    Entry entry = sessions.computeIfAbsent(taskArn + " " + roleArn, key -> new Entry());
    entry.lock.lock();
    try {
      TaskCredentials.Session session = entry.session;
      if (session == null || clock.instant().isAfter(session.expiration().minus(RENEW_BEFORE))) {
        session = credentials.session(taskArn, roleArn);
        entry.session = session;
      }
      return session;
    } finally {
      entry.lock.unlock();
    }
  }

  void forget(String taskArn) {
    sessions.keySet().removeIf(key -> key.startsWith(taskArn + " "));
  }
}
