package gantry.wire.protocol;

import gantry.wire.Binding;
import gantry.wire.Reply;
import gantry.wire.RequestBody;
import gantry.wire.RequestHead;
import gantry.wire.ServiceInfo;
import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import gantry.wire.schema.Shape;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;

/** REST-JSON: the head carries what the model binds there, the body is JSON or one member. */
final class RestJson implements Codec {

  @Override
  public Object decode(
      Binding binding, RequestHead head, Map<String, String> labels, RequestBody body) {
    return RestBody.decode(binding, head, labels, body, JsonBody::read, JsonBody::readValue);
  }

  @Override
  public Reply encode(
      Binding binding, Object output, String requestId, Reply.@Nullable Content streamed) {
    Shape shape = binding.output();
    List<Map.Entry<String, String>> headers = new ArrayList<>(6);
    headers.add(Map.entry("x-amzn-RequestId", requestId));
    int status = RestHead.write(shape, output, binding.status(), headers);
    Member payload = shape.payload;
    Reply.Content content;
    String type;
    if (streamed != null) {
      content = streamed;
      type = "application/octet-stream";
    } else if (payload == null) {
      content = new Reply.Content.Whole(JsonBody.write(shape, output));
      type = "application/json";
    } else {
      Object value = payload.get(output);
      if (value == null) {
        content = Reply.empty();
        type = "";
      } else if (payload.kind == Kind.BLOB) {
        content = new Reply.Content.Whole(((SdkBytes) value).asByteArrayUnsafe());
        type = "application/octet-stream";
      } else if (payload.kind == Kind.STRING) {
        content = new Reply.Content.Whole(((String) value).getBytes(StandardCharsets.UTF_8));
        type = "text/plain";
      } else {
        content = new Reply.Content.Whole(JsonBody.writeValue(payload, value));
        type = "application/json";
      }
    }
    return RestBody.reply(status, headers, content, type);
  }

  @Override
  public Reply encodeError(ServiceInfo service, RequestHead head, Fault fault, String requestId) {
    List<Map.Entry<String, String>> headers = new ArrayList<>(4);
    headers.add(Map.entry("x-amzn-RequestId", requestId));
    headers.add(Map.entry("x-amzn-ErrorType", fault.shapeName()));
    headers.add(Map.entry("Content-Type", "application/json"));
    int status = fault.status();
    if (fault.shape() != null && fault.value() != null) {
      status = RestHead.write(fault.shape(), fault.value(), status, headers);
    }
    byte[] body =
        JsonBody.object(
            g -> {
              if (fault.message() != null) {
                g.writeStringField("message", fault.message());
              }
              if (fault.shape() != null && fault.value() != null) {
                JsonBody.members(g, fault.shape(), fault.value());
              }
            });
    QueryErrors.add(headers, service, head, fault);
    return new Reply(status, headers, new Reply.Content.Whole(body));
  }
}
