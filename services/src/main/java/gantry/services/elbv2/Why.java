package gantry.services.elbv2;

import gantry.services.Explainer;
import gantry.services.Reason;
import gantry.services.ServiceContext;
import gantry.services.elbv2.LiveTraffic.Rate;
import gantry.services.elbv2.LiveTraffic.Seen;
import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.GroupRow;
import gantry.services.elbv2.Rows.ListenerRow;
import gantry.services.elbv2.Rows.NodeRow;
import gantry.services.elbv2.Rows.TargetRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancer;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RewriteConfig;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Rule;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleCondition;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleTransform;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealth;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TransformTypeEnum;

/** A load balancer or target group as it is: where it listens, what it does, how targets fare. */
final class Why implements Explainer {

  private static final int MAX_RULES = 50;
  private static final int MAX_TARGETS = 100;

  private final ServiceContext context;
  private final LiveTraffic live;

  Why(ServiceContext context, LiveTraffic live) {
    this.context = context;
    this.live = live;
  }

  @Override
  public List<Reason> why(String about) {
    View named = context.store().snapshot();
    List<Row<BalancerRow>> balancers =
        named
            .scanAll(Rows.BALANCERS)
            .filter(row -> isMeant(about, row.value().balancer()))
            .toList();
    List<Row<GroupRow>> groups =
        named
            .scanAll(Rows.GROUPS)
            .filter(
                row ->
                    about.equals(row.value().group().targetGroupArn())
                        || about.equals(row.value().group().targetGroupName()))
            .toList();
    if (balancers.isEmpty() && groups.isEmpty()) {
      return List.of();
    }
    Seen seen = live.watch();
    View view = context.store().snapshot();
    List<Reason> found = new ArrayList<>();
    balancers.forEach(row -> found.add(balancer(view, row.key().scope(), row.value(), seen)));
    groups.forEach(row -> found.add(group(view, row.key().scope(), row.value(), seen)));
    return found;
  }

  /** By ARN, name, either DNS name, or the ARN of one of its listeners. */
  private static boolean isMeant(String about, LoadBalancer b) {
    String name = about.endsWith(".") ? about.substring(0, about.length() - 1) : about;
    String tail = b.loadBalancerArn().substring(b.loadBalancerArn().indexOf(":loadbalancer/") + 13);
    return about.equals(b.loadBalancerArn())
        || about.equals(b.loadBalancerName())
        || name.equalsIgnoreCase(b.dnsName())
        || name.equalsIgnoreCase(hostName(b))
        || about.contains(":listener" + tail + "/");
  }

  private static String hostName(LoadBalancer b) {
    return b.loadBalancerName().toLowerCase(Locale.ROOT)
        + "."
        + Rows.scopeOf(b.loadBalancerArn()).region()
        + ".elb.localhost";
  }

  private Reason balancer(View view, Scope scope, BalancerRow row, @Nullable Seen seen) {
    LoadBalancer b = row.balancer();
    List<Reason> because = new ArrayList<>();
    boolean application = Balancers.application(b);
    if (seen == null) {
      because.add(Reason.of("nothing carries its traffic: the program's engine is simulated"));
    } else {
      seen.problems(b.loadBalancerArn()).forEach(line -> because.add(Reason.of(line)));
    }
    for (NodeRow node : row.nodes()) {
      because.add(
          Reason.of(
              "node in "
                  + node.zone()
                  + " at "
                  + node.address()
                  + (node.outOfDns()
                      ? ", not in the name's answer: too few targets are healthy there"
                      : "")));
    }
    Set<String> groups = new TreeSet<>();
    List<ListenerRow> listeners =
        view.lookup(Rows.LISTENERS_OF, scope, b.loadBalancerArn()).map(Row::value).toList();
    if (listeners.isEmpty()) {
      because.add(Reason.of("it has no listener, so nothing is answered"));
    }
    for (ListenerRow listener : listeners) {
      because.add(listener(view, scope, b, listener, groups, application));
    }
    for (String arn : groups) {
      GroupRow group = view.get(Rows.GROUPS, scope.key(arn));
      if (group != null) {
        because.add(group(view, scope, group, seen));
      }
    }
    Rate rate = seen == null ? null : seen.balancer(b.loadBalancerArn());
    return new Reason(
        "load balancer "
            + b.loadBalancerName()
            + " ("
            + b.typeAsString()
            + ", "
            + b.schemeAsString()
            + ")"
            + said(rate, "connections"),
        because);
  }

  private Reason listener(
      View view,
      Scope scope,
      LoadBalancer b,
      ListenerRow row,
      Set<String> groups,
      boolean application) {
    var l = row.listener();
    List<Reason> rules = new ArrayList<>();
    List<Rule> all = Rules.of(view, scope, l.listenerArn());
    for (Rule rule : all) {
      groups.addAll(Rows.groupsOf(rule.actions()));
      if (rules.size() < MAX_RULES) {
        rules.add(Reason.of("rule " + rule.priority() + ": " + rule(rule)));
      }
    }
    if (all.size() > MAX_RULES) {
      rules.add(Reason.of("and " + (all.size() - MAX_RULES) + " more rules"));
    }
    groups.addAll(Rows.groupsOf(l.defaultActions()));
    rules.add(Reason.of("else " + action(l.defaultActions())));
    String scheme = l.protocolAsString().toLowerCase(Locale.ROOT);
    String at =
        application
            ? scheme
                + "://"
                + hostName(b)
                + ":"
                + l.port()
                + "/"
                + (scheme.equals("http")
                    ? " or http://" + hostName(b) + ":" + context.endpoint().port() + "/"
                    : "")
            : "port " + l.port();
    return new Reason("listener " + l.protocolAsString() + " " + l.port() + ": " + at, rules);
  }

  private static String rule(Rule rule) {
    StringJoiner all = new StringJoiner(" and ");
    for (RuleCondition c : rule.conditions()) {
      all.add(
          switch (c.field()) {
            case "host-header" -> "host " + texts(c, c.hostHeaderConfig().values());
            case "path-pattern" -> "path " + texts(c, c.pathPatternConfig().values());
            case "http-header" ->
                "header "
                    + c.httpHeaderConfig().httpHeaderName()
                    + " "
                    + texts(c, c.httpHeaderConfig().values());
            case "http-request-method" -> "method " + c.httpRequestMethodConfig().values();
            case "query-string" ->
                "query "
                    + c.queryStringConfig().values().stream()
                        .map(q -> (q.key() == null ? "" : q.key() + "=") + q.value())
                        .toList();
            case "source-ip" -> "from " + c.sourceIpConfig().values();
            default -> c.field();
          });
    }
    return all + " -> " + action(rule.actions()) + rewriting(rule.transforms());
  }

  private static String texts(RuleCondition c, List<String> values) {
    return c.regexValues().isEmpty() ? values.toString() : "like " + c.regexValues();
  }

  private static String rewriting(List<RuleTransform> transforms) {
    StringBuilder all = new StringBuilder();
    for (RuleTransform transform : transforms) {
      boolean url = transform.type() == TransformTypeEnum.URL_REWRITE;
      RewriteConfig rewrite =
          (url
                  ? transform.urlRewriteConfig().rewrites()
                  : transform.hostHeaderRewriteConfig().rewrites())
              .getFirst();
      all.append(", ").append(url ? "URL " : "host ").append(rewrite.regex());
      all.append(" becomes ").append(rewrite.replace());
    }
    return all.toString();
  }

  private static String action(List<Action> actions) {
    Action a = actions.getLast();
    return switch (a.type()) {
      case FORWARD -> {
        StringJoiner to = new StringJoiner(", ");
        a.forwardConfig()
            .targetGroups()
            .forEach(
                t -> to.add(shortName(t.targetGroupArn()) + " with weight " + weight(t.weight())));
        yield "forward to " + to;
      }
      case REDIRECT ->
          a.redirectConfig().statusCodeAsString()
              + " to "
              + a.redirectConfig().protocol()
              + "://"
              + a.redirectConfig().host()
              + ":"
              + a.redirectConfig().port()
              + a.redirectConfig().path();
      case FIXED_RESPONSE -> "answer " + a.fixedResponseConfig().statusCode();
      default -> a.typeAsString();
    };
  }

  private static int weight(@Nullable Integer weight) {
    return weight == null ? 1 : weight;
  }

  private static String shortName(String groupArn) {
    return groupArn.split("/", 3)[1];
  }

  private static Reason group(View view, Scope scope, GroupRow row, @Nullable Seen seen) {
    var g = row.group();
    String arn = g.targetGroupArn();
    List<Reason> because = new ArrayList<>();
    int healthy = 0;
    List<TargetRow> targets = view.lookup(Rows.TARGETS_OF, scope, arn).map(Row::value).toList();
    for (TargetRow target : targets) {
      TargetHealth health = Targets.state(view, scope, g, target);
      healthy += "healthy".equals(health.stateAsString()) ? 1 : 0;
      if (because.size() < MAX_TARGETS) {
        because.add(target(arn, target, health, seen));
      }
    }
    if (targets.isEmpty()) {
      because.add(Reason.of("no target is registered: a forward to it is answered 503"));
    } else if (healthy == 0) {
      because.addFirst(Reason.of("none is healthy, so requests go to all of them (fail open)"));
    }
    if (targets.size() > MAX_TARGETS) {
      because.add(Reason.of("and " + (targets.size() - MAX_TARGETS) + " more targets"));
    }
    because.add(
        Reason.of(
            "checked by "
                + g.healthCheckProtocolAsString()
                + (g.healthCheckPath() == null ? "" : " " + g.healthCheckPath())
                + " on "
                + g.healthCheckPort()
                + " every "
                + g.healthCheckIntervalSeconds()
                + " s, "
                + g.unhealthyThresholdCount()
                + " failures make it unhealthy, "
                + g.healthyThresholdCount()
                + " successes healthy"));
    return new Reason(
        "target group "
            + g.targetGroupName()
            + " ("
            + g.protocolAsString()
            + " to "
            + g.targetTypeAsString()
            + " targets): "
            + healthy
            + " of "
            + targets.size()
            + " healthy",
        because);
  }

  private static Reason target(
      String groupArn, TargetRow row, TargetHealth health, @Nullable Seen seen) {
    StringBuilder text =
        new StringBuilder("target ").append(row.id()).append(':').append(row.port());
    text.append(" is ").append(health.stateAsString());
    if (health.reasonAsString() != null) {
      text.append(": ").append(health.reasonAsString());
      text.append(" (").append(health.description()).append(')');
    }
    text.append(
        said(seen == null ? null : seen.target(groupArn, row.id(), row.port()), "in flight"));
    String check = seen == null ? null : seen.lastCheck(groupArn, row.id(), row.port());
    return check == null
        ? Reason.of(text.toString())
        : Reason.of(text.toString(), Reason.of("last check: " + check));
  }

  private static String said(@Nullable Rate rate, String open) {
    if (rate == null) {
      return "";
    }
    StringBuilder text = new StringBuilder("; ");
    text.append(String.format(Locale.ROOT, "%.0f requests/s", rate.requests()));
    if (rate.p99() > 0) {
      text.append(String.format(Locale.ROOT, ", p50 %.1f ms, p99 %.1f ms", rate.p50(), rate.p99()));
    }
    rate.codes().forEach((code, count) -> text.append(", ").append(code).append(' ').append(count));
    return text.append(", ").append(rate.open()).append(' ').append(open).toString();
  }
}
