package gantry.services.ecr;

import static gantry.services.ecr.RegistryError.Code.BLOB_UPLOAD_INVALID;
import static gantry.services.ecr.RegistryError.Code.DIGEST_INVALID;
import static gantry.services.ecr.RegistryError.Code.RANGE_INVALID;
import static gantry.services.ecr.RegistryError.Code.SIZE_INVALID;

import gantry.services.HttpExchange;
import gantry.services.ecr.Addresses.Address;
import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.UploadNotFoundException;

/**
 * Uploads on the data plane: begun, sent whole or in chunks, resumed, finished, cancelled; and
 * mounts.
 */
final class UploadHttp {

  private static final Pattern CONTENT_RANGE =
      Pattern.compile("(?:bytes )?([0-9]{1,18})-([0-9]{1,18})(?:/.*)?");

  private final Registry registry;
  private final Login login;

  UploadHttp(Registry registry, Login login) {
    this.registry = registry;
    this.login = login;
  }

  void start(HttpExchange http, Target target) throws IOException {
    login.authorize(http, target, "ecr:InitiateLayerUpload");
    View view = registry.store.snapshot();
    if (view.get(EcrTables.REPOSITORIES, target.scope().key(target.repository())) == null) {
      Templates.createOnPush(
          registry, target.scope(), target.repository(), login.rights(http, target));
      Registry.repository(registry.store.snapshot(), target.scope(), target.repository());
    }
    Map<String, String> query = Http.parameters(http.query());
    String mount = query.get("mount");
    if (mount != null) {
      Digest digest = Http.digest(mount);
      String from = query.get("from");
      if (mount(http, target, digest, from == null || from.isEmpty() ? null : from)) {
        http.setHeader("Location", "/v2/" + target.sent() + "/blobs/" + digest);
        http.setHeader("Docker-Content-Digest", digest.toString());
        Http.answer(http, 201, Http.NOTHING);
        return;
      }
    }
    String whole = query.get("digest");
    Digest digest = whole == null ? null : Http.digest(whole);
    if (digest != null) {
      whole(http, target, digest);
      return;
    }
    Upload upload = registry.layers.begin(target.scope(), target.repository());
    http.setHeader("Docker-Upload-UUID", upload.id);
    http.setHeader("Location", location(target, upload));
    http.setHeader("Range", "0-0");
    Http.answer(http, 202, Http.NOTHING);
  }

  /** The whole blob came with the request. */
  private void whole(HttpExchange http, Target target, Digest digest) throws IOException {
    login.authorize(http, target, "ecr:UploadLayerPart");
    login.authorize(http, target, "ecr:CompleteLayerUpload");
    Upload upload = registry.layers.begin(target.scope(), target.repository());
    upload.tryLock();
    try {
      append(http, upload, 0, Upload.MAX_BYTES);
      finish(http, target, upload, digest);
    } finally {
      // Nobody knows its address: what did not get to its end is of no use.
      upload.cancel();
      upload.unlock();
    }
    Http.answer(http, 201, Http.NOTHING);
  }

  private boolean mount(HttpExchange http, Target target, Digest digest, @Nullable String from) {
    if (!AccountSettings.blobMounting(registry.store.snapshot(), target.scope())) {
      return false;
    }
    String source = null;
    if (from != null) {
      Address address = registry.addresses.resolve(http.host(), from);
      if (!address.registry().equals(target.scope())) {
        return false;
      }
      source = address.repository();
    }
    return isAllowed(http, target.scope(), target.repository(), "ecr:UploadLayerPart")
        && isAllowed(http, target.scope(), target.repository(), "ecr:CompleteLayerUpload")
        && registry.layers.mount(
            target.scope(),
            target.repository(),
            digest,
            source,
            repository ->
                isAllowed(http, target.scope(), repository, "ecr:GetDownloadUrlForLayer"));
  }

  private boolean isAllowed(HttpExchange http, Scope scope, String repository, String action) {
    return login.refusal(http, scope, repository, action) == null;
  }

  void goOn(HttpExchange http, Target target, String id) throws IOException {
    Http.only(http, "GET", "PATCH", "PUT", "DELETE");
    login.authorize(
        http,
        target,
        switch (http.method()) {
          case "PUT" -> "ecr:CompleteLayerUpload";
          case "PATCH" -> "ecr:UploadLayerPart";
          default -> "ecr:InitiateLayerUpload";
        });
    Registry.repository(registry.store.snapshot(), target.scope(), target.repository());
    Upload upload = registry.blobs.uploads().find(id, target.scope(), target.repository());
    if (upload == null) {
      throw notFound(target, id);
    }
    if (http.method().equals("GET")) {
      long offset = upload.offset();
      if (offset < 0) {
        throw notFound(target, id);
      }
      progress(http, target, upload, offset);
      Http.answer(http, 204, Http.NOTHING);
      return;
    }
    if (!upload.tryLock()) {
      throw new RegistryError(
          BLOB_UPLOAD_INVALID, 409, "another request is writing to this upload");
    }
    int status;
    try {
      if (upload.hasEnded()) {
        throw notFound(target, id);
      }
      switch (http.method()) {
        case "DELETE" -> {
          upload.cancel();
          status = 204;
        }
        case "PATCH" -> {
          progress(http, target, upload, chunk(http, target, upload));
          status = 202;
        }
        default -> {
          String whole = Http.parameters(http.query()).get("digest");
          if (whole == null) {
            throw new RegistryError(DIGEST_INVALID, "the digest of the blob is missing");
          }
          Digest digest = Http.digest(whole);
          chunk(http, target, upload);
          finish(http, target, upload, digest);
          status = 201;
        }
      }
    } finally {
      // Before the answer: clients send the next piece as soon as they have it.
      upload.unlock();
    }
    Http.answer(http, status, Http.NOTHING);
  }

  private static UploadNotFoundException notFound(Target target, String id) {
    return EcrErrors.uploadNotFound(id, target.repository(), target.scope().account());
  }

  /** Takes the body as the next piece; a piece that says where it begins must begin at the end. */
  private long chunk(HttpExchange http, Target target, Upload upload) throws IOException {
    long offset = upload.offset();
    String range = http.header("Content-Range");
    long limit = Upload.MAX_BYTES - offset;
    if (range != null) {
      Matcher m = CONTENT_RANGE.matcher(range.trim());
      if (!m.matches()) {
        throw new RegistryError(BLOB_UPLOAD_INVALID, "invalid Content-Range " + range);
      }
      long from = Long.parseLong(m.group(1));
      long to = Long.parseLong(m.group(2));
      if (from != offset || to < from) {
        progress(http, target, upload, offset);
        throw new RegistryError(
            RANGE_INVALID, "the upload has " + offset + " bytes, the chunk begins at " + from);
      }
      limit = to - from + 1;
      String length = http.header("Content-Length");
      if (length != null && !length.equals(Long.toString(limit))) {
        throw new RegistryError(
            SIZE_INVALID, "Content-Range and Content-Length tell different sizes");
      }
    }
    try {
      long end = append(http, upload, offset, limit);
      if (range != null && end != offset + limit) {
        throw new RegistryError(
            SIZE_INVALID, "the chunk has " + (end - offset) + " bytes and not " + limit);
      }
      return end;
    } catch (RegistryError e) {
      progress(http, target, upload, upload.offset());
      throw e;
    }
  }

  /** Takes the body up to a limit, beyond which there may be nothing. */
  private static long append(HttpExchange http, Upload upload, long offset, long limit)
      throws IOException {
    String length = http.header("Content-Length");
    if (offset + limit > Upload.MAX_BYTES || (length != null && Http.isMore(length, limit))) {
      throw tooLong(offset, limit);
    }
    InputStream body = http.body();
    long end = upload.append(body, limit);
    if (end == offset + limit && body.read() >= 0) {
      throw tooLong(offset, limit);
    }
    return end;
  }

  private static RegistryError tooLong(long offset, long limit) {
    return offset + limit >= Upload.MAX_BYTES
        ? new RegistryError(SIZE_INVALID, 413, "a layer has at most " + Upload.MAX_BYTES + " bytes")
        : new RegistryError(
            SIZE_INVALID, "the chunk has more than the " + limit + " bytes it says");
  }

  private void finish(HttpExchange http, Target target, Upload upload, Digest digest)
      throws IOException {
    if (!upload.finish(digest)) {
      throw new RegistryError(
          DIGEST_INVALID, "provided digest did not match uploaded content: " + digest);
    }
    registry.layers.link(target.scope(), target.repository(), digest);
    http.setHeader("Location", "/v2/" + target.sent() + "/blobs/" + digest);
    http.setHeader("Docker-Content-Digest", digest.toString());
  }

  private static String location(Target target, Upload upload) {
    return "/v2/" + target.sent() + "/blobs/uploads/" + upload.id;
  }

  private static void progress(HttpExchange http, Target target, Upload upload, long offset) {
    http.setHeader("Docker-Upload-UUID", upload.id);
    http.setHeader("Location", location(target, upload));
    http.setHeader("Range", "0-" + Math.max(0, offset - 1));
  }
}
