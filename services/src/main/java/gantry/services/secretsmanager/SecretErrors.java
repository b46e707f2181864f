package gantry.services.secretsmanager;

import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.secretsmanager.model.DecryptionFailureException;
import software.amazon.awssdk.services.secretsmanager.model.InvalidParameterException;
import software.amazon.awssdk.services.secretsmanager.model.InvalidRequestException;
import software.amazon.awssdk.services.secretsmanager.model.ResourceExistsException;
import software.amazon.awssdk.services.secretsmanager.model.ResourceNotFoundException;
import software.amazon.awssdk.services.secretsmanager.model.SecretsManagerException;

/** Secrets Manager's errors in its words. */
final class SecretErrors {
  private SecretErrors() {}

  static ResourceNotFoundException noSecret() {
    return notFound("Secrets Manager can't find the specified secret.");
  }

  static ResourceNotFoundException notFound(String text) {
    return ResourceNotFoundException.builder().message(text).build();
  }

  static InvalidRequestException request(String text) {
    return InvalidRequestException.builder().message(text).build();
  }

  static InvalidParameterException parameter(String text) {
    return InvalidParameterException.builder().message(text).build();
  }

  static ResourceExistsException exists(String text) {
    return ResourceExistsException.builder().message(text).build();
  }

  static SecretsManagerException validation(String text) {
    return coded("ValidationException", text);
  }

  static SecretsManagerException denied(String text) {
    return coded("AccessDeniedException", text);
  }

  /** The code by which the wire names an error. */
  static String code(AwsServiceException e) {
    if (e.awsErrorDetails() != null && e.awsErrorDetails().errorCode() != null) {
      return e.awsErrorDetails().errorCode();
    }
    return e instanceof DecryptionFailureException
        ? "DecryptionFailure" // as the model shortens it
        : e.getClass().getSimpleName();
  }

  /** Its text as the wire sends it: the SDK's own adds what a client would want to know. */
  static String text(AwsServiceException e) {
    return e.awsErrorDetails() != null && e.awsErrorDetails().errorMessage() != null
        ? e.awsErrorDetails().errorMessage()
        : String.valueOf(e.getMessage());
  }

  private static SecretsManagerException coded(String code, String text) {
    return (SecretsManagerException)
        SecretsManagerException.builder()
            .message(text)
            .statusCode(400)
            .awsErrorDetails(AwsErrorDetails.builder().errorCode(code).errorMessage(text).build())
            .build();
  }
}
