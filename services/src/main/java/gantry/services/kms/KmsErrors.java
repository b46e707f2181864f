package gantry.services.kms;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.kms.model.CustomKeyStoreNotFoundException;
import software.amazon.awssdk.services.kms.model.InvalidCiphertextException;
import software.amazon.awssdk.services.kms.model.KmsException;
import software.amazon.awssdk.services.kms.model.KmsInvalidStateException;
import software.amazon.awssdk.services.kms.model.MalformedPolicyDocumentException;
import software.amazon.awssdk.services.kms.model.NotFoundException;
import software.amazon.awssdk.services.kms.model.RecipientInfo;
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

  static MalformedPolicyDocumentException malformed(String text) {
    return MalformedPolicyDocumentException.builder().message(text).build();
  }

  static KmsException denied(String text) {
    return coded("AccessDeniedException", text);
  }

  static KmsException reserved(String text) {
    return coded("NotAuthorizedException", text);
  }

  /** None can be made here. */
  static CustomKeyStoreNotFoundException noKeyStore(@Nullable String id) {
    return CustomKeyStoreNotFoundException.builder()
        .message("There is no custom key store" + (id == null ? "." : " " + id + "."))
        .build();
  }

  static void refuse(@Nullable RecipientInfo recipient) {
    if (recipient != null) {
      throw unsupported("Attested recipients are not supported here.");
    }
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
