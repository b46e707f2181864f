package gantry.services.ecr;

import static gantry.services.ecr.RegistryError.Code.MANIFEST_INVALID;
import static gantry.services.ecr.RegistryError.Code.MANIFEST_UNKNOWN;
import static gantry.services.ecr.RegistryError.Code.TAG_INVALID;
import static gantry.services.ecr.RegistryError.Code.UNSUPPORTED;

import gantry.services.Caller;
import gantry.services.HttpExchange;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Origin;
import gantry.services.ecr.EcrTables.Status;
import gantry.state.View;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Manifests on the data plane: pulled, pushed, deleted, by tag and by digest. */
final class ManifestHttp {

  private final Registry registry;
  private final Login login;
  private final PullThrough pullThrough;
  private final ImagesInUse inUse;

  ManifestHttp(Registry registry, Login login, PullThrough pullThrough, ImagesInUse inUse) {
    this.registry = registry;
    this.login = login;
    this.pullThrough = pullThrough;
    this.inUse = inUse;
  }

  void answer(HttpExchange http, Target target, String reference) throws IOException {
    Http.only(http, "GET", "HEAD", "PUT", "DELETE");
    boolean byDigest = reference.contains(":");
    Digest digest = byDigest ? Http.digest(reference) : null;
    switch (http.method()) {
      case "PUT" -> {
        if (!byDigest && !Names.isTag(reference)) {
          throw new RegistryError(TAG_INVALID, "invalid tag " + reference);
        }
        putManifest(http, target, byDigest ? null : reference, digest);
      }
      case "DELETE" -> {
        login.authorize(http, target, "ecr:BatchDeleteImage");
        deleteManifest(target, reference, byDigest);
        Http.answer(http, 202, Http.NOTHING);
      }
      default -> {
        Caller caller = login.authorize(http, target, "ecr:BatchGetImage");
        pullThrough.beforePull(
            target.scope(), target.repository(), reference, login.rights(http, target));
        View view = registry.store.snapshot();
        Registry.repository(view, target.scope(), target.repository());
        ImageRow image = Images.find(view, target.scope(), target.repository(), reference);
        if (image == null || image.status() == Status.ARCHIVED) {
          throw new RegistryError(MANIFEST_UNKNOWN, "Requested image not found");
        }
        http.setHeader("Docker-Content-Digest", image.digest());
        http.setHeader("Content-Type", image.mediaType());
        http.setHeader("ETag", "\"" + image.digest() + "\"");
        if (http.method().equals("HEAD")) {
          http.setHeader("Content-Length", Long.toString(image.manifestBytes()));
          http.respond(200).close();
        } else {
          byte[] bytes = registry.images.manifestBytes(image);
          registry.images.recordPull(target.scope(), image, caller);
          Http.answer(http, 200, bytes);
        }
      }
    }
  }

  private void putManifest(
      HttpExchange http, Target target, @Nullable String tag, @Nullable Digest digest)
      throws IOException {
    login.authorize(http, target, "ecr:PutImage");
    byte[] bytes = http.body().readNBytes(Manifest.MAX_BYTES + 1);
    if (bytes.length > Manifest.MAX_BYTES) {
      throw new RegistryError(
          MANIFEST_INVALID, 413, "a manifest has at most " + Manifest.MAX_BYTES + " bytes");
    }
    Templates.createOnPush(
        registry, target.scope(), target.repository(), login.rights(http, target));
    Push.Done pushed;
    try {
      pushed =
          registry.pushes.put(
              new Push(
                  target.scope(),
                  target.repository(),
                  tag,
                  digest,
                  bytes,
                  Manifest.told(http.header("Content-Type")),
                  Origin.PUSHED));
    } catch (Manifest.Invalid e) {
      throw new RegistryError(MANIFEST_INVALID, String.valueOf(e.getMessage()));
    }
    http.setHeader("Location", "/v2/" + target.sent() + "/manifests/" + pushed.digest());
    http.setHeader("Docker-Content-Digest", pushed.digest().toString());
    Digest subject = pushed.manifest().subject();
    if (subject != null) {
      http.setHeader("OCI-Subject", subject.toString());
    }
    Http.answer(http, 201, Http.NOTHING);
  }

  /** By tag: only the tag goes, as OCI says. By digest: the image goes with all its tags. */
  private void deleteManifest(Target target, String reference, boolean byDigest) {
    registry.store.write(
        tx -> {
          Registry.repository(tx, target.scope(), target.repository());
          ImageRow image = Images.find(tx, target.scope(), target.repository(), reference);
          if (image == null) {
            throw new RegistryError(MANIFEST_UNKNOWN, "Requested image not found");
          }
          if (!byDigest) {
            tx.delete(
                EcrTables.TAGS, EcrTables.tagKey(target.scope(), target.repository(), reference));
            return null;
          }
          if (Images.isChild(tx, target.scope(), image)) {
            throw new RegistryError(
                UNSUPPORTED, "Requested image referenced by manifest list: delete the list first");
          }
          List<String> holders =
              inUse
                  .users(tx, target.scope(), target.repository())
                  .getOrDefault(image.digest(), List.of());
          if (!holders.isEmpty()) {
            throw new RegistryError(UNSUPPORTED, EcrErrors.inUse(image.digest(), holders));
          }
          Images.delete(tx, target.scope(), image, registry.clock.instant());
          return null;
        });
  }
}
