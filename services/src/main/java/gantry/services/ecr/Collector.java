package gantry.services.ecr;

import static gantry.services.ecr.EcrTables.within;

import gantry.services.ecr.EcrTables.BlobRow;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects what nobody needs: layers that a repository holds but no image of it names, then bytes
 * on disk that no repository holds, and uploads that nobody goes on with. Each has a grace, because
 * a push names its layers only at its end.
 */
final class Collector implements Controller {

  private static final Logger LOG = LoggerFactory.getLogger(Collector.class);

  static final Duration INTERVAL = Duration.ofHours(1);

  /** How long bytes may lie on disk before a row names them. */
  static final Duration BLOB_GRACE = Duration.ofHours(1);

  /** How long an upload may rest and still be resumed. */
  static final Duration UPLOAD_GRACE = Duration.ofHours(24);

  /** Rows that one write takes: others wait for it. */
  private static final int BATCH = 1_000;

  /** The one thing there is to look after. */
  private static final Key STORE = Scope.global("000000000000").key("blobs");

  private final Registry registry;

  Collector(Registry registry) {
    this.registry = registry;
  }

  @Override
  public String name() {
    return "ecr-collector";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return Stream.of(STORE);
  }

  @Override
  public Again reconcile(Key key) {
    Collected collected = collect();
    if (collected.layers + collected.blobs + collected.uploads > 0) {
      LOG.info("collected {}", collected);
    }
    return Again.after(INTERVAL);
  }

  record Collected(int layers, int blobs, int uploads) {}

  Collected collect() {
    int layers = collectLayers();
    AtomicInteger blobs = new AtomicInteger();
    try {
      registry.blobs.visit(
          digest -> {
            if (registry.blobs.removeUnless(this::isNeeded, digest, BLOB_GRACE)) {
              blobs.incrementAndGet();
            }
          });
      return new Collected(
          layers, blobs.get(), registry.blobs.uploads().removeAbandoned(UPLOAD_GRACE));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean isNeeded(Digest digest) {
    View view = registry.store.snapshot();
    String text = digest.toString();
    return view.lookupAll(EcrTables.BLOBS_BY_DIGEST, text).findAny().isPresent()
        || view.lookupAll(EcrTables.IMAGES_BY_DIGEST, text).findAny().isPresent();
  }

  private int collectLayers() {
    Instant limit = registry.clock.instant().minus(Layers.GRACE);
    View view = registry.store.snapshot();
    List<Key> candidates =
        view.scanAll(EcrTables.BLOBS)
            .filter(row -> isLoose(view, row, limit))
            .map(row -> row.key())
            .toList();
    int removed = 0;
    for (int from = 0; from < candidates.size(); from += BATCH) {
      List<Key> batch = candidates.subList(from, Math.min(from + BATCH, candidates.size()));
      removed +=
          registry.store.write(
              tx -> {
                int count = 0;
                for (Key key : batch) {
                  BlobRow row = tx.get(EcrTables.BLOBS, key);
                  if (row != null && isLoose(tx, new Row<>(key, row), limit)) {
                    tx.delete(EcrTables.BLOBS, key);
                    count++;
                  }
                }
                return count;
              });
    }
    return removed;
  }

  private static boolean isLoose(View view, Row<BlobRow> row, Instant limit) {
    BlobRow blob = row.value();
    if (blob.linkedAt().isAfter(limit)) {
      return false;
    }
    RepositoryRow repository =
        view.get(EcrTables.REPOSITORIES, row.key().scope().key(blob.repository()));
    return repository == null
        || view.lookup(
                EcrTables.IMAGES_BY_BLOB,
                row.key().scope(),
                within(blob.repository(), blob.digest()))
            .findAny()
            .isEmpty();
  }
}
