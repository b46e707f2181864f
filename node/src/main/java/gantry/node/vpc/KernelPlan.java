package gantry.node.vpc;

import java.util.SortedMap;
import java.util.SortedSet;

/**
 * The kernel objects that a network plan amounts to. Addresses, routes and rules are spelled as
 * {@code ip} prints them, so that what should be and what is compare as text.
 *
 * @param namespaces by name
 * @param veths pairs between two namespaces of ours; interfaces of tasks are not among them
 * @param host what the host itself gets, which is only its end of the edge's link
 */
record KernelPlan(SortedMap<String, Namespace> namespaces, SortedSet<Veth> veths, Host host) {

  /**
   * A namespace.
   *
   * @param addresses {@code 10.0.0.1/32 dev lo}
   * @param routes as {@code ip route show table all} prints them
   * @param rules as {@code ip rule} prints them
   * @param interfaces links of tasks that may be here; any other task link is removed
   */
  record Namespace(
      String name,
      SortedSet<String> addresses,
      SortedSet<String> routes,
      SortedSet<String> rules,
      SortedSet<String> interfaces,
      NftTable nft) {}

  /** A pair of interfaces, each in its namespace. */
  record Veth(String namespace, String link, String farNamespace, String farLink)
      implements Comparable<Veth> {

    private static final java.util.Comparator<Veth> ORDER =
        java.util.Comparator.comparing(Veth::namespace)
            .thenComparing(Veth::link)
            .thenComparing(Veth::farNamespace)
            .thenComparing(Veth::farLink);

    @Override
    public int compareTo(Veth other) {
      return ORDER.compare(this, other);
    }
  }

  /**
   * The host's end of the edge.
   *
   * @param link its interface
   * @param address with the public pool's prefix, which makes the pool reachable from the host
   */
  record Host(String link, String address, NftTable nft) {}
}
