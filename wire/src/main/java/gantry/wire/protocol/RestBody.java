package gantry.wire.protocol;

import gantry.wire.Binding;
import gantry.wire.Reply;
import gantry.wire.RequestBody;
import gantry.wire.RequestHead;
import gantry.wire.schema.Member;
import gantry.wire.schema.Shape;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What REST-JSON and REST-XML have in common: the body is a document or one member. */
final class RestBody {

  private RestBody() {}

  /** Reads a document's members into a builder. */
  interface DocumentReader {
    void read(byte[] content, Shape shape, Object builder);
  }

  /** Reads a document that is one member's value. */
  interface MemberReader {
    @Nullable Object read(byte[] content, Member member);
  }

  static Object decode(
      Binding binding,
      RequestHead head,
      Map<String, String> labels,
      RequestBody body,
      DocumentReader document,
      MemberReader member) {
    Shape shape = binding.input();
    Object builder = shape.newBuilder();
    RestHead.read(shape, builder, head, labels);
    Member payload = shape.payload;
    if (binding.streamsIn()) {
      return shape.build(builder);
    }
    if (payload != null) {
      Object value = Payloads.read(payload, body.content(head));
      if (value == Payloads.STRUCTURED) {
        value = member.read(body.content(head), payload);
      }
      if (value != null) {
        payload.set(builder, value);
      }
    } else if (!shape.bodyMembers.isEmpty()) {
      document.read(body.content(head), shape, builder);
    }
    return shape.build(builder);
  }

  /**
   * An answer, its type told unless a member of the output told it.
   *
   * @param type empty where there is no content
   */
  static Reply reply(
      int status, List<Map.Entry<String, String>> headers, Reply.Content content, String type) {
    if (!type.isEmpty() && !RestHead.has(headers, "Content-Type")) {
      headers.add(Map.entry("Content-Type", type));
    }
    return new Reply(status, headers, content);
  }
}
