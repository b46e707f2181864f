package gantry.services.ecr;

import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Origin;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.Status;
import gantry.services.ecr.EcrTables.TagRow;
import gantry.services.ecr.Manifest.Descriptor;
import gantry.state.Ids;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.Tx;
import gantry.state.View;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.ImageDigestDoesNotMatchException;
import software.amazon.awssdk.services.ecr.model.LimitExceededException;

/**
 * Takes manifests in: what they name must be there, a tag that is immutable stays where it is, and
 * all of it is decided in the one transaction that writes the image and its tag.
 */
final class Pushes {

  static final int MAX_TAGS_PER_IMAGE = 1_000;

  private final Store store;
  private final Clock clock;
  private final Ids ids;
  private final BlobStore blobs;

  Pushes(Store store, Clock clock, Ids ids, BlobStore blobs) {
    this.store = store;
    this.clock = clock;
    this.ids = ids;
    this.blobs = blobs;
  }

  Push.Done put(Push push) throws Manifest.Invalid, IOException {
    Manifest manifest = Manifest.parse(push.manifest(), push.mediaType());
    Digest digest =
        push.expected() == null
            ? Digest.of(push.manifest())
            : Digest.of(push.expected().algorithm(), push.manifest());
    if (push.expected() != null && !push.expected().equals(digest)) {
      throw ImageDigestDoesNotMatchException.builder()
          .message(
              "The image digest '"
                  + push.expected()
                  + "' does not match the digest of the manifest, '"
                  + digest
                  + "'.")
          .build();
    }
    Registry.repository(store.snapshot(), push.scope(), push.repository());
    blobs.putSmall(digest, push.manifest(), ids.uuid());
    Instant now = clock.instant();
    Invalid problem = new Invalid();
    Boolean changed =
        store.write(
            tx -> {
              problem.message = null;
              RepositoryRow repository = Registry.repository(tx, push.scope(), push.repository());
              problem.message = checkBlobs(tx, push, manifest);
              return problem.message == null && write(tx, repository, push, manifest, digest, now);
            });
    if (problem.message != null) {
      throw new Manifest.Invalid(problem.message);
    }
    return new Push.Done(digest, manifest, changed);
  }

  /** Carries a checked refusal out of a transaction. */
  private static final class Invalid {
    @Nullable String message;
  }

  private @Nullable String checkBlobs(Tx tx, Push push, Manifest manifest) {
    List<Digest> missing = new ArrayList<>();
    for (Descriptor blob : manifest.blobs()) {
      if (blob.foreign()) {
        continue;
      }
      long size = Layers.size(tx, push.scope(), push.repository(), blob.digest());
      if (size < 0) {
        missing.add(blob.digest());
      } else if (size != blob.size()) {
        return blob.digest() + " has " + size + " bytes, the manifest says " + blob.size();
      }
    }
    if (!missing.isEmpty()) {
      throw EcrErrors.layersNotFound(missing, push.repository(), push.scope().account());
    }
    for (Descriptor child : manifest.children()) {
      if (tx.get(
              EcrTables.IMAGES,
              EcrTables.imageKey(push.scope(), push.repository(), child.digest().toString()))
          == null) {
        missing.add(child.digest());
      }
    }
    if (!missing.isEmpty()) {
      throw EcrErrors.childrenNotFound(missing, push.repository(), push.scope().account());
    }
    return null;
  }

  private boolean write(
      Tx tx, RepositoryRow repository, Push push, Manifest manifest, Digest digest, Instant now) {
    Scope scope = push.scope();
    String name = push.repository();
    boolean changed = false;
    ImageRow image = tx.get(EcrTables.IMAGES, EcrTables.imageKey(scope, name, digest.toString()));
    if (image == null) {
      image =
          new ImageRow(
              name,
              digest.toString(),
              manifest.mediaType(),
              manifest.artifactType(),
              manifest.config() == null ? null : manifest.config().mediaType(),
              manifest.subject() == null ? null : manifest.subject().toString(),
              push.manifest().length,
              sizeOf(tx, scope, name, manifest),
              now,
              null,
              manifest.blobs().stream()
                  .filter(blob -> !blob.foreign())
                  .map(blob -> blob.digest().toString())
                  .distinct()
                  .toList(),
              manifest.children().stream()
                  .map(child -> child.digest().toString())
                  .distinct()
                  .toList(),
              manifest.annotations(),
              push.origin(),
              Status.ACTIVE,
              null,
              null);
      tx.put(EcrTables.IMAGES, EcrTables.imageKey(scope, name, digest.toString()), image);
      changed = true;
    } else if (image.status() == Status.ARCHIVED) {
      // Pushing an archived image again brings it back.
      tx.put(
          EcrTables.IMAGES,
          EcrTables.imageKey(scope, name, digest.toString()),
          image.activated(now));
      changed = true;
    }
    String tag = push.tag();
    if (tag != null) {
      TagRow there = tx.get(EcrTables.TAGS, EcrTables.tagKey(scope, name, tag));
      boolean moves = there == null || !there.digest().equals(digest.toString());
      if (there != null && moves && TagMutability.isImmutable(repository.repository(), tag)) {
        if (push.origin() != Origin.REPLICATED) {
          throw EcrErrors.tagImmutable(tag, name);
        }
        // A copy stays, without the tag that clashes.
      } else {
        if (moves && EcrTables.tagsOf(tx, scope, image).size() >= MAX_TAGS_PER_IMAGE) {
          throw LimitExceededException.builder()
              .message("An image has at most " + MAX_TAGS_PER_IMAGE + " tags.")
              .build();
        }
        changed |= moves;
        tx.put(
            EcrTables.TAGS,
            EcrTables.tagKey(scope, name, tag),
            new TagRow(
                name,
                tag,
                digest.toString(),
                there == null || moves ? now : there.setAt(),
                push.origin() == Origin.PULLED_THROUGH ? now : null));
      }
    }
    if (changed) {
      AfterPush.note(tx, scope, repository, image, push.origin(), now);
    }
    return changed;
  }

  /** What a pull moves: of an index, its largest image. */
  private static long sizeOf(View view, Scope scope, String repository, Manifest manifest) {
    if (!manifest.isIndex()) {
      return manifest.blobBytes();
    }
    long largest = 0;
    for (Descriptor child : manifest.children()) {
      ImageRow row =
          view.get(
              EcrTables.IMAGES, EcrTables.imageKey(scope, repository, child.digest().toString()));
      if (row != null) {
        largest = Math.max(largest, row.sizeInBytes());
      }
    }
    return largest;
  }
}
