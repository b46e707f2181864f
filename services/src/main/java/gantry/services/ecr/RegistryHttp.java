package gantry.services.ecr;

import static gantry.services.ecr.RegistryError.Code.BLOB_UPLOAD_INVALID;
import static gantry.services.ecr.RegistryError.Code.BLOB_UPLOAD_UNKNOWN;
import static gantry.services.ecr.RegistryError.Code.DENIED;
import static gantry.services.ecr.RegistryError.Code.DIGEST_INVALID;
import static gantry.services.ecr.RegistryError.Code.MANIFEST_BLOB_UNKNOWN;
import static gantry.services.ecr.RegistryError.Code.MANIFEST_UNKNOWN;
import static gantry.services.ecr.RegistryError.Code.NAME_INVALID;
import static gantry.services.ecr.RegistryError.Code.NAME_UNKNOWN;
import static gantry.services.ecr.RegistryError.Code.TAG_INVALID;
import static gantry.services.ecr.RegistryError.Code.TOOMANYREQUESTS;
import static gantry.services.ecr.RegistryError.Code.UNAVAILABLE;
import static gantry.services.ecr.RegistryError.Code.UNSUPPORTED;

import gantry.services.HttpExchange;
import gantry.services.HttpHandler;
import gantry.services.ecr.Addresses.Address;
import gantry.services.ecr.BlobStore.StorageFailed;
import gantry.services.ecr.PullThrough.NotFetched;
import gantry.services.ecr.Upload.BodyBroken;
import gantry.state.Store.LogUnavailable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

  private static final Pattern BLOB = Pattern.compile("(.+)/blobs/([^/]+)");
  private static final Pattern UPLOADS = Pattern.compile("(.+)/blobs/uploads/?");
  private static final Pattern UPLOAD = Pattern.compile("(.+)/blobs/uploads/([^/]+)");
  private static final Pattern MANIFEST = Pattern.compile("(.+)/manifests/([^/]+)");
  private static final Pattern TAGS = Pattern.compile("(.+)/tags/list");
  private static final Pattern REFERRERS = Pattern.compile("(.+)/referrers/([^/]+)");
  private final Registry registry;
  private final Login login;
  private final BlobHttp blobs;
  private final UploadHttp uploads;
  private final ManifestHttp manifests;
  private final DiscoveryHttp discovery;

  /**
   * @param pullThrough what may bring an image here when it is asked for
   * @param inUse what may not be deleted
   */
  RegistryHttp(
      Registry registry, Access access, Tokens tokens, PullThrough pullThrough, ImagesInUse inUse) {
    this.registry = registry;
    this.login = new Login(registry, access);
    this.blobs = new BlobHttp(registry, login, tokens);
    this.uploads = new UploadHttp(registry, login);
    this.manifests = new ManifestHttp(registry, login, pullThrough, inUse);
    this.discovery = new DiscoveryHttp(registry, login);
  }

  @Override
  public void handle(HttpExchange http) throws IOException {
    http.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
    try {
      route(http);
    } catch (RegistryError e) {
      refuse(http, e);
    } catch (Login.Challenge e) {
      http.setHeader("WWW-Authenticate", login.challenge(http, e.scope));
      http.setHeader("Content-Type", "application/json");
      http.respond(
          401, new RegistryError(RegistryError.Code.UNAUTHORIZED, "Not Authorized").body());
    } catch (EcrException e) {
      refuse(http, translate(e));
    } catch (NotFetched e) {
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
    String message = EcrErrors.messageOf(e);
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

  /** Clients show the message of a refusal, and of a 5xx only the status. */
  private static RegistryError translate(NotFetched e) {
    String message = String.valueOf(e.getMessage());
    return switch (e.kind()) {
      case NOT_FOUND, UNAVAILABLE -> new RegistryError(MANIFEST_UNKNOWN, message);
      case ACCESS_DENIED -> new RegistryError(DENIED, message);
      case TOO_MANY_REQUESTS -> new RegistryError(TOOMANYREQUESTS, message);
    };
  }

  // ---- routing

  private void route(HttpExchange http) throws IOException {
    String path = Http.decode(http.path());
    if (path.equals("/v2") || path.equals("/v2/")) {
      login.authorize(http, registry.addresses.registryOf(http.host()), null, null);
      http.setHeader("Content-Type", "application/json");
      Http.answer(http, 200, "{}".getBytes(StandardCharsets.UTF_8));
      return;
    }
    if (!path.startsWith("/v2/")) {
      throw new RegistryError(UNSUPPORTED, 404, "there is nothing here");
    }
    String rest = path.substring("/v2/".length());
    if (rest.equals("token")) {
      login.token(http);
      return;
    }
    if (rest.equals("_catalog")) {
      Http.only(http, "GET");
      discovery.catalog(http);
      return;
    }
    Matcher m = UPLOADS.matcher(rest);
    if (m.matches()) {
      Http.only(http, "POST");
      uploads.start(http, target(http, m.group(1)));
      return;
    }
    m = UPLOAD.matcher(rest);
    if (m.matches()) {
      uploads.goOn(http, target(http, m.group(1)), m.group(2));
      return;
    }
    m = BLOB.matcher(rest);
    if (m.matches()) {
      blobs.answer(http, target(http, m.group(1)), m.group(2));
      return;
    }
    m = MANIFEST.matcher(rest);
    if (m.matches()) {
      manifests.answer(http, target(http, m.group(1)), m.group(2));
      return;
    }
    m = TAGS.matcher(rest);
    if (m.matches()) {
      Http.only(http, "GET");
      discovery.tags(http, target(http, m.group(1)));
      return;
    }
    m = REFERRERS.matcher(rest);
    if (m.matches()) {
      Http.only(http, "GET");
      discovery.referrers(http, target(http, m.group(1)), m.group(2));
      return;
    }
    throw new RegistryError(UNSUPPORTED, 404, "there is nothing here");
  }

  private Target target(HttpExchange http, String sent) {
    Address address = registry.addresses.resolve(http.host(), sent);
    if (!Names.isRepository(address.repository())) {
      throw new RegistryError(NAME_INVALID, "invalid repository name: " + address.repository());
    }
    return new Target(address.registry(), address.repository(), sent);
  }
}
