package gantry.services.ecr;

import static gantry.services.ecr.EcrTables.within;

import gantry.services.Caller;
import gantry.services.ecr.EcrTables.BlobRow;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Origin;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.Status;
import gantry.services.ecr.EcrTables.TagRow;
import gantry.services.ecr.Manifest.Descriptor;
import gantry.services.iam.Identities;
import gantry.state.Ids;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.Tx;
import gantry.state.View;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.ImageDigestDoesNotMatchException;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.ImageTagMutabilityExclusionFilter;
import software.amazon.awssdk.services.ecr.model.LimitExceededException;
import software.amazon.awssdk.services.ecr.model.Repository;

/**
 * The rules of repositories, images, tags and layers, over the tables and the blobs on disk. The
 * AWS API, the data plane, replication and the pull-through cache all go through here, so they
 * agree.
 *
 * <p>The order is always: bytes durable on disk first, then the row that names them; and a row goes
 * before its bytes. So a crash leaves bytes without a name, which are collected, and never a name
 * without bytes.
 */
final class Registry {

  /** lastRecordedPullTime is refreshed no more often than this, as AWS says of it. */
  static final Duration PULL_TIME_GRANULARITY = Duration.ofHours(24);

  static final int MAX_TAGS_PER_IMAGE = 1_000;

  final Store store;
  final Clock clock;
  final Ids ids;
  final BlobStore blobs;
  final Addresses addresses;

  Registry(Store store, Clock clock, Ids ids, BlobStore blobs, Addresses addresses) {
    this.store = store;
    this.clock = clock;
    this.ids = ids;
    this.blobs = blobs;
    this.addresses = addresses;
  }

  // ---- repositories

  static RepositoryRow repository(View view, Scope scope, String name) {
    RepositoryRow row = view.get(EcrTables.REPOSITORIES, scope.key(name));
    if (row == null) {
      throw EcrErrors.repositoryNotFound(name, scope.account());
    }
    return row;
  }

  static String arn(Scope scope, String name) {
    return scope.region().equals(Addresses.PUBLIC_REGION)
        ? "arn:aws:ecr-public::" + scope.account() + ":repository/" + name
        : "arn:aws:ecr:" + scope.region() + ":" + scope.account() + ":repository/" + name;
  }

  /** The repository as answers show it. */
  Repository shown(Scope scope, RepositoryRow row) {
    return row.repository().toBuilder().repositoryUri(addresses.uri(scope, row.name())).build();
  }

  static boolean hasImages(View view, Scope scope, String name) {
    return EcrTables.of(view, EcrTables.IMAGES, scope, name).findAny().isPresent();
  }

  /** Deletes a repository with all that is in it. */
  static void deleteRepository(Tx tx, Scope scope, String name) {
    EcrTables.tags(tx, scope, name).toList().forEach(row -> tx.delete(EcrTables.TAGS, row.key()));
    for (var table :
        List.of(EcrTables.IMAGES, EcrTables.BLOBS, EcrTables.SCANS, EcrTables.REPLICATIONS)) {
      EcrTables.of(tx, table, scope, name).toList().forEach(row -> tx.delete(table, row.key()));
    }
    tx.delete(EcrTables.PREVIEWS, scope.key(name));
    tx.delete(EcrTables.REPOSITORIES, scope.key(name));
  }

  // ---- blobs

  /** The size of a blob that the repository holds, or -1. */
  long blobSize(View view, Scope scope, String repository, Digest digest) {
    BlobRow row = view.get(EcrTables.BLOBS, scope.key(within(repository, digest.toString())));
    return row == null ? -1 : row.size();
  }

  Upload beginUpload(Scope scope, String repository) throws IOException {
    repository(store.snapshot(), scope, repository);
    return blobs.uploads().begin(ids.uuid(), scope, repository);
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
          repository(tx, scope, repository);
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
      java.util.function.Predicate<String> readable) {
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
                repository(tx, scope, repository);
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
          repository(tx, scope, repository);
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

  // ---- images

  /**
   * @param tag null for a push by digest
   * @param expected the digest that the client says; null when it says none
   * @param mediaType null when only the manifest says it
   */
  @SuppressWarnings("ArrayRecordComponent") // carried once, never compared
  record Push(
      Scope scope,
      String repository,
      @Nullable String tag,
      @Nullable Digest expected,
      byte[] manifest,
      @Nullable String mediaType,
      Origin origin) {}

  /**
   * @param changed false when the image was there under that tag already
   */
  record Pushed(Digest digest, Manifest manifest, boolean changed) {}

  Pushed push(Push push) throws Manifest.Invalid, IOException {
    Manifest manifest = Manifest.parse(push.manifest, push.mediaType);
    Digest digest =
        push.expected == null
            ? Digest.of(push.manifest)
            : Digest.of(push.expected.algorithm(), push.manifest);
    if (push.expected != null && !push.expected.equals(digest)) {
      throw ImageDigestDoesNotMatchException.builder()
          .message(
              "The image digest '"
                  + push.expected
                  + "' does not match the digest of the manifest, '"
                  + digest
                  + "'.")
          .build();
    }
    repository(store.snapshot(), push.scope, push.repository);
    blobs.putSmall(digest, push.manifest, ids.uuid());
    Instant now = clock.instant();
    Invalid problem = new Invalid();
    Boolean changed =
        store.write(
            tx -> {
              problem.message = null;
              RepositoryRow repository = repository(tx, push.scope, push.repository);
              problem.message = checkBlobs(tx, push, manifest);
              return problem.message == null && write(tx, repository, push, manifest, digest, now);
            });
    if (problem.message != null) {
      throw new Manifest.Invalid(problem.message);
    }
    return new Pushed(digest, manifest, changed);
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
      long size = blobSize(tx, push.scope, push.repository, blob.digest());
      if (size < 0) {
        missing.add(blob.digest());
      } else if (size != blob.size()) {
        return blob.digest() + " has " + size + " bytes, the manifest says " + blob.size();
      }
    }
    if (!missing.isEmpty()) {
      throw EcrErrors.layersNotFound(missing, push.repository, push.scope.account());
    }
    for (Descriptor child : manifest.children()) {
      if (tx.get(
              EcrTables.IMAGES,
              EcrTables.imageKey(push.scope, push.repository, child.digest().toString()))
          == null) {
        missing.add(child.digest());
      }
    }
    if (!missing.isEmpty()) {
      throw EcrErrors.childrenNotFound(missing, push.repository, push.scope.account());
    }
    return null;
  }

  private boolean write(
      Tx tx, RepositoryRow repository, Push push, Manifest manifest, Digest digest, Instant now) {
    Scope scope = push.scope;
    String name = push.repository;
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
              push.manifest.length,
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
              push.origin,
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
    String tag = push.tag;
    if (tag != null) {
      TagRow there = tx.get(EcrTables.TAGS, EcrTables.tagKey(scope, name, tag));
      boolean moves = there == null || !there.digest().equals(digest.toString());
      if (there != null && moves && isImmutable(repository.repository(), tag)) {
        if (push.origin != Origin.REPLICATED) {
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
                push.origin == Origin.PULLED_THROUGH ? now : null));
      }
    }
    if (changed) {
      AfterPush.note(tx, scope, repository, image, push.origin, now);
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

  /** Whether a tag may not be moved to another image. */
  static boolean isImmutable(Repository repository, String tag) {
    boolean excluded = false;
    for (ImageTagMutabilityExclusionFilter filter :
        repository.imageTagMutabilityExclusionFilters()) {
      excluded |= Names.matches(filter.filter(), tag);
    }
    ImageTagMutability mutability = repository.imageTagMutability();
    return switch (mutability) {
      case IMMUTABLE -> true;
      case IMMUTABLE_WITH_EXCLUSION -> !excluded;
      case MUTABLE_WITH_EXCLUSION -> excluded;
      case MUTABLE, UNKNOWN_TO_SDK_VERSION -> false;
    };
  }

  /**
   * An image by tag or digest, as a reference on the data plane says it; null when there is none.
   */
  static @Nullable ImageRow image(View view, Scope scope, String repository, String reference) {
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
    store.write(
        tx -> {
          ImageRow row = tx.get(EcrTables.IMAGES, key);
          if (row != null) {
            tx.put(EcrTables.IMAGES, key, row.pulled(now));
          }
          return null;
        });
  }

  static boolean isChild(View view, Scope scope, ImageRow image) {
    return view.lookup(EcrTables.IMAGES_BY_CHILD, scope, within(image.repository(), image.digest()))
        .findAny()
        .isPresent();
  }

  /** Deletes an image with its tags and what is known of it. Its layers are collected later. */
  static void deleteImage(Tx tx, Scope scope, ImageRow image) {
    String id = within(image.repository(), image.digest());
    tx.lookup(EcrTables.TAGS_BY_IMAGE, scope, id)
        .toList()
        .forEach(row -> tx.delete(EcrTables.TAGS, row.key()));
    tx.delete(EcrTables.IMAGES, scope.key(id));
    tx.delete(EcrTables.SCANS, scope.key(id));
    tx.delete(EcrTables.REPLICATIONS, scope.key(id));
  }

  /** The artifacts that name a manifest as their subject, in the order of their digests. */
  static List<ImageRow> referrers(View view, Scope scope, String repository, String subject) {
    return view.lookup(EcrTables.IMAGES_BY_SUBJECT, scope, within(repository, subject))
        .map(row -> row.value())
        .toList();
  }
}
