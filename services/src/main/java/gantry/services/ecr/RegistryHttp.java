package gantry.services.ecr;

import static gantry.services.ecr.RegistryError.Code.BLOB_UNKNOWN;
import static gantry.services.ecr.RegistryError.Code.BLOB_UPLOAD_INVALID;
import static gantry.services.ecr.RegistryError.Code.BLOB_UPLOAD_UNKNOWN;
import static gantry.services.ecr.RegistryError.Code.DENIED;
import static gantry.services.ecr.RegistryError.Code.DIGEST_INVALID;
import static gantry.services.ecr.RegistryError.Code.MANIFEST_BLOB_UNKNOWN;
import static gantry.services.ecr.RegistryError.Code.MANIFEST_INVALID;
import static gantry.services.ecr.RegistryError.Code.MANIFEST_UNKNOWN;
import static gantry.services.ecr.RegistryError.Code.NAME_INVALID;
import static gantry.services.ecr.RegistryError.Code.NAME_UNKNOWN;
import static gantry.services.ecr.RegistryError.Code.RANGE_INVALID;
import static gantry.services.ecr.RegistryError.Code.SIZE_INVALID;
import static gantry.services.ecr.RegistryError.Code.TAG_INVALID;
import static gantry.services.ecr.RegistryError.Code.UNAVAILABLE;
import static gantry.services.ecr.RegistryError.Code.UNSUPPORTED;

import gantry.services.Caller;
import gantry.services.HttpExchange;
import gantry.services.HttpHandler;
import gantry.services.ecr.Access.Ask;
import gantry.services.ecr.Access.Credentials;
import gantry.services.ecr.Access.Decision;
import gantry.services.ecr.Addresses.Address;
import gantry.services.ecr.BlobStore.BodyBroken;
import gantry.services.ecr.BlobStore.StorageFailed;
import gantry.services.ecr.BlobStore.Upload;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Origin;
import gantry.services.ecr.EcrTables.Status;
import gantry.services.ecr.EcrTables.TagRow;
import gantry.services.ecr.Registry.Push;
import gantry.services.ecr.Registry.Pushed;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Store.LogUnavailable;
import gantry.state.View;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.model.ImageDigestDoesNotMatchException;
import software.amazon.awssdk.services.ecr.model.ImageNotFoundException;
import software.amazon.awssdk.services.ecr.model.ImageTagAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.LayersNotFoundException;
import software.amazon.awssdk.services.ecr.model.LimitExceededException;
import software.amazon.awssdk.services.ecr.model.ReferencedImagesNotFoundException;
import software.amazon.awssdk.services.ecr.model.RepositoryNotFoundException;
import software.amazon.awssdk.services.ecr.model.UploadNotFoundException;

/**
 * The data plane: the OCI distribution protocol, version 1.1, under {@code /v2/}, as docker,
 * skopeo, containerd and ORAS speak it. Layers are answered here and not by a redirect to another
 * host as AWS does; clients take either.
 *
 * <p>Every request asks {@link Access} once for each action that AWS would check.
 */
final class RegistryHttp implements HttpHandler {

  private static final Logger LOG = LoggerFactory.getLogger(RegistryHttp.class);

  /** AWS's limit of a page of tags, and the page that is given when none is asked for. */
  static final int MAX_PAGE = 1_000;

  /** Of referrers in one answer: keeps it under the size that clients take for an index. */
  static final int MAX_REFERRERS = 500;

  /** How much of a pull goes to the socket at once. */
  private static final int SEND_BYTES = 256 * 1024;

  private static final int MAX_FORM_BYTES = 64 * 1024;

  private static final Pattern BLOB = Pattern.compile("(.+)/blobs/([^/]+)");
  private static final Pattern UPLOADS = Pattern.compile("(.+)/blobs/uploads/?");
  private static final Pattern UPLOAD = Pattern.compile("(.+)/blobs/uploads/([^/]+)");
  private static final Pattern MANIFEST = Pattern.compile("(.+)/manifests/([^/]+)");
  private static final Pattern TAGS = Pattern.compile("(.+)/tags/list");
  private static final Pattern REFERRERS = Pattern.compile("(.+)/referrers/([^/]+)");
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("(?:bytes )?([0-9]{1,18})-([0-9]{1,18})(?:/.*)?");
  private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{0,18})-([0-9]{0,18})");

  private final Registry registry;
  private final Access access;
  private final Tokens tokens;
  private final OnDemand onDemand;

  /**
   * @param onDemand what may bring a repository or an image into being when it is asked for
   */
  RegistryHttp(Registry registry, Access access, Tokens tokens, OnDemand onDemand) {
    this.registry = registry;
    this.access = access;
    this.tokens = tokens;
    this.onDemand = onDemand;
  }

  /** Makes what is not there yet: repositories on push, images from an upstream. */
  interface OnDemand {

    /** A push goes to a repository that does not exist; makes it where a template says so. */
    void beforePush(Scope scope, String repository);

    /**
     * A manifest is asked for; fetches it where a pull-through rule covers the name.
     *
     * @throws EcrException when the upstream does not give it and there is no copy
     */
    void beforePull(Scope scope, String repository, String reference);

    OnDemand NOTHING =
        new OnDemand() {
          @Override
          public void beforePush(Scope scope, String repository) {}

          @Override
          public void beforePull(Scope scope, String repository, String reference) {}
        };
  }

  @Override
  public void handle(HttpExchange http) throws IOException {
    http.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
    try {
      route(http);
    } catch (RegistryError e) {
      refuse(http, e);
    } catch (Challenge e) {
      http.setHeader("WWW-Authenticate", challenge(http, e.scope));
      http.setHeader("Content-Type", "application/json");
      http.respond(
          401, new RegistryError(RegistryError.Code.UNAUTHORIZED, "Not Authorized").body());
    } catch (EcrException e) {
      refuse(http, translate(e));
    } catch (StorageFailed | LogUnavailable e) {
      LOG.warn("{} {}: {}", http.method(), http.path(), e.getMessage());
      refuse(http, new RegistryError(UNAVAILABLE, String.valueOf(e.getMessage())));
    } catch (BodyBroken e) {
      // Whoever sent it is gone; what came is kept and the upload can be resumed.
      LOG.debug("{} {}: {}", http.method(), http.path(), e.getMessage());
      refuse(http, new RegistryError(BLOB_UPLOAD_INVALID, "the request body ended early"));
    }
  }

  private static void refuse(HttpExchange http, RegistryError error) throws IOException {
    http.setHeader("Content-Type", "application/json");
    http.respond(error.status(), error.body());
  }

  private static RegistryError translate(EcrException e) {
    String message = messageOf(e);
    return switch (e) {
      case RepositoryNotFoundException _ -> new RegistryError(NAME_UNKNOWN, message);
      case ImageNotFoundException _ ->
          new RegistryError(MANIFEST_UNKNOWN, "Requested image not found");
      case UploadNotFoundException _ -> new RegistryError(BLOB_UPLOAD_UNKNOWN, message);
      case LayersNotFoundException _ -> new RegistryError(MANIFEST_BLOB_UNKNOWN, message);
      case ReferencedImagesNotFoundException _ -> new RegistryError(MANIFEST_BLOB_UNKNOWN, message);
      case ImageTagAlreadyExistsException _ -> new RegistryError(TAG_INVALID, message);
      case ImageDigestDoesNotMatchException _ -> new RegistryError(DIGEST_INVALID, message);
      case LimitExceededException _ -> new RegistryError(DENIED, message);
      default ->
          e.statusCode() == 403
              ? new RegistryError(DENIED, message)
              : e.statusCode() >= 500
                  ? new RegistryError(UNAVAILABLE, message)
                  : new RegistryError(UNSUPPORTED, message);
    };
  }

  private static String messageOf(EcrException e) {
    return e.awsErrorDetails() != null && e.awsErrorDetails().errorMessage() != null
        ? e.awsErrorDetails().errorMessage()
        : String.valueOf(e.getMessage());
  }

  // ---- routing

  private void route(HttpExchange http) throws IOException {
    String path = decode(http.path());
    if (path.equals("/v2") || path.equals("/v2/")) {
      authorize(http, registry.addresses.registryOf(http.host()), null, null);
      http.setHeader("Content-Type", "application/json");
      answer(http, 200, "{}".getBytes(StandardCharsets.UTF_8));
      return;
    }
    if (!path.startsWith("/v2/")) {
      throw new RegistryError(UNSUPPORTED, 404, "there is nothing here");
    }
    String rest = path.substring("/v2/".length());
    if (rest.equals("token")) {
      token(http);
      return;
    }
    if (rest.equals("_catalog")) {
      only(http, "GET");
      catalog(http);
      return;
    }
    Matcher m = UPLOADS.matcher(rest);
    if (m.matches()) {
      only(http, "POST");
      startUpload(http, target(http, m.group(1)));
      return;
    }
    m = UPLOAD.matcher(rest);
    if (m.matches()) {
      upload(http, target(http, m.group(1)), m.group(2));
      return;
    }
    m = BLOB.matcher(rest);
    if (m.matches()) {
      blob(http, target(http, m.group(1)), m.group(2));
      return;
    }
    m = MANIFEST.matcher(rest);
    if (m.matches()) {
      manifest(http, target(http, m.group(1)), m.group(2));
      return;
    }
    m = TAGS.matcher(rest);
    if (m.matches()) {
      only(http, "GET");
      tags(http, target(http, m.group(1)));
      return;
    }
    m = REFERRERS.matcher(rest);
    if (m.matches()) {
      only(http, "GET");
      referrers(http, target(http, m.group(1)), m.group(2));
      return;
    }
    throw new RegistryError(UNSUPPORTED, 404, "there is nothing here");
  }

  /**
   * @param sent the name as the client wrote it: what it gets back in addresses
   */
  private record Target(Scope scope, String repository, String sent) {}

  private Target target(HttpExchange http, String sent) {
    Address address = registry.addresses.resolve(http.host(), sent);
    if (!Names.isRepository(address.repository())) {
      throw new RegistryError(NAME_INVALID, "invalid repository name: " + address.repository());
    }
    return new Target(address.registry(), address.repository(), sent);
  }

  private static void only(HttpExchange http, String... methods) {
    for (String method : methods) {
      if (http.method().equals(method)) {
        return;
      }
    }
    throw new RegistryError(UNSUPPORTED, http.method() + " is not supported here");
  }

  // ---- who asks

  private static final class Challenge extends RuntimeException {
    private static final long serialVersionUID = 1L;
    final String scope;

    Challenge(String scope) {
      this.scope = scope;
    }
  }

  private Caller authorize(
      HttpExchange http, Scope scope, @Nullable String repository, @Nullable String action) {
    Decision decision =
        access.allow(new Ask(scope, repository, action, credentials(http), http.remoteAddress()));
    return switch (decision) {
      case Decision.Allowed allowed -> allowed.caller();
      case Decision.Denied denied -> throw new RegistryError(DENIED, denied.message());
      case Decision.Unauthorized _ ->
          throw new Challenge(
              repository == null
                  ? ""
                  : "repository:" + repository + ":" + (isPush(action) ? "pull,push" : "pull"));
    };
  }

  private Caller authorize(HttpExchange http, Target target, String action) {
    return authorize(http, target.scope, target.repository, action);
  }

  private static boolean isPush(@Nullable String action) {
    return action != null
        && (action.contains("Upload") || action.contains("Put") || action.contains("Delete"));
  }

  /**
   * Private registries ask for Basic, as AWS does; ECR Public for a bearer token, as it does.
   * Either is taken on both.
   */
  private String challenge(HttpExchange http, String scope) {
    String scheme = "https".equals(http.header("X-Forwarded-Proto")) ? "https://" : "http://";
    boolean isPublic =
        registry.addresses.registryOf(http.host()).region().equals(Addresses.PUBLIC_REGION)
            || http.host().startsWith(Addresses.PUBLIC_HOST)
            || http.path().startsWith("/v2/" + Addresses.PUBLIC_HOST + "/");
    if (!isPublic) {
      return "Basic realm=\"" + scheme + http.host() + "/\",service=\"ecr.amazonaws.com\"";
    }
    return "Bearer realm=\""
        + scheme
        + http.host()
        + "/v2/token\",service=\"public.ecr.aws\""
        + (scope.isEmpty() ? "" : ",scope=\"" + scope + "\"");
  }

  private static Credentials credentials(HttpExchange http) {
    String header = http.header("Authorization");
    if (header == null) {
      return new Credentials.None();
    }
    String lower = header.toLowerCase(Locale.ROOT);
    if (lower.startsWith("bearer ")) {
      String token = header.substring("bearer ".length()).trim();
      return token.equals(ANONYMOUS) ? new Credentials.None() : new Credentials.Token(token);
    }
    if (lower.startsWith("basic ")) {
      String decoded;
      try {
        decoded =
            new String(
                Base64.getDecoder().decode(header.substring("basic ".length()).trim()),
                StandardCharsets.UTF_8);
      } catch (IllegalArgumentException e) {
        return new Credentials.Token("");
      }
      int colon = decoded.indexOf(':');
      return new Credentials.Token(
          colon > 0 && decoded.substring(0, colon).equals("AWS")
              ? decoded.substring(colon + 1)
              : "");
    }
    return new Credentials.Token("");
  }

  private static final String ANONYMOUS = "anonymous";

  /** The token service of the bearer flow, as docker (GET) and containerd (POST) call it. */
  private void token(HttpExchange http) throws IOException {
    only(http, "GET", "POST");
    Credentials credentials = credentials(http);
    if (http.method().equals("POST")) {
      Map<String, String> form =
          parameters(new String(http.body().readNBytes(MAX_FORM_BYTES), StandardCharsets.UTF_8));
      String password =
          "password".equals(form.get("grant_type"))
              ? form.get("password")
              : form.get("refresh_token");
      if (password != null) {
        credentials = new Credentials.Token(password);
      }
    }
    Scope scope = registry.addresses.registryOf(http.host());
    String token;
    if (credentials instanceof Credentials.None) {
      token = ANONYMOUS;
    } else {
      token =
          access
              .callerOf(credentials, scope, http.remoteAddress())
              .map(caller -> tokens.mint(caller).password())
              .orElseThrow(
                  () -> new RegistryError(RegistryError.Code.UNAUTHORIZED, "Not Authorized"));
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("token", token);
    answer.put("access_token", token);
    answer.put("expires_in", Tokens.LIFETIME.toSeconds());
    answer.put("issued_at", registry.clock.instant().toString());
    http.setHeader("Content-Type", "application/json");
    http.respond(200, Json.write(answer));
  }

  // ---- blobs

  private void blob(HttpExchange http, Target target, String reference) throws IOException {
    only(http, "GET", "HEAD", "DELETE");
    Digest digest = digest(reference);
    switch (http.method()) {
      case "DELETE" -> {
        authorize(http, target, "ecr:BatchDeleteImage");
        switch (registry.unlink(target.scope, target.repository, digest)) {
          case DONE -> answer(http, 202, NOTHING);
          case NOT_THERE -> throw new RegistryError(BLOB_UNKNOWN, digest + " is not here");
          case IN_USE ->
              throw new RegistryError(
                  UNSUPPORTED, digest + " is a layer of an image in this repository");
        }
      }
      case "HEAD" -> {
        authorize(http, target, "ecr:BatchCheckLayerAvailability");
        long size = existingBlob(target, digest);
        blobHeaders(http, digest);
        http.setHeader("Content-Length", Long.toString(size));
        http.respond(200).close();
      }
      default -> {
        if (!isSigned(http, target, digest)) {
          authorize(http, target, "ecr:GetDownloadUrlForLayer");
        }
        sendBlob(http, digest, existingBlob(target, digest));
      }
    }
  }

  private boolean isSigned(HttpExchange http, Target target, Digest digest) {
    Map<String, String> query = parameters(http.query());
    String expires = query.get("expires");
    String signature = query.get("signature");
    return expires != null
        && signature != null
        && tokens.isSignedLayer(target.scope, target.repository, digest, expires, signature);
  }

  private long existingBlob(Target target, Digest digest) {
    View view = registry.store.snapshot();
    Registry.repository(view, target.scope, target.repository);
    long size = registry.blobSize(view, target.scope, target.repository, digest);
    if (size < 0) {
      throw new RegistryError(BLOB_UNKNOWN, "The layer " + digest + " is not in this repository");
    }
    return size;
  }

  private static void blobHeaders(HttpExchange http, Digest digest) {
    http.setHeader("Docker-Content-Digest", digest.toString());
    http.setHeader("Content-Type", "application/octet-stream");
    http.setHeader("Accept-Ranges", "bytes");
    http.setHeader("ETag", "\"" + digest + "\"");
    // Content under a digest never changes.
    http.setHeader("Cache-Control", "max-age=31536000");
  }

  private void sendBlob(HttpExchange http, Digest digest, long size) throws IOException {
    blobHeaders(http, digest);
    long from = 0;
    long to = size - 1;
    boolean partial = false;
    String range = http.header("Range");
    if (range != null) {
      Matcher m = RANGE.matcher(range.trim());
      // Several ranges, or units we do not know: the whole is a valid answer.
      if (m.matches() && !(m.group(1).isEmpty() && m.group(2).isEmpty())) {
        partial = true;
        if (m.group(1).isEmpty()) {
          from = Math.max(0, size - Long.parseLong(m.group(2)));
        } else {
          from = Long.parseLong(m.group(1));
          if (!m.group(2).isEmpty()) {
            to = Math.min(to, Long.parseLong(m.group(2)));
          }
        }
        if (from > to) {
          http.setHeader("Content-Range", "bytes */" + size);
          throw new RegistryError(RANGE_INVALID, "the blob has " + size + " bytes");
        }
        http.setHeader("Content-Range", "bytes " + from + "-" + to + "/" + size);
      }
    }
    try (FileChannel channel = registry.blobs.open(digest)) {
      long left = to - from + 1;
      http.setHeader("Content-Length", Long.toString(left));
      channel.position(from);
      try (OutputStream out = http.respond(partial ? 206 : 200)) {
        InputStream in = Channels.newInputStream(channel);
        byte[] buffer = new byte[(int) Math.min(SEND_BYTES, Math.max(1, left))];
        while (left > 0) {
          int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
          if (read < 0) {
            throw new IOException(digest + " on disk is shorter than its " + size + " bytes");
          }
          out.write(buffer, 0, read);
          left -= read;
        }
      }
    }
  }

  // ---- uploads

  private void startUpload(HttpExchange http, Target target) throws IOException {
    authorize(http, target, "ecr:InitiateLayerUpload");
    View view = registry.store.snapshot();
    if (view.get(EcrTables.REPOSITORIES, target.scope.key(target.repository)) == null) {
      onDemand.beforePush(target.scope, target.repository);
      Registry.repository(registry.store.snapshot(), target.scope, target.repository);
    }
    Map<String, String> query = parameters(http.query());
    String mount = query.get("mount");
    if (mount != null) {
      Digest digest = digest(mount);
      String from = query.get("from");
      if (mount(http, target, digest, from == null || from.isEmpty() ? null : from)) {
        http.setHeader("Location", "/v2/" + target.sent + "/blobs/" + digest);
        http.setHeader("Docker-Content-Digest", digest.toString());
        answer(http, 201, NOTHING);
        return;
      }
    }
    String whole = query.get("digest");
    Digest digest = whole == null ? null : digest(whole);
    Upload upload = registry.beginUpload(target.scope, target.repository);
    if (digest == null) {
      http.setHeader("Docker-Upload-UUID", upload.id);
      http.setHeader("Location", location(target, upload));
      http.setHeader("Range", "0-0");
      answer(http, 202, NOTHING);
      return;
    }
    // The whole blob came with the request.
    authorize(http, target, "ecr:CompleteLayerUpload");
    upload.tryLock();
    try {
      upload.append(http.body(), Long.MAX_VALUE);
      finish(http, target, upload, digest);
    } finally {
      upload.unlock();
    }
    answer(http, 201, NOTHING);
  }

  private boolean mount(HttpExchange http, Target target, Digest digest, @Nullable String from) {
    if (!AccountSettings.blobMounting(registry.store.snapshot(), target.scope)) {
      return false;
    }
    String source = null;
    if (from != null) {
      Address address = registry.addresses.resolve(http.host(), from);
      if (!address.registry().equals(target.scope)) {
        return false;
      }
      source = address.repository();
    }
    return registry.mount(
        target.scope,
        target.repository,
        digest,
        source,
        repository ->
            access.allow(
                    new Ask(
                        target.scope,
                        repository,
                        "ecr:GetDownloadUrlForLayer",
                        credentials(http),
                        http.remoteAddress()))
                instanceof Decision.Allowed);
  }

  private void upload(HttpExchange http, Target target, String id) throws IOException {
    only(http, "GET", "PATCH", "PUT", "DELETE");
    authorize(
        http,
        target,
        switch (http.method()) {
          case "PUT" -> "ecr:CompleteLayerUpload";
          case "PATCH" -> "ecr:UploadLayerPart";
          default -> "ecr:InitiateLayerUpload";
        });
    Registry.repository(registry.store.snapshot(), target.scope, target.repository);
    Upload upload = registry.blobs.find(id, target.scope, target.repository);
    long offset = upload == null ? -1 : upload.offset();
    if (upload == null || offset < 0) {
      throw EcrErrors.uploadNotFound(id, target.repository, target.scope.account());
    }
    if (http.method().equals("GET")) {
      progress(http, target, upload, offset);
      answer(http, 204, NOTHING);
      return;
    }
    if (!upload.tryLock()) {
      throw new RegistryError(
          BLOB_UPLOAD_INVALID, 409, "another request is writing to this upload");
    }
    int status;
    try {
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
          String whole = parameters(http.query()).get("digest");
          if (whole == null) {
            throw new RegistryError(DIGEST_INVALID, "the digest of the blob is missing");
          }
          Digest digest = digest(whole);
          chunk(http, target, upload);
          finish(http, target, upload, digest);
          status = 201;
        }
      }
    } finally {
      // Before the answer: clients send the next piece as soon as they have it.
      upload.unlock();
    }
    answer(http, status, NOTHING);
  }

  /** Takes the body as the next piece; a piece that says where it begins must begin at the end. */
  private long chunk(HttpExchange http, Target target, Upload upload) throws IOException {
    long offset = Math.max(0, upload.offset());
    String range = http.header("Content-Range");
    long limit = Long.MAX_VALUE;
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
    long end = upload.append(http.body(), limit);
    if (range != null && end != offset + limit) {
      progress(http, target, upload, end);
      throw new RegistryError(
          SIZE_INVALID, "the chunk has " + (end - offset) + " bytes and not " + limit);
    }
    return end;
  }

  private void finish(HttpExchange http, Target target, Upload upload, Digest digest)
      throws IOException {
    if (!upload.finish(digest)) {
      throw new RegistryError(
          DIGEST_INVALID, "provided digest did not match uploaded content: " + digest);
    }
    registry.link(target.scope, target.repository, digest);
    http.setHeader("Location", "/v2/" + target.sent + "/blobs/" + digest);
    http.setHeader("Docker-Content-Digest", digest.toString());
  }

  private static String location(Target target, Upload upload) {
    return "/v2/" + target.sent + "/blobs/uploads/" + upload.id;
  }

  private static void progress(HttpExchange http, Target target, Upload upload, long offset) {
    http.setHeader("Docker-Upload-UUID", upload.id);
    http.setHeader("Location", location(target, upload));
    http.setHeader("Range", "0-" + Math.max(0, offset - 1));
  }

  // ---- manifests

  private void manifest(HttpExchange http, Target target, String reference) throws IOException {
    only(http, "GET", "HEAD", "PUT", "DELETE");
    boolean byDigest = reference.contains(":");
    Digest digest = byDigest ? digest(reference) : null;
    switch (http.method()) {
      case "PUT" -> {
        if (!byDigest && !Names.isTag(reference)) {
          throw new RegistryError(TAG_INVALID, "invalid tag " + reference);
        }
        putManifest(http, target, byDigest ? null : reference, digest);
      }
      case "DELETE" -> {
        authorize(http, target, "ecr:BatchDeleteImage");
        deleteManifest(target, reference, byDigest);
        answer(http, 202, NOTHING);
      }
      default -> {
        Caller caller = authorize(http, target, "ecr:BatchGetImage");
        onDemand.beforePull(target.scope, target.repository, reference);
        View view = registry.store.snapshot();
        Registry.repository(view, target.scope, target.repository);
        ImageRow image = Registry.image(view, target.scope, target.repository, reference);
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
          byte[] bytes = registry.manifestBytes(image);
          registry.recordPull(target.scope, image, caller.arn());
          answer(http, 200, bytes);
        }
      }
    }
  }

  private void putManifest(
      HttpExchange http, Target target, @Nullable String tag, @Nullable Digest digest)
      throws IOException {
    authorize(http, target, "ecr:PutImage");
    byte[] bytes = http.body().readNBytes(Manifest.MAX_BYTES + 1);
    if (bytes.length > Manifest.MAX_BYTES) {
      throw new RegistryError(
          MANIFEST_INVALID, 413, "a manifest has at most " + Manifest.MAX_BYTES + " bytes");
    }
    onDemand.beforePush(target.scope, target.repository);
    String contentType = http.header("Content-Type");
    Pushed pushed;
    try {
      pushed =
          registry.push(
              new Push(
                  target.scope,
                  target.repository,
                  tag,
                  digest,
                  bytes,
                  isUntold(contentType) ? null : contentType,
                  Origin.PUSHED));
    } catch (Manifest.Invalid e) {
      throw new RegistryError(MANIFEST_INVALID, String.valueOf(e.getMessage()));
    }
    http.setHeader("Location", "/v2/" + target.sent + "/manifests/" + pushed.digest());
    http.setHeader("Docker-Content-Digest", pushed.digest().toString());
    Digest subject = pushed.manifest().subject();
    if (subject != null) {
      http.setHeader("OCI-Subject", subject.toString());
    }
    answer(http, 201, NOTHING);
  }

  /** Types that say nothing about a manifest; some clients send them. */
  private static boolean isUntold(@Nullable String contentType) {
    return contentType == null
        || contentType.isBlank()
        || Manifest.bareType(contentType).equals("application/json")
        || Manifest.bareType(contentType).equals("application/octet-stream");
  }

  /** By tag: only the tag goes, as OCI says. By digest: the image goes with all its tags. */
  private void deleteManifest(Target target, String reference, boolean byDigest) {
    registry.store.write(
        tx -> {
          Registry.repository(tx, target.scope, target.repository);
          ImageRow image = Registry.image(tx, target.scope, target.repository, reference);
          if (image == null) {
            throw new RegistryError(MANIFEST_UNKNOWN, "Requested image not found");
          }
          if (!byDigest) {
            tx.delete(EcrTables.TAGS, EcrTables.tagKey(target.scope, target.repository, reference));
            return null;
          }
          if (Registry.isChild(tx, target.scope, image)) {
            throw new RegistryError(
                UNSUPPORTED, "Requested image referenced by manifest list: delete the list first");
          }
          Registry.deleteImage(tx, target.scope, image);
          return null;
        });
  }

  // ---- discovery

  private void tags(HttpExchange http, Target target) throws IOException {
    authorize(http, target, "ecr:ListImages");
    Map<String, String> query = parameters(http.query());
    int page = page(query);
    String last = query.getOrDefault("last", "");
    View view = registry.store.snapshot();
    Registry.repository(view, target.scope, target.repository);
    List<String> tags = new ArrayList<>();
    boolean more = false;
    String prefix = target.repository + ":";
    var rows =
        view.scanAfter(EcrTables.TAGS, target.scope, prefix + last)
            .takeWhile(row -> row.key().id().startsWith(prefix))
            .iterator();
    while (rows.hasNext()) {
      Row<TagRow> row = rows.next();
      if (tags.size() == page) {
        more = true;
        break;
      }
      tags.add(row.value().tag());
    }
    if (more && page > 0) {
      link(http, "/v2/" + target.sent + "/tags/list?n=" + page + "&last=" + encode(tags.getLast()));
    }
    http.setHeader("Content-Type", "application/json");
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("name", target.sent);
    answer.put("tags", tags);
    answer(http, 200, Json.write(answer));
  }

  private void catalog(HttpExchange http) throws IOException {
    Scope scope = registry.addresses.registryOf(http.host());
    authorize(http, scope, null, "ecr:DescribeRepositories");
    Map<String, String> query = parameters(http.query());
    int page = page(query);
    List<String> names = new ArrayList<>();
    boolean more = false;
    var rows =
        registry
            .store
            .snapshot()
            .scanAfter(EcrTables.REPOSITORIES, scope, query.getOrDefault("last", ""))
            .iterator();
    while (rows.hasNext()) {
      String name = rows.next().value().name();
      if (names.size() == page) {
        more = true;
        break;
      }
      names.add(name);
    }
    if (more && page > 0) {
      link(http, "/v2/_catalog?n=" + page + "&last=" + encode(names.getLast()));
    }
    http.setHeader("Content-Type", "application/json");
    answer(http, 200, Json.write(Map.of("repositories", names)));
  }

  private static int page(Map<String, String> query) {
    String n = query.get("n");
    if (n == null) {
      return MAX_PAGE;
    }
    long asked;
    try {
      asked = Long.parseLong(n);
    } catch (NumberFormatException e) {
      asked = -1;
    }
    if (asked < 0) {
      throw new RegistryError(
          UNSUPPORTED,
          400,
          "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must be a number'");
    }
    if (asked > MAX_PAGE) {
      throw new RegistryError(
          UNSUPPORTED,
          "Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value less than or equal to "
              + MAX_PAGE
              + "'");
    }
    return (int) asked;
  }

  private void referrers(HttpExchange http, Target target, String reference) throws IOException {
    authorize(http, target, "ecr:BatchGetImage");
    Digest subject = digest(reference);
    Map<String, String> query = parameters(http.query());
    String artifactType = query.get("artifactType");
    String last = query.getOrDefault("last", "");
    View view = registry.store.snapshot();
    Registry.repository(view, target.scope, target.repository);
    List<Object> manifests = new ArrayList<>();
    for (ImageRow image :
        Registry.referrers(view, target.scope, target.repository, subject.toString())) {
      if (image.digest().compareTo(last) <= 0
          || image.status() == Status.ARCHIVED
          || (artifactType != null && !artifactType.equals(image.artifactType()))) {
        continue;
      }
      if (manifests.size() == MAX_REFERRERS) {
        String after = String.valueOf(Json.asObject(manifests.getLast()).get("digest"));
        link(
            http,
            "/v2/"
                + target.sent
                + "/referrers/"
                + subject
                + "?last="
                + encode(after)
                + (artifactType == null ? "" : "&artifactType=" + encode(artifactType)));
        break;
      }
      Map<String, Object> descriptor = new LinkedHashMap<>();
      descriptor.put("mediaType", image.mediaType());
      descriptor.put("digest", image.digest());
      descriptor.put("size", image.manifestBytes());
      if (image.artifactType() != null) {
        descriptor.put("artifactType", image.artifactType());
      }
      if (!image.annotations().isEmpty()) {
        descriptor.put("annotations", image.annotations());
      }
      manifests.add(descriptor);
    }
    if (artifactType != null) {
      http.setHeader("OCI-Filters-Applied", "artifactType");
    }
    Map<String, Object> index = new LinkedHashMap<>();
    index.put("schemaVersion", 2);
    index.put("mediaType", Manifest.OCI_INDEX);
    index.put("manifests", manifests);
    http.setHeader("Content-Type", Manifest.OCI_INDEX);
    answer(http, 200, Json.write(index));
  }

  private static void link(HttpExchange http, String next) {
    http.setHeader("Link", "<" + next + ">; rel=\"next\"");
  }

  // ---- small

  private static final byte[] NOTHING = new byte[0];

  private static void answer(HttpExchange http, int status, byte[] body) throws IOException {
    http.respond(status, body);
  }

  private static Digest digest(String text) {
    Digest digest = Digest.parse(text);
    if (digest == null) {
      throw new RegistryError(DIGEST_INVALID, "invalid digest " + text);
    }
    return digest;
  }

  private static String decode(String path) {
    if (path.indexOf('%') < 0) {
      return path;
    }
    try {
      // A plus sign in a path is a plus sign.
      return URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new RegistryError(NAME_INVALID, "the path is not well encoded");
    }
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static Map<String, String> parameters(String query) {
    Map<String, String> found = new LinkedHashMap<>();
    if (query.isEmpty()) {
      return found;
    }
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      String name = equals < 0 ? pair : pair.substring(0, equals);
      String value = equals < 0 ? "" : pair.substring(equals + 1);
      try {
        found.putIfAbsent(
            URLDecoder.decode(name, StandardCharsets.UTF_8),
            // Digests and media types carry plus signs that clients leave as they are.
            URLDecoder.decode(value.replace("+", "%2B"), StandardCharsets.UTF_8));
      } catch (IllegalArgumentException e) {
        throw new RegistryError(BLOB_UPLOAD_INVALID, "the query is not well encoded");
      }
    }
    return found;
  }
}
