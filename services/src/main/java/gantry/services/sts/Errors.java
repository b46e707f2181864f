package gantry.services.sts;

import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.sts.model.ExpiredTokenException;
import software.amazon.awssdk.services.sts.model.InvalidIdentityTokenException;
import software.amazon.awssdk.services.sts.model.MalformedPolicyDocumentException;
import software.amazon.awssdk.services.sts.model.StsException;

/** STS's errors in its words. */
final class Errors {
  private Errors() {}

  static StsException validation(String text) {
    return coded("ValidationError", 400, text);
  }

  static StsException invalidParameter(String text) {
    return coded("InvalidParameterValue", 400, text);
  }

  static StsException denied(String text) {
    return coded("AccessDenied", 403, text);
  }

  /** The bare sentence: STS never says why. */
  static StsException notAuthorized(String caller, String action, String resource) {
    return denied(
        "User: "
            + caller
            + " is not authorized to perform: "
            + action
            + " on resource: "
            + resource);
  }

  static InvalidIdentityTokenException badToken(String text) {
    return InvalidIdentityTokenException.builder().message(text).build();
  }

  static ExpiredTokenException expired(String text) {
    return ExpiredTokenException.builder().message(text).build();
  }

  static MalformedPolicyDocumentException malformed(String text) {
    return MalformedPolicyDocumentException.builder().message(text).build();
  }

  private static StsException coded(String code, int status, String text) {
    return (StsException)
        StsException.builder()
            .message(text)
            .statusCode(status)
            .awsErrorDetails(AwsErrorDetails.builder().errorCode(code).errorMessage(text).build())
            .build();
  }
}
