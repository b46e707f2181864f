package gantry.services.elbv2;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancer;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleCondition;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleTransform;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;

/**
 * What the data plane is to do, as the tables have it at one revision. The classes are the API's
 * own; the composition root turns them into the data plane's.
 *
 * @param certificateArns every certificate that a listener names
 */
public record BalancerPlan(
    long revision, List<Balancer> balancers, List<Group> groups, List<String> certificateArns) {

  /** The headers that a listener's attributes add to answers. */
  public static final Map<String, String> RESPONSE_HEADERS =
      Map.of(
          "strict_transport_security", "Strict-Transport-Security",
          "access_control_allow_origin", "Access-Control-Allow-Origin",
          "access_control_allow_methods", "Access-Control-Allow-Methods",
          "access_control_allow_headers", "Access-Control-Allow-Headers",
          "access_control_allow_credentials", "Access-Control-Allow-Credentials",
          "access_control_expose_headers", "Access-Control-Expose-Headers",
          "access_control_max_age", "Access-Control-Max-Age",
          "content_security_policy", "Content-Security-Policy",
          "x_content_type_options", "X-Content-Type-Options",
          "x_frame_options", "X-Frame-Options");

  /** A balancer, its attributes complete. */
  public record Balancer(
      LoadBalancer balancer,
      Map<String, String> attributes,
      List<Node> nodes,
      List<Listener> listeners) {}

  /**
   * What a security policy allows.
   *
   * @param ciphers as OpenSSL calls them, the preferred ones first
   * @param postQuantum whether a client that can is met with a hybrid key exchange
   */
  public record TlsPolicy(List<String> protocols, List<String> ciphers, boolean postQuantum) {}

  public record Node(String zone, @Nullable String address, @Nullable String interfaceId) {}

  /**
   * A listener with its rules in order, the default rule (priority 0) last.
   *
   * @param certificateArns the default one first
   */
  public record Listener(
      String arn,
      int port,
      String protocol,
      @Nullable TlsPolicy tlsPolicy,
      List<String> certificateArns,
      List<String> alpnPolicy,
      Map<String, String> attributes,
      List<Rule> rules) {}

  public record Rule(
      String arn,
      int priority,
      List<RuleCondition> conditions,
      List<Action> actions,
      List<RuleTransform> transforms) {}

  public record Group(TargetGroup group, Map<String, String> attributes, List<Target> targets) {}

  /**
   * A registration that may get traffic, or drains.
   *
   * @param registered when; who was deregistered and registered again meanwhile is told by it
   */
  public record Target(
      String id, int port, String address, String zone, boolean draining, Instant registered) {}
}
