package gantry.services.iam.policy;

import gantry.services.iam.policy.PolicyGrammar.Raw;
import gantry.services.iam.policy.Statement.Effect;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Reads a policy document and judges it. Checks come in AWS's order: the grammar first, then
 * version, then what only looks right, then statement ids, actions, resources. Each kind of
 * document has its own wording of the same mistakes.
 */
final class PolicyParser {

  static final String CURRENT_VERSION = "2012-10-17";
  private static final String OLD_VERSION = "2008-10-17";

  private final String text;
  private final PolicyKind kind;

  PolicyParser(String text, PolicyKind kind) {
    this.text = text;
    this.kind = kind;
  }

  PolicyDocument parse() throws MalformedPolicy {
    PolicyGrammar.Written written = new PolicyGrammar(text, kind).read();
    String version = written.version();
    List<Raw> raws = written.statements();
    if (version != null && !version.equals(CURRENT_VERSION) && !version.equals(OLD_VERSION)) {
      throw malformed(
          kind == PolicyKind.TRUST
              ? "The policy must contain a valid version string"
              : "Syntax errors in policy.",
          "Version");
    }
    if (raws.isEmpty()) {
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
    return new PolicyDocument(
        text, version == null ? OLD_VERSION : version, written.id(), statements);
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

  private static MalformedPolicy malformed(String message, String place) {
    return new MalformedPolicy(message, place);
  }
}
