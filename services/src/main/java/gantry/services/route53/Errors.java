package gantry.services.route53;

import java.util.List;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.route53.model.InvalidChangeBatchException;
import software.amazon.awssdk.services.route53.model.InvalidInputException;
import software.amazon.awssdk.services.route53.model.NoSuchHostedZoneException;
import software.amazon.awssdk.services.route53.model.Route53Exception;

/** The errors that several operations share. */
final class Errors {
  private Errors() {}

  static NoSuchHostedZoneException noZone(String id) {
    return NoSuchHostedZoneException.builder()
        .message("No hosted zone found with ID: " + id)
        .build();
  }

  static InvalidInputException invalid(String message) {
    return InvalidInputException.builder().message(message).build();
  }

  static InvalidChangeBatchException invalidBatch(List<String> messages) {
    return InvalidChangeBatchException.builder()
        .messages(messages)
        .message("[" + String.join(", ", messages) + "]")
        .build();
  }

  /** What is not built, by name. */
  static RuntimeException notHere(String what, String why) {
    return coded("InvalidAction", what + " is not supported: " + why);
  }

  /** The SDK has no class for it any more. */
  static RuntimeException inUse(String message) {
    return coded("HealthCheckInUse", message);
  }

  private static RuntimeException coded(String code, String message) {
    return Route53Exception.builder()
        .message(message)
        .statusCode(400)
        .awsErrorDetails(
            AwsErrorDetails.builder()
                .errorCode(code)
                .errorMessage(message)
                .serviceName("Route53")
                .build())
        .build();
  }
}
