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
    return Route53Exception.builder()
        .message(what + " is not supported: " + why)
        .statusCode(400)
        .awsErrorDetails(
            AwsErrorDetails.builder()
                .errorCode("InvalidAction")
                .errorMessage(what + " is not supported: " + why)
                .serviceName("Route53")
                .build())
        .build();
  }
}
