package gantry.wire.sigv4;

import java.net.URI;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Signs our own calls: from the command line to a running program, and between machines. */
public final class Signer {

  private final String accessKeyId;
  private final String secret;
  private final @Nullable String sessionToken;

  public Signer(String accessKeyId, String secret, @Nullable String sessionToken) {
    this.accessKeyId = accessKeyId;
    this.secret = secret;
    this.sessionToken = sessionToken;
  }

  /**
   * The headers that make a request a signed one, beside {@code headers}, all of which are signed.
   */
  public Map<String, String> sign(
      String method,
      URI uri,
      Map<String, String> headers,
      byte[] body,
      String region,
      String service,
      Instant now) {
    String timestamp = Claim.BASIC.format(now);
    Map<String, String> added = new LinkedHashMap<>();
    added.put("x-amz-date", timestamp);
    if (sessionToken != null) {
      added.put("x-amz-security-token", sessionToken);
    }
    String hash = Hashes.sha256Hex(body);
    if (Canonical.isS3(service)) {
      added.put("x-amz-content-sha256", hash);
    }
    TreeMap<String, String> signed = new TreeMap<>();
    headers.forEach((name, value) -> signed.put(Canonical.lower(name), value));
    signed.putAll(added);
    signed.put("host", uri.getAuthority());
    String path = uri.getRawPath() == null ? "" : uri.getRawPath();
    String query = uri.getRawQuery() == null ? "" : uri.getRawQuery();
    Outgoing message = new Outgoing(method, path, query, signed);
    Credential credential =
        new Credential(
            accessKeyId, timestamp.substring(0, 8), region, service, Credential.TERMINATOR);
    List<String> names = List.copyOf(signed.keySet());
    String toSign =
        Canonical.stringToSign(
            timestamp, credential, Canonical.request(message, service, names, hash));
    String signature = SigningKey.derive(secret, credential).sign(toSign);
    added.put(
        "Authorization",
        Claim.ALGORITHM
            + " Credential="
            + credential
            + ", SignedHeaders="
            + String.join(";", names)
            + ", Signature="
            + signature);
    return added;
  }

  private record Outgoing(String method, String path, String query, Map<String, String> all)
      implements SignedMessage {
    @Override
    public List<String> headers(String name) {
      String value = all.get(Canonical.lower(name));
      return value == null ? List.of() : List.of(value);
    }

    @Override
    public Collection<String> headerNames() {
      return all.keySet();
    }
  }
}
