package gantry.services.iam.policy;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import gantry.services.iam.policy.Statement.Effect;
import gantry.services.iam.policy.Statement.Position;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a policy document. Checks come in AWS's order: the grammar first, then version, then what
 * only looks right, then statement ids, actions, resources. Each kind of document has its own
 * wording of the same mistakes.
 */
final class PolicyParser {

  static final String CURRENT_VERSION = "2012-10-17";
  private static final String OLD_VERSION = "2008-10-17";

  /** Deeper than any policy; a limit only so that hostile input costs nothing. */
  private static final int MAX_DEPTH = 10;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
          .build();

  private final String text;
  private final PolicyKind kind;

  PolicyParser(String text, PolicyKind kind) {
    this.text = text;
    this.kind = kind;
  }

  /** A statement as written, before anything in it is checked. */
  private static final class Raw {
    final String place;
    Position start = new Position(1, 1);
    Position end = new Position(1, 1);
    @Nullable String sid;
    @Nullable String effect;
    @Nullable Principals principals;
    boolean notPrincipals;
    @Nullable List<String> actions;
    boolean notActions;
    @Nullable List<String> resources;
    boolean notResources;
    final Map<String, Map<String, List<String>>> conditions = new LinkedHashMap<>();

    Raw(int number) {
      this.place = "Statement[" + number + "]";
    }
  }

  PolicyDocument parse() throws MalformedPolicy {
    String version = null;
    String id = null;
    List<Raw> raws = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\t' && c != '\n' && c != '\r' && (c < ' ' || c > '\u00FF')) {
        throw grammar("character " + (i + 1));
      }
    }
    try (JsonParser json = JSON.createParser(text)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw grammar(place("document", json));
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        switch (name) {
          case "Version" -> version = string(json, name);
          case "Id" -> id = string(json, name);
          case "Statement" -> raws = statements(json);
          default -> throw grammar(place(name, json));
        }
      }
      if (json.nextToken() != null) {
        throw grammar(place("text after the document", json));
      }
    } catch (JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      throw notJson(
          at == null ? "document" : "line " + at.getLineNr() + ", column " + at.getColumnNr());
    } catch (IOException impossible) {
      throw new IllegalStateException("a string failed to be read", impossible);
    }
    if (version != null && !version.equals(CURRENT_VERSION) && !version.equals(OLD_VERSION)) {
      throw malformed(
          kind == PolicyKind.TRUST
              ? "The policy must contain a valid version string"
              : "Syntax errors in policy.",
          "Version");
    }
    if (raws == null || raws.isEmpty()) {
      throw malformed(
          kind == PolicyKind.TRUST
              ? "Could not parse the policy: Statement is empty!"
              : "Syntax errors in policy.",
          "Statement");
    }
    if (kind == PolicyKind.MANAGED && !CURRENT_VERSION.equals(version)) {
      throw malformed("Policy document must be version 2012-10-17 or greater.", "Version");
    }
    boolean variables = CURRENT_VERSION.equals(version);
    for (Raw raw : raws) {
      checkShape(raw);
    }
    checkSids(raws);
    List<Statement> statements = new ArrayList<>();
    for (Raw raw : raws) {
      statements.add(compile(raw, statements.size(), variables));
    }
    return new PolicyDocument(text, version == null ? OLD_VERSION : version, id, statements);
  }

  // ---- grammar

  private List<Raw> statements(JsonParser json) throws IOException, MalformedPolicy {
    List<Raw> all = new ArrayList<>();
    if (json.currentToken() == JsonToken.START_OBJECT) {
      all.add(statement(json, 0));
    } else if (json.currentToken() == JsonToken.START_ARRAY) {
      while (json.nextToken() != JsonToken.END_ARRAY) {
        if (json.currentToken() != JsonToken.START_OBJECT) {
          throw grammar(place("Statement[" + all.size() + "]", json));
        }
        all.add(statement(json, all.size()));
      }
    } else {
      throw grammar(place("Statement", json));
    }
    return all;
  }

  private Raw statement(JsonParser json, int number) throws IOException, MalformedPolicy {
    Raw raw = new Raw(number);
    raw.start = position(json.currentTokenLocation());
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      String place = raw.place + "." + name;
      json.nextToken();
      switch (name) {
        case "Sid" -> raw.sid = string(json, place);
        case "Effect" -> raw.effect = string(json, place);
        case "Principal", "NotPrincipal" -> {
          if (raw.principals != null) {
            throw grammar(place(place, json));
          }
          raw.notPrincipals = name.startsWith("Not");
          raw.principals = principals(json, place);
        }
        case "Action", "NotAction" -> {
          if (raw.actions != null) {
            throw grammar(place(place, json));
          }
          raw.notActions = name.startsWith("Not");
          raw.actions = strings(json, place, false);
        }
        case "Resource", "NotResource" -> {
          if (raw.resources != null) {
            throw grammar(place(place, json));
          }
          raw.notResources = name.startsWith("Not");
          raw.resources = strings(json, place, false);
        }
        case "Condition" -> conditions(json, place, raw.conditions);
        default -> throw grammar(place(place, json));
      }
    }
    raw.end = position(json.currentLocation());
    return raw;
  }

  private Principals principals(JsonParser json, String place) throws IOException, MalformedPolicy {
    if (json.currentToken() == JsonToken.VALUE_STRING) {
      if (json.getText().equals("*")) {
        return new Principals(true, Set.of(), Set.of(), Set.of(), Set.of());
      }
      throw invalidPrincipal("AWS", json.getText(), place);
    }
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw grammar(place(place, json));
    }
    boolean anyone = false;
    Map<String, Set<String>> named = new LinkedHashMap<>();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String type = json.currentName();
      json.nextToken();
      if (!Set.of("AWS", "Service", "Federated", "CanonicalUser").contains(type)) {
        throw grammar(place(place + "." + type, json));
      }
      Set<String> values = new LinkedHashSet<>(strings(json, place + "." + type, false));
      if (type.equals("AWS")) {
        anyone = values.remove("*");
        for (String value : values) {
          checkAwsPrincipal(value, place);
        }
      }
      if (type.equals("Service")) {
        for (String value : values) {
          if (value.contains("*") || !value.contains(".")) {
            throw invalidPrincipal("SERVICE", value, place);
          }
        }
      }
      named.put(type, Set.copyOf(values));
    }
    return new Principals(
        anyone,
        named.getOrDefault("AWS", Set.of()),
        named.getOrDefault("Service", Set.of()),
        named.getOrDefault("Federated", Set.of()),
        named.getOrDefault("CanonicalUser", Set.of()));
  }

  /**
   * An account, an ARN of IAM or STS, or the id that a deleted principal left behind. No wildcards
   * inside.
   */
  private void checkAwsPrincipal(String value, String place) throws MalformedPolicy {
    boolean account = value.length() == 12 && value.chars().allMatch(Character::isDigit);
    boolean id = value.matches("A(IDA|ROA)[A-Z0-9]{12,}");
    boolean arn =
        value.matches(
            "arn:aws[a-z-]*:(iam::\\d{12}:(root|user/.+|role/.+)|sts::\\d{12}:(assumed-role/[^/]+/.+|federated-user/.+))");
    if (!(account || id || arn) || value.contains("*")) {
      throw invalidPrincipal("AWS", value, place);
    }
  }

  private MalformedPolicy invalidPrincipal(String type, String value, String place) {
    return malformed("Invalid principal in policy: \"" + type + "\":\"" + value + "\"", place);
  }

  private void conditions(
      JsonParser json, String place, Map<String, Map<String, List<String>>> into)
      throws IOException, MalformedPolicy {
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw grammar(place(place, json));
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String operator = json.currentName();
      json.nextToken();
      if (json.currentToken() != JsonToken.START_OBJECT) {
        throw grammar(place(place + "." + operator, json));
      }
      Map<String, List<String>> keys = new LinkedHashMap<>();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        json.nextToken();
        keys.put(key, strings(json, place + "." + operator + "." + key, true));
      }
      into.put(operator, keys);
    }
  }

  private String string(JsonParser json, String place) throws IOException, MalformedPolicy {
    if (json.currentToken() != JsonToken.VALUE_STRING) {
      throw grammar(place(place, json));
    }
    return json.getText();
  }

  /** One value or a list of them; conditions also take numbers and booleans. */
  private List<String> strings(JsonParser json, String place, boolean scalars)
      throws IOException, MalformedPolicy {
    List<String> all = new ArrayList<>();
    if (json.currentToken() != JsonToken.START_ARRAY) {
      all.add(scalar(json, place, scalars));
      return all;
    }
    while (json.nextToken() != JsonToken.END_ARRAY) {
      all.add(scalar(json, place + "[" + all.size() + "]", scalars));
    }
    return all;
  }

  private String scalar(JsonParser json, String place, boolean scalars)
      throws IOException, MalformedPolicy {
    JsonToken token = json.currentToken();
    boolean fits =
        token == JsonToken.VALUE_STRING
            || (scalars
                && (token.isNumeric()
                    || token == JsonToken.VALUE_TRUE
                    || token == JsonToken.VALUE_FALSE));
    if (!fits) {
      throw grammar(place(place, json));
    }
    return json.getText();
  }

  // ---- what a statement must have

  private void checkShape(Raw raw) throws MalformedPolicy {
    if (raw.effect == null) {
      throw missing(raw, "Effect");
    }
    if (!raw.effect.equals("Allow") && !raw.effect.equals("Deny")) {
      boolean wrongCase =
          raw.effect.equalsIgnoreCase("allow") || raw.effect.equalsIgnoreCase("deny");
      throw malformed(
          kind == PolicyKind.TRUST
              ? "Invalid effect: " + raw.effect
              : wrongCase ? "The policy failed legacy parsing" : "Syntax errors in policy.",
          raw.place + ".Effect");
    }
    for (var byOperator : raw.conditions.entrySet()) {
      for (var byKey : byOperator.getValue().entrySet()) {
        Condition condition =
            Condition.parse(byOperator.getKey(), byKey.getKey(), byKey.getValue(), false);
        String place = raw.place + ".Condition." + byOperator.getKey();
        if (condition == null) {
          throw malformed(
              kind == PolicyKind.TRUST ? "Syntax error in policy." : "Syntax errors in policy.",
              place);
        }
        if (condition.operator().isDate()
            && byKey.getValue().stream()
                .anyMatch(value -> ConditionOperator.instant(value) == null)) {
          throw malformed("The policy failed legacy parsing", place + "." + byKey.getKey());
        }
      }
    }
    switch (kind) {
      case TRUST -> checkTrust(raw);
      case MANAGED, INLINE, RESOURCE -> {
        if (kind == PolicyKind.RESOURCE && raw.principals == null) {
          throw missing(raw, "Principal");
        }
      }
    }
  }

  private void checkTrust(Raw raw) throws MalformedPolicy {
    if (raw.notPrincipals) {
      throw malformed(
          "AssumeRole policy must not contain NotPrincipal field.", raw.place + ".NotPrincipal");
    }
    if (raw.principals == null) {
      throw missing(raw, "Principal");
    }
    Principals named = raw.principals;
    if (!named.anyone()
        && named.aws().isEmpty()
        && named.services().isEmpty()
        && named.federated().isEmpty()
        && named.canonicalUsers().isEmpty()) {
      throw malformed(
          "Missing required field Principal cannot be empty!", raw.place + ".Principal");
    }
    if (raw.resources != null) {
      throw malformed("Has prohibited field Resource", raw.place + ".Resource");
    }
    if (raw.actions == null || raw.actions.isEmpty()) {
      throw missing(raw, "Action");
    }
    if (raw.notActions
        || raw.actions.stream()
            .anyMatch(action -> !action.toLowerCase(Locale.ROOT).startsWith("sts:"))) {
      throw malformed(
          "AssumeRole policy may only specify STS AssumeRole actions.", raw.place + ".Action");
    }
  }

  private void checkSids(List<Raw> raws) throws MalformedPolicy {
    Set<String> seen = new HashSet<>();
    for (Raw raw : raws) {
      if (raw.sid == null || raw.sid.isEmpty()) {
        continue;
      }
      if (kind != PolicyKind.RESOURCE && !raw.sid.matches("[A-Za-z0-9]*")) {
        throw malformed(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular"
                + " expression [0-9A-Za-z]*",
            raw.place + ".Sid");
      }
      if (!seen.add(raw.sid)) {
        throw malformed(
            kind == PolicyKind.TRUST
                ? "The Statement Ids in the policy are not unique"
                : "Statement IDs (SID) in a single policy must be unique.",
            raw.place + ".Sid");
      }
    }
  }

  private Statement compile(Raw raw, int number, boolean variables) throws MalformedPolicy {
    List<String> actions = raw.actions == null ? List.of() : raw.actions;
    if (actions.isEmpty()) {
      throw malformed("Policy statement must contain actions.", raw.place);
    }
    List<String> resources = raw.resources == null ? List.of() : raw.resources;
    for (String resource : resources) {
      checkResource(resource, raw.place + (raw.notResources ? ".NotResource" : ".Resource"));
    }
    for (String action : actions) {
      checkAction(action, raw.place + (raw.notActions ? ".NotAction" : ".Action"));
    }
    if (kind.isIdentity() && resources.isEmpty()) {
      throw malformed("Policy statement must contain resources.", raw.place);
    }
    if (kind.isIdentity() && raw.principals != null) {
      throw malformed("Policy document should not specify a principal.", raw.place + ".Principal");
    }
    List<Condition> conditions = new ArrayList<>();
    raw.conditions.forEach(
        (operator, keys) ->
            keys.forEach(
                (key, values) -> {
                  Condition condition = Condition.parse(operator, key, values, variables);
                  if (condition != null) {
                    conditions.add(condition);
                  }
                }));
    return new Statement(
        number,
        raw.sid,
        "Allow".equals(raw.effect) ? Effect.ALLOW : Effect.DENY,
        raw.principals,
        raw.notPrincipals,
        actions.stream().map(Pattern::globIgnoringCase).toList(),
        raw.notActions,
        resources.stream().map(resource -> Pattern.glob(resource, variables)).toList(),
        raw.notResources,
        conditions,
        raw.start,
        raw.end);
  }

  private void checkResource(String resource, String place) throws MalformedPolicy {
    if (resource.equals("*") || (kind == PolicyKind.RESOURCE && !resource.startsWith("arn:"))) {
      return;
    }
    String[] parts = resource.split(":", 6);
    if (!parts[0].equals("arn")) {
      throw malformed("Resource " + resource + " must be in ARN format or \"*\".", place);
    }
    if (parts.length < 6) {
      // `arn:aws:s3*` and the like end their wildcard before the last part, which AWS takes.
      if (!resource.endsWith("*")) {
        throw malformed("The policy failed legacy parsing", place);
      }
      return;
    }
    if (!parts[1].equals("*")
        && !Set.of("aws", "aws-cn", "aws-us-gov", "aws-eusc").contains(parts[1])) {
      throw malformed(
          "Partition \"" + parts[1] + "\" is not valid for resource \"" + resource + "\".", place);
    }
    if (parts[2].isEmpty() || (!parts[2].equals("*") && parts[2].contains("*"))) {
      throw malformed("Resource vendor must be fully qualified and cannot contain regexes.", place);
    }
    if (parts[2].equals("iam") && !parts[3].isEmpty() && !parts[3].equals("*")) {
      throw malformed("IAM resource " + resource + " cannot contain region information.", place);
    }
    if (parts[2].equals("s3")
        && !parts[3].isEmpty()
        && !parts[3].equals("*")
        && !parts[5].startsWith("accesspoint")) {
      throw malformed("Resource " + resource + " can not contain region information.", place);
    }
  }

  private void checkAction(String action, String place) throws MalformedPolicy {
    if (action.equals("*")) {
      return;
    }
    int colon = action.indexOf(':');
    if (colon < 0) {
      throw malformed(
          "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", place);
    }
    if (action.indexOf(':', colon + 1) >= 0) {
      throw malformed("Actions/Condition can contain only one colon.", place);
    }
    String vendor = action.substring(0, colon);
    if (!vendor.matches("[A-Za-z0-9-]+")) {
      throw malformed("Vendor " + vendor + " is not valid", place);
    }
  }

  // ---- errors

  private MalformedPolicy missing(Raw raw, String field) {
    return malformed(
        kind == PolicyKind.TRUST ? "Missing required field " + field : "Syntax errors in policy.",
        raw.place);
  }

  private MalformedPolicy notJson(String place) {
    return malformed(
        kind == PolicyKind.TRUST ? "This policy contains invalid Json" : "Syntax errors in policy.",
        place);
  }

  private MalformedPolicy grammar(String place) {
    return malformed(
        kind == PolicyKind.TRUST ? "Syntax error in policy." : "Syntax errors in policy.", place);
  }

  private static MalformedPolicy malformed(String message, String place) {
    return new MalformedPolicy(message, place);
  }

  private static String place(String what, JsonParser json) {
    JsonLocation at = json.currentTokenLocation();
    return what + " at line " + at.getLineNr() + ", column " + at.getColumnNr();
  }

  private static Position position(JsonLocation at) {
    return new Position(at.getLineNr(), at.getColumnNr());
  }
}
