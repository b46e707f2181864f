package gantry.wire.schema;

import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.SerializedString;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.protocol.MarshallLocation;
import software.amazon.awssdk.core.traits.TimestampFormatTrait;

/**
 * One member of a structure, or the element of a list, or the value of a map: what it holds, its
 * names, where it stands in a message. Codecs see shapes only through this, so the same code serves
 * the SDK's classes and the dynamic shapes of the protocol tests.
 */
public final class Member {
  public final String name;
  public final String wireName;

  /** The element's name in an answer, where EC2 has another one than in the request. */
  public final String answerName;

  public final Kind kind;
  public final MarshallLocation location;
  public final TimestampFormatTrait.@Nullable Format timestampFormat;
  public final boolean required;
  public final boolean payload;
  public final boolean jsonValue;
  public final boolean xmlAttribute;
  public final boolean flattened;
  public final boolean sparse;
  public final @Nullable XmlNamespace xmlNamespace;

  /** The EC2 name of the member in a request, where the model sets one apart. */
  public final @Nullable String queryName;

  /** An absent value is replaced when it is read: the SDK's way with idempotency tokens. */
  public final boolean defaulted;

  /** A list's element or a map's value. */
  private final @Nullable Member element;

  /** The element's own name in a list, null for the protocol's usual one. */
  public final @Nullable String elementName;

  public final String keyName;
  public final String valueName;
  private final @Nullable Supplier<Shape> shape;
  private final Function<Object, @Nullable Object> getter;
  private final BiConsumer<Object, @Nullable Object> setter;
  public final SerializableString jsonName;

  private Member(Builder b) {
    name = b.name;
    wireName = b.wireName;
    answerName = b.answerName == null ? b.wireName : b.answerName;
    kind = b.kind;
    location = b.location;
    timestampFormat = b.timestampFormat;
    required = b.required;
    payload = b.payload;
    jsonValue = b.jsonValue;
    xmlAttribute = b.xmlAttribute;
    flattened = b.flattened;
    sparse = b.sparse;
    xmlNamespace = b.xmlNamespace;
    queryName = b.queryName;
    defaulted = b.defaulted;
    element = b.element;
    elementName = b.elementName;
    keyName = b.keyName;
    valueName = b.valueName;
    shape = b.shape;
    getter = b.getter;
    setter = b.setter;
    jsonName = new SerializedString(b.wireName);
  }

  public record XmlNamespace(@Nullable String prefix, String uri) {}

  public Member element() {
    if (element == null) {
      throw new IllegalStateException(name + " is neither a list nor a map");
    }
    return element;
  }

  public Shape shape() {
    if (shape == null) {
      throw new IllegalStateException(name + " is no structure");
    }
    return shape.get();
  }

  public @Nullable Object get(Object structure) {
    return getter.apply(structure);
  }

  public void set(Object builder, @Nullable Object value) {
    setter.accept(builder, value);
  }

  public static Builder of(Kind kind) {
    return new Builder(kind);
  }

  @Override
  public String toString() {
    return name + ":" + kind;
  }

  /** Fields are named as the member's own. */
  public static final class Builder {
    private final Kind kind;
    private String name = "member";
    private String wireName = "member";
    private @Nullable String answerName;
    private MarshallLocation location = MarshallLocation.PAYLOAD;
    private TimestampFormatTrait.@Nullable Format timestampFormat;
    private boolean required;
    private boolean payload;
    private boolean jsonValue;
    private boolean xmlAttribute;
    private boolean flattened;
    private boolean sparse;
    private @Nullable XmlNamespace xmlNamespace;
    private @Nullable String queryName;
    private boolean defaulted;
    private @Nullable Member element;
    private @Nullable String elementName;
    private String keyName = "key";
    private String valueName = "value";
    private @Nullable Supplier<Shape> shape;
    private Function<Object, @Nullable Object> getter = structure -> null;
    private BiConsumer<Object, @Nullable Object> setter = (builder, value) -> {};

    private Builder(Kind kind) {
      this.kind = kind;
    }

    public Builder name(String memberName, String onTheWire) {
      name = memberName;
      wireName = onTheWire;
      return this;
    }

    public Builder answerName(@Nullable String value) {
      answerName = value;
      return this;
    }

    public Builder location(MarshallLocation value) {
      location = value;
      return this;
    }

    public Builder timestampFormat(TimestampFormatTrait.@Nullable Format value) {
      timestampFormat = value;
      return this;
    }

    public Builder required(boolean value) {
      required = value;
      return this;
    }

    public Builder payload(boolean value) {
      payload = value;
      return this;
    }

    public Builder jsonValue(boolean value) {
      jsonValue = value;
      return this;
    }

    public Builder xmlAttribute(boolean value) {
      xmlAttribute = value;
      return this;
    }

    public Builder flattened(boolean value) {
      flattened = value;
      return this;
    }

    public Builder sparse(boolean value) {
      sparse = value;
      return this;
    }

    public Builder xmlNamespace(@Nullable XmlNamespace value) {
      xmlNamespace = value;
      return this;
    }

    public Builder queryName(@Nullable String value) {
      queryName = value;
      return this;
    }

    public Builder defaulted(boolean value) {
      defaulted = value;
      return this;
    }

    public Builder element(Member value, @Nullable String ownName) {
      element = value;
      elementName = ownName;
      return this;
    }

    public Builder entry(Member value, @Nullable String key, @Nullable String valueElement) {
      element = value;
      keyName = key == null ? "key" : key;
      valueName = valueElement == null ? "value" : valueElement;
      return this;
    }

    public Builder shape(Supplier<Shape> value) {
      shape = value;
      return this;
    }

    public Builder access(
        Function<Object, @Nullable Object> get, BiConsumer<Object, @Nullable Object> set) {
      getter = get;
      setter = set;
      return this;
    }

    public Member build() {
      return new Member(this);
    }
  }
}
