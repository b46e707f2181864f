package gantry.services.ecr;

import static gantry.services.ecr.RegistryError.Code.BLOB_UPLOAD_INVALID;
import static gantry.services.ecr.RegistryError.Code.DIGEST_INVALID;
import static gantry.services.ecr.RegistryError.Code.NAME_INVALID;
import static gantry.services.ecr.RegistryError.Code.UNSUPPORTED;

import gantry.services.HttpExchange;
import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** What all parts of the data plane need of HTTP. */
final class Http {

  private Http() {}

  /** Refuses other methods than these. */
  static void only(HttpExchange http, String... methods) {
    for (String method : methods) {
      if (http.method().equals(method)) {
        return;
      }
    }
    http.setHeader("Allow", String.join(", ", methods));
    throw new RegistryError(UNSUPPORTED, http.method() + " is not supported here");
  }

  static final byte[] NOTHING = new byte[0];

  static void answer(HttpExchange http, int status, byte[] body) throws IOException {
    http.respond(status, body);
  }

  /** Whether a Content-Length is over a limit; one that is no number is the server's to refuse. */
  static boolean isMore(String length, long limit) {
    try {
      return Long.parseLong(length.trim()) > limit;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  static Digest digest(String text) {
    Digest digest = Digest.parse(text);
    if (digest == null) {
      throw new RegistryError(DIGEST_INVALID, "invalid digest " + text);
    }
    return digest;
  }

  static String decode(String path) {
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

  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  static Map<String, String> parameters(String query) {
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

  /** Where the next page is. */
  static void link(HttpExchange http, String next) {
    http.setHeader("Link", "<" + next + ">; rel=\"next\"");
  }
}
