package gantry.wire.sigv4;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a request says about its signature, in its Authorization header or its query: read, not yet
 * believed.
 *
 * @param timestamp the time as it stands in the string to sign
 * @param expires how long a presigned request is good for; null for one signed in its header
 */
public record Claim(
    Credential credential,
    List<String> signedHeaders,
    String signature,
    String timestamp,
    Instant time,
    @Nullable String sessionToken,
    @Nullable Long expires) {

  static final String ALGORITHM = "AWS4-HMAC-SHA256";
  private static final String ASYMMETRIC = "AWS4-ECDSA-P256-SHA256";

  static final DateTimeFormatter BASIC =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  /** An Authorization header is shown in errors up to here. */
  private static final int SHOWN_CHARACTERS = 512;

  /**
   * An Authorization header up to its signature, and what it says. A client's next request says the
   * same but for the signature, and most requests are some client's next.
   */
  private record Said(String text, Credential credential, List<String> signedHeaders) {}

  /** A time as it was sent: all requests of a second send the same. */
  private record Told(String text, Instant time) {}

  private static volatile @Nullable Said lastSaid;
  private static volatile @Nullable Told lastTold;

  public boolean presigned() {
    return expires != null;
  }

  /** Null when the request is not signed at all. */
  public static @Nullable Claim of(SignedMessage message) {
    String header = message.header("authorization");
    boolean query = hasParameter(message.query(), "X-Amz-Algorithm");
    if (header != null && query) {
      throw SigV4Failure.HEADER_AND_QUERY.refused(
          "The request is signed both in its Authorization header and in its query string.");
    }
    if (header != null) {
      return ofHeader(message, header);
    }
    return query ? ofQuery(message) : null;
  }

  private static boolean hasParameter(String query, String name) {
    if (query.isEmpty()) {
      return false;
    }
    return query.startsWith(name + "=") || query.contains("&" + name + "=");
  }

  private static Claim ofHeader(SignedMessage message, String header) {
    Said said = lastSaid;
    String amzDate = message.header("x-amz-date");
    if (said != null && amzDate != null && header.startsWith(said.text)) {
      int length = said.text.length();
      if (isSignature(header, length)) {
        return new Claim(
            said.credential,
            said.signedHeaders,
            header.substring(length),
            amzDate,
            time(amzDate),
            message.header("x-amz-security-token"),
            null);
      }
    }
    int blank = header.indexOf(' ');
    String algorithm = blank < 0 ? header : header.substring(0, blank);
    checkAlgorithm(algorithm);
    String credential = "";
    String signature = "";
    String signed = "";
    boolean signatureLast = false;
    // Every request comes by here, so nothing is split and kept that is looked at once.
    int at = blank < 0 ? header.length() : blank + 1;
    while (at < header.length()) {
      int comma = header.indexOf(',', at);
      int end = comma < 0 ? header.length() : comma;
      String pair = header.substring(at, end).strip();
      at = end + 1;
      if (pair.isEmpty()) {
        continue;
      }
      int equals = pair.indexOf('=');
      if (equals < 0) {
        throw SigV4Failure.INCOMPLETE.refused(
            "'"
                + pair
                + "' not a valid key=value pair (missing equal-sign) in Authorization header: '"
                + shown(header)
                + "'.");
      }
      String name = pair.substring(0, equals);
      signatureLast = name.equals("Signature");
      switch (name) {
        case "Credential" -> credential = pair.substring(equals + 1);
        case "Signature" -> signature = pair.substring(equals + 1);
        case "SignedHeaders" -> signed = pair.substring(equals + 1);
        default -> {}
      }
    }
    String missing =
        missing("Credential", credential)
            + missing("Signature", signature)
            + missing("SignedHeaders", signed);
    String date = amzDate == null ? message.header("date") : amzDate;
    if (date == null) {
      missing +=
          "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    }
    if (!missing.isEmpty() || date == null) {
      throw SigV4Failure.INCOMPLETE.refused(missing + "Authorization=" + shown(header));
    }
    List<String> signedHeaders = signedHeaders(signed);
    String timestamp = amzDate == null ? basic(date) : date;
    Credential scoped = credential(credential, false);
    if (signatureLast && header.endsWith(signature)) {
      String text = header.substring(0, header.length() - signature.length());
      lastSaid = new Said(text, scoped, signedHeaders);
    }
    return new Claim(
        scoped,
        signedHeaders,
        signature,
        timestamp,
        time(timestamp),
        message.header("x-amz-security-token"),
        null);
  }

  /** Whether the rest of the header is the signature alone: nothing to take apart or to strip. */
  private static boolean isSignature(String header, int from) {
    return from < header.length()
        && header.indexOf(',', from) < 0
        && !Character.isWhitespace(header.charAt(header.length() - 1));
  }

  private static String shown(String header) {
    return header.substring(0, Math.min(header.length(), SHOWN_CHARACTERS));
  }

  private static String missing(String name, String value) {
    return value.isEmpty() ? "Authorization header requires '" + name + "' parameter. " : "";
  }

  private static Claim ofQuery(SignedMessage message) {
    Map<String, String> parameters = new LinkedHashMap<>();
    for (String part : message.query().split("&", -1)) {
      int equals = part.indexOf('=');
      if (equals > 0 && part.startsWith("X-Amz-")) {
        parameters.put(
            part.substring(0, equals), Canonical.decode(part.substring(equals + 1), true));
      }
    }
    checkAlgorithm(part(parameters, "X-Amz-Algorithm"));
    StringBuilder missing = new StringBuilder();
    for (String name :
        List.of(
            "X-Amz-Credential",
            "X-Amz-Signature",
            "X-Amz-SignedHeaders",
            "X-Amz-Date",
            "X-Amz-Expires")) {
      if (parameters.getOrDefault(name, "").isEmpty()) {
        missing.append("AWS query-string parameters must include '").append(name).append("'. ");
      }
    }
    // Only S3 insists on an expiry; elsewhere a presigned request without one is good for as long
    // as any other.
    boolean noExpires = parameters.getOrDefault("X-Amz-Expires", "").isEmpty();
    Credential credential =
        parameters.containsKey("X-Amz-Credential")
            ? credential(part(parameters, "X-Amz-Credential"), true)
            : null;
    boolean onlyExpires =
        noExpires
            && missing
                .toString()
                .equals("AWS query-string parameters must include 'X-Amz-Expires'. ");
    if (credential == null
        || (!missing.isEmpty() && !(onlyExpires && !Canonical.isS3(credential.service())))) {
      throw SigV4Failure.PRESIGN_PARAMETERS.refused(
          missing + "Re-examine the query-string parameters.");
    }
    String timestamp = part(parameters, "X-Amz-Date");
    return new Claim(
        credential,
        signedHeaders(part(parameters, "X-Amz-SignedHeaders")),
        part(parameters, "X-Amz-Signature"),
        timestamp,
        time(timestamp),
        parameters.get("X-Amz-Security-Token"),
        noExpires ? Verifier.SKEW_SHORT.toSeconds() : expires(part(parameters, "X-Amz-Expires")));
  }

  private static void checkAlgorithm(String algorithm) {
    if (algorithm.equals(ASYMMETRIC)) {
      throw SigV4Failure.ASYMMETRIC.refused(
          "Unsupported AWS 'algorithm': '"
              + ASYMMETRIC
              + "'. This endpoint verifies AWS4-HMAC-SHA256 (Signature Version 4); asymmetric"
              + " signatures (SigV4a) need keys that only AWS has.");
    }
    if (!algorithm.equals(ALGORITHM)) {
      throw SigV4Failure.INCOMPLETE.refused("Unsupported AWS 'algorithm': '" + algorithm + "'.");
    }
  }

  private static Long expires(String sent) {
    long seconds;
    try {
      seconds = Long.parseLong(sent);
    } catch (NumberFormatException e) {
      throw SigV4Failure.PRESIGN_PARAMETERS.refused("X-Amz-Expires should be a number");
    }
    if (seconds < 0) {
      throw SigV4Failure.PRESIGN_PARAMETERS.refused("X-Amz-Expires must be non-negative");
    }
    if (seconds > Verifier.PRESIGN_MOST.toSeconds()) {
      throw SigV4Failure.PRESIGN_PARAMETERS.refused(
          "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires"
              + " must be less than 604800 seconds");
    }
    return seconds;
  }

  private static List<String> signedHeaders(String sent) {
    List<String> names = new ArrayList<>();
    for (String name : sent.split(";", -1)) {
      names.add(Canonical.lower(name));
    }
    if (!names.contains("host") && !names.contains(":authority")) {
      throw SigV4Failure.HOST_UNSIGNED.refused(
          "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
    }
    return List.copyOf(names);
  }

  static Credential credential(String sent, boolean query) {
    String[] parts = sent.split("/", -1);
    if (parts.length != 5) {
      throw (query ? SigV4Failure.PRESIGN_PARAMETERS : SigV4Failure.INCOMPLETE)
          .refused(
              "Credential must have exactly 5 slash-delimited elements, e.g."
                  + " keyid/date/region/service/term, got '"
                  + sent
                  + "'");
    }
    return new Credential(parts[0], parts[1], parts[2], parts[3], parts[4]);
  }

  private static String basic(String httpDate) {
    try {
      return BASIC.format(
          ZonedDateTime.parse(httpDate, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
    } catch (DateTimeParseException e) {
      return httpDate; // may be in the basic form already; else refused by time()
    }
  }

  private static Instant time(String sent) {
    Told told = lastTold;
    if (told == null || !told.text.equals(sent)) {
      told = new Told(sent, parsed(sent));
      lastTold = told;
    }
    return told.time;
  }

  private static Instant parsed(String sent) {
    try {
      if (basicForm(sent)) {
        return LocalDateTime.of(
                number(sent, 0, 4),
                number(sent, 4, 6),
                number(sent, 6, 8),
                number(sent, 9, 11),
                number(sent, 11, 13),
                number(sent, 13, 15))
            .toInstant(ZoneOffset.UTC);
      }
      return LocalDateTime.parse(sent, BASIC).toInstant(ZoneOffset.UTC);
    } catch (DateTimeException e) {
      throw SigV4Failure.INCOMPLETE.refused(
          "Date must be in ISO-8601 'basic format'. Got '"
              + sent
              + "'. See http://en.wikipedia.org/wiki/ISO_8601");
    }
  }

  /** The usual case, which every request has, without a formatter. */
  private static boolean basicForm(String sent) {
    if (sent.length() != 16 || sent.charAt(8) != 'T' || sent.charAt(15) != 'Z') {
      return false;
    }
    for (int i = 0; i < 15; i++) {
      if (i != 8 && (sent.charAt(i) < '0' || sent.charAt(i) > '9')) {
        return false;
      }
    }
    return true;
  }

  private static int number(String sent, int from, int to) {
    return Integer.parseInt(sent, from, to, 10);
  }

  private static String part(Map<String, String> parts, String name) {
    return parts.getOrDefault(name, "");
  }
}
