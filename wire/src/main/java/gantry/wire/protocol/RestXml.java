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

/** REST-XML, as S3 and Route 53 speak it. S3's errors stand alone; others have a frame. */
final class RestXml implements Codec {

  @Override
  public Object decode(
      Binding binding, RequestHead head, Map<String, String> labels, RequestBody body) {
    return RestBody.decode(binding, head, labels, body, RestXml::readAll, XmlBody::readValue);
  }

  private static void readAll(byte[] content, Shape shape, Object builder) {
    if (content.length > 0) {
      XmlBody.read(content, shape, builder);
    }
  }

  @Override
  public Reply encode(
      Binding binding, Object output, String requestId, Reply.@Nullable Content streamed) {
    Shape shape = binding.output();
    List<Map.Entry<String, String>> headers = new ArrayList<>(6);
    ids(headers, binding.service(), requestId);
    int status = RestHead.write(shape, output, binding.status(), headers);
    Member payload = shape.payload;
    Reply.Content content = Reply.empty();
    String type = "";
    if (streamed != null) {
      content = streamed;
      type = "application/octet-stream";
    } else if (payload != null && payload.kind != Kind.STRUCTURE) {
      Object value = payload.get(output);
      if (value instanceof SdkBytes bytes) {
        content = new Reply.Content.Whole(bytes.asByteArrayUnsafe());
        type = "application/octet-stream";
      } else if (value instanceof String text && !binding.xmlRoot().isEmpty()) {
        XmlOut xml = new XmlOut(); // S3's GetBucketLocation: the root element holds the text
        xml.open(binding.xmlRoot(), null, binding.service().xmlNamespace());
        content = new Reply.Content.Whole(xml.content(text).close(binding.xmlRoot()).bytes());
        type = "application/xml";
      } else if (value instanceof String text) {
        content = new Reply.Content.Whole(text.getBytes(StandardCharsets.UTF_8));
        type = "text/plain";
      }
    } else if (payload != null) {
      Object value = payload.get(output);
      if (value != null) {
        content = document(binding, payload.shape(), value, payload.xmlNamespace);
        type = "application/xml";
      }
    } else if (!shape.bodyMembers.isEmpty()) {
      content = document(binding, shape, output, null);
      type = "application/xml";
    }
    return RestBody.reply(status, headers, content, type);
  }

  private static Reply.Content document(
      Binding binding, Shape shape, Object value, Member.@Nullable XmlNamespace namespace) {
    XmlOut xml = new XmlOut();
    String root = binding.xmlRoot().isEmpty() ? shape.name : binding.xmlRoot();
    String service = binding.service().xmlNamespace();
    Member.XmlNamespace own =
        namespace != null
            ? namespace
            : shape.xmlNamespace != null
                ? shape.xmlNamespace
                : service.isEmpty() ? null : new Member.XmlNamespace(null, service);
    XmlBody.structure(xml, root, shape, value, false, own);
    return new Reply.Content.Whole(xml.bytes());
  }

  @Override
  public Reply encodeError(ServiceInfo service, RequestHead head, Fault fault, String requestId) {
    List<Map.Entry<String, String>> headers = new ArrayList<>(4);
    ids(headers, service, requestId);
    headers.add(Map.entry("Content-Type", "application/xml"));
    int status = fault.status();
    if (fault.shape() != null && fault.value() != null) {
      status = RestHead.write(fault.shape(), fault.value(), status, headers);
    }
    XmlOut xml = new XmlOut();
    String message = fault.message();
    boolean alone = service.id().equals("s3");
    if (!alone) {
      xml.open("ErrorResponse", null, service.xmlNamespace());
    }
    xml.open("Error");
    if (!alone) {
      xml.text("Type", fault.sender() ? "Sender" : "Receiver");
    }
    xml.text("Code", fault.code());
    if (message != null) {
      xml.text("Message", message);
    }
    if (fault.shape() != null && fault.value() != null) {
      XmlBody.members(xml, fault.shape(), fault.value(), false);
    }
    if (alone) {
      xml.text("RequestId", requestId);
      xml.text("HostId", requestId);
    }
    xml.close("Error");
    if (!alone) {
      xml.text("RequestId", requestId);
      xml.close("ErrorResponse");
    }
    return new Reply(status, headers, new Reply.Content.Whole(xml.bytes()));
  }

  private static void ids(
      List<Map.Entry<String, String>> headers, ServiceInfo service, String requestId) {
    if (service.id().equals("s3")) {
      headers.add(Map.entry("x-amz-request-id", requestId));
      headers.add(Map.entry("x-amz-id-2", requestId));
    } else {
      headers.add(Map.entry("x-amzn-RequestId", requestId));
    }
  }
}
