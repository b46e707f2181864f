package gantry.services.iam;

import gantry.services.iam.policy.MalformedPolicy;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Documents: checked when they come, shown URL-encoded as IAM does, compiled once for all
 * decisions.
 */
public final class Documents {

  /** So many compiled documents are kept; a small team has hundreds. */
  static final int COMPILED_LIMIT = 10_000;

  private static final ConcurrentHashMap<String, PolicyDocument> COMPILED =
      new ConcurrentHashMap<>();

  private Documents() {}

  static void check(String document, PolicyKind kind) {
    try {
      PolicyDocument.parse(document, kind);
    } catch (MalformedPolicy e) {
      // AWS's words first, which clients look for; then the place, which people look for.
      throw Errors.malformed(e.getMessage() + " (" + e.place() + ")");
    }
  }

  /** A document that was checked when it was stored. */
  public static PolicyDocument compiled(String document, PolicyKind kind) {
    String key = kind + document;
    PolicyDocument known = COMPILED.get(key);
    if (known != null) {
      return known;
    }
    if (COMPILED.size() >= COMPILED_LIMIT) {
      COMPILED.clear();
    }
    try {
      PolicyDocument compiled = PolicyDocument.parse(document, kind);
      COMPILED.put(key, compiled);
      return compiled;
    } catch (MalformedPolicy e) {
      throw new IllegalStateException("a stored policy is malformed at " + e.place(), e);
    }
  }

  static String encoded(String document) {
    return URLEncoder.encode(document, StandardCharsets.UTF_8)
        .replace("+", "%20")
        .replace("*", "%2A");
  }
}
