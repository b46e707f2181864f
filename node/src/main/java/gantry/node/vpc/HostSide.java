package gantry.node.vpc;

import gantry.acs.network.Cidr;
import gantry.node.vpc.KernelPlan.Host;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The host's end of the edge: one veth with the public pool's first address, one nftables table
 * that masquerades what leaves the machine, and, where Docker has closed forwarding, two rules in
 * the chain that Docker keeps for its users. Nothing else of the host is changed, and {@link
 * #remove} takes all of it away.
 */
final class HostSide {

  private static final String DOCKER_CHAIN = "DOCKER-USER";

  private final VpcSettings settings;
  private final Commands commands;

  HostSide(VpcSettings settings, Commands commands) {
    this.settings = settings;
    this.commands = commands;
  }

  /**
   * Makes it so.
   *
   * @return why the host cannot be joined, though everything inside works; null when it is
   */
  @Nullable String make(Host host) {
    if (!Files.exists(Path.of("/sys/class/net", host.link()))) {
      commands.run(
          List.of("ip", "-batch", "-"),
          "link add %s type veth peer name %s netns %s\n"
              .formatted(host.link(), Names.UPLINK, settings.names().edge()));
    }
    commands.ip(settings.names().edge(), List.of("link set " + Names.UPLINK + " up"));
    String overlap = overlap();
    if (overlap != null) {
      return overlap;
    }
    commands.run(
        List.of("ip", "-batch", "-"),
        "addr replace %s dev %s\nlink set %s up\n"
            .formatted(host.address(), host.link(), host.link()));
    commands.run(List.of("nft", "-f", "-"), host.nft().create());
    for (List<String> rule : forwarding(host.link())) {
      if (dockerKeepsAChain() && !stands(rule)) {
        commands.run(iptables("-I", rule), "");
      }
    }
    return null;
  }

  void remove() {
    String link = settings.names().hostLink();
    for (List<String> rule : forwarding(link)) {
      while (dockerKeepsAChain() && stands(rule)) {
        commands.run(iptables("-D", rule), "");
      }
    }
    String table = settings.names().hostTable();
    commands.run(
        List.of("nft", "-f", "-"), "add table ip %s\ndelete table ip %s\n".formatted(table, table));
    if (Files.exists(Path.of("/sys/class/net", link))) {
      commands.run("ip", "link", "del", link);
    }
  }

  /** A pool that the machine already uses elsewhere would cut it off from there. */
  private @Nullable String overlap() {
    for (String line : commands.run("ip", "-4", "route", "show").split("\n", -1)) {
      String[] words = line.strip().split("\\s+", -1);
      if (Cidr.isValid(words[0])
          && Cidr.parse(words[0]).overlaps(settings.publicPool())
          && !line.contains("dev " + settings.names().hostLink())) {
        return "the pool of public addresses, "
            + settings.publicPool()
            + ", is in use on this machine: "
            + line.strip();
      }
    }
    return null;
  }

  private static List<List<String>> forwarding(String link) {
    return List.of(
        List.of("-i", link, "-j", "ACCEPT"),
        List.of("-o", link, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"));
  }

  private boolean dockerKeepsAChain() {
    return succeeds(List.of("iptables", "-w", "-n", "-L", DOCKER_CHAIN));
  }

  private boolean stands(List<String> rule) {
    return succeeds(iptables("-C", rule));
  }

  private static List<String> iptables(String verb, List<String> rule) {
    List<String> command = new java.util.ArrayList<>(List.of("iptables", "-w", verb, DOCKER_CHAIN));
    command.addAll(rule);
    return command;
  }

  private boolean succeeds(List<String> command) {
    try {
      commands.run(command, "");
      return true;
    } catch (CommandFailed no) {
      // Not there (or no iptables at all, and then no chain either): that is the answer.
      return false;
    }
  }
}
