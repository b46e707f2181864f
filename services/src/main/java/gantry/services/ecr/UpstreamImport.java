package gantry.services.ecr;

import gantry.services.ecr.EcrTables.Origin;
import gantry.services.ecr.Manifest.Descriptor;
import gantry.services.ecr.Upstream.Answer;
import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import java.time.Instant;
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
    UpstreamSession session = session(scope, rule, remote);
    Instant now = registry.clock.instant();
    View view = registry.store.snapshot();
    fetchManifest(
        scope,
        repository,
        reference.contains(":") ? null : reference,
        session,
        reference,
        () -> {
          var template = Templates.of(view, scope, repository, Templates.PULL_THROUGH_CACHE);
          registry.store.write(
              tx -> {
                Templates.createIfAbsent(tx, scope, repository, template, prefix, now);
                return null;
              });
        });
  }

  private void fetchManifest(
      Scope scope,
      String repository,
      @Nullable String tag,
      UpstreamSession session,
      String reference,
      Runnable found)
      throws IOException, Manifest.Invalid {
    byte[] bytes;
    String mediaType;
    try (Answer answer = session.get("manifests/" + reference, ACCEPT)) {
      if (answer.status() != 200) {
        throw new IOException("the upstream answers " + answer.status() + " for " + reference);
      }
      bytes = answer.body().readNBytes(Manifest.MAX_BYTES + 1);
      if (bytes.length > Manifest.MAX_BYTES) {
        throw new IOException("the upstream's manifest is too large");
      }
      mediaType = answer.header("content-type").orElse(Manifest.OCI_MANIFEST);
    }
    found.run();
    Manifest manifest = Manifest.parse(bytes, mediaType);
    for (Descriptor child : manifest.children()) {
      if (Images.find(registry.store.snapshot(), scope, repository, child.digest().toString())
          == null) {
        fetchManifest(scope, repository, null, session, child.digest().toString(), () -> {});
      }
    }
    for (Descriptor blob : manifest.blobs()) {
      if (!blob.foreign()) {
        fetchBlob(scope, repository, session, blob);
      }
    }
    registry.pushes.put(
        new Push(
            scope,
            repository,
            tag,
            tag == null ? Digest.parse(reference) : null,
            bytes,
            mediaType,
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
      if (answer.status() != 200) {
        throw new IOException("the upstream answers " + answer.status() + " for " + digest);
      }
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
