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

/** Smithy RPC v2 CBOR: the operation in the path, everything else in the body. */
final class RpcCbor implements Codec {

  @Override
  public Object decode(
      Binding binding, RequestHead head, Map<String, String> labels, RequestBody body) {
    Shape shape = binding.input();
    Object builder = shape.newBuilder();
    CborIn.read(body.content(head), shape, builder);
    return shape.build(builder);
  }

  @Override
  public Reply encode(
      Binding binding, Object output, String requestId, Reply.@Nullable Content streamed) {
    return new Reply(
        200, headers(requestId), new Reply.Content.Whole(CborOut.write(binding.output(), output)));
  }

  @Override
  public Reply encodeError(ServiceInfo service, RequestHead head, Fault fault, String requestId) {
    CborOut cbor = new CborOut().open().text("__type").text(fault.shapeName());
    if (fault.message() != null) {
      cbor.text("message").text(fault.message());
    }
    if (fault.shape() != null && fault.value() != null) {
      cbor.members(fault.shape(), fault.value());
    }
    List<Map.Entry<String, String>> headers = headers(requestId);
    QueryErrors.add(headers, service, head, fault);
    return new Reply(fault.status(), headers, new Reply.Content.Whole(cbor.close().bytes()));
  }

  private static List<Map.Entry<String, String>> headers(String requestId) {
    List<Map.Entry<String, String>> headers = new ArrayList<>(4);
    headers.add(Map.entry("x-amzn-RequestId", requestId));
    headers.add(Map.entry("smithy-protocol", "rpc-v2-cbor"));
    headers.add(Map.entry("Content-Type", "application/cbor"));
    return headers;
  }
}
