package gantry.app;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import gantry.services.sts.WebKeys;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of OpenID Connect issuers, fetched from where their discovery document says and kept for
 * {@link #KEPT}. An issuer is asked only after an account has named it as its provider; by https,
 * or by http where it is this machine's own loopback, as in tests.
 */
final class OpenIdKeys implements WebKeys {

  static final Duration TIMEOUT = Duration.ofSeconds(5);
  static final int DOCUMENT_LIMIT = 256 * 1024;
  static final int KEY_LIMIT = 100;
  static final int ISSUER_LIMIT = 100;
  static final Duration KEPT = Duration.ofMinutes(10);

  /** A key that is not among the kept ones is looked for again no sooner. */
  static final Duration AGAIN = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(OpenIdKeys.class);
  private static final JsonFactory JSON = new JsonFactory();
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  private static final Map<String, String> CURVES =
      Map.of("P-256", "secp256r1", "P-384", "secp384r1", "P-521", "secp521r1");

  private record Key(@Nullable String id, PublicKey key) {}

  private record Known(List<Key> keys, Instant fetched) {
    /** The key of that id; without an id, the only one. */
    @Nullable PublicKey find(@Nullable String id) {
      if (id == null) {
        return keys.size() == 1 ? keys.getFirst().key() : null;
      }
      return keys.stream().filter(k -> id.equals(k.id())).map(Key::key).findFirst().orElse(null);
    }
  }

  private final Clock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Known> known = new LinkedHashMap<>();

  OpenIdKeys(Clock clock) {
    this.clock = clock;
  }

  @Override
  public @Nullable PublicKey find(String issuer, @Nullable String keyId) {
    Known kept = kept(issuer);
    Instant now = clock.instant();
    if (kept != null && kept.fetched().plus(KEPT).isAfter(now)) {
      PublicKey found = kept.find(keyId);
      if (found != null || kept.fetched().plus(AGAIN).isAfter(now)) {
        return found;
      }
    }
    List<Key> keys;
    try {
      keys = fetch(issuer);
    } catch (IOException | IllegalArgumentException e) {
      LOG.warn("the keys of the issuer {} cannot be had: {}", issuer, e.toString());
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
    Known fetched = new Known(keys, now);
    keep(issuer, fetched);
    return fetched.find(keyId);
  }

  private @Nullable Known kept(String issuer) {
    lock.lock();
    try {
      return known.get(issuer);
    } finally {
      lock.unlock();
    }
  }

  private void keep(String issuer, Known fetched) {
    lock.lock();
    try {
      known.remove(issuer);
      if (known.size() >= ISSUER_LIMIT) {
        known.remove(known.keySet().iterator().next());
      }
      known.put(issuer, fetched);
    } finally {
      lock.unlock();
    }
  }

  private static List<Key> fetch(String issuer) throws IOException, InterruptedException {
    String base = issuer.contains("://") ? issuer : "https://" + issuer;
    String bare = base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
    try (HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(TIMEOUT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build()) {
      Map<String, String> discovery =
          objects(get(client, bare + "/.well-known/openid-configuration"), null).getFirst();
      String location = discovery.get("jwks_uri");
      if (location == null) {
        throw new IOException("its configuration names no jwks_uri");
      }
      List<Key> keys = new ArrayList<>();
      for (Map<String, String> each : objects(get(client, location), "keys")) {
        PublicKey key = key(each);
        if (key != null && keys.size() < KEY_LIMIT) {
          keys.add(new Key(each.get("kid"), key));
        }
      }
      return keys;
    }
  }

  private static byte[] get(HttpClient client, String url)
      throws IOException, InterruptedException {
    URI uri = URI.create(url);
    boolean here = uri.getHost() != null && LOOPBACK.contains(uri.getHost());
    if (!"https".equals(uri.getScheme()) && !("http".equals(uri.getScheme()) && here)) {
      throw new IOException(url + " is not https");
    }
    HttpResponse<InputStream> answer =
        client.send(
            HttpRequest.newBuilder(uri).timeout(TIMEOUT).build(),
            HttpResponse.BodyHandlers.ofInputStream());
    try (InputStream body = answer.body()) {
      byte[] bytes = body.readNBytes(DOCUMENT_LIMIT + 1);
      if (answer.statusCode() != 200 || bytes.length > DOCUMENT_LIMIT) {
        throw new IOException(
            answer.statusCode() == 200
                ? url + " is longer than " + DOCUMENT_LIMIT + " bytes"
                : url + " answers " + answer.statusCode());
      }
      return bytes;
    }
  }

  /** The texts of the document, or of each object in its member {@code list}. */
  private static List<Map<String, String>> objects(byte[] json, @Nullable String list)
      throws IOException {
    List<Map<String, String>> all = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("a JSON object was expected");
      }
      if (list == null) {
        all.add(texts(parser));
        return all;
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean wanted = parser.currentName().equals(list);
        if (parser.nextToken() == JsonToken.START_ARRAY && wanted) {
          while (parser.nextToken() == JsonToken.START_OBJECT) {
            all.add(texts(parser));
          }
        } else {
          parser.skipChildren();
        }
      }
    }
    return all;
  }

  private static Map<String, String> texts(JsonParser parser) throws IOException {
    Map<String, String> texts = new HashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      if (parser.nextToken() == JsonToken.VALUE_STRING) {
        texts.put(name, parser.getText());
      } else {
        parser.skipChildren();
      }
    }
    return texts;
  }

  /** Null for a key of another kind, or one that is not for signatures. */
  private static @Nullable PublicKey key(Map<String, String> jwk) {
    if ("enc".equals(jwk.get("use"))) {
      return null;
    }
    try {
      switch (jwk.getOrDefault("kty", "")) {
        case "RSA":
          return KeyFactory.getInstance("RSA")
              .generatePublic(new RSAPublicKeySpec(number(jwk, "n"), number(jwk, "e")));
        case "EC":
          String curve = CURVES.get(jwk.getOrDefault("crv", ""));
          if (curve == null) {
            return null;
          }
          AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
          parameters.init(new ECGenParameterSpec(curve));
          return KeyFactory.getInstance("EC")
              .generatePublic(
                  new ECPublicKeySpec(
                      new ECPoint(number(jwk, "x"), number(jwk, "y")),
                      parameters.getParameterSpec(ECParameterSpec.class)));
        default:
          return null;
      }
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      LOG.warn("a key of an issuer is none: {}", e.toString());
      return null;
    }
  }

  private static BigInteger number(Map<String, String> jwk, String member) {
    return new BigInteger(1, Base64.getUrlDecoder().decode(jwk.getOrDefault(member, "")));
  }
}
