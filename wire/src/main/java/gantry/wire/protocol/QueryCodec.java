package gantry.wire.protocol;

import gantry.wire.Binding;
import gantry.wire.Form;
import gantry.wire.Reply;
import gantry.wire.RequestBody;
import gantry.wire.RequestHead;
import gantry.wire.ServiceInfo;
import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import gantry.wire.schema.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.traits.TimestampFormatTrait.Format;

/**
 * AWS Query and its EC2 kind: forms in, XML out. They differ in how lists are numbered ({@code
 * X.member.1}, EC2's {@code X.1}) and in what wraps an answer.
 */
final class QueryCodec implements Codec {
  private final boolean ec2;

  QueryCodec(boolean ec2) {
    this.ec2 = ec2;
  }

  @Override
  public Object decode(
      Binding binding, RequestHead head, Map<String, String> labels, RequestBody body) {
    return structure(FormTree.of(Form.of(head, body)), binding.input());
  }

  private Object structure(FormTree node, Shape shape) {
    Object builder = shape.newBuilder();
    for (Member member : shape.members) {
      FormTree child = node.child(name(member));
      if (child != null) {
        Object value = value(child, member);
        if (value != null) {
          member.set(builder, value);
        }
      }
    }
    return shape.build(builder);
  }

  private String name(Member member) {
    if (!ec2) {
      return member.wireName;
    }
    return member.queryName != null ? member.queryName : capital(member.wireName);
  }

  private static String capital(String name) {
    return Character.isUpperCase(name.charAt(0))
        ? name
        : Character.toUpperCase(name.charAt(0)) + name.substring(1);
  }

  private @Nullable Object value(FormTree node, Member member) {
    return switch (member.kind) {
      case LIST -> {
        FormTree numbered = node;
        if (!ec2 && !member.flattened) {
          FormTree inner = node.child(member.elementName == null ? "member" : member.elementName);
          numbered = inner == null ? node : inner;
        }
        List<Object> list = new ArrayList<>();
        for (FormTree one : numbered.numbered(member.wireName)) {
          Object value = value(one, member.element());
          if (value != null) {
            list.add(value);
          }
        }
        yield list;
      }
      case MAP -> {
        FormTree numbered = node;
        if (!member.flattened) {
          FormTree inner = node.child("entry");
          numbered = inner == null ? node : inner;
        }
        Map<String, Object> map = new LinkedHashMap<>();
        for (FormTree one : numbered.numbered(member.wireName)) {
          FormTree key = one.child(member.keyName);
          FormTree entry = one.child(member.valueName);
          if (key != null && key.value != null && entry != null) {
            Object value = value(entry, member.element());
            if (value != null) {
              map.put(key.value, value);
            }
          }
        }
        yield map;
      }
      case STRUCTURE -> structure(node, member.shape());
      default ->
          node.value == null || (node.value.isEmpty() && member.kind != Kind.STRING)
              ? null
              : Scalars.parse(member, node.value, Format.ISO_8601);
    };
  }

  @Override
  public Reply encode(
      Binding binding, Object output, String requestId, Reply.@Nullable Content streamed) {
    XmlOut xml = new XmlOut();
    String name = binding.operation();
    xml.open(name + "Response", null, binding.service().xmlNamespace());
    if (ec2) {
      xml.text("requestId", requestId);
      XmlBody.members(xml, binding.output(), output, true);
    } else {
      String wrapper =
          binding.resultWrapper().isEmpty() ? name + "Result" : binding.resultWrapper();
      // An operation without an output has no result element.
      if (!binding.resultWrapper().isEmpty() || !binding.output().members.isEmpty()) {
        xml.open(wrapper);
        XmlBody.members(xml, binding.output(), output, false);
        xml.close(wrapper);
      }
      xml.open("ResponseMetadata");
      xml.text("RequestId", requestId);
      xml.close("ResponseMetadata");
    }
    xml.close(name + "Response");
    return reply(200, xml, requestId, new ArrayList<>(3));
  }

  @Override
  public Reply encodeError(ServiceInfo service, RequestHead head, Fault fault, String requestId) {
    XmlOut xml = new XmlOut();
    String message = fault.message();
    if (ec2) {
      xml.open("Response");
      xml.open("Errors");
      xml.open("Error");
      xml.text("Code", fault.code());
      if (message != null) {
        xml.text("Message", message);
      }
      members(xml, fault);
      xml.close("Error");
      xml.close("Errors");
      xml.text("RequestID", requestId);
      xml.close("Response");
    } else {
      xml.open("ErrorResponse", null, service.xmlNamespace());
      xml.open("Error");
      xml.text("Type", fault.sender() ? "Sender" : "Receiver");
      xml.text("Code", fault.code());
      if (message != null) {
        xml.text("Message", message);
      }
      members(xml, fault);
      xml.close("Error");
      xml.text("RequestId", requestId);
      xml.close("ErrorResponse");
    }
    return reply(fault.status(), xml, requestId, new ArrayList<>(3));
  }

  private void members(XmlOut xml, Fault fault) {
    if (fault.shape() != null && fault.value() != null) {
      XmlBody.members(xml, fault.shape(), fault.value(), ec2);
    }
  }

  private Reply reply(
      int status, XmlOut xml, String requestId, List<Map.Entry<String, String>> headers) {
    headers.add(Map.entry("x-amzn-RequestId", requestId));
    headers.add(Map.entry("Content-Type", ec2 ? "text/xml;charset=UTF-8" : "text/xml"));
    return new Reply(status, headers, new Reply.Content.Whole(xml.bytes()));
  }
}
