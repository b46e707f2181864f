package gantry.wire.sigv4;

import java.util.Map;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/** Why a signature is refused. What that is called depends on who is asked: see {@link Dialect}. */
public enum SigV4Failure {
  MALFORMED_QUERY,
  MISSING,
  HEADER_AND_QUERY,
  INCOMPLETE,
  PRESIGN_PARAMETERS,
  HOST_UNSIGNED,
  CLOCK,
  SCOPE,
  UNKNOWN_KEY,
  BAD_TOKEN,
  EXPIRED_TOKEN,
  PRESIGN_EXPIRED,
  HEADERS_UNSIGNED,
  SIGNATURE,
  PAYLOAD_HASH,
  PAYLOAD_HASH_MISSING,
  LENGTH_MISSING,
  BODY_INCOMPLETE,
  TRAILER_MALFORMED,
  ASYMMETRIC;

  /** The families of services that word the same failure differently. */
  public enum Dialect {
    /** IAM, STS, ELB, CloudFormation and other Query services; Route 53. */
    QUERY,
    EC2,
    /** JSON 1.0 and 1.1, CBOR. */
    JSON,
    REST_JSON,
    S3
  }

  public Refused refused(String message) {
    return new Refused(this, message, Map.of());
  }

  Refused refused(String message, Map<String, String> details) {
    return new Refused(this, message, details);
  }

  /** A refused signature, with AWS's sentence for most services. */
  public static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final SigV4Failure failure;
    private final transient Map<String, String> details;

    Refused(SigV4Failure failure, String message, Map<String, String> details) {
      super(message, null, false, false); // an answer, not an accident: no stack trace
      this.failure = failure;
      this.details = details;
    }

    public SigV4Failure failure() {
      return failure;
    }

    /** Further elements of S3's error document, such as what we had expected to be signed. */
    public Map<String, String> details() {
      return details;
    }

    private String text() {
      return String.valueOf(getMessage());
    }

    public AwsServiceException as(Dialect dialect) {
      return switch (dialect) {
        case QUERY -> query();
        case EC2 -> ec2();
        case JSON -> json(400);
        case REST_JSON -> json(403);
        case S3 -> s3();
      };
    }

    private AwsServiceException query() {
      return switch (failure) {
        case MALFORMED_QUERY -> error(400, "MalformedQueryString", text());
        case MISSING -> error(403, "MissingAuthenticationToken", text());
        case INCOMPLETE, PRESIGN_PARAMETERS, ASYMMETRIC ->
            error(400, "IncompleteSignature", text());
        case UNKNOWN_KEY, BAD_TOKEN -> error(403, "InvalidClientTokenId", text());
        case EXPIRED_TOKEN -> error(403, "ExpiredToken", text());
        case HEADER_AND_QUERY,
            HOST_UNSIGNED,
            CLOCK,
            SCOPE,
            PRESIGN_EXPIRED,
            HEADERS_UNSIGNED,
            SIGNATURE,
            PAYLOAD_HASH,
            PAYLOAD_HASH_MISSING ->
            error(403, "SignatureDoesNotMatch", text());
        case LENGTH_MISSING, BODY_INCOMPLETE, TRAILER_MALFORMED -> body();
      };
    }

    private AwsServiceException json(int status) {
      return switch (failure) {
        case MALFORMED_QUERY -> error(400, "MalformedQueryStringException", text());
        case MISSING -> error(status, "MissingAuthenticationTokenException", text());
        case INCOMPLETE, PRESIGN_PARAMETERS, ASYMMETRIC ->
            error(status, "IncompleteSignatureException", text());
        case UNKNOWN_KEY, BAD_TOKEN -> error(status, "UnrecognizedClientException", text());
        case EXPIRED_TOKEN -> error(status, "ExpiredTokenException", text());
        case HEADER_AND_QUERY,
            HOST_UNSIGNED,
            CLOCK,
            SCOPE,
            PRESIGN_EXPIRED,
            HEADERS_UNSIGNED,
            SIGNATURE,
            PAYLOAD_HASH,
            PAYLOAD_HASH_MISSING ->
            error(status, "InvalidSignatureException", text());
        case LENGTH_MISSING, BODY_INCOMPLETE, TRAILER_MALFORMED -> body();
      };
    }

    private AwsServiceException ec2() {
      return switch (failure) {
        case UNKNOWN_KEY, BAD_TOKEN, SCOPE ->
            error(
                401, "AuthFailure", "AWS was not able to validate the provided access credentials");
        case EXPIRED_TOKEN, CLOCK, PRESIGN_EXPIRED ->
            error(400, "RequestExpired", "Request has expired.");
        default -> query();
      };
    }

    private AwsServiceException s3() {
      return switch (failure) {
        case MALFORMED_QUERY -> error(400, "InvalidURI", "Couldn't parse the specified URI.");
        case MISSING -> error(403, "AccessDenied", "Access Denied");
        case HEADER_AND_QUERY ->
            error(
                400,
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature"
                    + " query string parameter or the Authorization header should be specified");
        case INCOMPLETE, ASYMMETRIC ->
            error(
                400,
                "AuthorizationHeaderMalformed",
                "The authorization header is malformed; " + text());
        case SCOPE ->
            error(
                400,
                "AuthorizationHeaderMalformed",
                "The authorization header is malformed; " + details.getOrDefault("S3", text()));
        case PRESIGN_PARAMETERS -> error(400, "AuthorizationQueryParametersError", text());
        case CLOCK ->
            error(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.");
        case UNKNOWN_KEY ->
            error(
                403,
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.");
        case BAD_TOKEN ->
            error(400, "InvalidToken", "The provided token is malformed or otherwise invalid.");
        case EXPIRED_TOKEN -> error(400, "ExpiredToken", "The provided token has expired.");
        case PRESIGN_EXPIRED -> error(403, "AccessDenied", "Request has expired");
        case HEADERS_UNSIGNED ->
            error(
                403,
                "AccessDenied",
                "There were headers present in the request which were not signed");
        case HOST_UNSIGNED, SIGNATURE ->
            error(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check"
                    + " your key and signing method.");
        case PAYLOAD_HASH -> error(400, "XAmzContentSHA256Mismatch", text());
        case PAYLOAD_HASH_MISSING -> error(400, "InvalidRequest", text());
        case LENGTH_MISSING, BODY_INCOMPLETE, TRAILER_MALFORMED -> body();
      };
    }

    private AwsServiceException body() {
      return switch (failure) {
        case LENGTH_MISSING -> error(411, "MissingContentLength", text());
        case TRAILER_MALFORMED -> error(400, "MalformedTrailerError", text());
        default -> error(400, "IncompleteBody", text());
      };
    }

    private static AwsServiceException error(int status, String code, String message) {
      return AwsServiceException.builder()
          .awsErrorDetails(AwsErrorDetails.builder().errorCode(code).errorMessage(message).build())
          .message(message)
          .statusCode(status)
          .build();
    }
  }
}
