package gantry.services.cloudtrail;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import gantry.services.Caller;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.util.SdkAutoConstructList;
import software.amazon.awssdk.core.util.SdkAutoConstructMap;

/** Writes an event in CloudTrail's record format, version 1.11, on one line. */
final class EventJson {

  /** CloudTrail leaves out the parameters of a call when they are longer than this. */
  static final int PARAMETERS_MOST = 100_000;

  static final String HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS";

  private static final JsonFactory JSON = new JsonFactory();

  private EventJson() {}

  static String of(AuditRecord record) {
    String parameters = record.request() == null ? null : parameters(record.request());
    StringWriter out = new StringWriter(1024);
    Caller caller = record.caller();
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("eventVersion", "1.11");
      identity(json, caller);
      json.writeStringField("eventTime", record.time().toString());
      json.writeStringField("eventSource", record.eventSource());
      json.writeStringField("eventName", record.eventName());
      json.writeStringField("awsRegion", caller.region());
      json.writeStringField("sourceIPAddress", sourceIp(caller));
      json.writeStringField("userAgent", userAgent(caller));
      if (record.error() != null) {
        json.writeStringField("errorCode", record.error());
        json.writeStringField("errorMessage", record.errorMessage());
      }
      json.writeFieldName("requestParameters");
      if (parameters == null) {
        json.writeNull();
      } else {
        json.writeRawValue(parameters);
      }
      json.writeNullField("responseElements");
      json.writeStringField("requestID", caller.requestId());
      json.writeStringField("eventID", record.eventId());
      json.writeBooleanField("readOnly", record.readOnly());
      json.writeStringField("eventType", "AwsApiCall");
      json.writeBooleanField("managementEvent", true);
      json.writeStringField("recipientAccountId", caller.account());
      json.writeStringField("eventCategory", "Management");
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a StringWriter has none
    }
    return out.toString();
  }

  private static String sourceIp(Caller caller) {
    if (caller.isService()) {
      return caller.arn();
    }
    if (caller.via() != null) {
      return caller.via();
    }
    return caller.sourceIp() == null ? "" : caller.sourceIp();
  }

  private static String userAgent(Caller caller) {
    if (caller.via() != null) {
      return caller.via();
    }
    return caller.userAgent() == null ? "" : caller.userAgent();
  }

  private static void identity(JsonGenerator json, Caller caller) throws IOException {
    json.writeObjectFieldStart("userIdentity");
    if (caller.isService()) {
      json.writeStringField("type", "AWSService");
      json.writeStringField("invokedBy", caller.arn());
    } else {
      json.writeStringField("type", type(caller.arn()));
      json.writeStringField("principalId", caller.userId());
      json.writeStringField("arn", caller.arn());
      json.writeStringField("accountId", caller.account());
      if (caller.accessKeyId() != null) {
        json.writeStringField("accessKeyId", caller.accessKeyId());
      }
      json.writeStringField("userName", userName(caller));
      if (caller.via() != null) {
        json.writeStringField("invokedBy", caller.via());
      }
    }
    json.writeEndObject();
  }

  private static String type(String arn) {
    if (arn.endsWith(":root")) {
      return "Root";
    }
    return arn.contains(":assumed-role/")
        ? "AssumedRole"
        : arn.contains(":federated-user/") ? "FederatedUser" : "IAMUser";
  }

  /** What LookupEvents calls the user name: a user's name, a session's name, or root. */
  static String userName(Caller caller) {
    String arn = caller.arn();
    return arn.endsWith(":root") ? "root" : arn.substring(arn.lastIndexOf('/') + 1);
  }

  private static @Nullable String parameters(SdkPojo request) {
    StringWriter out = new StringWriter(256);
    try (JsonGenerator json = JSON.createGenerator(out)) {
      pojo(json, request);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.getBuffer().length() > PARAMETERS_MOST ? null : out.toString();
  }

  private static void pojo(JsonGenerator json, SdkPojo pojo) throws IOException {
    // The SDK's own text of an object is what knows which members are secret.
    String shown = pojo.toString();
    boolean secrets = shown.contains("*** Sensitive Data Redacted ***");
    json.writeStartObject();
    for (SdkField<?> field : pojo.sdkFields()) {
      Object value = field.getValueOrDefault(pojo);
      if (value == null
          || value instanceof SdkAutoConstructList<?>
          || value instanceof SdkAutoConstructMap<?, ?>) {
        continue;
      }
      String name = field.memberName();
      json.writeFieldName(name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1));
      if (secrets && shown.contains(name + "=*** Sensitive Data Redacted ***")) {
        json.writeString(HIDDEN);
      } else {
        value(json, value);
      }
    }
    json.writeEndObject();
  }

  private static void value(JsonGenerator json, Object value) throws IOException {
    switch (value) {
      case SdkPojo pojo -> pojo(json, pojo);
      case Map<?, ?> map -> {
        json.writeStartObject();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          json.writeFieldName(String.valueOf(entry.getKey()));
          value(json, entry.getValue());
        }
        json.writeEndObject();
      }
      case Collection<?> list -> {
        json.writeStartArray();
        for (Object one : list) {
          value(json, one);
        }
        json.writeEndArray();
      }
      case Boolean b -> json.writeBoolean(b);
      case Integer i -> json.writeNumber(i);
      case Long l -> json.writeNumber(l);
      case Number n -> json.writeNumber(n.doubleValue());
      case SdkBytes bytes -> json.writeString("<" + bytes.asByteArrayUnsafe().length + " bytes>");
      default -> json.writeString(value.toString());
    }
  }

  /** Names that the request mentions: what LookupEvents finds a call by. */
  static List<String> resourceNames(AuditRecord record) {
    List<String> names = new ArrayList<>();
    SdkPojo request = record.request();
    if (request == null) {
      return names;
    }
    for (SdkField<?> field : request.sdkFields()) {
      String member = field.memberName().toLowerCase(Locale.ROOT);
      boolean naming =
          member.endsWith("name")
              || member.endsWith("arn")
              || member.endsWith("id")
              || List.of("cluster", "service", "task", "taskdefinition", "family").contains(member);
      if (naming
          && !member.contains("token")
          && field.getValueOrDefault(request) instanceof String text
          && !text.isEmpty()) {
        names.add(text);
      }
    }
    return names;
  }
}
