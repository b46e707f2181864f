package gantry.traffic.dns;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A zone, compiled: immutable, replaced whole when one of its records changes. */
public final class Zone {

  /** The alternatives of one name and type. */
  record Group(RecordType type, List<Choice> choices) {}

  /** One set, ready for packets. */
  @SuppressWarnings(
      "ArrayRecordComponent") // Written to packets, never changed; it does not leave this package.
  record Choice(
      int ttl,
      List<byte[]> data,
      byte @Nullable [] alias,
      RecordSet.Routing routing,
      boolean healthy) {}

  /** What stands at one name. A name that only has names below it has a node without groups. */
  static final class Node {
    private final Map<RecordType, Group> groups = new EnumMap<>(RecordType.class);

    @Nullable Group group(RecordType type) {
      return groups.get(type);
    }

    Iterable<Group> groups() {
      return groups.values();
    }
  }

  private final byte[] origin;
  private final NameMap<Node> nodes;
  private final Choice soa;
  private final int negativeTtl;

  private Zone(byte[] origin, NameMap<Node> nodes, Choice soa, int negativeTtl) {
    this.origin = origin;
    this.nodes = nodes;
    this.soa = soa;
    this.negativeTtl = negativeTtl;
  }

  /**
   * Compiles a zone.
   *
   * @param soa the value of the zone's SOA record; its last number is how long a negative answer
   *     may be kept
   * @throws IllegalArgumentException for a record outside of the zone, or a value that is not one
   *     of its type
   */
  public static Zone of(String name, String soa, long soaTtl, List<RecordSet> sets) {
    byte[] origin = Names.toWire(name);
    Map<String, Node> byName = new HashMap<>();
    Node apex = new Node();
    byName.put(Names.toText(origin), apex);
    RecordSet soaSet = RecordSet.simple(name, RecordType.SOA, soaTtl, soa);
    Choice soaChoice = compile(soaSet);
    add(apex, soaSet, soaChoice);
    for (RecordSet set : sets) {
      if (set.type() == RecordType.SOA) {
        continue;
      }
      byte[] wire = Names.toWire(set.name());
      if (!endsWith(wire, origin)) {
        throw new IllegalArgumentException(set.name() + " is not in zone " + name);
      }
      add(byName.computeIfAbsent(Names.toText(wire), absent -> new Node()), set, compile(set));
      // Every name between the record and the apex exists too, though nothing stands there.
      for (int at = wire[0] + 1; wire.length - at > origin.length; at += wire[at] + 1) {
        byte[] between = java.util.Arrays.copyOfRange(wire, at, wire.length);
        byName.computeIfAbsent(Names.toText(between), absent -> new Node());
      }
    }
    byte[] soaData = soaChoice.data().getFirst();
    int minimum = java.nio.ByteBuffer.wrap(soaData).getInt(soaData.length - 4);
    return new Zone(
        origin, new NameMap<>(byName), soaChoice, (int) Math.min(minimum & 0xffff_ffffL, soaTtl));
  }

  private static Choice compile(RecordSet set) {
    List<byte[]> data =
        set.values().stream().map(value -> Rdata.toWire(set.type(), value)).toList();
    String alias = set.alias();
    return new Choice(
        (int) set.ttl(),
        data,
        alias == null ? null : Names.toWire(alias),
        set.routing(),
        set.healthy());
  }

  private static void add(Node node, RecordSet set, Choice choice) {
    Group before = node.groups.get(set.type());
    List<Choice> choices = new ArrayList<>(before == null ? List.of() : before.choices());
    choices.add(choice);
    node.groups.put(set.type(), new Group(set.type(), List.copyOf(choices)));
  }

  private static boolean endsWith(byte[] name, byte[] suffix) {
    for (int at = 0; name.length - at >= suffix.length; at += name[at] + 1) {
      if (java.util.Arrays.equals(name, at, name.length, suffix, 0, suffix.length)) {
        return true;
      }
    }
    return false;
  }

  byte[] origin() {
    return origin;
  }

  Choice soa() {
    return soa;
  }

  /** How long an answer "there is none" may be kept. */
  int negativeTtl() {
    return negativeTtl;
  }

  /**
   * The node at a name inside this zone, or the wildcard that covers it; null where the name does
   * not exist.
   */
  @Nullable Node find(byte[] buffer, int from, int to) {
    Node exact = nodes.get(buffer, from, to);
    if (exact != null) {
      return exact;
    }
    // The wildcard of the closest name that exists, and of no name further up.
    byte[] star = new byte[2 + to - from];
    for (int at = from + buffer[from] + 1; to - at >= origin.length; at += buffer[at] + 1) {
      star[0] = 1;
      star[1] = '*';
      System.arraycopy(buffer, at, star, 2, to - at);
      Node wildcard = nodes.get(star, 0, 2 + to - at);
      if (wildcard != null) {
        return wildcard;
      }
      if (nodes.get(buffer, at, to) != null) {
        return null;
      }
    }
    return null;
  }
}
