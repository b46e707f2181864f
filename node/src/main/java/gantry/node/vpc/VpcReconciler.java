package gantry.node.vpc;

import gantry.acs.EniPayload;
import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Eni;
import gantry.acs.network.NetworkPlan.Vpc;
import gantry.node.vpc.KernelPlan.Namespace;
import gantry.node.vpc.KernelPlan.Veth;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Makes the kernel what the plan says. It reads what is there once, then remembers what it has
 * done; after any failure it reads again. Applying a plan twice changes nothing, applying it after
 * a crash finds namespaces, links and routes as they stand and replaces each firewall in one
 * transaction, which no established connection notices.
 *
 * <p>Not thread-safe: {@link VpcNetwork} holds its lock around every call.
 */
final class VpcReconciler {

  private final VpcSettings settings;
  private final VpcCompiler compiler;
  private final Commands commands = new Commands();
  private final KernelReader reader = new KernelReader(commands);
  private final HostSide hostSide;

  /** What stands in the kernel, as far as we know; null when it has to be read. */
  private @Nullable Map<String, Standing> standing;

  /** What stood before the kernel has to be read again: of it, only the firewalls are believed. */
  private Map<String, Standing> remembered = Map.of();

  private @Nullable String egressProblem;

  /** Whether the host's side was made since the kernel was read. */
  private boolean hostMade;

  private NetworkPlan plan = new NetworkPlan(new TreeMap<>(), new TreeMap<>(), new TreeMap<>());

  /**
   * What stands in one namespace.
   *
   * @param nft null when unknown: then the table is replaced as a whole
   */
  record Standing(
      Set<String> links,
      SortedSet<String> addresses,
      SortedSet<String> routes,
      SortedSet<String> rules,
      @Nullable NftTable nft) {

    Standing with(@Nullable NftTable table) {
      return new Standing(links, addresses, routes, rules, table);
    }
  }

  VpcReconciler(VpcSettings settings) {
    this.settings = settings;
    this.compiler = new VpcCompiler(settings);
    this.hostSide = new HostSide(settings, commands);
  }

  void apply(NetworkPlan next) {
    plan = next;
    try {
      converge();
    } catch (CommandFailed e) {
      // A task may have died and taken its link along: once more, with what the kernel says.
      converge();
    }
  }

  /** Looks at the kernel instead of trusting memory, and repairs what differs. */
  void audit() {
    lookAgain();
    converge();
  }

  /** Why nothing gets out of the machine or in from the host; null when all is well. */
  @Nullable String egressProblem() {
    return egressProblem;
  }

  /** The kernel is read before the next step; firewalls that still stand keep their counters. */
  private void lookAgain() {
    if (standing != null) {
      remembered = standing;
      standing = null;
    }
  }

  boolean knows(String vpc, String eni) {
    Vpc known = plan.vpcs().get(vpc);
    return known != null && known.enis().containsKey(eni);
  }

  /** Puts the interface into the namespace of {@code pid}; again and again if need be. */
  void attach(EniPayload eni, long pid) {
    String router = settings.names().router(eni.vpcId());
    String link = Names.eniLink(eni.eniId());
    try {
      Standing there = standing().get(router);
      if (there != null && there.links.contains(link)) {
        if (isAttached(router, link, eni, pid)) {
          return;
        }
        removeLink(router, link);
        forget(there, link);
      }
      connect(router, link, eni, pid);
    } catch (CommandFailed e) {
      // Perhaps memory was wrong: once more, with what the kernel says.
      lookAgain();
      removeLink(router, link);
      connect(router, link, eni, pid);
    }
  }

  private void connect(String router, String link, EniPayload eni, long pid) {
    String route = eni.privateIp() + " dev " + link + " scope link";
    String gateway = Cidr.parse(eni.subnetCidr()).address(1);
    commands.ip(
        router,
        List.of(
            String.format(
                Locale.ROOT,
                "link add %s type veth peer name eth0 address %s netns %d",
                link,
                eni.macAddress(),
                pid),
            "link set " + link + " up",
            "route replace " + route));
    commands.ipOf(
        pid,
        List.of(
            "link set lo up",
            "addr replace " + eni.privateIp() + "/32 dev eth0",
            "link set eth0 up",
            "route replace " + gateway + " dev eth0 scope link",
            "route replace default via " + gateway + " dev eth0"));
    Standing there = standing().get(router);
    if (there != null) {
      there.links.add(link);
      there.routes.add(route);
    }
    // Secondary addresses, and route tables that lead to this interface.
    converge();
  }

  void detach(String eni) {
    String link = Names.eniLink(eni);
    for (Map.Entry<String, Standing> namespace : standing().entrySet()) {
      if (namespace.getValue().links.contains(link)) {
        removeLink(namespace.getKey(), link);
        forget(namespace.getValue(), link);
      }
    }
    converge();
  }

  /** A link whose other end's namespace is gone has gone with it. */
  private void removeLink(String namespace, String link) {
    try {
      commands.ip(namespace, List.of("link del " + link));
    } catch (CommandFailed e) {
      if (reader.links(namespace).contains(link)) {
        throw e;
      }
    }
  }

  void retainOnly(Set<String> enis) {
    Set<String> wanted = new HashSet<>();
    enis.forEach(eni -> wanted.add(Names.eniLink(eni)));
    lookAgain();
    Map<String, Standing> now = standing();
    for (Map.Entry<String, Standing> namespace : now.entrySet()) {
      for (String link : List.copyOf(namespace.getValue().links)) {
        if (link.startsWith("e") && !link.equals("eth0") && !wanted.contains(link)) {
          removeLink(namespace.getKey(), link);
          forget(namespace.getValue(), link);
        }
      }
    }
    converge();
  }

  /** Takes away everything that carries our prefix, whatever the plan says. */
  void removeEverything() {
    standing = null;
    remembered = Map.of();
    plan = new NetworkPlan(new TreeMap<>(), new TreeMap<>(), new TreeMap<>());
    hostSide.remove();
    for (String namespace : reader.namespaces(settings.names().prefix())) {
      commands.run("ip", "netns", "del", namespace);
    }
  }

  private boolean isAttached(String router, String link, EniPayload eni, long pid) {
    return reader.links(router).contains(link)
        && reader.addressesOf(pid).contains(eni.privateIp() + "/32 dev eth0");
  }

  /** The kernel drops the routes of a link that goes. */
  private static void forget(Standing there, String link) {
    there.links.remove(link);
    there.routes.removeIf(route -> (route + " ").contains(" dev " + link + " "));
  }

  private Map<String, Standing> standing() {
    Map<String, Standing> known = standing;
    if (known == null) {
      known = new TreeMap<>();
      hostMade = false;
      for (String namespace : reader.namespaces(settings.names().prefix())) {
        Standing there = reader.read(namespace);
        Standing before = remembered.get(namespace);
        NftTable table = before == null ? null : before.nft;
        known.put(
            namespace,
            table != null && reader.hasTable(namespace, table) ? there.with(table) : there);
      }
      standing = known;
    }
    return known;
  }

  /** Interfaces of tasks that are here now. */
  private Set<String> attached() {
    Set<String> attached = new HashSet<>();
    for (Vpc vpc : plan.vpcs().values()) {
      Standing there = standing().get(settings.names().router(vpc.id()));
      if (there != null) {
        for (Eni eni : vpc.enis().values()) {
          if (there.links.contains(Names.eniLink(eni.id()))) {
            attached.add(eni.id());
          }
        }
      }
    }
    return attached;
  }

  private void converge() {
    try {
      Map<String, Standing> now = standing();
      KernelPlan wanted = compiler.compile(plan, attached());
      namespaces(now, wanted);
      for (Namespace namespace : wanted.namespaces().values()) {
        firewall(now, namespace);
      }
      for (Namespace namespace : wanted.namespaces().values()) {
        removeStale(of(now, namespace.name()), namespace);
      }
      links(now, wanted);
      if (!hostMade) {
        egressProblem = hostSide.make(wanted.host());
        of(now, settings.names().edge()).links.add(Names.UPLINK);
        hostMade = true;
      }
      for (Namespace namespace : wanted.namespaces().values()) {
        addMissing(of(now, namespace.name()), namespace);
      }
    } catch (RuntimeException e) {
      lookAgain();
      throw e;
    }
  }

  private static Standing of(Map<String, Standing> now, String namespace) {
    Standing there = now.get(namespace);
    if (there == null) {
      throw new IllegalStateException("no namespace " + namespace);
    }
    return there;
  }

  private void namespaces(Map<String, Standing> now, KernelPlan wanted) {
    for (String namespace : List.copyOf(now.keySet())) {
      if (!wanted.namespaces().containsKey(namespace)) {
        commands.run("ip", "netns", "del", namespace);
        now.remove(namespace);
      }
    }
    for (String namespace : wanted.namespaces().keySet()) {
      if (!now.containsKey(namespace)) {
        commands.run("ip", "netns", "add", namespace);
        Sysctl.set(commands, namespace, Sysctl.router());
        if (namespace.startsWith(settings.names().nat("nat-"))) {
          Sysctl.set(commands, namespace, Sysctl.nat());
        }
        commands.ip(namespace, List.of("link set lo up"));
        now.put(
            namespace,
            new Standing(new HashSet<>(), new TreeSet<>(), new TreeSet<>(), new TreeSet<>(), null));
      }
    }
  }

  private void firewall(Map<String, Standing> now, Namespace namespace) {
    Standing there = of(now, namespace.name());
    String script =
        there.nft == null ? namespace.nft().create() : namespace.nft().changesFrom(there.nft);
    // Unknown until it has been applied: whatever fails now, the table is replaced as a whole.
    now.put(namespace.name(), there.with(null));
    commands.nft(namespace.name(), script);
    now.put(namespace.name(), there.with(namespace.nft()));
  }

  private void removeStale(Standing there, Namespace namespace) {
    List<String> lines = new ArrayList<>();
    minus(there.routes, namespace.routes())
        .forEach(
            route -> {
              lines.add("route del " + route);
              there.routes.remove(route);
            });
    minus(there.rules, namespace.rules())
        .forEach(
            rule -> {
              lines.add("rule del pref " + rule.replaceFirst(":", ""));
              there.rules.remove(rule);
            });
    minus(there.addresses, namespace.addresses())
        .forEach(
            address -> {
              lines.add("addr del " + address);
              there.addresses.remove(address);
            });
    commands.ip(namespace.name(), lines);
  }

  private void addMissing(Standing there, Namespace namespace) {
    List<String> lines = new ArrayList<>();
    minus(namespace.addresses(), there.addresses)
        .forEach(address -> lines.add("addr replace " + address));
    minus(namespace.routes(), there.routes).forEach(route -> lines.add("route replace " + route));
    minus(namespace.rules(), there.rules)
        .forEach(rule -> lines.add("rule add pref " + rule.replaceFirst(":", "")));
    commands.ip(namespace.name(), lines);
    there.addresses.addAll(namespace.addresses());
    there.routes.addAll(namespace.routes());
    there.rules.addAll(namespace.rules());
  }

  private void links(Map<String, Standing> now, KernelPlan wanted) {
    Map<String, Set<String>> expected = new TreeMap<>();
    wanted
        .namespaces()
        .forEach((name, namespace) -> expected.put(name, new HashSet<>(namespace.interfaces())));
    for (Veth veth : wanted.veths()) {
      expected.computeIfAbsent(veth.namespace(), n -> new HashSet<>()).add(veth.link());
      expected.computeIfAbsent(veth.farNamespace(), n -> new HashSet<>()).add(veth.farLink());
    }
    expected.computeIfAbsent(settings.names().edge(), n -> new HashSet<>()).add(Names.UPLINK);
    expected.forEach(
        (name, links) -> {
          Standing there = of(now, name);
          for (String link : List.copyOf(there.links)) {
            if (!links.contains(link)) {
              removeLink(name, link);
              forget(there, link);
            }
          }
        });
    for (Veth veth : wanted.veths()) {
      Standing near = of(now, veth.namespace());
      Standing far = of(now, veth.farNamespace());
      boolean nearStands = near.links.contains(veth.link());
      boolean farStands = far.links.contains(veth.farLink());
      if (nearStands && farStands) {
        continue;
      }
      List<String> lines = new ArrayList<>();
      if (nearStands && reader.links(veth.namespace()).contains(veth.link())) {
        lines.add("link del " + veth.link());
      }
      lines.add(
          "link add %s type veth peer name %s netns %s"
              .formatted(veth.link(), veth.farLink(), veth.farNamespace()));
      lines.add("link set " + veth.link() + " up");
      commands.ip(veth.namespace(), lines);
      commands.ip(veth.farNamespace(), List.of("link set " + veth.farLink() + " up"));
      forget(near, veth.link());
      forget(far, veth.farLink());
      near.links.add(veth.link());
      far.links.add(veth.farLink());
    }
  }

  private static List<String> minus(SortedSet<String> all, SortedSet<String> without) {
    return all.stream().filter(one -> !without.contains(one)).toList();
  }
}
