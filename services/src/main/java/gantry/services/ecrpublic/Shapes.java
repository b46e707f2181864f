package gantry.services.ecrpublic;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.utils.builder.SdkBuilder;

/**
 * Carries a request or an answer of one SDK model over to the shape of the same name in another:
 * member by member, by the names on the wire. Members that the other does not have are left out.
 */
final class Shapes {

  private Shapes() {}

  /**
   * Fills a builder from a shape.
   *
   * @param builder of the wanted shape, empty
   */
  static <T, B extends SdkBuilder<?, T> & SdkPojo> T copy(SdkPojo from, B builder) {
    fill(from, builder);
    return builder.build();
  }

  private static void fill(SdkPojo from, SdkPojo to) {
    Map<String, SdkField<?>> there = new LinkedHashMap<>();
    for (SdkField<?> field : from.sdkFields()) {
      there.put(field.memberName(), field);
    }
    for (SdkField<?> field : to.sdkFields()) {
      SdkField<?> source = there.get(field.memberName());
      Object value = source == null ? null : source.getValueOrDefault(from);
      Object carried = carried(value, field);
      if (carried != null) {
        field.set(to, carried);
      }
    }
  }

  private static @Nullable Object carried(@Nullable Object value, SdkField<?> field) {
    return switch (value) {
      case null -> null;
      case software.amazon.awssdk.core.util.SdkAutoConstructList<?> _ -> null;
      case List<?> list -> {
        SdkField<?> member = field.getTrait(ListTrait.class).memberFieldInfo();
        List<Object> copies = new ArrayList<>();
        for (Object each : list) {
          Object copy = carried(each, member);
          if (copy != null) {
            copies.add(copy);
          }
        }
        yield copies;
      }
      case SdkPojo pojo -> {
        SdkPojo builder = field.constructor().get();
        fill(pojo, builder);
        yield ((SdkBuilder<?, ?>) builder).build();
      }
      default -> value;
    };
  }
}
