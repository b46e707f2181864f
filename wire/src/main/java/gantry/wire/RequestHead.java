package gantry.wire;

import org.jspecify.annotations.Nullable;

/**
 * Everything of a request before its body, as it came: nothing decoded. Independent of any HTTP
 * server.
 *
 * @param path the raw path, percent-encoded, without the query
 * @param query the raw query without its question mark, null if there is none
 */
public record RequestHead(String method, String path, @Nullable String query, Headers headers) {

  public @Nullable String header(String name) {
    return headers.first(name);
  }
}
