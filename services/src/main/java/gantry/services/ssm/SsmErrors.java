package gantry.services.ssm;

import software.amazon.awssdk.services.ssm.model.AccessDeniedException;
import software.amazon.awssdk.services.ssm.model.ParameterNotFoundException;
import software.amazon.awssdk.services.ssm.model.ParameterVersionNotFoundException;
import software.amazon.awssdk.services.ssm.model.SsmException;
import software.amazon.awssdk.services.ssm.model.ValidationException;

/** Errors in the words of AWS. */
final class SsmErrors {

  private SsmErrors() {}

  static SsmException validation(String message) {
    return ValidationException.builder().message(message).build();
  }

  static SsmException accessDenied(String message) {
    return AccessDeniedException.builder().message(message).build();
  }

  /** In the form in which AWS tells of a member that breaks its model. */
  static SsmException constraint(Object value, String member, String constraint) {
    return validation(
        "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must %s"
            .formatted(value, member, constraint));
  }

  /** AWS says no more than the code. */
  static ParameterNotFoundException notFound() {
    return ParameterNotFoundException.builder().message("").build();
  }

  static ParameterVersionNotFoundException versionNotFound(String name, Object version) {
    return ParameterVersionNotFoundException.builder()
        .message(
            "Systems Manager could not find version %s of %s. Verify the version and try again."
                .formatted(version, name))
        .build();
  }
}
