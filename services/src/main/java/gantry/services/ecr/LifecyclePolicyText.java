package gantry.services.ecr;

import gantry.services.ecr.LifecyclePolicy.Action;
import gantry.services.ecr.LifecyclePolicy.CountType;
import gantry.services.ecr.LifecyclePolicy.Rule;
import gantry.services.ecr.LifecyclePolicy.TagStatus;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;

/** The text of a lifecycle policy: read and checked as AWS's schema does, and written again. */
final class LifecyclePolicyText {

  static final int MIN_CHARACTERS = 100;
  static final int MAX_CHARACTERS = 30_720;
  static final int MAX_RULES = 50;
  static final int MAX_WILDCARDS = 4;

  private LifecyclePolicyText() {}

  /**
   * @throws InvalidParameterException with what is wrong
   */
  static LifecyclePolicy parse(String text) {
    if (text.length() < MIN_CHARACTERS || text.length() > MAX_CHARACTERS) {
      throw EcrErrors.invalid(
          "lifecyclePolicyText",
          "Member must have length between " + MIN_CHARACTERS + " and " + MAX_CHARACTERS);
    }
    LifecyclePolicy policy = parseAnyLength(text);
    for (Rule rule : policy.rules()) {
      if (rule.countType() == CountType.SINCE_IMAGE_TRANSITIONED) {
        checkMinimum(LifecyclePolicy.MIN_ARCHIVED_DAYS, rule.countNumber());
      }
    }
    return policy;
  }

  /** A policy that is stored already, or was by an earlier version that asked for less. */
  static LifecyclePolicy parseAnyLength(String text) {
    Map<String, Object> json = Json.object(text);
    if (json == null) {
      throw invalid("Could not map policyString into LifecyclePolicy.");
    }
    required(json, "rules");
    onlyThese(json, Set.of("rules"));
    List<Map<String, Object>> entries = Json.children(json, "rules");
    if (!(json.get("rules") instanceof List<?> list)
        || list.size() != entries.size()
        || entries.isEmpty()) {
      throw invalid("Could not map policyString into LifecyclePolicy.");
    }
    if (entries.size() > MAX_RULES) {
      throw invalid("a policy has at most " + MAX_RULES + " rules");
    }
    List<Rule> rules = new ArrayList<>();
    for (Map<String, Object> entry : entries) {
      rules.add(rule(entry));
    }
    rules.sort(Comparator.comparingInt(Rule::priority));
    checkTogether(rules);
    return new LifecyclePolicy(List.copyOf(rules));
  }

  private static Rule rule(Map<String, Object> json) {
    required(json, "rulePriority", "selection", "action");
    onlyThese(json, Set.of("rulePriority", "description", "selection", "action"));
    int priority = positive(json, "rulePriority");
    Map<String, Object> selection = Json.child(json, "selection");
    required(selection, "tagStatus", "countType", "countNumber");
    onlyThese(
        selection,
        Set.of(
            "tagStatus",
            "tagPatternList",
            "tagPrefixList",
            "storageClass",
            "countType",
            "countUnit",
            "countNumber"));
    TagStatus tagStatus =
        switch (oneOf(selection, "tagStatus", "any", "tagged", "untagged")) {
          case "tagged" -> TagStatus.TAGGED;
          case "untagged" -> TagStatus.UNTAGGED;
          default -> TagStatus.ANY;
        };
    CountType countType =
        switch (oneOf(
            selection,
            "countType",
            "imageCountMoreThan",
            "sinceImagePulled",
            "sinceImagePushed",
            "sinceImageTransitioned")) {
          case "imageCountMoreThan" -> CountType.IMAGE_COUNT_MORE_THAN;
          case "sinceImagePulled" -> CountType.SINCE_IMAGE_PULLED;
          case "sinceImagePushed" -> CountType.SINCE_IMAGE_PUSHED;
          default -> CountType.SINCE_IMAGE_TRANSITIONED;
        };
    if (countType == CountType.IMAGE_COUNT_MORE_THAN) {
      if (selection.containsKey("countUnit")) {
        throw noSchema();
      }
    } else {
      required(selection, "countUnit");
      oneOf(selection, "countUnit", "days");
    }
    List<String> patterns = tagList(selection, "tagPatternList");
    List<String> prefixes = tagList(selection, "tagPrefixList");
    if ((tagStatus == TagStatus.TAGGED) != ((patterns == null) != (prefixes == null))
        || (tagStatus != TagStatus.TAGGED && (patterns != null || prefixes != null))) {
      throw noSchema();
    }
    if (patterns != null
        && patterns.stream()
            .anyMatch(each -> each.chars().filter(c -> c == '*').count() > MAX_WILDCARDS)) {
      throw invalid("a tag pattern has at most " + MAX_WILDCARDS + " wildcards");
    }
    boolean archived =
        selection.containsKey("storageClass")
            && oneOf(selection, "storageClass", "archive", "standard").equals("archive");
    if (archived != (countType == CountType.SINCE_IMAGE_TRANSITIONED)) {
      throw noSchema();
    }
    Map<String, Object> action = Json.child(json, "action");
    required(action, "type");
    onlyThese(action, Set.of("type", "targetStorageClass"));
    boolean transition = oneOf(action, "type", "expire", "transition").equals("transition");
    if (transition) {
      required(action, "targetStorageClass");
      oneOf(action, "targetStorageClass", "archive");
      if (archived) {
        throw noSchema();
      }
    } else if (action.containsKey("targetStorageClass")) {
      throw noSchema();
    }
    return new Rule(
        priority,
        Json.text(json, "description"),
        tagStatus,
        patterns,
        prefixes,
        archived,
        countType,
        positive(selection, "countNumber"),
        transition ? Action.TRANSITION : Action.EXPIRE);
  }

  private static void checkTogether(List<Rule> rules) {
    Set<Integer> priorities = new HashSet<>();
    Set<Set<String>> prefixSets = new HashSet<>();
    Map<Boolean, Integer> untagged = new LinkedHashMap<>();
    for (int i = 0; i < rules.size(); i++) {
      Rule rule = rules.get(i);
      if (!priorities.add(rule.priority())) {
        throw invalid("rulePriority must be unique: " + rule.priority());
      }
      if (rule.tagStatus() == TagStatus.UNTAGGED
          && untagged.merge(rule.archived(), 1, Integer::sum) > 1) {
        throw invalid("only one rule may select untagged images");
      }
      List<String> prefixes = rule.prefixList();
      if (prefixes != null
          && !rule.archived()
          && rule.action() == Action.EXPIRE
          && !prefixSets.add(new LinkedHashSet<>(prefixes))) {
        throw invalid("tagPrefixList must be unique across rules: " + prefixes);
      }
      if (rule.tagStatus() == TagStatus.ANY) {
        for (Rule later : rules.subList(i + 1, rules.size())) {
          if (later.archived() == rule.archived()) {
            throw invalid("the rule with tagStatus any must have the highest rulePriority");
          }
        }
      }
    }
  }

  private static @Nullable List<String> tagList(Map<String, Object> json, String name) {
    if (!json.containsKey(name)) {
      return null;
    }
    List<String> found = Json.texts(json, name);
    if (found.isEmpty() || !(json.get(name) instanceof List<?>)) {
      throw noSchema();
    }
    return List.copyOf(found);
  }

  private static int positive(Map<String, Object> json, String name) {
    Long number = Json.number(json, name);
    if (number == null) {
      throw invalid("Could not map policyString into LifecyclePolicy.");
    }
    checkMinimum(1, number);
    if (number > Integer.MAX_VALUE) {
      throw invalid("Could not map policyString into LifecyclePolicy.");
    }
    return number.intValue();
  }

  private static void checkMinimum(int minimum, long number) {
    if (number < minimum) {
      throw invalid(
          "numeric instance is lower than the required minimum (minimum: "
              + minimum
              + ", found: "
              + number
              + ")");
    }
  }

  private static String oneOf(Map<String, Object> json, String name, String... allowed) {
    String value = String.valueOf(json.get(name));
    for (String each : allowed) {
      if (each.equals(value)) {
        return value;
      }
    }
    StringBuilder list = new StringBuilder();
    for (String each : allowed) {
      list.append(list.isEmpty() ? "" : ",").append('"').append(each).append('"');
    }
    throw invalid(
        "instance value (\"" + value + "\") not found in enum (possible values: [" + list + "])");
  }

  private static void required(Map<String, Object> json, String... names) {
    List<String> missing = new ArrayList<>();
    for (String name : names) {
      if (!json.containsKey(name)) {
        missing.add("\"" + name + "\"");
      }
    }
    if (!missing.isEmpty()) {
      throw invalid("object has missing required properties ([" + String.join(",", missing) + "])");
    }
  }

  private static void onlyThese(Map<String, Object> json, Set<String> names) {
    List<String> extra =
        json.keySet().stream()
            .filter(name -> !names.contains(name))
            .map(name -> "\"" + name + "\"")
            .toList();
    if (!extra.isEmpty()) {
      throw invalid(
          "object instance has properties which are not allowed by the schema: (["
              + String.join(",", extra)
              + "])");
    }
  }

  private static InvalidParameterException noSchema() {
    return invalid("instance failed to match exactly one schema (matched 0 out of 2)");
  }

  private static InvalidParameterException invalid(String why) {
    return EcrErrors.invalid("LifecyclePolicyText", "Lifecycle policy validation failure: " + why);
  }

  /** The text as it is kept: the rules in the order of their priority. */
  static String write(List<Rule> rules) {
    List<Object> list = new ArrayList<>();
    for (Rule rule : rules) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("rulePriority", rule.priority());
      if (rule.description() != null) {
        json.put("description", rule.description());
      }
      Map<String, Object> selection = new LinkedHashMap<>();
      selection.put("tagStatus", rule.tagStatus().name().toLowerCase(Locale.ROOT));
      if (rule.patternList() != null) {
        selection.put("tagPatternList", rule.patternList());
      }
      if (rule.prefixList() != null) {
        selection.put("tagPrefixList", rule.prefixList());
      }
      if (rule.archived()) {
        selection.put("storageClass", "archive");
      }
      selection.put(
          "countType",
          switch (rule.countType()) {
            case IMAGE_COUNT_MORE_THAN -> "imageCountMoreThan";
            case SINCE_IMAGE_PUSHED -> "sinceImagePushed";
            case SINCE_IMAGE_PULLED -> "sinceImagePulled";
            case SINCE_IMAGE_TRANSITIONED -> "sinceImageTransitioned";
          });
      if (rule.countType() != CountType.IMAGE_COUNT_MORE_THAN) {
        selection.put("countUnit", "days");
      }
      selection.put("countNumber", rule.countNumber());
      json.put("selection", selection);
      json.put(
          "action",
          rule.action() == Action.EXPIRE
              ? Map.of("type", "expire")
              : Map.of("type", "transition", "targetStorageClass", "archive"));
      list.add(json);
    }
    return new String(Json.write(Map.of("rules", list)), StandardCharsets.UTF_8);
  }
}
