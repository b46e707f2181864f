package gantry.services.iam;

import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.iam.model.DeleteConflictException;
import software.amazon.awssdk.services.iam.model.EntityAlreadyExistsException;
import software.amazon.awssdk.services.iam.model.IamException;
import software.amazon.awssdk.services.iam.model.InvalidInputException;
import software.amazon.awssdk.services.iam.model.LimitExceededException;
import software.amazon.awssdk.services.iam.model.MalformedPolicyDocumentException;
import software.amazon.awssdk.services.iam.model.NoSuchEntityException;
import software.amazon.awssdk.services.iam.model.UnmodifiableEntityException;

/** IAM's errors in IAM's words. */
final class Errors {
  private Errors() {}

  static NoSuchEntityException none(String text) {
    return NoSuchEntityException.builder().message(text).build();
  }

  /** {@code kind} is user, role, group, user policy, … */
  static NoSuchEntityException noNamed(String kind, String name) {
    return none("The " + kind + " with name " + name + " cannot be found.");
  }

  static EntityAlreadyExistsException exists(String text) {
    return EntityAlreadyExistsException.builder().message(text).build();
  }

  static DeleteConflictException conflict(String text) {
    return DeleteConflictException.builder().message(text).build();
  }

  static LimitExceededException limit(String text) {
    return LimitExceededException.builder().message(text).build();
  }

  static InvalidInputException invalidInput(String text) {
    return InvalidInputException.builder().message(text).build();
  }

  static MalformedPolicyDocumentException malformed(String text) {
    return MalformedPolicyDocumentException.builder().message(text).build();
  }

  static UnmodifiableEntityException unmodifiable(String text) {
    return UnmodifiableEntityException.builder().message(text).build();
  }

  /** An error that the model has no class for. */
  static IamException validation(String text) {
    return (IamException)
        IamException.builder()
            .message(text)
            .statusCode(400)
            .awsErrorDetails(
                AwsErrorDetails.builder().errorCode("ValidationError").errorMessage(text).build())
            .build();
  }
}
