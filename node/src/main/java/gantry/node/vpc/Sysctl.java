package gantry.node.vpc;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Kernel settings of a namespace of ours; those of the host are never touched. */
final class Sysctl {

  private Sysctl() {}

  /** A machine that forwards between links that it has no subnet on. */
  static Map<String, String> router() {
    Map<String, String> settings = new TreeMap<>();
    settings.put("net/ipv4/ip_forward", "1");
    for (String scope : List.of("all", "default")) {
      settings.put("net/ipv4/conf/" + scope + "/rp_filter", "0");
      settings.put("net/ipv4/conf/" + scope + "/send_redirects", "0");
      settings.put("net/ipv4/conf/" + scope + "/accept_redirects", "0");
      settings.put("net/ipv4/conf/" + scope + "/proxy_arp", "1");
      settings.put("net/ipv6/conf/" + scope + "/disable_ipv6", "1");
    }
    // Proxied ARP answers come at once instead of after a random part of 0.8 s.
    settings.put("net/ipv4/neigh/default/proxy_delay", "0");
    return settings;
  }

  /** A NAT gateway forgets an idle TCP connection after 350 seconds. */
  static Map<String, String> nat() {
    return Map.of("net/netfilter/nf_conntrack_tcp_timeout_established", "350");
  }

  static void set(Commands commands, String namespace, Map<String, String> settings) {
    StringBuilder script = new StringBuilder("set -e\n");
    settings.forEach(
        (name, value) -> {
          // A kernel without IPv6 has none of its settings.
          String file = "/proc/sys/" + name;
          script.append("[ ! -e ").append(file).append(" ] || echo ").append(value);
          script.append(" > ").append(file).append('\n');
        });
    commands.inside(namespace, List.of("sh", "-s"), script.toString());
  }
}
