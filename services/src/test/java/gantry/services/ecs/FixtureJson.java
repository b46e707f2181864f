package gantry.services.ecs;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.utils.builder.SdkBuilder;

/** Reads a fixture as the API would: unknown members are ignored, null is absent. */
final class FixtureJson {

  private FixtureJson() {}

  static RegisterTaskDefinitionRequest taskDefinition(String file) {
    try (InputStream in = FixtureJson.class.getResourceAsStream("/ecs/task-definitions/" + file)) {
      JsonParser json = new JsonFactory().createParser(in);
      json.nextToken();
      Object tree = tree(json);
      return (RegisterTaskDefinitionRequest)
          pojo(
              RegisterTaskDefinitionRequest.builder(),
              (Map<?, ?>) java.util.Objects.requireNonNull(tree));
    } catch (IOException failed) {
      throw new UncheckedIOException(file, failed);
    }
  }

  private static @Nullable Object tree(JsonParser json) throws IOException {
    return switch (json.currentToken()) {
      case START_OBJECT -> {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
          String name = json.currentName();
          json.nextToken();
          map.put(name, tree(json));
        }
        yield map;
      }
      case START_ARRAY -> {
        List<@Nullable Object> list = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
          list.add(tree(json));
        }
        yield list;
      }
      case VALUE_STRING -> json.getText();
      case VALUE_NUMBER_INT -> json.getLongValue();
      case VALUE_NUMBER_FLOAT -> json.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> null;
    };
  }

  private static Object pojo(SdkPojo builder, Map<?, ?> members) {
    for (SdkField<?> field : builder.sdkFields()) {
      Object value = members.get(field.locationName());
      if (value != null) {
        field.set(builder, value(field, value));
      }
    }
    return ((SdkBuilder<?, ?>) builder).build();
  }

  private static Object value(SdkField<?> field, Object value) {
    MarshallingType<?> type = field.marshallingType();
    if (type == MarshallingType.LIST) {
      SdkField<?> member = field.getTrait(ListTrait.class).memberFieldInfo();
      List<Object> list = new ArrayList<>();
      for (Object each : (List<?>) value) {
        if (each != null) {
          list.add(value(member, each));
        }
      }
      return list;
    }
    if (type == MarshallingType.MAP) {
      SdkField<?> member = field.getTrait(MapTrait.class).valueFieldInfo();
      Map<String, Object> map = new LinkedHashMap<>();
      ((Map<?, ?>) value)
          .forEach(
              (key, each) -> {
                if (each != null) {
                  map.put((String) key, value(member, each));
                }
              });
      return map;
    }
    if (type == MarshallingType.SDK_POJO) {
      return pojo(field.constructor().get(), (Map<?, ?>) value);
    }
    if (type == MarshallingType.INTEGER) {
      return ((Number) value).intValue();
    }
    if (type == MarshallingType.INSTANT) {
      return Instant.ofEpochSecond(((Number) value).longValue());
    }
    return value;
  }
}
