package gantry.services.elbv2;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ActionTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.FixedResponseActionConfig;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ForwardActionConfig;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.InvalidLoadBalancerActionException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RedirectActionConfig;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RedirectActionStatusCodeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroupStickinessConfig;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroupTuple;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TooManyActionsException;

/** Checks actions and writes them out as the API says them back. */
final class Actions {

  private static final int MAX_GROUPS = 5;
  private static final int MAX_ORDER = 50_000;
  private static final int MAX_REDIRECT_PART = 128;
  private static final Pattern PLACEHOLDER = Pattern.compile("#\\{([^}]*)\\}");
  private static final Set<String> CONTENT_TYPES =
      Set.of("text/plain", "text/css", "text/html", "application/javascript", "application/json");

  private Actions() {}

  static List<Action> normal(List<Action> given, boolean application, boolean secure) {
    if (given.isEmpty()) {
      throw Errors.validation("An action must be specified");
    }
    List<Action> sorted = new ArrayList<>(given);
    if (given.size() > 1) {
      if (given.stream().anyMatch(action -> action.order() == null)) {
        throw Errors.validation("An action order must be specified");
      }
      sorted.sort(Comparator.comparing(Action::order));
    }
    for (Action action : given) {
      Integer order = action.order();
      if (order != null && (order < 1 || order > MAX_ORDER)) {
        throw Errors.validation(
            "1 validation error detected: Value '"
                + order
                + "' at 'order' failed to satisfy constraint: Member must have value between 1 and "
                + MAX_ORDER);
      }
    }
    List<Action> out = new ArrayList<>();
    int deciding = 0;
    for (Action action : sorted) {
      Action one = one(action, application, secure);
      deciding++;
      out.add(
          one.toBuilder().order(action.order() == null ? out.size() + 1 : action.order()).build());
    }
    if (deciding > 1) {
      throw InvalidLoadBalancerActionException.builder()
          .message("Exactly one forward, redirect or fixed-response action must be specified")
          .build();
    }
    return out;
  }

  private static Action one(Action action, boolean application, boolean secure) {
    ActionTypeEnum type = action.type();
    if (type == null || type == ActionTypeEnum.UNKNOWN_TO_SDK_VERSION) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + action.typeAsString()
              + "' at 'actions.1.member.type' failed to satisfy constraint: Member must satisfy"
              + " enum value set: [authenticate-oidc, redirect, forward, fixed-response,"
              + " authenticate-cognito, jwt-validation]");
    }
    return switch (type) {
      case FORWARD -> forward(action);
      case REDIRECT -> {
        applicationOnly(application, "redirect");
        yield redirect(action, secure);
      }
      case FIXED_RESPONSE -> {
        applicationOnly(application, "fixed-response");
        yield fixed(action);
      }
      case AUTHENTICATE_OIDC, AUTHENTICATE_COGNITO, JWT_VALIDATION ->
          throw Errors.notBuilt(
              "The action " + action.typeAsString(), "no login flow runs in the load balancer yet");
      case UNKNOWN_TO_SDK_VERSION -> throw Errors.validation("An action type must be specified");
    };
  }

  private static void applicationOnly(boolean application, String type) {
    if (!application) {
      throw InvalidLoadBalancerActionException.builder()
          .message("The action type '" + type + "' is not valid with network load balancer")
          .build();
    }
  }

  private static Action forward(Action action) {
    List<TargetGroupTuple> tuples = new ArrayList<>();
    ForwardActionConfig config = action.forwardConfig();
    if (config != null && config.hasTargetGroups() && !config.targetGroups().isEmpty()) {
      boolean weighted = config.targetGroups().size() > 1;
      for (TargetGroupTuple tuple : config.targetGroups()) {
        if (tuple.targetGroupArn() == null) {
          throw Errors.validation("A target group ARN must be specified");
        }
        if (weighted && tuple.weight() == null) {
          throw Errors.validation("A weight must be specified for each target group");
        }
        int weight = tuple.weight() == null ? 1 : tuple.weight();
        if (weight < 0 || weight > 999) {
          throw Errors.validation(
              "Target group weight '" + weight + "' must be between '0-999' inclusive");
        }
        tuples.add(tuple.toBuilder().weight(weight).build());
      }
      if (action.targetGroupArn() != null
          && (tuples.size() != 1
              || !tuples.getFirst().targetGroupArn().equals(action.targetGroupArn()))) {
        throw InvalidLoadBalancerActionException.builder()
            .message(
                "You cannot specify both a target group ARN and a forward config with different"
                    + " target groups")
            .build();
      }
    } else if (action.targetGroupArn() != null) {
      tuples.add(
          TargetGroupTuple.builder().targetGroupArn(action.targetGroupArn()).weight(1).build());
    } else {
      throw Errors.validation("A target group ARN must be specified");
    }
    if (tuples.size() > MAX_GROUPS) {
      throw TooManyActionsException.builder()
          .message("The maximum number of target groups for a forward action is " + MAX_GROUPS)
          .build();
    }
    TargetGroupStickinessConfig sticky =
        config == null ? null : config.targetGroupStickinessConfig();
    boolean stuck = sticky != null && Boolean.TRUE.equals(sticky.enabled());
    Integer seconds = sticky == null ? null : sticky.durationSeconds();
    if (stuck) {
      if (seconds == null || seconds < 1 || seconds > 604800) {
        throw Errors.validation(
            "Target group stickiness duration must be between '1-604800' seconds");
      }
    }
    TargetGroupStickinessConfig.Builder said = TargetGroupStickinessConfig.builder().enabled(stuck);
    if (stuck) {
      said.durationSeconds(seconds);
    }
    Action.Builder out = Action.builder().type(ActionTypeEnum.FORWARD);
    if (tuples.size() == 1) {
      out.targetGroupArn(tuples.getFirst().targetGroupArn());
    }
    return out.forwardConfig(
            ForwardActionConfig.builder()
                .targetGroups(tuples)
                .targetGroupStickinessConfig(said.build())
                .build())
        .build();
  }

  private static Action redirect(Action action, boolean secure) {
    RedirectActionConfig r = action.redirectConfig();
    if (r == null) {
      throw Errors.validation("A redirect config must be specified for a redirect action");
    }
    if (r.statusCode() == null
        || r.statusCode() == RedirectActionStatusCodeEnum.UNKNOWN_TO_SDK_VERSION) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + r.statusCodeAsString()
              + "' at 'redirectConfig.statusCode' failed to satisfy constraint: Member must"
              + " satisfy enum value set: [HTTP_301, HTTP_302]");
    }
    String protocol = or(r.protocol(), "#{protocol}");
    String port = or(r.port(), "#{port}");
    String host = or(r.host(), "#{host}");
    String path = or(r.path(), "/#{path}");
    String query = r.query() == null ? "#{query}" : r.query();
    if (!protocol.matches("(?i)HTTP|HTTPS|#\\{protocol\\}")) {
      throw invalid("The redirect protocol must be HTTP, HTTPS or #{protocol}");
    }
    if (!port.equals("#{port}")
        && !(port.matches("[0-9]{1,5}")
            && Integer.parseInt(port) >= 1
            && Integer.parseInt(port) <= 65535)) {
      throw invalid("The redirect port must be a number between 1 and 65535, or #{port}");
    }
    part("host", host, Set.of("host"));
    part("path", path, Set.of("host", "port", "path"));
    part("query", query, Set.of("protocol", "host", "port", "path", "query"));
    if (!path.startsWith("/")) {
      throw invalid("The redirect path must start with '/'");
    }
    if (secure && protocol.equalsIgnoreCase("HTTP")) {
      throw invalid("You cannot redirect HTTPS to HTTP");
    }
    if (protocol.equals("#{protocol}")
        && port.equals("#{port}")
        && host.equals("#{host}")
        && path.equals("/#{path}")) {
      throw invalid(
          "The redirect configuration is not valid because it creates a loop. At least one of"
              + " protocol, host, port or path must be changed");
    }
    return Action.builder()
        .type(ActionTypeEnum.REDIRECT)
        .redirectConfig(
            r.toBuilder().protocol(protocol).port(port).host(host).path(path).query(query).build())
        .build();
  }

  /** A part of a redirect: not too long, and only placeholders that it may have. */
  private static void part(String name, String text, Set<String> placeholders) {
    if (text.length() > MAX_REDIRECT_PART) {
      throw invalid(
          "The redirect " + name + " cannot be longer than " + MAX_REDIRECT_PART + " characters");
    }
    Matcher found = PLACEHOLDER.matcher(text);
    while (found.find()) {
      if (!placeholders.contains(found.group(1))) {
        throw invalid(
            "The placeholder '" + found.group() + "' is not valid in the redirect " + name);
      }
    }
  }

  private static Action fixed(Action action) {
    FixedResponseActionConfig f = action.fixedResponseConfig();
    if (f == null) {
      throw Errors.validation(
          "A fixed response config must be specified for a fixed-response action");
    }
    if (f.statusCode() == null || !f.statusCode().matches("^(2|4|5)\\d\\d$")) {
      throw Errors.validation(
          "1 validation error detected: Value '"
              + f.statusCode()
              + "' at 'fixedResponseConfig.statusCode' failed to satisfy constraint: Member must"
              + " satisfy regular expression pattern: ^(2|4|5)\\d\\d$");
    }
    if (f.contentType() != null && !CONTENT_TYPES.contains(f.contentType())) {
      throw invalid(
          "The ContentType must be one of:'text/html', 'application/json',"
              + " 'application/javascript', 'text/css', 'text/plain'");
    }
    if (f.messageBody() != null && f.messageBody().length() > 1024) {
      throw invalid("The MessageBody cannot be longer than 1024 characters");
    }
    return Action.builder().type(ActionTypeEnum.FIXED_RESPONSE).fixedResponseConfig(f).build();
  }

  private static String or(@org.jspecify.annotations.Nullable String value, String otherwise) {
    return value == null || value.isEmpty() ? otherwise : value;
  }

  private static InvalidLoadBalancerActionException invalid(String message) {
    return InvalidLoadBalancerActionException.builder().message(message).build();
  }
}
