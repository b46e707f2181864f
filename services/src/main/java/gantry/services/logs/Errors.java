package gantry.services.logs;

import software.amazon.awssdk.services.cloudwatchlogs.model.CloudWatchLogsException;
import software.amazon.awssdk.services.cloudwatchlogs.model.InvalidParameterException;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceAlreadyExistsException;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceNotFoundException;

/** Errors in the words of AWS. */
final class Errors {

  private Errors() {}

  static CloudWatchLogsException invalid(String message) {
    return InvalidParameterException.builder().message(message).build();
  }

  /** In the form in which AWS tells of a member that breaks its model. */
  static CloudWatchLogsException constraint(Object value, String member, String constraint) {
    return invalid(
        "1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must %s"
            .formatted(value, member, constraint));
  }

  static CloudWatchLogsException missing(String member) {
    return invalid(
        "1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null"
            .formatted(member));
  }

  static CloudWatchLogsException noGroup() {
    return notFound("The specified log group does not exist.");
  }

  static CloudWatchLogsException noStream() {
    return notFound("The specified log stream does not exist.");
  }

  static CloudWatchLogsException notFound(String message) {
    return ResourceNotFoundException.builder().message(message).build();
  }

  static CloudWatchLogsException exists(String what) {
    return ResourceAlreadyExistsException.builder()
        .message("The specified " + what + " already exists")
        .build();
  }
}
