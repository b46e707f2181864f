package gantry.wire.schema;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.traits.DefaultValueTrait;
import software.amazon.awssdk.core.traits.JsonValueTrait;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.core.traits.PayloadTrait;
import software.amazon.awssdk.core.traits.RequiredTrait;
import software.amazon.awssdk.core.traits.TimestampFormatTrait;
import software.amazon.awssdk.core.traits.XmlAttributeTrait;
import software.amazon.awssdk.core.util.SdkAutoConstructList;
import software.amazon.awssdk.core.util.SdkAutoConstructMap;
import software.amazon.awssdk.utils.builder.Buildable;

/**
 * The shapes of the SDK's model classes. A shape is made when its class is first met and kept;
 * after that nothing is reflected upon, every access is a lambda of the SDK's own.
 */
public final class SdkShapes {
  private static final ClassValue<Shape> SHAPES =
      new ClassValue<>() {
        @Override
        protected Shape computeValue(Class<?> type) {
          return make(type);
        }
      };

  private SdkShapes() {}

  /** The shape of a model class, such as {@code Cluster} or {@code CreateClusterRequest}. */
  public static Shape of(Class<?> modelClass) {
    return SHAPES.get(modelClass);
  }

  private static Shape make(Class<?> type) {
    Supplier<Object> newBuilder = builderOf(type);
    SdkPojo sample = (SdkPojo) newBuilder.get();
    List<Member> members = sample.sdkFields().stream().map(SdkShapes::member).toList();
    // The one prefixed attribute that AWS's models have is S3's xsi:type.
    boolean schemaInstance =
        members.stream().anyMatch(m -> m.xmlAttribute && m.wireName.startsWith("xsi:"));
    return new Shape(
        type.getSimpleName(),
        members,
        schemaInstance
            ? new Member.XmlNamespace("xsi", "http://www.w3.org/2001/XMLSchema-instance")
            : null,
        newBuilder,
        builder -> ((Buildable) builder).build());
  }

  private static Supplier<Object> builderOf(Class<?> type) {
    try {
      Class<?> builder = Class.forName(type.getName() + "$Builder", false, type.getClassLoader());
      MethodHandle handle =
          MethodHandles.publicLookup()
              .findStatic(type, "builder", MethodType.methodType(builder))
              .asType(MethodType.methodType(Object.class));
      return () -> {
        try {
          return (Object) handle.invokeExact();
        } catch (Throwable e) {
          throw new IllegalStateException("cannot make a builder of " + type, e);
        }
      };
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(type + " is no model class of the SDK", e);
    }
  }

  private static Member member(SdkField<?> field) {
    Kind kind = kind(field);
    Member.Builder member =
        Member.of(kind)
            .name(memberName(field), field.locationName())
            .answerName(field.unmarshallLocationName())
            .location(field.location())
            .timestampFormat(
                field
                    .getOptionalTrait(TimestampFormatTrait.class)
                    .map(TimestampFormatTrait::format)
                    .orElse(null))
            .required(field.containsTrait(RequiredTrait.class))
            .payload(field.containsTrait(PayloadTrait.class))
            .jsonValue(field.containsTrait(JsonValueTrait.class))
            .xmlAttribute(field.containsTrait(XmlAttributeTrait.class))
            .defaulted(field.containsTrait(DefaultValueTrait.class));
    switch (kind) {
      case STRUCTURE -> member.shape(nested(field.constructor()));
      case LIST -> {
        ListTrait list = field.getRequiredTrait(ListTrait.class);
        member.flattened(list.isFlattened());
        member.element(member(list.memberFieldInfo()), list.memberLocationName());
      }
      case MAP -> {
        MapTrait map = field.getRequiredTrait(MapTrait.class);
        member.flattened(map.isFlattened());
        member.entry(member(map.valueFieldInfo()), map.keyLocationName(), map.valueLocationName());
      }
      default -> {}
    }
    if (field.memberName() != null) { // an element has no place in a structure of its own
      member.access(field::getValueOrDefault, field::set);
    }
    return member.build();
  }

  private static String memberName(SdkField<?> field) {
    return field.memberName() == null ? "member" : field.memberName();
  }

  /**
   * Shapes refer to themselves (DynamoDB's AttributeValue), so the nested one is found when used.
   */
  private static Supplier<Shape> nested(Supplier<SdkPojo> constructor) {
    return new Supplier<>() {
      private volatile @Nullable Shape found;

      @Override
      public Shape get() {
        Shape shape = found;
        if (shape == null) {
          shape = of(constructor.get().getClass().getEnclosingClass());
          found = shape;
        }
        return shape;
      }
    };
  }

  private static final Map<Class<?>, Kind> KINDS = new ConcurrentHashMap<>();

  private static Kind kind(SdkField<?> field) {
    return KINDS.computeIfAbsent(
        field.marshallingType().getTargetClass(),
        type ->
            switch (type.getSimpleName()) {
              case "String" -> Kind.STRING;
              case "Boolean" -> Kind.BOOLEAN;
              case "Byte" -> Kind.BYTE;
              case "Short" -> Kind.SHORT;
              case "Integer" -> Kind.INTEGER;
              case "Long" -> Kind.LONG;
              case "Float" -> Kind.FLOAT;
              case "Double" -> Kind.DOUBLE;
              case "BigDecimal" -> Kind.BIG_DECIMAL;
              case "Instant" -> Kind.TIMESTAMP;
              case "SdkBytes" -> Kind.BLOB;
              case "Document" -> Kind.DOCUMENT;
              case "List" -> Kind.LIST;
              case "Map" -> Kind.MAP;
              case "SdkPojo" -> Kind.STRUCTURE;
              default -> throw new IllegalStateException("a member of unknown type " + type);
            });
  }

  /** Whether a list or map was never set: the SDK hands out an empty one then. */
  public static boolean absent(@Nullable Object value) {
    return value == null
        || value instanceof SdkAutoConstructList
        || value instanceof SdkAutoConstructMap;
  }
}
