package gantry.services.ssm;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ssm.model.InvalidPolicyAttributeException;
import software.amazon.awssdk.services.ssm.model.InvalidPolicyTypeException;
import software.amazon.awssdk.services.ssm.model.ParameterInlinePolicy;
import software.amazon.awssdk.services.ssm.model.PoliciesLimitExceededException;

/**
 * The policies of an advanced parameter. Expiration is carried out. The two kinds of notification
 * are events of EventBridge, which nobody here would deliver, so they are refused.
 */
record ParameterPolicies(@Nullable String json, @Nullable Instant expiresAt) {

  static final int MAX_POLICIES = 10;
  static final ParameterPolicies NONE = new ParameterPolicies(null, null);

  private static final JsonFactory JSON = new JsonFactory();

  private record Policy(@Nullable String type, @Nullable String timestamp) {}

  /** {@code []}, <code>{}</code> and <code>[{}]</code> take all policies away. */
  static ParameterPolicies parse(String text) {
    List<Policy> policies = new ArrayList<>();
    try (JsonParser in = JSON.createParser(text)) {
      JsonToken first = in.nextToken();
      if (first == JsonToken.START_OBJECT) {
        policies.add(policy(in));
      } else if (first == JsonToken.START_ARRAY) {
        while (in.nextToken() == JsonToken.START_OBJECT) {
          policies.add(policy(in));
        }
      } else {
        throw malformed();
      }
    } catch (IOException e) {
      throw malformed();
    }
    policies.removeIf(policy -> policy.type == null && policy.timestamp == null);
    if (policies.isEmpty()) {
      return NONE;
    }
    if (policies.size() > MAX_POLICIES) {
      throw PoliciesLimitExceededException.builder()
          .message(
              String.format(Locale.ROOT, "A parameter can have %d policies at most.", MAX_POLICIES))
          .build();
    }
    Instant expiresAt = null;
    for (Policy policy : policies) {
      if (!"Expiration".equals(policy.type)) {
        throw InvalidPolicyTypeException.builder()
            .message(
                "The policy type is not supported: %s. Parameter Store supports Expiration here."
                    .formatted(policy.type))
            .build();
      }
      if (expiresAt != null) {
        throw InvalidPolicyTypeException.builder()
            .message("A parameter can have one Expiration policy.")
            .build();
      }
      expiresAt = instant(policy.timestamp);
    }
    return new ParameterPolicies(text, expiresAt);
  }

  private static Instant instant(@Nullable String timestamp) {
    try {
      if (timestamp != null) {
        return OffsetDateTime.parse(timestamp).toInstant();
      }
    } catch (DateTimeParseException e) {
      // Said below, together with one that is missing.
    }
    throw InvalidPolicyAttributeException.builder()
        .message("The Timestamp attribute of the Expiration policy is not valid: " + timestamp)
        .build();
  }

  private static RuntimeException malformed() {
    return InvalidPolicyAttributeException.builder()
        .message("The policies are not a JSON array of policies.")
        .build();
  }

  private static Policy policy(JsonParser in) throws IOException {
    String type = null;
    String timestamp = null;
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String name = in.currentName();
      JsonToken value = in.nextToken();
      if (name == null) {
        throw malformed();
      }
      if (name.equals("Type") && value == JsonToken.VALUE_STRING) {
        type = in.getText();
      } else if (name.equals("Attributes") && value == JsonToken.START_OBJECT) {
        while (in.nextToken() != JsonToken.END_OBJECT) {
          String attribute = in.currentName();
          in.nextToken();
          if ("Timestamp".equals(attribute)) {
            timestamp = in.getText();
          } else {
            in.skipChildren();
          }
        }
      } else {
        in.skipChildren();
      }
    }
    return new Policy(type, timestamp);
  }

  /** As DescribeParameters shows them: those kept here are still to come. */
  static List<ParameterInlinePolicy> shown(@Nullable String json) {
    return json == null
        ? List.of()
        : List.of(
            ParameterInlinePolicy.builder()
                .policyText(json)
                .policyType("Expiration")
                .policyStatus("Pending")
                .build());
  }
}
