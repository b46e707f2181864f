package gantry.wire.protocol;

import gantry.wire.WireException;
import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import gantry.wire.schema.SdkShapes;
import gantry.wire.schema.Shape;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.traits.TimestampFormatTrait.Format;

/** Structures as XML: the body of REST-XML and the answers of both Query protocols. */
final class XmlBody {
  private static final int MAX_DEPTH = 100;

  private XmlBody() {}

  // ---- out

  /**
   * @param answer whether names are those of answers, which EC2 tells apart
   */
  static void members(XmlOut xml, Shape shape, Object structure, boolean answer) {
    for (Member member : shape.bodyMembers) {
      if (!member.xmlAttribute) {
        Object value = member.get(structure);
        if (!SdkShapes.absent(value)) {
          element(xml, answer ? member.answerName : member.wireName, member, value, answer);
        }
      }
    }
  }

  private static void element(
      XmlOut xml, String name, Member member, @Nullable Object value, boolean answer) {
    if (value == null) {
      open(xml, name, member);
      xml.close(name);
      return;
    }
    switch (member.kind) {
      case LIST -> {
        Member element = member.element();
        if (member.flattened) {
          for (Object one : (List<?>) value) {
            element(xml, name, element, one, answer);
          }
          return;
        }
        String inner =
            member.elementName == null ? (answer ? "item" : "member") : member.elementName;
        open(xml, name, member);
        for (Object one : (List<?>) value) {
          element(xml, inner, element, one, answer);
        }
        xml.close(name);
      }
      case MAP -> {
        if (!member.flattened) {
          open(xml, name, member);
        }
        String entryName = member.flattened ? name : "entry";
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
          xml.open(entryName);
          xml.text(member.keyName, entry.getKey().toString());
          element(xml, member.valueName, member.element(), entry.getValue(), answer);
          xml.close(entryName);
        }
        if (!member.flattened) {
          xml.close(name);
        }
      }
      case STRUCTURE -> {
        structure(xml, name, member.shape(), value, answer, member.xmlNamespace);
      }
      default -> {
        open(xml, name, member);
        xml.content(Scalars.format(member, value, Format.ISO_8601));
        xml.close(name);
      }
    }
  }

  private static void open(XmlOut xml, String name, Member member) {
    xml.start(name);
    if (member.xmlNamespace != null) {
      xml.namespace(member.xmlNamespace.prefix(), member.xmlNamespace.uri());
    }
    xml.end();
  }

  static void structure(
      XmlOut xml,
      String name,
      Shape shape,
      Object value,
      boolean answer,
      Member.@Nullable XmlNamespace namespace) {
    xml.start(name);
    if (namespace != null) {
      xml.namespace(namespace.prefix(), namespace.uri());
    }
    // A shape's own namespace without a prefix is for documents whose root it is.
    Member.XmlNamespace own = shape.xmlNamespace;
    if (own != null && own.prefix() != null && namespace == null) {
      xml.namespace(own.prefix(), own.uri());
    }
    for (Member member : shape.bodyMembers) {
      if (member.xmlAttribute) {
        Object attribute = member.get(value);
        if (attribute != null) {
          xml.attribute(member.wireName, Scalars.format(member, attribute, Format.ISO_8601));
        }
      }
    }
    xml.end();
    members(xml, shape, value, answer);
    xml.close(name);
  }

  // ---- in

  /** The JDK's parser with everything off that reaches beyond the document or grows it. */
  private static final XMLInputFactory FACTORY = factory();

  private static XMLInputFactory factory() {
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    factory.setProperty(XMLInputFactory.IS_REPLACING_ENTITY_REFERENCES, false);
    factory.setProperty(XMLInputFactory.IS_COALESCING, true);
    factory.setXMLResolver(
        (publicId, systemId, base, namespace) -> {
          throw new XMLStreamException("nothing outside of the document is read");
        });
    return factory;
  }

  /** Reads a document whose root is that structure, whatever the root's name. */
  static void read(byte[] bytes, Shape shape, Object builder) {
    document(
        bytes,
        reader -> {
          structure(reader, shape, builder, 0);
          return builder;
        });
  }

  /** Reads a document whose root is that member's value. */
  static @Nullable Object readValue(byte[] bytes, Member member) {
    return document(bytes, reader -> value(reader, member, 0));
  }

  private interface Root {
    @Nullable Object read(XMLStreamReader reader) throws XMLStreamException;
  }

  private static @Nullable Object document(byte[] bytes, Root root) {
    try {
      XMLStreamReader reader = FACTORY.createXMLStreamReader(new StringReader(text(bytes)));
      while (next(reader) != XMLStreamConstants.START_ELEMENT) {
        if (reader.getEventType() == XMLStreamConstants.END_DOCUMENT) {
          throw malformed("there is no element");
        }
      }
      Object value = root.read(reader);
      while (reader.hasNext()) {
        next(reader);
      }
      return value;
    } catch (XMLStreamException e) {
      throw malformed("not well-formed");
    }
  }

  /** The JDK's parser, given bytes, prints what is wrong with them to the console. */
  private static String text(byte[] bytes) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw malformed("it is not UTF-8");
    }
  }

  private static int next(XMLStreamReader reader) throws XMLStreamException {
    int event = reader.next();
    if (event == XMLStreamConstants.DTD || event == XMLStreamConstants.ENTITY_REFERENCE) {
      throw malformed("document types and entities are not read");
    }
    return event;
  }

  private static WireException malformed(String why) {
    return WireException.serialization("The XML document is malformed: " + why + ".");
  }

  private static void structure(XMLStreamReader reader, Shape shape, Object builder, int depth)
      throws XMLStreamException {
    if (depth > MAX_DEPTH) {
      throw malformed("it is too deep");
    }
    for (int i = 0; i < reader.getAttributeCount(); i++) {
      String prefix = reader.getAttributePrefix(i);
      String local = reader.getAttributeLocalName(i);
      Member member =
          shape.member(prefix == null || prefix.isEmpty() ? local : prefix + ":" + local);
      if (member != null && member.xmlAttribute) {
        member.set(builder, Scalars.parse(member, reader.getAttributeValue(i), Format.ISO_8601));
      }
    }
    Map<Member, List<Object>> flatLists = new HashMap<>();
    Map<Member, Map<String, Object>> flatMaps = new HashMap<>();
    while (true) {
      int event = next(reader);
      if (event == XMLStreamConstants.END_ELEMENT) {
        break;
      }
      if (event != XMLStreamConstants.START_ELEMENT) {
        continue;
      }
      Member member = shape.member(reader.getLocalName());
      if (member == null || member.xmlAttribute) {
        skip(reader);
      } else if (member.flattened && member.kind == Kind.LIST) {
        Object value = value(reader, member.element(), depth + 1);
        if (value != null) {
          flatLists.computeIfAbsent(member, m -> new ArrayList<>()).add(value);
        }
      } else if (member.flattened && member.kind == Kind.MAP) {
        entry(
            reader,
            member,
            flatMaps.computeIfAbsent(member, m -> new LinkedHashMap<>()),
            depth + 1);
      } else {
        Object value = value(reader, member, depth + 1);
        if (value != null) {
          member.set(builder, value);
        }
      }
    }
    flatLists.forEach((member, list) -> member.set(builder, list));
    flatMaps.forEach((member, map) -> member.set(builder, map));
  }

  private static @Nullable Object value(XMLStreamReader reader, Member member, int depth)
      throws XMLStreamException {
    if (depth > MAX_DEPTH) {
      throw malformed("it is too deep");
    }
    return switch (member.kind) {
      case STRUCTURE -> {
        Shape shape = member.shape();
        Object builder = shape.newBuilder();
        structure(reader, shape, builder, depth + 1);
        yield shape.build(builder);
      }
      case LIST -> {
        String inner = member.elementName == null ? "member" : member.elementName;
        List<Object> list = new ArrayList<>();
        for (int event = next(reader);
            event != XMLStreamConstants.END_ELEMENT;
            event = next(reader)) {
          if (event == XMLStreamConstants.START_ELEMENT) {
            if (!reader.getLocalName().equals(inner)) {
              skip(reader);
              continue;
            }
            Object value = value(reader, member.element(), depth + 1);
            if (value != null) {
              list.add(value);
            }
          }
        }
        yield list;
      }
      case MAP -> {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int event = next(reader);
            event != XMLStreamConstants.END_ELEMENT;
            event = next(reader)) {
          if (event == XMLStreamConstants.START_ELEMENT) {
            entry(reader, member, map, depth + 1);
          }
        }
        yield map;
      }
      default -> {
        String text = text(reader);
        yield text.isEmpty() && member.kind != Kind.STRING && member.kind != Kind.BLOB
            ? null
            : Scalars.parse(member, text, Format.ISO_8601);
      }
    };
  }

  private static void entry(
      XMLStreamReader reader, Member member, Map<String, Object> map, int depth)
      throws XMLStreamException {
    String key = null;
    Object value = null;
    for (int event = next(reader); event != XMLStreamConstants.END_ELEMENT; event = next(reader)) {
      if (event == XMLStreamConstants.START_ELEMENT) {
        String name = reader.getLocalName();
        if (name.equals(member.keyName)) {
          key = text(reader);
        } else if (name.equals(member.valueName)) {
          value = value(reader, member.element(), depth + 1);
        } else {
          skip(reader);
        }
      }
    }
    if (key != null && value != null) {
      map.put(key, value);
    }
  }

  /** The text up to the end of the element; elements inside are not expected and refused. */
  private static String text(XMLStreamReader reader) throws XMLStreamException {
    StringBuilder text = new StringBuilder();
    for (int event = next(reader); event != XMLStreamConstants.END_ELEMENT; event = next(reader)) {
      switch (event) {
        case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA, XMLStreamConstants.SPACE ->
            text.append(reader.getText());
        case XMLStreamConstants.START_ELEMENT ->
            throw malformed("an element where text is expected");
        default -> {}
      }
    }
    return text.toString();
  }

  private static void skip(XMLStreamReader reader) throws XMLStreamException {
    int depth = 1;
    while (depth > 0) {
      switch (next(reader)) {
        case XMLStreamConstants.START_ELEMENT -> depth++;
        case XMLStreamConstants.END_ELEMENT -> depth--;
        default -> {}
      }
    }
  }
}
