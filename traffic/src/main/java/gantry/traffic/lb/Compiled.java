package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.Balancer;
import gantry.traffic.lb.RoutingTable.Condition;
import gantry.traffic.lb.RoutingTable.Listener;
import gantry.traffic.lb.RoutingTable.Weighted;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A listener made ready for the hot path. */
final class Compiled {

  final Balancer balancer;
  final Listener listener;
  final Rule[] rules;
  final BalancerState state;
  final byte[] responseHeaders;

  /** A rule with its patterns prepared and its groups found. */
  static final class Rule {
    final RoutingTable.Rule spec;
    final Test[] tests;
    final @Nullable Transform transform;
    final @Nullable GroupState[] groups;
    final int[] weights;
    final int totalWeight;

    Rule(RoutingTable.Rule spec, Map<String, GroupState> all) {
      this.spec = spec;
      this.tests = spec.conditions().stream().map(Compiled::compile).toArray(Test[]::new);
      this.transform = Transform.of(spec.transforms());
      if (spec.action() instanceof Action.Forward forward) {
        int n = forward.groups().size();
        groups = new GroupState[n];
        weights = new int[n];
        int total = 0;
        for (int i = 0; i < n; i++) {
          Weighted one = forward.groups().get(i);
          groups[i] = all.get(one.targetGroupArn());
          weights[i] = one.weight();
          total += one.weight();
        }
        totalWeight = total;
      } else {
        groups = new GroupState[0];
        weights = new int[0];
        totalWeight = 0;
      }
    }

    boolean matches(Head h, Client client) {
      for (Test test : tests) {
        if (!test.holds(h, client)) {
          return false;
        }
      }
      return true;
    }

    /** By weight; null when nothing has any. */
    @Nullable GroupState pick(Chance chance) {
      if (groups.length == 1) {
        return weights[0] > 0 ? groups[0] : null;
      }
      if (totalWeight == 0) {
        return null;
      }
      int point = chance.below(totalWeight);
      for (int i = 0; i < groups.length; i++) {
        point -= weights[i];
        if (point < 0) {
          return groups[i];
        }
      }
      return null;
    }
  }

  interface Test {
    boolean holds(Head h, Client client);
  }

  Compiled(
      Balancer balancer,
      Listener listener,
      BalancerState state,
      Map<String, GroupState> groups,
      @Nullable Compiled before) {
    this.balancer = balancer;
    this.listener = listener;
    this.state = state;
    // A rule that did not change keeps its compiled form, unless a group of it was born anew.
    Map<String, Rule> kept = new HashMap<>();
    if (before != null) {
      for (Rule rule : before.rules) {
        kept.put(rule.spec.arn(), rule);
      }
    }
    List<Rule> compiled = new ArrayList<>(listener.rules().size());
    for (RoutingTable.Rule rule : listener.rules()) {
      Rule old = kept.get(rule.arn());
      boolean same = old != null && old.spec.equals(rule) && sameGroups(old, groups);
      compiled.add(same ? old : new Rule(rule, groups));
    }
    this.rules = compiled.toArray(new Rule[0]);
    StringBuilder lines = new StringBuilder();
    listener
        .responseHeaders()
        .forEach((name, value) -> lines.append(name).append(": ").append(value).append("\r\n"));
    this.responseHeaders = lines.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private static boolean sameGroups(Rule rule, Map<String, GroupState> groups) {
    if (rule.spec.action() instanceof Action.Forward forward) {
      for (int i = 0; i < rule.groups.length; i++) {
        if (rule.groups[i] != groups.get(forward.groups().get(i).targetGroupArn())) {
          return false;
        }
      }
    }
    return true;
  }

  /** The first rule that holds; the default rule has no conditions and stands last. */
  @Nullable Rule match(Head h, Client client, Counters counters) {
    Rule[] all = rules;
    for (int i = 0; i < all.length; i++) {
      if (all[i].matches(h, client)) {
        counters.ruleEvaluations += i + 1;
        return all[i];
      }
    }
    return null;
  }

  private static TextPattern[] patterns(List<String> values, boolean regex, boolean foldCase) {
    return values.stream()
        .map(value -> regex ? new Regex(value, foldCase) : new Wildcard(value, foldCase, false))
        .toArray(TextPattern[]::new);
  }

  private static boolean any(TextPattern[] patterns, byte[] b, int start, int end) {
    for (TextPattern pattern : patterns) {
      if (pattern.matches(b, start, end)) {
        return true;
      }
    }
    return false;
  }

  static Test compile(Condition condition) {
    return switch (condition) {
      case Condition.Host host -> {
        TextPattern[] patterns = patterns(host.values(), host.regex(), true);
        yield (h, client) -> {
          if (h.host < 0) {
            return false;
          }
          int start = h.valueStart(h.host);
          return any(patterns, h.bytes, start, hostEnd(h.bytes, start, h.valueEnd(h.host)));
        };
      }
      case Condition.Path path -> {
        TextPattern[] patterns = patterns(path.values(), path.regex(), false);
        yield (h, client) -> any(patterns, h.bytes, h.pathStart, h.pathEnd);
      }
      case Condition.Header header -> {
        TextPattern[] patterns = patterns(header.values(), header.regex(), true);
        byte[] name = header.name().getBytes(StandardCharsets.US_ASCII);
        yield (h, client) -> {
          for (int i = 0; i < h.count; i++) {
            if (sameName(h, i, name) && any(patterns, h.bytes, h.valueStart(i), h.valueEnd(i))) {
              return true;
            }
          }
          return false;
        };
      }
      case Condition.Method method -> {
        List<String> values = method.values();
        yield (h, client) -> {
          for (String value : values) {
            if (h.methodIs(value)) {
              return true;
            }
          }
          return false;
        };
      }
      case Condition.Query query -> query(query);
      case Condition.SourceIp source -> {
        Cidr[] cidrs = source.cidrs().stream().map(Cidr::parse).toArray(Cidr[]::new);
        yield (h, client) -> {
          for (Cidr cidr : cidrs) {
            if (cidr.contains(client.ip)) {
              return true;
            }
          }
          return false;
        };
      }
    };
  }

  private static Test query(Condition.Query query) {
    int n = query.values().size();
    @Nullable Wildcard[] keys = new Wildcard[n];
    Wildcard[] values = new Wildcard[n];
    for (int i = 0; i < n; i++) {
      String key = query.values().get(i).key();
      keys[i] = key == null ? null : new Wildcard(key, true, true);
      values[i] = new Wildcard(query.values().get(i).value(), true, true);
    }
    return (h, client) -> {
      byte[] b = h.bytes;
      int i = h.queryStart;
      while (i < h.targetEnd) {
        int end = i;
        int equals = -1;
        while (end < h.targetEnd && b[end] != '&') {
          if (equals < 0 && b[end] == '=') {
            equals = end;
          }
          end++;
        }
        for (int k = 0; k < values.length; k++) {
          Wildcard key = keys[k];
          int valueStart = equals >= 0 ? equals + 1 : key == null ? i : end;
          if ((key == null || key.matches(b, i, equals >= 0 ? equals : end))
              && values[k].matches(b, valueStart, end)) {
            return true;
          }
        }
        i = end + 1;
      }
      return false;
    };
  }

  private static boolean sameName(Head h, int i, byte[] name) {
    int start = h.nameStart(i);
    if (h.nameEnd(i) - start != name.length) {
      return false;
    }
    for (int k = 0; k < name.length; k++) {
      if (Head.lower(h.bytes[start + k]) != Head.lower(name[k])) {
        return false;
      }
    }
    return true;
  }

  /** Where a Host's name ends and its port, if any, begins. */
  static int hostEnd(byte[] b, int start, int end) {
    int i = end;
    while (i > start && b[i - 1] >= '0' && b[i - 1] <= '9') {
      i--;
    }
    return i > start && i < end && b[i - 1] == ':' ? i - 1 : end;
  }

  /** A block of addresses, IPv4 or IPv6. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Cidr(byte[] network, int bits) {

    static Cidr parse(String text) {
      int slash = text.indexOf('/');
      try {
        byte[] address =
            InetAddress.getByName(slash < 0 ? text : text.substring(0, slash)).getAddress();
        int bits = slash < 0 ? address.length * 8 : Integer.parseInt(text.substring(slash + 1));
        return new Cidr(address, bits);
      } catch (UnknownHostException e) {
        throw new IllegalArgumentException("not a CIDR block: " + text, e);
      }
    }

    boolean contains(byte[] address) {
      if (address.length != network.length) {
        return false;
      }
      int whole = bits / 8;
      for (int i = 0; i < whole; i++) {
        if (address[i] != network[i]) {
          return false;
        }
      }
      int rest = bits % 8;
      return rest == 0 || ((address[whole] ^ network[whole]) & 255) >>> (8 - rest) == 0;
    }
  }
}
