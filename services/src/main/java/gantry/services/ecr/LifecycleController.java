package gantry.services.ecr;

import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Applies lifecycle policies: a while after one is set, and then again and again. */
final class LifecycleController implements Controller {

  /** AWS acts "within 24 hours"; this is soon enough to be seen and late enough to take back. */
  static final Duration SETTLE = Duration.ofMinutes(5);

  static final Duration INTERVAL = Duration.ofHours(1);

  private final Registry registry;
  private final LifecycleOperations lifecycle;
  private final ImagesInUse inUse;

  LifecycleController(Registry registry, LifecycleOperations lifecycle, ImagesInUse inUse) {
    this.registry = registry;
    this.lifecycle = lifecycle;
    this.inUse = inUse;
  }

  @Override
  public String name() {
    return "ecr-lifecycle";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.after() instanceof RepositoryRow row && row.lifecyclePolicyText() != null
        ? Stream.of(change.key())
        : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(EcrTables.REPOSITORIES)
        .filter(row -> row.value().lifecyclePolicyText() != null)
        .map(row -> row.key());
  }

  @Override
  public Again reconcile(Key key) {
    @Nullable RepositoryRow row = registry.store.snapshot().get(EcrTables.REPOSITORIES, key);
    if (row == null || row.lifecyclePolicyText() == null) {
      return Again.WHEN_CHANGED;
    }
    Instant now = registry.clock.instant();
    Instant set = row.lifecycleSetAt();
    Instant evaluated = row.lifecycleEvaluatedAt();
    Instant due =
        evaluated != null
            ? evaluated.plus(INTERVAL)
            : set == null ? now : set.plus(SETTLE);
    if (due.isAfter(now)) {
      return Again.after(Duration.between(now, due));
    }
    lifecycle.apply(key.scope(), row.name(), inUse);
    return Again.after(INTERVAL);
  }
}
