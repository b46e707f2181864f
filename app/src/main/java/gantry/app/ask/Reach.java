package gantry.app.ask;

import gantry.acs.EniPayload;
import gantry.acs.network.Ipv4;
import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Vpc;
import gantry.acs.network.Reachability;
import gantry.node.vpc.DropCounters.Denied;
import gantry.node.vpc.DropCounters.Direction;
import gantry.services.Explainer;
import gantry.services.Reason;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Row;
import gantry.state.Store;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who reaches whom, and what stops them. {@code A -> B:PORT} asks whether A can open a connection
 * to B, from the configuration that the kernel follows; an interface, an address or a task by
 * itself asks what was refused of its packets lately. A and B are a task, a service (its tasks), an
 * interface or an address.
 */
public final class Reach implements Explainer {

  /** {@code A -> B}, {@code A -> B:80}, {@code A -> B:53/udp}, {@code A -> B/icmp}. */
  private static final Pattern QUESTION =
      Pattern.compile("\\s*(\\S+)\\s*->\\s*(\\S+?)(?::([0-9]{1,5}))?(?:/(tcp|udp|icmp))?\\s*");

  private static final Pattern ADDRESS = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
  private static final Map<String, Integer> PROTOCOLS = Map.of("icmp", 1, "tcp", 6, "udp", 17);
  private static final int HIGHEST_PORT = 65_535;
  private static final int ECHO_REQUEST = 8;
  private static final int MOST_PAIRS = 10;

  private final Store store;
  private final Supplier<NetworkPlan> plan;
  private final Function<String, List<Denied>> denied;

  /**
   * Asks of the newest plan.
   *
   * @param denied the kinds of packets that were refused in a VPC within the last hour
   */
  public Reach(Store store, Supplier<NetworkPlan> plan, Function<String, List<Denied>> denied) {
    this.store = store;
    this.plan = plan;
    this.denied = denied;
  }

  /**
   * Somebody who sends or is sent to.
   *
   * @param eni null for an address that is no interface's, such as one of the internet
   */
  private record Party(String name, @Nullable Vpc vpc, @Nullable Eni eni, String address) {}

  @Override
  public List<Reason> why(String about) {
    NetworkPlan now = plan.get();
    Matcher question = QUESTION.matcher(about);
    if (question.matches()) {
      return pairs(now, question);
    }
    List<Reason> found = new ArrayList<>();
    for (Party party : parties(now, about)) {
      if (party.eni() != null && party.vpc() != null) {
        found.add(lately(party.vpc(), party.eni(), party.name()));
      }
    }
    return found;
  }

  private List<Reason> pairs(NetworkPlan now, Matcher question) {
    String protocol = question.group(4) == null ? "tcp" : question.group(4);
    boolean ports = !protocol.equals("icmp");
    if (ports && question.group(3) == null) {
      return List.of(Reason.of("which port? ask for " + question.group(2) + ":PORT, or /icmp"));
    }
    int port = ports ? Integer.parseInt(question.group(3)) : ECHO_REQUEST;
    if (port > HIGHEST_PORT) {
      return List.of(Reason.of(port + " is no port"));
    }
    List<Party> from =
        parties(now, question.group(1)).stream().filter(each -> each.eni() != null).toList();
    List<Party> to = parties(now, question.group(2));
    if (from.isEmpty() || to.isEmpty()) {
      return List.of(
          Reason.of(
              "no task, service, interface or address goes by the name '"
                  + (from.isEmpty() ? question.group(1) : question.group(2))
                  + "'"));
    }
    List<Reason> answers = new ArrayList<>();
    for (Party a : from) {
      for (Party b : to) {
        if (answers.size() < MOST_PAIRS && a.eni() != null && a.vpc() != null) {
          answers.add(answer(now, a.vpc(), a.eni(), a, b, protocol, port));
        }
      }
    }
    return answers;
  }

  private Reason answer(
      NetworkPlan now, Vpc vpc, Eni from, Party a, Party b, String protocol, int port) {
    int number = PROTOCOLS.getOrDefault(protocol, 6);
    Reachability.Answer answer = Reachability.ask(now, from.id(), b.address(), number, port);
    String words =
        a.name()
            + (answer.allowed() ? " reaches " : " does not reach ")
            + b.name()
            + (protocol.equals("icmp") ? " by icmp" : " on " + protocol + "/" + port);
    List<Reason> because = new ArrayList<>();
    switch (answer) {
      case Reachability.Answer.Allowed(List<String> path) ->
          because.add(Reason.of("the way is " + String.join(", ", path)));
      case Reachability.Answer.Stopped(Reachability.By by, String resource, _, String why) ->
          because.add(
              Reason.of(
                  by.name().toLowerCase(Locale.ROOT).replace('_', ' ')
                      + " "
                      + resource
                      + ": "
                      + why));
    }
    long packets = refused(vpc, from, b, number, port);
    if (b.vpc() != null && !b.vpc().id().equals(vpc.id())) {
      packets += refused(b.vpc(), from, b, number, port);
    }
    because.add(
        Reason.of(
            packets == 0
                ? "no such packet was refused within the last hour"
                : packets + " such packets were refused within the last hour"));
    return new Reason(words, because);
  }

  private long refused(Vpc vpc, Eni from, Party to, int protocol, int port) {
    return denied.apply(vpc.id()).stream()
        .filter(
            each ->
                each.protocol() == protocol
                    && (each.port() == port || each.port() == 0)
                    && is(from, each.from())
                    && (to.eni() == null
                        ? each.to().equals(to.address())
                        : is(to.eni(), each.to())))
        .mapToLong(Denied::packets)
        .sum();
  }

  private static boolean is(Eni eni, String address) {
    return eni.addresses().contains(address) || eni.publicAddresses().containsValue(address);
  }

  /** What was refused of an interface's packets. */
  private Reason lately(Vpc vpc, Eni eni, String name) {
    List<Reason> because = new ArrayList<>();
    because.add(
        Reason.of(
            eni.id()
                + " in "
                + eni.subnet()
                + " of "
                + vpc.id()
                + ", security groups "
                + String.join(", ", eni.groups())
                + (eni.publicAddresses().isEmpty()
                    ? ", no public address"
                    : ", public address " + String.join(", ", eni.publicAddresses().values()))));
    List<Reason> refused = new ArrayList<>();
    for (Denied each : denied.apply(vpc.id())) {
      boolean sent = each.direction() == Direction.EGRESS && is(eni, each.from());
      boolean came = each.direction() == Direction.INGRESS && is(eni, each.to());
      if (sent || came) {
        refused.add(
            Reason.of(
                each.packets()
                    + " packets "
                    + (sent ? "to " + each.to() : "from " + each.from())
                    + " on "
                    + protocol(each.protocol())
                    + (each.port() == 0 ? "" : "/" + each.port())
                    + (sent ? ", on their way out" : "")));
      }
    }
    because.add(
        new Reason(
            refused.isEmpty()
                ? "nothing was refused within the last hour"
                : "refused within the last hour",
            refused));
    return new Reason("the network of " + name + ", " + eni.address(), because);
  }

  private static String protocol(int number) {
    return PROTOCOLS.entrySet().stream()
        .filter(each -> each.getValue() == number)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse("protocol " + number);
  }

  private List<Party> parties(NetworkPlan now, String name) {
    List<Party> found = new ArrayList<>();
    if (ADDRESS.matcher(name).matches()) {
      if (!isAddress(name)) {
        return found;
      }
      for (Vpc vpc : now.vpcs().values()) {
        for (Eni eni : vpc.enis().values()) {
          if (is(eni, name)) {
            found.add(new Party(name, vpc, eni, name));
          }
        }
      }
      if (found.isEmpty()) {
        found.add(new Party(name, null, null, name));
      }
      return found;
    }
    if (name.startsWith("eni-")) {
      add(found, now, name, name);
      return found;
    }
    String id = name.substring(name.lastIndexOf('/') + 1);
    for (Row<TaskRow> row : store.snapshot().scanAll(EcsTables.TASKS).toList()) {
      TaskRow task = row.value();
      EniPayload eni = task.eni();
      boolean meant =
          name.startsWith("arn:") && name.contains(":task/")
              ? name.equals(task.arn())
              : id.equals(task.id()) || id.equals(task.serviceName());
      if (meant && eni != null && !task.isStopped()) {
        add(found, now, eni.eniId(), "task " + task.id());
      }
    }
    return found;
  }

  private static boolean isAddress(String text) {
    try {
      return Ipv4.parse(text) >= 0;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static void add(List<Party> found, NetworkPlan now, String eniId, String name) {
    for (Vpc vpc : now.vpcs().values()) {
      Eni eni = vpc.enis().get(eniId);
      if (eni != null) {
        found.add(new Party(name, vpc, eni, eni.address()));
      }
    }
  }
}
