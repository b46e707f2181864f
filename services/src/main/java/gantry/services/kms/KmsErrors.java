package gantry.services.kms;

import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.kms.model.InvalidCiphertextException;
import software.amazon.awssdk.services.kms.model.KmsException;
import software.amazon.awssdk.services.kms.model.KmsInvalidStateException;
import software.amazon.awssdk.services.kms.model.NotFoundException;
import software.amazon.awssdk.services.kms.model.UnsupportedOperationException;

/** KMS's errors in its words. */
final class KmsErrors {
  private KmsErrors() {}

  static NotFoundException notFound(String text) {
    return NotFoundException.builder().message(text).build();
  }

  static KmsInvalidStateException state(String text) {
    return KmsInvalidStateException.builder().message(text).build();
  }

  static UnsupportedOperationException unsupported(String text) {
    return UnsupportedOperationException.builder().message(text).build();
  }

  static InvalidCiphertextException badCiphertext() {
    return InvalidCiphertextException.builder().build(); // it has no text
  }

  static KmsException validation(String text) {
    return coded("ValidationException", text);
  }

  static KmsException denied(String text) {
    return coded("AccessDeniedException", text);
  }

  private static KmsException coded(String code, String text) {
    return (KmsException)
        KmsException.builder()
            .message(text)
            .statusCode(400)
            .awsErrorDetails(AwsErrorDetails.builder().errorCode(code).errorMessage(text).build())
            .build();
  }
}
