package gantry.services.ec2;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;

/** EC2's errors. Its model names none, so each is the base exception with a code. */
final class Errors {

  private static final int CLIENT = 400;
  private static final int DRY_RUN = 412;

  private Errors() {}

  @SuppressWarnings("AnnotateFormatMethod") // the annotation would be a dependency of its own
  static Ec2Exception of(String code, String message, Object... arguments) {
    return withStatus(CLIENT, code, arguments.length == 0 ? message : message.formatted(arguments));
  }

  static Ec2Exception missing(String parameter) {
    return of("MissingParameter", "The request must contain the parameter " + parameter);
  }

  static Ec2Exception invalid(String parameter, Object value, String why) {
    return of(
        "InvalidParameterValue",
        "Value (%s) for parameter %s is invalid. %s",
        value,
        parameter,
        why);
  }

  static Ec2Exception dryRun() {
    return withStatus(
        DRY_RUN, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
  }

  /** What AWS has and we do not: refused by name, never ignored. */
  static Ec2Exception unsupported(String what) {
    return of("UnsupportedOperation", what + " is not supported by Gantry.");
  }

  /** Present, or the error that it is missing. */
  static String required(@Nullable String value, String parameter) {
    if (value == null || value.isEmpty()) {
      throw missing(parameter);
    }
    return value;
  }

  /** The name of an attribute if the request has it, for {@link #one}. */
  static Stream<String> given(String name, @Nullable Object value) {
    return value == null ? Stream.empty() : Stream.of(name);
  }

  /** EC2 changes one attribute with each request. */
  @SafeVarargs
  static void one(Stream<String>... given) {
    List<String> names = Stream.of(given).flatMap(name -> name).toList();
    if (names.size() != 1) {
      throw of(
          "InvalidParameterCombination",
          names.isEmpty()
              ? "No attributes specified."
              : "Fields for multiple attribute types specified: " + String.join(", ", names));
    }
  }

  private static Ec2Exception withStatus(int status, String code, String message) {
    return (Ec2Exception)
        Ec2Exception.builder()
            .message(message)
            .statusCode(status)
            .awsErrorDetails(
                AwsErrorDetails.builder()
                    .errorCode(code)
                    .errorMessage(message)
                    .serviceName("Ec2")
                    .build())
            .build();
  }
}
