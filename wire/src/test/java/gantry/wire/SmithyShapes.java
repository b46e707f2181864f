package gantry.wire;

import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.document.Document;
import software.amazon.awssdk.core.protocol.MarshallLocation;
import software.amazon.awssdk.core.traits.TimestampFormatTrait.Format;
import software.amazon.smithy.aws.traits.protocols.Ec2QueryNameTrait;
import software.amazon.smithy.model.Model;
import software.amazon.smithy.model.node.Node;
import software.amazon.smithy.model.node.NumberNode;
import software.amazon.smithy.model.node.ObjectNode;
import software.amazon.smithy.model.shapes.ListShape;
import software.amazon.smithy.model.shapes.MapShape;
import software.amazon.smithy.model.shapes.MemberShape;
import software.amazon.smithy.model.shapes.Shape;
import software.amazon.smithy.model.shapes.ShapeId;
import software.amazon.smithy.model.traits.HttpHeaderTrait;
import software.amazon.smithy.model.traits.HttpLabelTrait;
import software.amazon.smithy.model.traits.HttpPayloadTrait;
import software.amazon.smithy.model.traits.HttpPrefixHeadersTrait;
import software.amazon.smithy.model.traits.HttpQueryParamsTrait;
import software.amazon.smithy.model.traits.HttpQueryTrait;
import software.amazon.smithy.model.traits.HttpResponseCodeTrait;
import software.amazon.smithy.model.traits.JsonNameTrait;
import software.amazon.smithy.model.traits.MediaTypeTrait;
import software.amazon.smithy.model.traits.SparseTrait;
import software.amazon.smithy.model.traits.TimestampFormatTrait;
import software.amazon.smithy.model.traits.XmlAttributeTrait;
import software.amazon.smithy.model.traits.XmlFlattenedTrait;
import software.amazon.smithy.model.traits.XmlNameTrait;
import software.amazon.smithy.model.traits.XmlNamespaceTrait;

/** Our shapes made from a Smithy model: values are maps by member name. */
final class SmithyShapes {
  private final Model model;
  private final Protocol protocol;
  private final Map<ShapeId, gantry.wire.schema.Shape> shapes = new HashMap<>();

  SmithyShapes(Model model, Protocol protocol) {
    this.model = model;
    this.protocol = protocol;
  }

  gantry.wire.schema.Shape shape(Shape shape) {
    gantry.wire.schema.Shape known = shapes.get(shape.getId());
    if (known != null) {
      return known;
    }
    List<Member> members = shape.members().stream().map(m -> structureMember(m).build()).toList();
    gantry.wire.schema.Shape made =
        new gantry.wire.schema.Shape(
            shape
                .getTrait(XmlNameTrait.class)
                .map(XmlNameTrait::getValue)
                .orElse(shape.getId().getName()),
            members,
            namespace(shape),
            HashMap::new,
            builder -> builder);
    shapes.put(shape.getId(), made);
    return made;
  }

  private static Member.@Nullable XmlNamespace namespace(Shape shape) {
    return shape
        .getTrait(XmlNamespaceTrait.class)
        .map(n -> new Member.XmlNamespace(n.getPrefix().orElse(null), n.getUri()))
        .orElse(null);
  }

  private boolean xml() {
    return switch (protocol) {
      case AWS_QUERY, EC2_QUERY, REST_XML -> true;
      default -> false;
    };
  }

  private String bodyName(MemberShape member) {
    if (xml()) {
      return xmlName(member, member.getMemberName());
    }
    return protocol == Protocol.REST_JSON
        ? member
            .getTrait(JsonNameTrait.class)
            .map(JsonNameTrait::getValue)
            .orElse(member.getMemberName())
        : member.getMemberName();
  }

  private static String xmlName(MemberShape member, String otherwise) {
    return member.getTrait(XmlNameTrait.class).map(XmlNameTrait::getValue).orElse(otherwise);
  }

  private Member.Builder structureMember(MemberShape member) {
    String name = member.getMemberName();
    Member.Builder made = any(member);
    made.name(name, bodyName(member));
    if (protocol == Protocol.REST_JSON || protocol == Protocol.REST_XML) {
      bind(member, made);
    }
    made.queryName(
        member.getTrait(Ec2QueryNameTrait.class).map(Ec2QueryNameTrait::getValue).orElse(null));
    made.access(
        structure -> ((Map<?, ?>) structure).get(name),
        (builder, value) -> {
          @SuppressWarnings("unchecked")
          Map<String, @Nullable Object> map = (Map<String, @Nullable Object>) builder;
          map.put(name, value);
        });
    return made;
  }

  private static void bind(MemberShape member, Member.Builder made) {
    String name = member.getMemberName();
    if (member.hasTrait(HttpLabelTrait.class)) {
      made.name(name, name).location(MarshallLocation.PATH);
    }
    member
        .getTrait(HttpQueryTrait.class)
        .ifPresent(t -> made.name(name, t.getValue()).location(MarshallLocation.QUERY_PARAM));
    if (member.hasTrait(HttpQueryParamsTrait.class)) {
      made.location(MarshallLocation.QUERY_PARAM);
    }
    member
        .getTrait(HttpHeaderTrait.class)
        .ifPresent(t -> made.name(name, t.getValue()).location(MarshallLocation.HEADER));
    member
        .getTrait(HttpPrefixHeadersTrait.class)
        .ifPresent(t -> made.name(name, t.getValue()).location(MarshallLocation.HEADER));
    if (member.hasTrait(HttpResponseCodeTrait.class)) {
      made.location(MarshallLocation.STATUS_CODE);
    }
    made.payload(member.hasTrait(HttpPayloadTrait.class));
  }

  private Member.Builder any(MemberShape member) {
    Shape target = model.expectShape(member.getTarget());
    Kind kind = kind(target);
    Member.Builder made = Member.of(kind);
    made.timestampFormat(
        member
            .getTrait(TimestampFormatTrait.class)
            .or(() -> target.getTrait(TimestampFormatTrait.class))
            .map(SmithyShapes::format)
            .orElse(null));
    made.xmlAttribute(member.hasTrait(XmlAttributeTrait.class));
    made.flattened(xml() && member.hasTrait(XmlFlattenedTrait.class));
    made.sparse(target.hasTrait(SparseTrait.class));
    made.xmlNamespace(namespace(member));
    made.jsonValue(
        member.hasTrait(HttpHeaderTrait.class)
            && (member.hasTrait(MediaTypeTrait.class) || target.hasTrait(MediaTypeTrait.class)));
    switch (target) {
      case ListShape list -> {
        MemberShape element = list.getMember();
        made.element(
            any(element).build(),
            element.getTrait(XmlNameTrait.class).map(XmlNameTrait::getValue).orElse("member"));
      }
      case MapShape map ->
          made.entry(
              any(map.getValue()).build(),
              xmlName(map.getKey(), "key"),
              xmlName(map.getValue(), "value"));
      default -> {
        if (kind == Kind.STRUCTURE) {
          made.shape(() -> shape(target));
        }
      }
    }
    return made;
  }

  private static Format format(TimestampFormatTrait trait) {
    return switch (trait.getFormat()) {
      case DATE_TIME -> Format.ISO_8601;
      case HTTP_DATE -> Format.RFC_822;
      case EPOCH_SECONDS -> Format.UNIX_TIMESTAMP;
      case UNKNOWN -> throw new IllegalStateException("unknown timestamp format");
    };
  }

  private static Kind kind(Shape target) {
    return switch (target.getType()) {
      case STRING, ENUM -> Kind.STRING;
      case BOOLEAN -> Kind.BOOLEAN;
      case BYTE -> Kind.BYTE;
      case SHORT -> Kind.SHORT;
      case INTEGER, INT_ENUM -> Kind.INTEGER;
      case LONG -> Kind.LONG;
      case FLOAT -> Kind.FLOAT;
      case DOUBLE -> Kind.DOUBLE;
      case BIG_INTEGER, BIG_DECIMAL -> Kind.BIG_DECIMAL;
      case TIMESTAMP -> Kind.TIMESTAMP;
      case BLOB -> Kind.BLOB;
      case DOCUMENT -> Kind.DOCUMENT;
      case LIST, SET -> Kind.LIST;
      case MAP -> Kind.MAP;
      case STRUCTURE, UNION -> Kind.STRUCTURE;
      default -> throw new IllegalStateException("no value: " + target);
    };
  }

  /** A test's parameters as a value of ours. */
  Map<String, @Nullable Object> value(gantry.wire.schema.Shape shape, ObjectNode node) {
    Map<String, @Nullable Object> value = new HashMap<>();
    for (Member member : shape.members) {
      node.getMember(member.name).ifPresent(n -> value.put(member.name, value(member, n)));
    }
    return value;
  }

  private @Nullable Object value(Member member, Node node) {
    if (member.kind == Kind.DOCUMENT) {
      return document(node);
    }
    if (node.isNullNode()) {
      return null;
    }
    return switch (member.kind) {
      case STRING -> node.expectStringNode().getValue();
      case BOOLEAN -> node.expectBooleanNode().getValue();
      case BYTE -> number(node).byteValue();
      case SHORT -> number(node).shortValue();
      case INTEGER -> number(node).intValue();
      case LONG -> number(node).longValue();
      case FLOAT -> (float) real(node);
      case DOUBLE -> real(node);
      case BIG_DECIMAL -> new BigDecimal(number(node).toString());
      case TIMESTAMP -> {
        BigDecimal seconds = new BigDecimal(number(node).toString());
        yield Instant.ofEpochMilli(seconds.movePointRight(3).longValue());
      }
      case BLOB -> SdkBytes.fromUtf8String(node.expectStringNode().getValue());
      case LIST -> {
        List<@Nullable Object> list = new ArrayList<>();
        node.expectArrayNode().forEach(n -> list.add(value(member.element(), n)));
        yield list;
      }
      case MAP -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        node.expectObjectNode()
            .getStringMap()
            .forEach((key, n) -> map.put(key, value(member.element(), n)));
        yield map;
      }
      case STRUCTURE -> value(member.shape(), node.expectObjectNode());
      case DOCUMENT -> throw new IllegalStateException("read above");
    };
  }

  private static Number number(Node node) {
    return node.expectNumberNode().getValue();
  }

  private static double real(Node node) {
    if (node instanceof NumberNode number) {
      return number.getValue().doubleValue();
    }
    return switch (node.expectStringNode().getValue()) {
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      default -> Double.NaN;
    };
  }

  private static Document document(Node node) {
    if (node.isNullNode()) {
      return Document.fromNull();
    } else if (node.isStringNode()) {
      return Document.fromString(node.expectStringNode().getValue());
    } else if (node.isBooleanNode()) {
      return Document.fromBoolean(node.expectBooleanNode().getValue());
    } else if (node.isNumberNode()) {
      return Document.fromNumber(number(node).toString());
    } else if (node.isArrayNode()) {
      List<Document> list = new ArrayList<>();
      node.expectArrayNode().forEach(n -> list.add(document(n)));
      return Document.fromList(list);
    }
    Map<String, Document> map = new LinkedHashMap<>();
    node.expectObjectNode().getStringMap().forEach((key, n) -> map.put(key, document(n)));
    return Document.fromMap(map);
  }

  /** A value as text that is the same for equal values, whatever the order of its maps. */
  static String canonical(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case Map<?, ?> map -> {
        StringBuilder out = new StringBuilder("{");
        map.entrySet().stream()
            .sorted(java.util.Comparator.comparing(e -> e.getKey().toString()))
            .forEach(
                e ->
                    out.append(e.getKey()).append(':').append(canonical(e.getValue())).append(','));
        yield out.append('}').toString();
      }
      case List<?> list -> {
        StringBuilder out = new StringBuilder("[");
        list.forEach(e -> out.append(canonical(e)).append(','));
        yield out.append(']').toString();
      }
      case SdkBytes bytes -> Base64.getEncoder().encodeToString(bytes.asByteArray());
      case BigDecimal decimal -> decimal.stripTrailingZeros().toPlainString();
      default -> value + ":" + value.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    };
  }
}
