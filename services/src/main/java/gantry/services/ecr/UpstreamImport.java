package gantry.services.ecr;

import gantry.services.ecr.EcrTables.Origin;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.TagRow;
import gantry.services.ecr.Manifest.Descriptor;
import gantry.services.ecr.Upstream.Answer;
import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRule;

/**
 * Copies images from an upstream registry into the cache (AWS calls it BatchImportUpstreamImage):
 * the layers stream to disk as those of a push do, and the manifest comes last.
 */
final class UpstreamImport {

  private static final String ACCEPT =
      String.join(
          ", ",
          Manifest.OCI_INDEX,
          Manifest.DOCKER_LIST,
          Manifest.OCI_MANIFEST,
          Manifest.DOCKER_MANIFEST);

  /** Indexes may name indexes; nobody nests them deeper than one or two. */
  private static final int MAX_NESTING = 4;

  private final Registry registry;
  private final Upstream upstream;
  private final UpstreamRegistries upstreams;
  private final UpstreamCredentials credentials;

  UpstreamImport(
      Registry registry,
      Upstream upstream,
      UpstreamRegistries upstreams,
      UpstreamCredentials credentials) {
    this.registry = registry;
    this.upstream = upstream;
    this.upstreams = upstreams;
    this.credentials = credentials;
  }

  /** Requests to a repository of the rule's upstream. */
  UpstreamSession session(Scope scope, PullThroughCacheRule rule, String repository) {
    return new UpstreamSession(
        upstream,
        credentials,
        scope,
        rule,
        upstreams.address(rule.upstreamRegistryUrl()),
        repository);
  }

  /** Brings an image here as it is named there now. */
  void fetch(Scope scope, String repository, String reference, PullThroughCacheRule rule)
      throws IOException, Manifest.Invalid {
    String prefix = rule.ecrRepositoryPrefix();
    String rest =
        prefix.equals(PullThrough.ROOT) ? repository : repository.substring(prefix.length() + 1);
    String upstreamPrefix = rule.upstreamRepositoryPrefix();
    String remote =
        upstreamPrefix == null || upstreamPrefix.equals(PullThrough.ROOT)
            ? rest
            : upstreamPrefix + "/" + rest;
    Into into = new Into(scope, repository, session(scope, rule, remote));
    Digest wanted = Digest.parse(reference);
    Fetched image = manifest(into, reference, wanted);
    create(into, prefix);
    if (wanted == null) {
      checkTag(into, reference, image.digest);
    }
    copy(into, image, wanted == null ? reference : null, 0);
  }

  /** Where an image goes, and where it comes from. */
  private record Into(Scope scope, String repository, UpstreamSession from) {}

  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  private record Fetched(
      byte[] bytes, @Nullable String mediaType, Manifest manifest, Digest digest) {}

  /** There is something to keep: its repository is made, as a template may say. */
  private void create(Into into, String prefix) {
    registry.store.write(
        tx -> {
          Templates.createIfAbsent(
              tx,
              into.scope,
              into.repository,
              Templates.of(tx, into.scope, into.repository, Templates.PULL_THROUGH_CACHE),
              prefix,
              registry.clock.instant());
          return null;
        });
  }

  /** Before the layers are fetched in vain: a tag that is immutable here may have moved there. */
  private void checkTag(Into into, String tag, Digest digest) {
    View view = registry.store.snapshot();
    RepositoryRow row = Registry.repository(view, into.scope, into.repository);
    TagRow there = view.get(EcrTables.TAGS, EcrTables.tagKey(into.scope, into.repository, tag));
    if (there != null
        && !there.digest().equals(digest.toString())
        && TagMutability.isImmutable(row.repository(), tag)) {
      throw EcrErrors.tagImmutable(tag, into.repository);
    }
  }

  private static Fetched manifest(Into into, String reference, @Nullable Digest wanted)
      throws IOException, Manifest.Invalid {
    try (Answer answer = into.from.get("manifests/" + reference, ACCEPT)) {
      byte[] bytes = answer.body().readNBytes(Manifest.MAX_BYTES + 1);
      if (bytes.length > Manifest.MAX_BYTES) {
        throw new Manifest.Invalid("it has more than " + Manifest.MAX_BYTES + " bytes");
      }
      Digest digest = wanted == null ? Digest.of(bytes) : Digest.of(wanted.algorithm(), bytes);
      // Before anything that it names is asked for.
      if (wanted != null && !wanted.equals(digest)) {
        throw new Manifest.Invalid("it has the digest " + digest + " and not " + wanted);
      }
      String mediaType = Manifest.told(answer.header("content-type").orElse(null));
      return new Fetched(bytes, mediaType, Manifest.parse(bytes, mediaType), digest);
    }
  }

  private void copy(Into into, Fetched image, @Nullable String tag, int depth)
      throws IOException, Manifest.Invalid {
    if (depth > MAX_NESTING) {
      throw new Manifest.Invalid("indexes stand in each other over " + MAX_NESTING + " deep");
    }
    for (Descriptor child : image.manifest.children()) {
      String digest = child.digest().toString();
      if (Images.find(registry.store.snapshot(), into.scope, into.repository, digest) == null) {
        copy(into, manifest(into, digest, child.digest()), null, depth + 1);
      }
    }
    for (Descriptor blob : image.manifest.blobs()) {
      if (!blob.foreign()) {
        fetchBlob(into.scope, into.repository, into.from, blob);
      }
    }
    registry.pushes.put(
        new Push(
            into.scope,
            into.repository,
            tag,
            image.digest,
            image.bytes,
            image.mediaType,
            Origin.PULLED_THROUGH));
  }

  private void fetchBlob(Scope scope, String repository, UpstreamSession session, Descriptor blob)
      throws IOException {
    Digest digest = blob.digest();
    if (Layers.size(registry.store.snapshot(), scope, repository, digest) >= 0) {
      return;
    }
    Upload upload = registry.layers.begin(scope, repository);
    upload.tryLock();
    boolean done = false;
    try (Answer answer = session.get("blobs/" + digest, "*/*")) {
      upload.append(answer.body(), blob.size() + 1);
      if (!upload.finish(digest)) {
        throw new IOException("the upstream's bytes do not have the digest " + digest);
      }
      done = true;
    } finally {
      if (!done) {
        upload.cancel();
      }
      upload.unlock();
    }
    registry.layers.link(scope, repository, digest);
  }
}
