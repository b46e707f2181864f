package gantry.services.sts;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A JSON Web Token, read but not believed until its signature is checked. */
record WebToken(
    Map<String, List<String>> header,
    Map<String, List<String>> claims,
    String signed,
    String signature) {

  private static final JsonFactory JSON = new JsonFactory();

  /** What signs a token, by the names of RFC 7518; {@code none} is not among them. */
  private static final Map<String, String> ALGORITHMS =
      Map.of(
          "RS256", "SHA256withRSA",
          "RS384", "SHA384withRSA",
          "RS512", "SHA512withRSA",
          "ES256", "SHA256withECDSAinP1363Format",
          "ES384", "SHA384withECDSAinP1363Format",
          "ES512", "SHA512withECDSAinP1363Format");

  static WebToken parse(String text) {
    String[] parts = text.split("\\.", -1);
    try {
      if (parts.length != 3) {
        throw new IOException("a token has three parts");
      }
      Base64.Decoder decoder = Base64.getUrlDecoder();
      return new WebToken(
          flat(decoder.decode(parts[0])),
          flat(decoder.decode(parts[1])),
          parts[0] + "." + parts[1],
          parts[2]);
    } catch (IOException | IllegalArgumentException e) {
      throw Errors.badToken(
          "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access"
              + " Token)");
    }
  }

  /** The members that are texts, numbers, or lists of them. */
  private static Map<String, List<String>> flat(byte[] json) throws IOException {
    Map<String, List<String>> all = new HashMap<>();
    try (JsonParser parser = JSON.createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not an object");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken token = parser.nextToken();
        List<String> values = new ArrayList<>();
        if (token == JsonToken.START_ARRAY) {
          while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken().isScalarValue()) {
              values.add(parser.getText());
            } else {
              parser.skipChildren();
            }
          }
        } else if (token.isScalarValue()) {
          values.add(parser.getText());
        } else {
          parser.skipChildren();
        }
        all.put(name, values);
      }
    }
    return all;
  }

  @Nullable String keyId() {
    return first(header, "kid");
  }

  @Nullable String claim(String name) {
    return first(claims, name);
  }

  String required(String name) {
    String value = first(claims, name);
    if (value == null || value.isEmpty()) {
      throw Errors.badToken("Missing a required claim: " + name);
    }
    return value;
  }

  private static @Nullable String first(Map<String, List<String>> from, String name) {
    List<String> values = from.getOrDefault(name, List.of());
    return values.isEmpty() ? null : values.getFirst();
  }

  /** For whom it is: {@code azp} where the issuer says it, else the one audience. */
  String audience() {
    String party = claim("azp");
    if (party != null) {
      return party;
    }
    List<String> audiences = claims.getOrDefault("aud", List.of());
    if (audiences.size() > 1) {
      throw Errors.badToken(
          "Token audience contains more than one audience while authorized party is not present");
    }
    return required("aud");
  }

  boolean isSignedBy(PublicKey key) {
    String name = first(header, "alg");
    String algorithm = name == null ? null : ALGORITHMS.get(name);
    if (algorithm == null || algorithm.contains("RSA") != key.getAlgorithm().equals("RSA")) {
      return false;
    }
    try {
      Signature verifier = Signature.getInstance(algorithm);
      verifier.initVerify(key);
      verifier.update(signed.getBytes(StandardCharsets.US_ASCII));
      return verifier.verify(Base64.getUrlDecoder().decode(signature));
    } catch (GeneralSecurityException | IllegalArgumentException malformed) {
      return false;
    }
  }
}
