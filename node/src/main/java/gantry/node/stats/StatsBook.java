package gantry.node.stats;

import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Remembers each container's sample before the newest, since rates need two. */
public final class StatsBook {

  /** A sample older than this makes room for the next: rates are over at least that long. */
  static final Duration SPAN = Duration.ofSeconds(1);

  /** Of one container: {@code before} is null at first. */
  public record Two(@Nullable Sample before, Sample now) {}

  private final ConcurrentHashMap<String, Two> book = new ConcurrentHashMap<>();

  /** Takes a new sample; null when there is none to be had. */
  public @Nullable Two take(String containerId, Supplier<@Nullable Sample> sampler) {
    Sample now = sampler.get();
    if (now == null) {
      return book.get(containerId);
    }
    return book.merge(
        containerId,
        new Two(null, now),
        (old, fresh) -> {
          boolean apart = Duration.between(old.now().at(), now.at()).compareTo(SPAN) >= 0;
          return new Two(apart || old.before() == null ? old.now() : old.before(), now);
        });
  }

  public void forget(String containerId) {
    book.remove(containerId);
  }
}
