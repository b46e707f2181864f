package gantry.services.sts;

import gantry.services.iam.Tables.RoleRow;
import gantry.services.iam.Tables.SessionRow;
import gantry.services.iam.policy.MalformedPolicy;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sts.model.PackedPolicyTooLargeException;
import software.amazon.awssdk.services.sts.model.Tag;

/** What a request for a session may ask: names, times, tags and policies. */
final class Checks {

  private static final int CHAINED_SECONDS = 3600;

  private Checks() {}

  static String accountOf(String roleArn) {
    if (!roleArn.matches("arn:aws[a-z-]*:iam::\\d{12}:role/.+")) {
      throw Errors.validation(roleArn + " is invalid");
    }
    return roleArn.split(":", -1)[4];
  }

  static String sessionName(String name) {
    if (!name.matches("[\\w+=,.@-]*")) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + name
              + "' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular"
              + " expression pattern: [\\w+=,.@-]*");
    }
    if (name.length() < 2 || name.length() > 64) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + name
              + "' at 'roleSessionName' failed to satisfy constraint: Member must have length "
              + (name.length() < 2 ? "greater than or equal to 2" : "less than or equal to 64"));
    }
    return name;
  }

  static int seconds(@Nullable Integer given, int usual, int least, int most) {
    int seconds = given == null ? usual : given;
    if (seconds < least || seconds > most) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + seconds
              + "' at 'durationSeconds' failed to satisfy constraint: Member must have value "
              + (seconds < least
                  ? "greater than or equal to " + least
                  : "less than or equal to " + most));
    }
    return seconds;
  }

  static void checkDuration(RoleRow role, @Nullable Integer given, int seconds, boolean chained) {
    Integer most = role.role().maxSessionDuration();
    if (given != null && most != null && seconds > most) {
      throw Errors.validation(
          "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    }
    if (chained && seconds > CHAINED_SECONDS) {
      throw Errors.validation(
          "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role"
              + " chaining.");
    }
  }

  static Map<String, String> tags(List<Tag> given) {
    Map<String, String> tags = new HashMap<>();
    Set<String> seen = new HashSet<>();
    for (Tag tag : given) {
      if (!seen.add(tag.key().toLowerCase(Locale.ROOT))) {
        throw Errors.invalidParameter(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
      }
      tags.put(tag.key(), tag.value());
    }
    return tags;
  }

  static void tagKeys(Map<String, List<String>> keys, Map<String, String> tags) {
    if (!tags.isEmpty()) {
      keys.put("aws:TagKeys", List.copyOf(tags.keySet()));
      tags.forEach((key, value) -> keys.put("aws:RequestTag/" + key, List.of(value)));
    }
  }

  /** The tags that the caller's own session hands on, whoever it becomes. */
  static Map<String, String> inherited(
      @Nullable SessionRow issued, Map<String, String> tags, List<String> transitive) {
    for (String key : transitive) {
      if (!tags.containsKey(key)) {
        throw Errors.invalidParameter(
            "The specified transitive tag key must be included in the requested tags.");
      }
    }
    Map<String, String> inherited = new HashMap<>();
    if (issued != null) {
      for (String key : issued.transitiveTags()) {
        if (tags.keySet().stream().anyMatch(key::equalsIgnoreCase)) {
          throw Errors.invalidParameter(
              "One of the specified transitive tag keys can't be set because it conflicts with a"
                  + " transitive tag key from the calling session.");
        }
        String value = issued.tags().get(key);
        if (value != null) {
          inherited.put(key, value);
        }
      }
    }
    return inherited;
  }

  static @Nullable String source(@Nullable SessionRow issued, @Nullable String asked) {
    String held = issued == null ? null : issued.sourceIdentity();
    if (held != null && asked != null && !held.equals(asked)) {
      throw Errors.validation("The source identity is already set for this assume role session");
    }
    return held == null ? asked : held;
  }

  static void checkPolicy(String policy) {
    try {
      PolicyDocument.parse(policy, PolicyKind.INLINE);
    } catch (MalformedPolicy e) {
      throw Errors.malformed(e.getMessage() + " (" + e.place() + ")");
    }
    int percent = PolicyDocument.sizeWithoutWhiteSpace(policy) * 100 / 2048;
    if (percent > 100) {
      throw PackedPolicyTooLargeException.builder()
          .message(
              "Packed policy consumes "
                  + percent
                  + "% of allotted space, please use smaller policy.")
          .build();
    }
  }

  static @Nullable Integer packed(@Nullable String policy, Map<String, String> tags) {
    if (policy == null && tags.isEmpty()) {
      return null;
    }
    int size = policy == null ? 0 : PolicyDocument.sizeWithoutWhiteSpace(policy);
    for (Map.Entry<String, String> tag : tags.entrySet()) {
      size += tag.getKey().length() + tag.getValue().length();
    }
    return Math.max(1, size * 100 / 2048);
  }
}
