package gantry.services.ecr;

import gantry.services.ecr.Upstream.Answer;
import gantry.services.ecr.UpstreamFailure.Kind;
import gantry.state.Scope;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRule;

/** Requests to one repository of an upstream, with a token once it asks for one. */
final class UpstreamSession {

  private static final int MAX_TOKEN_BYTES = 1024 * 1024;
  private static final Pattern CHALLENGE = Pattern.compile("([a-z_]+)=\"([^\"]*)\"");

  private final Upstream upstream;
  private final UpstreamCredentials credentials;
  private final Scope scope;
  private final PullThroughCacheRule rule;
  private final String registry;
  private final String base;
  private @Nullable String authorization;

  /**
   * @param registry the upstream's address
   * @param repository there
   */
  UpstreamSession(
      Upstream upstream,
      UpstreamCredentials credentials,
      Scope scope,
      PullThroughCacheRule rule,
      String registry,
      String repository) {
    this.upstream = upstream;
    this.credentials = credentials;
    this.scope = scope;
    this.rule = rule;
    this.registry = registry;
    this.base = registry + "/v2/" + repository + "/";
  }

  /** Whether the registry lets this session in; without credentials a challenge is an answer. */
  Answer probe() throws IOException {
    String url = registry + "/v2/";
    Answer answer = upstream.get(url, Map.of());
    String challenge = answer.header("www-authenticate").orElse("");
    if (answer.status() != 401 || rule.credentialArn() == null) {
      return answer;
    }
    answer.close();
    // A token service gives tokens for repositories; whom it refuses it refuses here too.
    authorization = authorize(challenge);
    return upstream.get(url, headers("*/*"));
  }

  /**
   * What lies at a path of the repository.
   *
   * @throws UpstreamFailure when the upstream does not give it
   */
  Answer get(String path, String accept) throws IOException {
    Answer answer = upstream.get(base + path, headers(accept));
    if (answer.status() == 401) {
      String challenge = answer.header("www-authenticate").orElse("");
      answer.close();
      authorization = authorize(challenge);
      answer = upstream.get(base + path, headers(accept));
    }
    if (answer.status() != 200) {
      answer.close();
      throw new UpstreamFailure(
          answer.status(), registry + " answers " + answer.status() + " for " + path);
    }
    return answer;
  }

  private Map<String, String> headers(String accept) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Accept", accept);
    if (authorization != null) {
      headers.put("Authorization", authorization);
    }
    return headers;
  }

  private String authorize(String challenge) throws IOException {
    String arn = rule.credentialArn();
    String basic = arn == null ? null : credentials.read(scope, arn).basic();
    if (!challenge.regionMatches(true, 0, "Bearer ", 0, 7)) {
      if (basic == null) {
        throw new UpstreamFailure(
            Kind.ACCESS_DENIED, registry + " wants credentials and the rule has none");
      }
      return basic;
    }
    return bearer(challenge, basic);
  }

  /** Asks the token service that the challenge names. */
  private String bearer(String challenge, @Nullable String basic) throws IOException {
    Map<String, String> said = new LinkedHashMap<>();
    Matcher m = CHALLENGE.matcher(challenge);
    while (m.find()) {
      said.put(m.group(1), m.group(2));
    }
    String realm = said.get("realm");
    if (realm == null) {
      throw new UpstreamFailure(
          Kind.UNAVAILABLE, registry + " asks for a token and its challenge has no realm");
    }
    if (basic != null && registry.startsWith("https:") && !realm.startsWith("https:")) {
      throw new UpstreamFailure(
          Kind.ACCESS_DENIED, registry + " wants the rule's credentials in the clear, at " + realm);
    }
    StringBuilder url = new StringBuilder(realm);
    char separator = realm.contains("?") ? '&' : '?';
    for (String name : new String[] {"service", "scope"}) {
      String value = said.get(name);
      if (value != null) {
        url.append(separator)
            .append(name)
            .append('=')
            .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
        separator = '&';
      }
    }
    try (Answer answer =
        upstream.get(url.toString(), basic == null ? Map.of() : Map.of("Authorization", basic))) {
      Map<String, Object> json =
          answer.status() == 200 ? Json.object(answer.body().readNBytes(MAX_TOKEN_BYTES)) : null;
      String token = json == null ? null : Json.text(json, "token");
      if (token == null && json != null) {
        token = Json.text(json, "access_token");
      }
      if (token == null) {
        throw new UpstreamFailure(
            answer.status(), registry + " gives no token: " + answer.status());
      }
      return "Bearer " + token;
    }
  }
}
