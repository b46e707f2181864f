package gantry.services.ecr;

import static gantry.services.ecr.EcrTables.within;

import gantry.services.Caller;
import gantry.services.ecr.EcrTables.BlobRow;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.TagRow;
import gantry.services.iam.Identities;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.Store.LogUnavailable;
import gantry.state.Tx;
import gantry.state.View;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecr.model.ImageIdentifier;

/** The images of repositories: found by tag and digest, read, related to each other, deleted. */
final class Images {

  /** lastRecordedPullTime is refreshed no more often than this, as AWS says of it. */
  static final Duration PULL_TIME_GRANULARITY = Duration.ofHours(24);

  private static final Logger LOG = LoggerFactory.getLogger(Images.class);

  private final Store store;
  private final Clock clock;
  private final BlobStore blobs;

  Images(Store store, Clock clock, BlobStore blobs) {
    this.store = store;
    this.clock = clock;
    this.blobs = blobs;
  }

  /**
   * An image by tag or digest, as a reference on the data plane says it; null when there is none.
   */
  static @Nullable ImageRow find(View view, Scope scope, String repository, String reference) {
    String digest = reference;
    if (!reference.contains(":")) {
      TagRow tag = view.get(EcrTables.TAGS, EcrTables.tagKey(scope, repository, reference));
      if (tag == null) {
        return null;
      }
      digest = tag.digest();
    }
    return view.get(EcrTables.IMAGES, EcrTables.imageKey(scope, repository, digest));
  }

  /** An image that must be there. */
  static ImageRow existing(View view, Scope scope, String name, ImageIdentifier id) {
    String digest = id.imageDigest();
    String tag = id.imageTag();
    if (digest == null && tag == null) {
      throw EcrErrors.invalid("Invalid request parameters: both tag and digest cannot be null");
    }
    ImageRow image = find(view, scope, name, id);
    if (image == null) {
      throw EcrErrors.imageNotFound(digest, tag, name, scope.account());
    }
    return image;
  }

  /** Null when there is none, or when the tag is on another image than the digest says. */
  static @Nullable ImageRow find(View view, Scope scope, String name, ImageIdentifier id) {
    String tag = id.imageTag();
    String digest = id.imageDigest();
    ImageRow image = find(view, scope, name, tag != null ? tag : digest == null ? "" : digest);
    return image != null && digest != null && !image.digest().equals(digest) ? null : image;
  }

  byte[] manifestBytes(ImageRow image) {
    try {
      return blobs.readSmall(Digest.of(image.digest()), Manifest.MAX_BYTES);
    } catch (IOException e) {
      throw EcrErrors.server(e);
    }
  }

  /** Notes that an image was pulled, unless that was noted lately or the puller does not count. */
  void recordPull(Scope scope, ImageRow image, Caller caller) {
    Instant now = clock.instant();
    Instant last = image.pulledAt();
    if (last != null && last.plus(PULL_TIME_GRANULARITY).isAfter(now)) {
      return;
    }
    View view = store.snapshot();
    String puller = Identities.of(view, caller).principal().entityArn();
    if (view.get(EcrTables.EXCLUSIONS, scope.key(puller)) != null) {
      return;
    }
    var key = EcrTables.imageKey(scope, image.repository(), image.digest());
    try {
      store.write(
          tx -> {
            ImageRow row = tx.get(EcrTables.IMAGES, key);
            if (row != null) {
              tx.put(EcrTables.IMAGES, key, row.pulled(now));
            }
            return null;
          });
    } catch (LogUnavailable e) {
      // The pull itself needs no writing and goes on; the next one is noted.
      LOG.warn("the pull of {} is not noted: {}", image.digest(), e.getMessage());
    }
  }

  static boolean isChild(View view, Scope scope, ImageRow image) {
    return view.lookup(EcrTables.IMAGES_BY_CHILD, scope, within(image.repository(), image.digest()))
        .findAny()
        .isPresent();
  }

  /**
   * Deletes an image with its tags and what is known of it. Its layers are collected later: a push
   * that is under way may have been told that they are here.
   */
  static void delete(Tx tx, Scope scope, ImageRow image, Instant now) {
    String id = within(image.repository(), image.digest());
    for (String blob : image.blobs()) {
      Key key = EcrTables.imageKey(scope, image.repository(), blob);
      BlobRow row = tx.get(EcrTables.BLOBS, key);
      if (row != null && row.linkedAt().isBefore(now)) {
        tx.put(EcrTables.BLOBS, key, row.keptFrom(now));
      }
    }
    tx.lookup(EcrTables.TAGS_BY_IMAGE, scope, id)
        .toList()
        .forEach(row -> tx.delete(EcrTables.TAGS, row.key()));
    tx.delete(EcrTables.IMAGES, scope.key(id));
    tx.delete(EcrTables.SCANS, scope.key(id));
    tx.delete(EcrTables.REPLICATIONS, scope.key(id));
  }

  /** An image with all that is about it, and about that: signatures of attestations too. */
  static void deleteWithReferrers(Tx tx, Scope scope, ImageRow image, Instant now) {
    delete(tx, scope, image, now);
    for (ImageRow referrer : referrers(tx, scope, image.repository(), image.digest())) {
      // One that an index names stays while that does.
      if (!isChild(tx, scope, referrer)) {
        deleteWithReferrers(tx, scope, referrer, now);
      }
    }
  }

  /** The artifacts that name a manifest as their subject, in the order of their digests. */
  static List<ImageRow> referrers(View view, Scope scope, String repository, String subject) {
    return view.lookup(EcrTables.IMAGES_BY_SUBJECT, scope, within(repository, subject))
        .map(row -> row.value())
        .toList();
  }
}
