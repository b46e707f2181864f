package gantry.services.elbv2;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RewriteConfig;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleTransform;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TransformTypeEnum;

/** Checks the transforms of a rule. */
final class Transforms {

  private static final int MAX_LENGTH = 1024;
  private static final Pattern GROUP = Pattern.compile("\\$([0-9]+)");

  private Transforms() {}

  static void check(List<RuleTransform> given) {
    Set<TransformTypeEnum> seen = EnumSet.noneOf(TransformTypeEnum.class);
    for (RuleTransform transform : given) {
      List<RewriteConfig> rewrites = rewrites(transform);
      if (!seen.add(transform.type())) {
        throw Errors.configuration(
            "A rule can only have one '" + transform.typeAsString() + "' transform");
      }
      if (rewrites.size() != 1) {
        throw Errors.validation(
            "A transform of type '"
                + transform.typeAsString()
                + "' must have exactly one rewrite configuration");
      }
      check(rewrites.getFirst());
    }
  }

  private static List<RewriteConfig> rewrites(RuleTransform transform) {
    var host = transform.hostHeaderRewriteConfig();
    var url = transform.urlRewriteConfig();
    if (transform.type() == null) {
      throw Errors.validation("A transform type must be specified");
    }
    return switch (transform.type()) {
      case HOST_HEADER_REWRITE -> {
        if (host == null || url != null) {
          throw only("HostHeaderRewriteConfig", transform);
        }
        yield host.rewrites();
      }
      case URL_REWRITE -> {
        if (url == null || host != null) {
          throw only("UrlRewriteConfig", transform);
        }
        yield url.rewrites();
      }
      case UNKNOWN_TO_SDK_VERSION ->
          throw Errors.validation(
              "Transform type '"
                  + transform.typeAsString()
                  + "' must be one of '[host-header-rewrite,url-rewrite]'");
    };
  }

  private static RuntimeException only(String config, RuleTransform transform) {
    return Errors.validation(
        "A '"
            + config
            + "', and no other, must be specified with '"
            + transform.typeAsString()
            + "'");
  }

  private static void check(RewriteConfig rewrite) {
    String regex = text("Regex", rewrite.regex());
    String replace = text("Replace", rewrite.replace());
    int groups = Regexes.check(regex);
    Matcher named = GROUP.matcher(replace);
    while (named.find()) {
      if (named.group(1).length() > 3 || Integer.parseInt(named.group(1)) > groups) {
        throw Errors.validation(
            "The replacement '" + replace + "' names a group that '" + regex + "' does not have");
      }
    }
  }

  private static String text(String member, @Nullable String value) {
    if (value == null || value.isEmpty() && member.equals("Regex")) {
      throw Errors.validation("A '" + member + "' must be specified with a rewrite configuration");
    }
    if (value.length() > MAX_LENGTH) {
      throw Errors.validation(
          "The '" + member + "' of a rewrite is too long; the limit is '" + MAX_LENGTH + "'");
    }
    return value;
  }
}
