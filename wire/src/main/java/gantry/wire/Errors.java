package gantry.wire;

import gantry.wire.ModelFile.ErrorModel;
import gantry.wire.protocol.Fault;
import gantry.wire.schema.SdkShapes;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/** What went wrong, as the service's protocol names it. Nothing of the inside shows. */
public final class Errors {
  private Errors() {}

  /** An operation of the SDK's interface that our implementation does not override. */
  static WireException notImplemented(Operation operation) {
    return new WireException(
        "NotImplemented",
        501,
        "Gantry does not implement "
            + operation.service().info().signingName()
            + ":"
            + operation.name()
            + ".");
  }

  /** Whether that is a mistake of ours, to be logged with its trace, rather than an answer. */
  public static boolean unexpected(Throwable thrown) {
    return !(thrown instanceof WireException)
        && !(thrown instanceof AwsServiceException e && code(e) != null);
  }

  /**
   * Whether that is an answer, and behind it stands a reason of ours that the caller is not told,
   * such as a full disk: it is to be logged with its trace.
   */
  public static boolean hidesReason(Throwable thrown) {
    if (!(thrown instanceof AwsServiceException answer) || answer.statusCode() < 500) {
      return false;
    }
    Throwable innermost = thrown;
    while (innermost.getCause() != null) {
      innermost = innermost.getCause();
    }
    return !(innermost instanceof AwsServiceException);
  }

  private static @Nullable String code(AwsServiceException thrown) {
    AwsErrorDetails details = thrown.awsErrorDetails();
    if (details != null && details.errorCode() != null) {
      return details.errorCode();
    }
    // The base exception of a service without a code says nothing that a client could use.
    return thrown.getClass().getSuperclass() == AwsServiceException.class
            || thrown.getClass() == AwsServiceException.class
        ? null
        : thrown.getClass().getSimpleName();
  }

  /**
   * @param model of the service that was called, null if none was found
   */
  static Fault of(@Nullable ServiceModel model, Protocol protocol, Throwable thrown) {
    return switch (thrown) {
      case WireException e -> wire(model, protocol, e);
      case AwsServiceException e when code(e) != null -> modelled(model, e);
      default ->
          Fault.of(
              protocol == Protocol.EC2_QUERY || protocol == Protocol.REST_XML
                  ? "InternalError"
                  : "InternalFailure",
              500,
              "The request processing has failed because of an unknown error, exception or"
                  + " failure.");
    };
  }

  private static Fault wire(@Nullable ServiceModel model, Protocol protocol, WireException thrown) {
    String code = thrown.code();
    String text = thrown.text();
    if (code.equals(WireException.SERIALIZATION)) {
      code =
          switch (protocol) {
            case AWS_JSON_1_0, AWS_JSON_1_1, REST_JSON, RPC_V2_CBOR -> code;
            case AWS_QUERY -> "MalformedInput";
            case EC2_QUERY -> "InvalidParameterValue";
            case REST_XML -> {
              if (model != null && model.info().id().equals("s3")) {
                text =
                    "The XML you provided was not well-formed or did not validate against our"
                        + " published schema";
                yield "MalformedXML";
              }
              yield "MalformedInput";
            }
          };
    }
    return Fault.of(code, thrown.status(), text);
  }

  private static Fault modelled(@Nullable ServiceModel model, AwsServiceException thrown) {
    AwsErrorDetails details = thrown.awsErrorDetails();
    boolean base = thrown.getClass().getSuperclass() == AwsServiceException.class;
    ErrorModel error = null;
    if (model != null) {
      error =
          base || thrown.getClass() == AwsServiceException.class
              ? null
              : model.error(thrown.getClass());
      if (error == null && details != null && details.errorCode() != null) {
        error = model.errorByCode(details.errorCode());
      }
    }
    String given = details == null ? null : details.errorCode();
    String code = error == null ? code(thrown) : error.code();
    String shape = error == null ? code : error.shape();
    if (given != null && error != null && !given.equals(error.code())) {
      code = given;
      shape = given.equals(error.shape()) ? error.shape() : given;
    }
    int status =
        thrown.statusCode() > 0 ? thrown.statusCode() : error == null ? 400 : error.status();
    String message =
        details != null && details.errorMessage() != null
            ? details.errorMessage()
            : details == null ? thrown.getMessage() : null;
    boolean sender = error == null ? status < 500 : error.sender();
    return new Fault(
        code == null ? "InternalFailure" : code,
        shape == null ? "InternalFailure" : shape,
        status,
        sender,
        message,
        base || error == null ? null : SdkShapes.of(thrown.getClass()),
        thrown);
  }
}
