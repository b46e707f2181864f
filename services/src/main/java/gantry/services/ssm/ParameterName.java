package gantry.services.ssm;

import gantry.state.Scope;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ssm.model.HierarchyLevelLimitExceededException;

/** What names of parameters may look like, and how names, ARNs and selectors belong together. */
final class ParameterName {

  static final int MAX_LEVELS = 15;
  static final int MAX_ARN_LENGTH = 1011;

  private static final Pattern ALLOWED = Pattern.compile("[a-zA-Z0-9_.\\-/]+");

  private ParameterName() {}

  /** A name with what follows a colon: a version or a label. */
  record Selected(String name, @Nullable String selector) {
    /** As AWS says it back: with the colon. */
    @Nullable String shown() {
      return selector == null ? null : ":" + selector;
    }
  }

  static String arn(Scope scope, String name) {
    return "arn:aws:ssm:%s:%s:parameter%s%s"
        .formatted(scope.region(), scope.account(), name.startsWith("/") ? "" : "/", name);
  }

  /** Checks the name that a new parameter shall have. */
  static String checked(Scope scope, String given) {
    String name = given.strip();
    String bare = name.startsWith("/") ? name.substring(1) : name;
    String lower = bare.toLowerCase(Locale.ROOT);
    if (lower.startsWith("aws") || lower.startsWith("ssm")) {
      if (lower.startsWith("aws") && (name.startsWith("/") || lower.startsWith("aws/"))) {
        throw SsmErrors.accessDenied("No access to reserved parameter name: " + bare + ".");
      }
      throw SsmErrors.validation(
          bare.contains("/")
              ? "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a"
                  + " path, it can consist of sub-paths divided by slash symbol; each sub-path can be"
                  + " formed as a mix of letters, numbers and the following 3 symbols .-_"
              : "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).");
    }
    if (!ALLOWED.matcher(name).matches() || name.endsWith("/") || name.contains("//")) {
      throw SsmErrors.validation(
          "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path,"
              + " it can consist of sub-paths divided by slash symbol; each sub-path can be formed as"
              + " a mix of letters, numbers and the following 3 symbols .-_");
    }
    if (bare.contains("/") && !name.startsWith("/")) {
      throw SsmErrors.validation("Parameter name must be a fully qualified name.");
    }
    if (name.chars().filter(c -> c == '/').count() > MAX_LEVELS) {
      throw HierarchyLevelLimitExceededException.builder()
          .message(
              String.format(
                  Locale.ROOT,
                  "The parameter hierarchy can have a maximum of %d levels: %s",
                  MAX_LEVELS,
                  name))
          .build();
    }
    if (arn(scope, name).length() > MAX_ARN_LENGTH) {
      throw SsmErrors.validation(
          String.format(
              Locale.ROOT,
              "The parameter name and its ARN prefix can be %d characters long at most.",
              MAX_ARN_LENGTH));
    }
    return name;
  }

  /** What a request means by a name: a name or an ARN, maybe with a selector. */
  static Selected parse(String given) {
    String text = given.strip();
    String rest = text;
    if (text.startsWith("arn:")) {
      String[] parts = text.split(":", 6);
      if (parts.length == 6 && parts[5].startsWith("parameter/")) {
        rest = parts[5].substring("parameter".length());
      } else {
        throw SsmErrors.notFound();
      }
    }
    int colon = rest.indexOf(':');
    return colon < 0
        ? new Selected(rest, null)
        : new Selected(rest.substring(0, colon), rest.substring(colon + 1));
  }

  /** Whether an ARN names something of ours: other accounts' parameters would have to be shared. */
  static boolean isHere(Scope scope, String given) {
    String text = given.strip();
    return !text.startsWith("arn:")
        || text.startsWith("arn:aws:ssm:" + scope.region() + ":" + scope.account() + ":")
        || text.startsWith("arn:aws:ssm:" + scope.region() + "::");
  }
}
