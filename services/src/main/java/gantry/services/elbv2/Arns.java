package gantry.services.elbv2;

import gantry.state.Scope;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The shapes of the service's ARNs. */
final class Arns {

  /** What an ARN can name. */
  enum Kind {
    BALANCER("load balancer", "A load balancer ARN", "loadbalancer/(?:app|net|gwy)/[^/]+/[^/]+"),
    LISTENER("listener", "A listener ARN", "listener/(?:app|net|gwy)/[^/]+/[^/]+/[^/]+"),
    RULE(
        "listener rule",
        "A listener rule ARN",
        "listener-rule/(?:app|net|gwy)/[^/]+/[^/]+/[^/]+/[^/]+"),
    GROUP("target group", "A target group ARN", "targetgroup/[^/]+/[^/]+");

    private final String name;
    private final String title;
    private final Pattern resource;

    Kind(String name, String title, String resource) {
      this.name = name;
      this.title = title;
      this.resource = Pattern.compile(resource);
    }

    /**
     * The ARN, if it is one of this kind in the caller's account and region: AWS knows no other.
     */
    String check(Scope scope, @Nullable String arn) {
      if (arn == null) {
        throw Errors.validation(title + " must be specified");
      }
      String own = prefix(scope);
      if (!arn.startsWith(own) || !resource.matcher(arn.substring(own.length())).matches()) {
        throw Errors.validation("'" + arn + "' is not a valid " + name + " ARN");
      }
      return arn;
    }
  }

  private Arns() {}

  private static String prefix(Scope scope) {
    return "arn:aws:elasticloadbalancing:" + scope.region() + ":" + scope.account() + ":";
  }

  static String balancer(Scope scope, String tail) {
    return prefix(scope) + "loadbalancer/" + tail;
  }

  static String group(Scope scope, String name, String hex) {
    return prefix(scope) + "targetgroup/" + name + "/" + hex;
  }

  /** {@code app/name/id} of a load balancer, {@code targetgroup/name/id} of a target group. */
  static String tail(String arn) {
    String resource = arn.substring(arn.lastIndexOf(':') + 1);
    return resource.startsWith("loadbalancer/") ? resource.substring(13) : resource;
  }

  static String listener(String balancerArn, String hex) {
    return balancerArn.replace(":loadbalancer/", ":listener/") + "/" + hex;
  }

  static String rule(String listenerArn, String hex) {
    return listenerArn.replace(":listener/", ":listener-rule/") + "/" + hex;
  }
}
