package gantry.services.ecr;

import static gantry.services.ecr.RegistryError.Code.DENIED;

import gantry.services.Caller;
import gantry.services.HttpExchange;
import gantry.services.ecr.Access.Ask;
import gantry.services.ecr.Access.Credentials;
import gantry.services.ecr.Access.Decision;
import gantry.services.ecr.Tokens.Minted;
import gantry.state.Scope;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who asks on the data plane: reads what a request shows, asks {@link Access} for each action that
 * AWS would check, challenges, and is the token service of the bearer flow.
 */
final class Login {

  private static final int MAX_FORM_BYTES = 64 * 1024;

  private final Registry registry;
  private final Access access;

  Login(Registry registry, Access access) {
    this.registry = registry;
    this.access = access;
  }

  /** Credentials are wanted. */
  static final class Challenge extends RuntimeException {
    private static final long serialVersionUID = 1L;
    final String scope;

    Challenge(String scope) {
      this.scope = scope;
    }
  }

  Caller authorize(
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

  /** Why whoever asks may not do this as well, in words; null when it may. */
  @Nullable String refusal(HttpExchange http, Scope scope, String repository, String action) {
    Decision decision =
        access.allow(new Ask(scope, repository, action, credentials(http), http.remoteAddress()));
    return switch (decision) {
      case Decision.Allowed _ -> null;
      case Decision.Denied denied -> denied.message();
      case Decision.Unauthorized _ -> "Not Authorized";
    };
  }

  /** What whoever asks may do besides with the repository that it named. */
  Rights rights(HttpExchange http, Target target) {
    return action -> refusal(http, target.scope(), target.repository(), action);
  }

  Caller authorize(HttpExchange http, Target target, String action) {
    return authorize(http, target.scope(), target.repository(), action);
  }

  private static boolean isPush(@Nullable String action) {
    return action != null
        && (action.contains("Upload") || action.contains("Put") || action.contains("Delete"));
  }

  /**
   * Private registries ask for Basic, as AWS does; ECR Public for a bearer token, as it does.
   * Either is taken on both.
   */
  String challenge(HttpExchange http, String scope) {
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

  static Credentials credentials(HttpExchange http) {
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
  void token(HttpExchange http) throws IOException {
    Http.only(http, "GET", "POST");
    Credentials credentials = credentials(http);
    if (http.method().equals("POST")) {
      Map<String, String> form =
          Http.parameters(
              new String(http.body().readNBytes(MAX_FORM_BYTES), StandardCharsets.UTF_8));
      String password =
          "password".equals(form.get("grant_type"))
              ? form.get("password")
              : form.get("refresh_token");
      if (password != null) {
        credentials = new Credentials.Token(password);
      }
    }
    Scope scope = registry.addresses.registryOf(http.host());
    Instant now = registry.clock.instant();
    Minted token =
        credentials instanceof Credentials.None
            ? new Minted(ANONYMOUS, now.plus(Tokens.LIFETIME))
            : access
                .exchange(credentials, scope, http.remoteAddress())
                .orElseThrow(
                    () -> new RegistryError(RegistryError.Code.UNAUTHORIZED, "Not Authorized"));
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("token", token.password());
    answer.put("access_token", token.password());
    answer.put("expires_in", Duration.between(now, token.expiresAt()).toSeconds());
    answer.put("issued_at", now.toString());
    http.setHeader("Content-Type", "application/json");
    http.respond(200, Json.write(answer));
  }
}
