package gantry.services.logs;

import static gantry.services.logs.LogTables.GROUPS;

import gantry.services.logs.LogTables.GroupRow;
import gantry.services.logs.LogTables.StreamRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Store;
import gantry.state.View;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Deletes the segments of which nothing is left, and the folders of deleted groups. */
final class Retention implements Controller {

  private static final Duration EVERY = Duration.ofHours(1);

  private final Store store;
  private final Clock clock;
  private final LogFiles files;

  Retention(Store store, Clock clock, LogFiles files) {
    this.store = store;
    this.clock = clock;
    this.files = files;
  }

  @Override
  public String name() {
    return "logs-retention";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    if (change.before() instanceof GroupRow) {
      return Stream.of(change.key());
    }
    // A deleted stream may have been the last of a segment.
    return change.before() instanceof StreamRow row && change.after() == null
        ? Stream.of(change.key().scope().key(row.groupName()))
        : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    Set<String> ids = view.scanAll(GROUPS).map(row -> row.value().id()).collect(Collectors.toSet());
    files.strangers(ids).forEach(files::delete);
    return view.scanAll(GROUPS).map(row -> row.key());
  }

  @Override
  public Again reconcile(Key key) {
    View view = store.snapshot();
    GroupRow group = view.get(GROUPS, key);
    if (group == null || !files.exists(group.id())) {
      return group == null || group.retentionDays() == null
          ? Again.WHEN_CHANGED
          : Again.after(EVERY);
    }
    Set<Long> live =
        LogTables.streams(view, key.scope(), group, "")
            .map(StreamRow::number)
            .collect(Collectors.toSet());
    try {
      files.group(group.id()).sweep(group.oldest(clock.millis()), live::contains);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return group.retentionDays() == null ? Again.WHEN_CHANGED : Again.after(EVERY);
  }
}
