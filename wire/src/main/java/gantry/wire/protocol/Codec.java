package gantry.wire.protocol;

import gantry.wire.Binding;
import gantry.wire.Reply;
import gantry.wire.RequestBody;
import gantry.wire.RequestHead;
import gantry.wire.ServiceInfo;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One protocol, server side. */
public interface Codec {

  /**
   * Reads a request.
   *
   * @param labels what the URI template took from the path, decoded
   * @throws gantry.wire.WireException if the bytes are no such request
   */
  Object decode(Binding binding, RequestHead head, Map<String, String> labels, RequestBody body);

  /**
   * Writes an answer.
   *
   * @param streamed the body of an answer whose handler writes it
   */
  Reply encode(Binding binding, Object output, String requestId, Reply.@Nullable Content streamed);

  Reply encodeError(ServiceInfo service, RequestHead head, Fault fault, String requestId);
}
