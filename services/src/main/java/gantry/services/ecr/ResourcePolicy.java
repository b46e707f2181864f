package gantry.services.ecr;

import gantry.services.Caller;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;

/**
 * The policy of a repository (no Resource: it is implied) or of a registry. What a statement says
 * that this does not understand makes the policy invalid: an unread condition would let in whom it
 * keeps out.
 */
final class ResourcePolicy {

  static final int MAX_CHARACTERS = 10_240;

  enum Verdict {
    ALLOW,
    DENY,
    SILENT
  }

  /** One entry of a Condition: all must hold. */
  private record Condition(String operator, boolean ifExists, String key, List<String> values) {}

  private record Statement(
      boolean allow,
      boolean principalsNegated,
      List<String> principals,
      boolean actionsNegated,
      List<String> actions,
      List<String> resources,
      List<Condition> conditions) {}

  private static final Set<String> STATEMENT_KEYS =
      Set.of(
          "Sid",
          "Effect",
          "Principal",
          "NotPrincipal",
          "Action",
          "NotAction",
          "Resource",
          "Condition");

  private static final Set<String> OPERATORS =
      Set.of(
          "StringEquals",
          "StringNotEquals",
          "StringEqualsIgnoreCase",
          "StringNotEqualsIgnoreCase",
          "StringLike",
          "StringNotLike",
          "ArnEquals",
          "ArnNotEquals",
          "ArnLike",
          "ArnNotLike",
          "Bool",
          "IpAddress",
          "NotIpAddress",
          "Null");

  private final List<Statement> statements;

  private ResourcePolicy(List<Statement> statements) {
    this.statements = statements;
  }

  /**
   * @param ofRegistry whether statements name resources
   * @throws InvalidParameterException when it is not a policy, or not one that can be enforced
   */
  static ResourcePolicy parse(String text, boolean ofRegistry) {
    if (text.length() > MAX_CHARACTERS) {
      throw invalid(ofRegistry);
    }
    Map<String, Object> json = Json.object(text);
    if (json == null) {
      throw invalid(ofRegistry);
    }
    List<Map<String, Object>> entries =
        json.get("Statement") instanceof Map<?, ?> one
            ? List.of(Json.asObject(one))
            : Json.children(json, "Statement");
    if (entries.isEmpty()) {
      throw invalid(ofRegistry);
    }
    List<Statement> statements = new ArrayList<>();
    for (Map<String, Object> entry : entries) {
      statements.add(statement(entry, ofRegistry));
    }
    return new ResourcePolicy(statements);
  }

  private static InvalidParameterException invalid(boolean ofRegistry) {
    return EcrErrors.invalid(
        "PolicyText",
        ofRegistry ? "Invalid registry policy provided" : "Invalid repository policy provided");
  }

  private static Statement statement(Map<String, Object> json, boolean ofRegistry) {
    if (!STATEMENT_KEYS.containsAll(json.keySet())) {
      throw invalid(ofRegistry);
    }
    String effect = Json.text(json, "Effect");
    boolean allow = "Allow".equals(effect);
    if (!allow && !"Deny".equals(effect)) {
      throw invalid(ofRegistry);
    }
    boolean principalsNegated = json.containsKey("NotPrincipal");
    List<String> principals =
        principals(json.get(principalsNegated ? "NotPrincipal" : "Principal"));
    boolean actionsNegated = json.containsKey("NotAction");
    List<String> actions = Json.texts(json, actionsNegated ? "NotAction" : "Action");
    if (principals.isEmpty()
        || actions.isEmpty()
        || json.containsKey("Resource") != ofRegistry
        || actions.stream().anyMatch(action -> !action.equals("*") && !isEcr(action))) {
      throw invalid(ofRegistry);
    }
    List<Condition> conditions = new ArrayList<>();
    Json.child(json, "Condition")
        .forEach(
            (name, keys) -> {
              boolean ifExists = name.endsWith("IfExists");
              String operator =
                  ifExists ? name.substring(0, name.length() - "IfExists".length()) : name;
              if (!OPERATORS.contains(operator)) {
                throw invalid(ofRegistry);
              }
              Map<String, Object> byKey = Json.asObject(keys);
              for (String key : byKey.keySet()) {
                if (!isKnownKey(key)) {
                  throw invalid(ofRegistry);
                }
                conditions.add(new Condition(operator, ifExists, key, Json.texts(byKey, key)));
              }
            });
    return new Statement(
        allow,
        principalsNegated,
        principals,
        actionsNegated,
        actions,
        Json.texts(json, "Resource"),
        conditions);
  }

  private static boolean isEcr(String action) {
    return action.toLowerCase(Locale.ROOT).startsWith("ecr:")
        || action.toLowerCase(Locale.ROOT).startsWith("ecr-public:");
  }

  private static List<String> principals(@Nullable Object value) {
    if (value instanceof String text) {
      return text.equals("*") ? List.of("*") : List.of();
    }
    List<String> found = new ArrayList<>();
    Map<String, Object> byKind = Json.asObject(value);
    for (String kind : byKind.keySet()) {
      switch (kind) {
        case "AWS", "Service" -> found.addAll(Json.texts(byKind, kind));
        default -> {
          return List.of();
        }
      }
    }
    return found;
  }

  Verdict verdict(Caller caller, String action, String resource) {
    Verdict verdict = Verdict.SILENT;
    for (Statement statement : statements) {
      if (speaksOf(statement, caller, action, resource)) {
        if (!statement.allow) {
          return Verdict.DENY;
        }
        verdict = Verdict.ALLOW;
      }
    }
    return verdict;
  }

  private static boolean speaksOf(
      Statement statement, Caller caller, String action, String resource) {
    boolean principal = statement.principals.stream().anyMatch(each -> isPrincipal(each, caller));
    if (principal == statement.principalsNegated) {
      return false;
    }
    String lower = action.toLowerCase(Locale.ROOT);
    boolean named =
        statement.actions.stream()
            .anyMatch(each -> Names.matches(each.toLowerCase(Locale.ROOT), lower));
    if (named == statement.actionsNegated) {
      return false;
    }
    if (!statement.resources.isEmpty()
        && statement.resources.stream().noneMatch(each -> Names.matches(each, resource))) {
      return false;
    }
    Map<String, String> context = context(caller);
    return statement.conditions.stream().allMatch(each -> holds(each, context));
  }

  private static boolean isPrincipal(String principal, Caller caller) {
    if (principal.equals("*")
        || principal.equals(caller.account())
        || principal.equals("arn:aws:iam::" + caller.account() + ":root")
        || principal.equals(caller.arn())
        || principal.equals(caller.userId())) {
      return true;
    }
    // A role stands for its sessions.
    return principal.equals(roleOf(caller.arn()));
  }

  /** {@code arn:aws:iam::A:role/NAME} of {@code arn:aws:sts::A:assumed-role/NAME/SESSION}. */
  static @Nullable String roleOf(String arn) {
    int role = arn.indexOf(":assumed-role/");
    if (role < 0) {
      return null;
    }
    String rest = arn.substring(role + ":assumed-role/".length());
    int slash = rest.indexOf('/');
    return arn.substring(0, role).replace(":sts:", ":iam:")
        + ":role/"
        + (slash < 0 ? rest : rest.substring(0, slash));
  }

  private static boolean isKnownKey(String key) {
    String lower = key.toLowerCase(Locale.ROOT);
    return lower.equals("aws:principalarn")
        || lower.equals("aws:principalaccount")
        || lower.equals("aws:sourceip")
        || lower.equals("aws:userid")
        || lower.equals("aws:useragent")
        || lower.equals("aws:principaltype")
        || lower.equals("aws:principalisawsservice")
        || lower.startsWith("aws:principaltag/");
  }

  private static Map<String, String> context(Caller caller) {
    Map<String, String> context = new LinkedHashMap<>();
    String role = roleOf(caller.arn());
    context.put("aws:principalarn", role == null ? caller.arn() : role);
    context.put("aws:principalaccount", caller.account());
    context.put("aws:userid", caller.userId());
    context.put("aws:principalisawsservice", Boolean.toString(caller.isService()));
    context.put(
        "aws:principaltype",
        role != null ? "AssumedRole" : caller.arn().endsWith(":root") ? "Account" : "User");
    if (caller.sourceIp() != null) {
      context.put("aws:sourceip", caller.sourceIp());
    }
    if (caller.userAgent() != null) {
      context.put("aws:useragent", caller.userAgent());
    }
    caller
        .principalTags()
        .forEach(
            (name, value) ->
                context.put(("aws:principaltag/" + name).toLowerCase(Locale.ROOT), value));
    return context;
  }

  private static boolean holds(Condition condition, Map<String, String> context) {
    String actual = context.get(condition.key.toLowerCase(Locale.ROOT));
    if (condition.operator.equals("Null")) {
      return condition.values.contains(Boolean.toString(actual == null));
    }
    boolean negated = condition.operator.contains("Not");
    if (actual == null) {
      return condition.ifExists || negated;
    }
    boolean any =
        condition.values.stream()
            .anyMatch(
                value ->
                    switch (condition.operator) {
                      case "StringEquals", "StringNotEquals" -> value.equals(actual);
                      case "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "Bool" ->
                          value.equalsIgnoreCase(actual);
                      case "IpAddress", "NotIpAddress" -> isWithin(actual, value);
                      default -> Names.matches(value, actual);
                    });
    return any != negated;
  }

  private static boolean isWithin(String address, String block) {
    int slash = block.indexOf('/');
    try {
      byte[] ip = literal(address);
      byte[] network = literal(slash < 0 ? block : block.substring(0, slash));
      int bits = slash < 0 ? network.length * 8 : Integer.parseInt(block.substring(slash + 1));
      if (ip.length != network.length || bits < 0 || bits > ip.length * 8) {
        return false;
      }
      for (int i = 0; i < bits; i++) {
        int mask = 0x80 >> (i % 8);
        if ((ip[i / 8] & mask) != (network[i / 8] & mask)) {
          return false;
        }
      }
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static byte[] literal(String address) {
    return InetAddress.ofLiteral(address).getAddress();
  }
}
