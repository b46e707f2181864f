package gantry.services.ecs.placement;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** An instance in the index, with what is left of it. */
final class Node implements ClusterQuery.Subject {

  /** AWS's limit: the ports that the instance keeps for itself and the fixed ones of its tasks. */
  static final int MAX_RESERVED_PORTS = 100;

  Candidate candidate;

  /** Its number in the index. */
  int slot;

  int freeCpu;
  int freeMemory;
  int freeGpus;
  int freeEnis;
  final Set<Integer> tcp = new HashSet<>();
  final Set<Integer> udp = new HashSet<>();
  final Map<String, Integer> groups = new HashMap<>();
  int tasks;

  /** What the daemons take that belong on it, by their group, whether they are there or not. */
  private final Map<String, Demand> daemons = new HashMap<>();

  /** Its values of attribute lists, joined; they change with the candidate only. */
  private final Map<List<String>, String> joined = new HashMap<>();

  Node(Candidate candidate) {
    this.candidate = candidate;
  }

  /** Its values of the attributes as one text, which keeps its hash. */
  String values(List<String> attributes) {
    String known = joined.get(attributes);
    if (known == null) {
      known = String.join("\u0000", Pool.values(this, attributes));
      joined.put(attributes, known);
    }
    return known;
  }

  void changed(Candidate next) {
    candidate = next;
    joined.clear();
  }

  String id() {
    return candidate.id();
  }

  /**
   * The first thing that speaks against the task, cheapest question first; null when nothing does.
   */
  @Nullable Refusal refusal(PlacementRequest request) {
    Refusal fixed = fixedRefusal(request.filter());
    return fixed != null ? fixed : changingRefusal(request);
  }

  /** What does not change with the tasks that come and go. */
  @Nullable Refusal fixedRefusal(PlacementRequest.Filter filter) {
    if (!candidate.open()) {
      return Refusal.INACTIVE;
    }
    if (!candidate.agentConnected()) {
      return Refusal.AGENT;
    }
    if (!filter.zones().isEmpty()
        && !candidate.zones().isEmpty()
        && filter.zones().stream().noneMatch(candidate.zones()::contains)) {
      return Refusal.LOCATION;
    }
    for (var required : filter.requires().entrySet()) {
      String value = candidate.attributes().get(required.getKey());
      if (value == null || (!required.getValue().isEmpty() && !required.getValue().equals(value))) {
        return Refusal.ATTRIBUTE;
      }
    }
    for (ClusterQuery query : filter.memberOf()) {
      if (!query.matches(this)) {
        return Refusal.MEMBER_OF;
      }
    }
    return null;
  }

  /** Whether a daemon belongs here; one that is larger than the instance does not. */
  void daemon(String group, @Nullable PlacementRequest request) {
    if (request != null
        && fixedRefusal(request.filter()) == null
        && request.demand().cpu() <= candidate.cpu()
        && request.demand().memory() <= candidate.memory()) {
      daemons.put(group, request.demand());
    } else {
      daemons.remove(group);
    }
  }

  /** Daemons that are still to come: others leave them their room. */
  private List<Demand> kept(PlacementRequest request) {
    if (request.only() != null || daemons.containsKey(request.group())) {
      return List.of();
    }
    List<Demand> kept = new ArrayList<>();
    daemons.forEach(
        (group, demand) -> {
          if (!groups.containsKey(group)) {
            kept.add(demand);
          }
        });
    return kept;
  }

  @Nullable Refusal changingRefusal(PlacementRequest request) {
    Demand demand = request.demand();
    Refusal daemon = daemons.isEmpty() ? null : roomForDaemons(request);
    if (daemon != null) {
      return daemon;
    }
    if (request.distinct() && groups.containsKey(request.group())) {
      return Refusal.DISTINCT_INSTANCE;
    }
    for (ClusterQuery query : request.onTasks()) {
      if (!query.matches(this)) {
        return Refusal.MEMBER_OF;
      }
    }
    if (freeCpu < demand.cpu()) {
      return Refusal.CPU;
    }
    if (freeMemory < demand.memory()) {
      return Refusal.MEMORY;
    }
    if (freeGpus < demand.gpus()) {
      return Refusal.GPU;
    }
    if (freeEnis < demand.enis()) {
      return Refusal.ENI;
    }
    if (demand.ports() > 0 && reservedPorts() + demand.ports() > MAX_RESERVED_PORTS) {
      return Refusal.PORTS;
    }
    for (int port : demand.tcpPorts()) {
      if (tcp.contains(port) || candidate.reservedTcp().contains(port)) {
        return Refusal.PORTS;
      }
    }
    for (int port : demand.udpPorts()) {
      if (udp.contains(port) || candidate.reservedUdp().contains(port)) {
        return Refusal.PORTS_UDP;
      }
    }
    return null;
  }

  private int reservedPorts() {
    return candidate.reservedTcp().size()
        + candidate.reservedUdp().size()
        + tcp.size()
        + udp.size();
  }

  private @Nullable Refusal roomForDaemons(PlacementRequest request) {
    int cpu = request.demand().cpu();
    int memory = request.demand().memory();
    int ports = request.demand().ports();
    for (Demand kept : kept(request)) {
      cpu += kept.cpu();
      memory += kept.memory();
      ports += kept.ports();
      if (!Collections.disjoint(kept.tcpPorts(), request.demand().tcpPorts())) {
        return Refusal.PORTS;
      }
      if (!Collections.disjoint(kept.udpPorts(), request.demand().udpPorts())) {
        return Refusal.PORTS_UDP;
      }
    }
    if (cpu > request.demand().cpu() && freeCpu < cpu) {
      return Refusal.CPU;
    }
    if (request.demand().ports() > 0 && reservedPorts() + ports > MAX_RESERVED_PORTS) {
      return Refusal.PORTS;
    }
    return memory > request.demand().memory() && freeMemory < memory ? Refusal.MEMORY : null;
  }

  /** What a refusal means here, for whoever asks: what is wanted and what there is. */
  String lacks(Refusal refusal, PlacementRequest request) {
    Demand demand = request.demand();
    return switch (refusal) {
      case INACTIVE -> "it takes no new tasks: it is being drained or is gone";
      case AGENT -> "its agent is not connected";
      case LOCATION ->
          "it is in " + sorted(candidate.zones()) + ", not in " + sorted(request.zones());
      case ATTRIBUTE -> missing(request);
      case MEMBER_OF ->
          "it does not satisfy "
              + request.memberOf().stream()
                  .filter(each -> !each.matches(this))
                  .map(ClusterQuery::toString)
                  .collect(Collectors.joining(" nor "));
      case DISTINCT_INSTANCE -> "it has a task of " + request.group() + " already";
      case CPU ->
          left(freeCpu, candidate.cpu(), demand.cpu(), "CPU units")
              + kept(kept(request).stream().mapToInt(Demand::cpu).sum());
      case MEMORY ->
          left(freeMemory, candidate.memory(), demand.memory(), "MiB of memory")
              + kept(kept(request).stream().mapToInt(Demand::memory).sum());
      case GPU -> left(freeGpus, candidate.gpus(), demand.gpus(), "GPUs");
      case ENI -> left(freeEnis, candidate.enis(), demand.enis(), "network interfaces");
      case PORTS -> ports(request, used(demand.tcpPorts(), tcp, candidate.reservedTcp(), "tcp"));
      case PORTS_UDP ->
          ports(request, used(demand.udpPorts(), udp, candidate.reservedUdp(), "udp"));
    };
  }

  private String ports(PlacementRequest request, String used) {
    int wanted = request.demand().ports();
    int kept = kept(request).stream().mapToInt(Demand::ports).sum();
    if (!used.isEmpty()) {
      return "in use: " + used;
    }
    return reservedPorts() + wanted + kept > MAX_RESERVED_PORTS
        ? String.format(
                Locale.ROOT,
                "%d of %d reserved ports are taken, %d more are wanted",
                reservedPorts(),
                MAX_RESERVED_PORTS,
                wanted)
            + kept(kept)
        : "kept for a daemon that is still to come";
  }

  private static String kept(int size) {
    return size == 0 ? "" : ", " + size + " are kept for daemons that are still to come";
  }

  private static String left(int free, int all, int wanted, String unit) {
    return String.format(
        Locale.ROOT, "%d of %d %s are left, %d are wanted", free, all, unit, wanted);
  }

  private static String sorted(Set<String> names) {
    return String.join(", ", new TreeSet<>(names));
  }

  private String missing(PlacementRequest request) {
    List<String> missing = new ArrayList<>();
    for (var required : new TreeMap<>(request.requires()).entrySet()) {
      String value = candidate.attributes().get(required.getKey());
      if (value == null || (!required.getValue().isEmpty() && !required.getValue().equals(value))) {
        missing.add(
            required.getKey()
                + (required.getValue().isEmpty() ? "" : " = " + required.getValue())
                + (value == null || value.isEmpty() ? "" : " (it has " + value + ")"));
      }
    }
    return "it lacks " + String.join(", ", missing);
  }

  private static String used(
      List<Integer> wanted, Set<Integer> taken, Set<Integer> reserved, String protocol) {
    return wanted.stream()
        .filter(port -> taken.contains(port) || reserved.contains(port))
        .map(port -> port + "/" + protocol + (reserved.contains(port) ? " (reserved)" : ""))
        .collect(Collectors.joining(", "));
  }

  void take(String group, Demand demand, int sign) {
    freeCpu -= sign * demand.cpu();
    freeMemory -= sign * demand.memory();
    freeGpus -= sign * demand.gpus();
    freeEnis -= sign * demand.enis();
    tasks += sign;
    if (sign > 0) {
      tcp.addAll(demand.tcpPorts());
      udp.addAll(demand.udpPorts());
      groups.merge(group, 1, Integer::sum);
    } else {
      demand.tcpPorts().forEach(tcp::remove);
      demand.udpPorts().forEach(udp::remove);
      groups.computeIfPresent(group, (name, count) -> count == 1 ? null : count - 1);
    }
  }

  @Override
  public @Nullable String attribute(String name) {
    return candidate.attributes().get(name);
  }

  @Override
  public boolean agentConnected() {
    return candidate.agentConnected();
  }

  @Override
  public @Nullable String agentVersion() {
    return candidate.agentVersion();
  }

  @Override
  public @Nullable String ec2InstanceId() {
    return candidate.ec2InstanceId();
  }

  @Override
  public @Nullable Instant registeredAt() {
    return candidate.registeredAt();
  }

  @Override
  public int runningTasksCount() {
    return tasks;
  }

  @Override
  public Set<String> taskGroups() {
    return groups.keySet();
  }
}
