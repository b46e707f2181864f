package gantry.wire;

import java.io.InputStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;

/**
 * Which operation of which service a request is for, and in which protocol it speaks.
 *
 * @param labels what the path holds, for the REST protocols
 */
public record Route(
    ServiceModel service,
    Operation operation,
    Protocol protocol,
    RequestHead head,
    Map<String, String> labels) {

  /**
   * Reads the request.
   *
   * @throws WireException if the bytes are no such request
   */
  public SdkRequest decode(RequestBody body) {
    return (SdkRequest) protocol.codec().decode(operation.binding(), head, labels, body);
  }

  /**
   * The request's violations of the model, in AWS's words, for a service that checks them first.
   */
  public void validate(SdkRequest request) {
    Validation.check(operation, protocol, request);
  }

  public Reply encode(SdkResponse response, String requestId) {
    return protocol.codec().encode(operation.binding(), response, requestId, null);
  }

  /** The answer of an operation that streams out; the content is copied while it is written. */
  public Reply encode(SdkResponse response, String requestId, InputStream content) {
    return protocol
        .codec()
        .encode(
            operation.binding(),
            response,
            requestId,
            new Reply.Content.Stream(-1, content::transferTo));
  }

  public Reply encodeError(Throwable thrown, String requestId) {
    return protocol
        .codec()
        .encodeError(service.info(), head, Errors.of(service, protocol, thrown), requestId);
  }

  /** Whether the body is handed to the handler unread. */
  public @Nullable InputStream payload(RequestBody body) {
    return operation.streamsIn() ? body.stream() : null;
  }
}
