package gantry.services.ecr;

import static gantry.services.ecr.RegistryError.Code.BLOB_UNKNOWN;
import static gantry.services.ecr.RegistryError.Code.RANGE_INVALID;
import static gantry.services.ecr.RegistryError.Code.UNSUPPORTED;

import gantry.services.HttpExchange;
import gantry.state.View;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Layers on the data plane: asked about, pulled whole or in part, deleted. */
final class BlobHttp {

  private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{0,18})-([0-9]{0,18})");

  private final Registry registry;
  private final Login login;
  private final Tokens tokens;

  BlobHttp(Registry registry, Login login, Tokens tokens) {
    this.registry = registry;
    this.login = login;
    this.tokens = tokens;
  }

  void answer(HttpExchange http, Target target, String reference) throws IOException {
    Http.only(http, "GET", "HEAD", "DELETE");
    Digest digest = Http.digest(reference);
    switch (http.method()) {
      case "DELETE" -> {
        login.authorize(http, target, "ecr:BatchDeleteImage");
        switch (registry.layers.unlink(target.scope(), target.repository(), digest)) {
          case DONE -> Http.answer(http, 202, Http.NOTHING);
          case NOT_THERE -> throw new RegistryError(BLOB_UNKNOWN, digest + " is not here");
          case IN_USE ->
              throw new RegistryError(
                  UNSUPPORTED, digest + " is a layer of an image in this repository");
        }
      }
      case "HEAD" -> {
        login.authorize(http, target, "ecr:BatchCheckLayerAvailability");
        long size =
            existing(
                digest,
                registry.layers.offer(view(target), target.scope(), target.repository(), digest));
        blobHeaders(http, digest);
        http.setHeader("Content-Length", Long.toString(size));
        http.respond(200).close();
      }
      default -> {
        if (!isSigned(http, target, digest)) {
          login.authorize(http, target, "ecr:GetDownloadUrlForLayer");
        }
        sendBlob(
            http,
            digest,
            existing(
                digest, Layers.size(view(target), target.scope(), target.repository(), digest)));
      }
    }
  }

  private boolean isSigned(HttpExchange http, Target target, Digest digest) {
    Map<String, String> query = Http.parameters(http.query());
    String expires = query.get("expires");
    String signature = query.get("signature");
    return expires != null
        && signature != null
        && tokens.isSignedLayer(target.scope(), target.repository(), digest, expires, signature);
  }

  /** The tables, in which the repository is there. */
  private View view(Target target) {
    View view = registry.store.snapshot();
    Registry.repository(view, target.scope(), target.repository());
    return view;
  }

  private static long existing(Digest digest, long size) {
    if (size < 0) {
      throw notHere(digest);
    }
    return size;
  }

  private static RegistryError notHere(Digest digest) {
    return new RegistryError(BLOB_UNKNOWN, "The layer " + digest + " is not in this repository");
  }

  private static void blobHeaders(HttpExchange http, Digest digest) {
    http.setHeader("Docker-Content-Digest", digest.toString());
    http.setHeader("Content-Type", "application/octet-stream");
    http.setHeader("Accept-Ranges", "bytes");
    http.setHeader("ETag", etag(digest));
    // Content under a digest never changes.
    http.setHeader("Cache-Control", "max-age=31536000");
  }

  private void sendBlob(HttpExchange http, Digest digest, long size) throws IOException {
    long from = 0;
    long to = size - 1;
    boolean partial = false;
    String range = http.header("Range");
    String ifRange = http.header("If-Range");
    if (range != null && (ifRange == null || ifRange.equals(etag(digest)))) {
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
      blobHeaders(http, digest);
      http.respond(partial ? 206 : 200, channel, from, to - from + 1);
    } catch (NoSuchFileException e) {
      // Between the look at the tables and here it was let go of and collected.
      throw notHere(digest);
    }
  }

  private static String etag(Digest digest) {
    return "\"" + digest + "\"";
  }
}
