package gantry.wire.protocol;

import gantry.wire.Binding;
import gantry.wire.Reply;
import gantry.wire.RequestBody;
import gantry.wire.RequestHead;
import gantry.wire.ServiceInfo;
import gantry.wire.schema.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** AWS JSON 1.0 and 1.1: everything in the body, the operation in {@code X-Amz-Target}. */
final class AwsJson implements Codec {
  private final String contentType;

  AwsJson(String version) {
    contentType = "application/x-amz-json-" + version;
  }

  @Override
  public Object decode(
      Binding binding, RequestHead head, Map<String, String> labels, RequestBody body) {
    Shape shape = binding.input();
    Object builder = shape.newBuilder();
    JsonBody.read(body.content(head), shape, builder);
    return shape.build(builder);
  }

  @Override
  public Reply encode(
      Binding binding, Object output, String requestId, Reply.@Nullable Content streamed) {
    if (streamed != null) {
      return new Reply(
          200,
          List.of(
              Map.entry("x-amzn-RequestId", requestId),
              Map.entry("Content-Type", "application/vnd.amazon.eventstream")),
          streamed);
    }
    return new Reply(
        200,
        List.of(Map.entry("x-amzn-RequestId", requestId), Map.entry("Content-Type", contentType)),
        new Reply.Content.Whole(JsonBody.write(binding.output(), output)));
  }

  @Override
  public Reply encodeError(ServiceInfo service, RequestHead head, Fault fault, String requestId) {
    byte[] body =
        JsonBody.object(
            g -> {
              g.writeStringField("__type", fault.shapeName());
              if (fault.message() != null) {
                g.writeStringField("message", fault.message());
              }
              if (fault.shape() != null && fault.value() != null) {
                JsonBody.members(g, fault.shape(), fault.value());
              }
            });
    List<Map.Entry<String, String>> headers = new ArrayList<>(4);
    headers.add(Map.entry("x-amzn-RequestId", requestId));
    headers.add(Map.entry("x-amzn-ErrorType", fault.shapeName()));
    headers.add(Map.entry("Content-Type", contentType));
    QueryErrors.add(headers, service, head, fault);
    return new Reply(fault.status(), headers, new Reply.Content.Whole(body));
  }
}
