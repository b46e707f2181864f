package gantry.wire.sigv4;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a request was signed by whom it says, in AWS's order of checks: form, clock,
 * scope, key, session, signature.
 *
 * @param <P> who a key belongs to
 */
public final class Verifier<P> {

  /** How far a client's clock may be off at IAM, STS and S3. */
  static final Duration SKEW_LONG = Duration.ofMinutes(15);

  /** The same everywhere else. */
  static final Duration SKEW_SHORT = Duration.ofMinutes(5);

  static final Duration PRESIGN_MOST = Duration.ofDays(7);

  /** Derived keys that are kept: one for each key, day, region and service in use. */
  private static final int SIGNING_KEYS_MOST = 1024;

  private static final String UNSIGNED = "UNSIGNED-PAYLOAD";
  private static final String SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
  private static final String SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
  private static final String UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

  private final CredentialLookup<P> keys;
  private final Clock clock;
  private final Map<DerivedFrom, SigningKey> signingKeys =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<DerivedFrom, SigningKey> eldest) {
          return size() > SIGNING_KEYS_MOST;
        }
      };

  public Verifier(CredentialLookup<P> keys, Clock clock) {
    this.keys = keys;
    this.clock = clock;
  }

  /**
   * A signature that holds.
   *
   * @param payload how the body is framed and proven, for {@link Payload#decode}
   */
  public record Verified<P>(P principal, Claim claim, Payload payload) {}

  /** The key that a claim names, if we know it. */
  public CredentialLookup.@Nullable Key<P> key(Claim claim) {
    return keys.find(claim.credential().accessKeyId());
  }

  /**
   * Who signed the request.
   *
   * @param service the signing name of the service that is called
   * @param body asked for only when the request does not say the body's hash itself
   * @throws SigV4Failure.Refused with the first check that fails
   */
  public Verified<P> verify(
      SignedMessage message, @Nullable Claim claim, String service, Supplier<byte[]> body) {
    if (claim == null) {
      throw SigV4Failure.MISSING.refused("Request is missing Authentication Token");
    }
    checkClock(claim);
    checkScope(claim, service);
    CredentialLookup.Key<P> key = key(claim);
    if (key == null) {
      throw SigV4Failure.UNKNOWN_KEY.refused(
          "The security token included in the request is invalid.");
    }
    checkToken(message, claim, key);
    boolean s3 = Canonical.isS3(service);
    if (s3) {
      checkEverythingSigned(message, claim);
    }
    String payloadHash = payloadHash(message, claim, s3, body);
    SigningKey signingKey = signingKey(key, claim.credential());
    String canonical = Canonical.request(message, service, claim.signedHeaders(), payloadHash);
    String toSign = Canonical.stringToSign(claim.timestamp(), claim.credential(), canonical);
    String signature = signingKey.sign(toSign);
    if (!Hashes.same(signature, claim.signature())) {
      throw SigV4Failure.SIGNATURE.refused(
          "The request signature we calculated does not match the signature you provided. Check"
              + " your AWS Secret Access Key and signing method. Consult the service documentation"
              + " for details.",
          Map.of(
              "AWSAccessKeyId",
              claim.credential().accessKeyId(),
              "StringToSign",
              toSign,
              "SignatureProvided",
              claim.signature(),
              "CanonicalRequest",
              canonical));
    }
    return new Verified<>(key.principal(), claim, payload(message, claim, payloadHash, signingKey));
  }

  /**
   * How the body of a request is framed when nobody checks its signature: on loopback, with a key
   * that is not ours.
   */
  public static Payload unverified(SignedMessage message, @Nullable Claim claim) {
    String hash = message.header("x-amz-content-sha256");
    return payload(message, claim, hash == null ? UNSIGNED : hash, null);
  }

  private static Payload payload(
      SignedMessage message, @Nullable Claim claim, String hash, @Nullable SigningKey signingKey) {
    if (claim == null || claim.presigned()) {
      return Payload.PLAIN; // aws-chunked bodies are not decoded on presigned URLs
    }
    return switch (hash) {
      case SIGNED_CHUNKS ->
          new Payload.Chunked(decodedLength(message), claim, signingKey, true, null);
      case SIGNED_CHUNKS_TRAILER ->
          new Payload.Chunked(
              decodedLength(message), claim, signingKey, true, message.header("x-amz-trailer"));
      case UNSIGNED_TRAILER ->
          new Payload.Chunked(
              decodedLength(message), claim, null, false, message.header("x-amz-trailer"));
      case UNSIGNED -> Payload.PLAIN;
      default ->
          signingKey != null && hash.length() == 64 ? new Payload.Hashed(hash) : Payload.PLAIN;
    };
  }

  private static long decodedLength(SignedMessage message) {
    String sent = message.header("x-amz-decoded-content-length");
    try {
      if (sent != null) {
        long length = Long.parseLong(sent);
        if (length >= 0) {
          return length;
        }
      }
    } catch (NumberFormatException e) {
      throw SigV4Failure.LENGTH_MISSING.refused(
          "The x-amz-decoded-content-length header is not a number.");
    }
    throw SigV4Failure.LENGTH_MISSING.refused("You must provide the Content-Length HTTP header.");
  }

  private void checkClock(Claim claim) {
    Instant now = clock.instant();
    Duration skew = skew(claim.credential().service());
    String said = Claim.BASIC.format(claim.time());
    if (claim.time().isAfter(now.plus(skew))) {
      throw SigV4Failure.CLOCK.refused(
          String.format(
              Locale.ROOT,
              "Signature not yet current: %s is still later than %s (%s + %d min.)",
              said,
              Claim.BASIC.format(now.plus(skew)),
              Claim.BASIC.format(now),
              skew.toMinutes()));
    }
    Long expires = claim.expires();
    if (expires != null) {
      Instant end = claim.time().plusSeconds(expires);
      if (end.isBefore(now)) {
        throw SigV4Failure.PRESIGN_EXPIRED.refused(
            "Signature expired: %s is now earlier than %s"
                .formatted(Claim.BASIC.format(end), Claim.BASIC.format(now)),
            Map.of(
                "X-Amz-Expires", expires.toString(),
                "Expires", end.toString(),
                "ServerTime", now.toString()));
      }
    } else if (claim.time().isBefore(now.minus(skew))) {
      throw SigV4Failure.CLOCK.refused(
          String.format(
              Locale.ROOT,
              "Signature expired: %s is now earlier than %s (%s - %d min.)",
              said,
              Claim.BASIC.format(now.minus(skew)),
              Claim.BASIC.format(now),
              skew.toMinutes()),
          Map.of(
              "RequestTime", said,
              "ServerTime", now.toString(),
              "MaxAllowedSkewMilliseconds", String.valueOf(skew.toMillis())));
    }
  }

  private static Duration skew(String service) {
    return Set.of("iam", "sts").contains(service) || Canonical.isS3(service)
        ? SKEW_LONG
        : SKEW_SHORT;
  }

  private static void checkScope(Claim claim, String service) {
    Credential credential = claim.credential();
    StringBuilder wrong = new StringBuilder();
    String s3 = "";
    if (!isRegion(credential.region())) {
      wrong.append("Credential should be scoped to a valid region. ");
      s3 = "the region '" + credential.region() + "' is wrong; expecting 'us-east-1'";
    }
    if (!credential.service().equals(service)) {
      wrong.append("Credential should be scoped to correct service: '").append(service);
      wrong.append("'. ");
      s3 =
          "incorrect service \""
              + credential.service()
              + "\". This endpoint belongs to \""
              + service
              + "\".";
    }
    if (!credential.terminator().equals(Credential.TERMINATOR)) {
      wrong.append("Credential should be scoped with a valid terminator: 'aws4_request', not '");
      wrong.append(credential.terminator()).append("'. ");
      s3 = "incorrect terminal \"" + credential.terminator() + "\".";
    }
    String day = claim.timestamp().substring(0, 8);
    if (!credential.date().equals(day)) {
      wrong
          .append(
              "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from"
                  + " HTTP: '")
          .append(credential.date())
          .append("' != '")
          .append(day)
          .append("', from '")
          .append(claim.timestamp())
          .append("'. ");
      s3 = "Invalid credential date \"" + credential.date() + "\".";
    }
    if (!wrong.isEmpty()) {
      throw SigV4Failure.SCOPE.refused(wrong.toString(), Map.of("S3", s3));
    }
  }

  /** Every region is served here, so all that can be wrong is its form. */
  private static boolean isRegion(String name) {
    if (name.isEmpty() || name.length() > 32) {
      return false;
    }
    return name.chars().allMatch(c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-');
  }

  private void checkToken(SignedMessage message, Claim claim, CredentialLookup.Key<P> key) {
    String header = message.header("x-amz-security-token");
    String sent = header == null ? claim.sessionToken() : header;
    String wanted = key.sessionToken();
    boolean right = wanted == null ? sent == null : sent != null && Hashes.same(wanted, sent);
    if (!right) {
      throw (sent == null ? SigV4Failure.UNKNOWN_KEY : SigV4Failure.BAD_TOKEN)
          .refused("The security token included in the request is invalid.");
    }
    Instant expires = key.expires();
    if (expires != null && !clock.instant().isBefore(expires)) {
      throw SigV4Failure.EXPIRED_TOKEN.refused(
          "The security token included in the request is expired");
    }
  }

  private static void checkEverythingSigned(SignedMessage message, Claim claim) {
    List<String> unsigned = new ArrayList<>();
    for (String name : message.headerNames()) {
      if (name.startsWith("x-amz-")
          && !claim.signedHeaders().contains(name)
          && !name.equals("x-amz-content-sha256")) {
        unsigned.add(name);
      }
    }
    if (!unsigned.isEmpty()) {
      throw SigV4Failure.HEADERS_UNSIGNED.refused(
          "There were headers present in the request which were not signed",
          Map.of("HeadersNotSigned", String.join(", ", unsigned)));
    }
  }

  private static String payloadHash(
      SignedMessage message, Claim claim, boolean s3, Supplier<byte[]> body) {
    String said = message.header("x-amz-content-sha256");
    if (claim.presigned()) {
      return s3 ? (said == null ? UNSIGNED : said) : Hashes.sha256Hex(body.get());
    }
    if (said != null) {
      return said;
    }
    if (s3) {
      throw SigV4Failure.PAYLOAD_HASH_MISSING.refused(
          "Missing required header for this request: x-amz-content-sha256");
    }
    return Hashes.sha256Hex(body.get());
  }

  private SigningKey signingKey(CredentialLookup.Key<P> key, Credential credential) {
    DerivedFrom from = new DerivedFrom(key.secret(), credential);
    synchronized (signingKeys) {
      return signingKeys.computeIfAbsent(from, f -> SigningKey.derive(f.secret(), f.credential()));
    }
  }

  private record DerivedFrom(String secret, Credential credential) {}
}
