package gantry.services.ecr;

import static gantry.services.ecr.EcrTables.within;

import gantry.services.ecr.EcrTables.BlobRow;
import gantry.state.Ids;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which blobs (layers and configurations) a repository holds: uploaded to it, mounted from another,
 * taken out again. A blob lies on disk once, whatever repositories hold it.
 */
final class Layers {

  /** How long a layer may lie in a repository with no image that names it. */
  static final Duration GRACE = Duration.ofHours(24);

  private final Store store;
  private final Clock clock;
  private final Ids ids;
  private final BlobStore blobs;

  Layers(Store store, Clock clock, Ids ids, BlobStore blobs) {
    this.store = store;
    this.clock = clock;
    this.ids = ids;
    this.blobs = blobs;
  }

  /** The size of a blob that the repository holds, or -1. */
  static long size(View view, Scope scope, String repository, Digest digest) {
    BlobRow row = view.get(EcrTables.BLOBS, scope.key(within(repository, digest.toString())));
    return row == null ? -1 : row.size();
  }

  Upload begin(Scope scope, String repository) throws IOException {
    Registry.repository(store.snapshot(), scope, repository);
    return blobs.uploads().begin(ids.uuid(), scope, repository);
  }

  /**
   * Tells a client that it need not send a blob: the size, or -1 when it must. What it was told
   * holds for long enough to push the manifest that names it.
   */
  long offer(View view, Scope scope, String repository, Digest digest) {
    Key key = EcrTables.imageKey(scope, repository, digest.toString());
    BlobRow seen = view.get(EcrTables.BLOBS, key);
    if (seen == null) {
      return -1;
    }
    Instant now = clock.instant();
    // One that an image names gets its grace when it loses that.
    if (seen.linkedAt().plus(GRACE.dividedBy(2)).isAfter(now)
        || isReferenced(view, scope, repository, digest.toString())) {
      return seen.size();
    }
    return store.write(
        tx -> {
          BlobRow row = tx.get(EcrTables.BLOBS, key);
          if (row == null) {
            return -1L;
          }
          tx.put(EcrTables.BLOBS, key, row.keptFrom(now));
          return row.size();
        });
  }

  /** Says that the repository holds a blob that is on disk. */
  void link(Scope scope, String repository, Digest digest) {
    long size = blobs.size(digest);
    if (size < 0) {
      throw new IllegalStateException(digest + " is not on disk");
    }
    Instant now = clock.instant();
    store.write(
        tx -> {
          Registry.repository(tx, scope, repository);
          tx.put(
              EcrTables.BLOBS,
              scope.key(within(repository, digest.toString())),
              new BlobRow(repository, digest.toString(), size, now));
          return null;
        });
  }

  /**
   * Lets {@code repository} hold a blob that another repository of the registry holds.
   *
   * @param from null for any repository in which {@code readable} allows to read
   * @return false when there is no such blob to be had
   */
  boolean mount(
      Scope scope,
      String repository,
      Digest digest,
      @Nullable String from,
      Predicate<String> readable) {
    Instant now = clock.instant();
    List<String> sources =
        from != null
            ? List.of(from)
            : store
                .snapshot()
                .lookup(EcrTables.BLOBS_BY_DIGEST, scope, digest.toString())
                .map(row -> row.value().repository())
                .toList();
    for (String source : sources) {
      if (!readable.test(source)) {
        continue;
      }
      boolean mounted =
          store.write(
              tx -> {
                Registry.repository(tx, scope, repository);
                BlobRow there =
                    tx.get(EcrTables.BLOBS, scope.key(within(source, digest.toString())));
                if (there == null) {
                  return false;
                }
                tx.put(
                    EcrTables.BLOBS,
                    scope.key(within(repository, digest.toString())),
                    new BlobRow(repository, digest.toString(), there.size(), now));
                return true;
              });
      if (mounted) {
        return true;
      }
    }
    return false;
  }

  enum Unlinked {
    DONE,
    NOT_THERE,
    IN_USE
  }

  /** Takes a blob out of a repository, unless an image there needs it. */
  Unlinked unlink(Scope scope, String repository, Digest digest) {
    return store.write(
        tx -> {
          Registry.repository(tx, scope, repository);
          String id = within(repository, digest.toString());
          if (tx.get(EcrTables.BLOBS, scope.key(id)) == null) {
            return Unlinked.NOT_THERE;
          }
          if (isReferenced(tx, scope, repository, digest.toString())) {
            return Unlinked.IN_USE;
          }
          tx.delete(EcrTables.BLOBS, scope.key(id));
          return Unlinked.DONE;
        });
  }

  static boolean isReferenced(View view, Scope scope, String repository, String digest) {
    return view.lookup(EcrTables.IMAGES_BY_BLOB, scope, within(repository, digest))
        .findAny()
        .isPresent();
  }
}
