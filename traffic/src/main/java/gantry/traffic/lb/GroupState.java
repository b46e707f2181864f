package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Target;
import gantry.traffic.lb.RoutingTable.TargetGroup;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What lives of one target group while tables come and go: its targets, and the choice among them,
 * precomputed whenever a target's health or the table changes.
 */
final class GroupState {

  /** Who may get a request now. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Choice(TargetState[] targets, boolean failOpen) {
    static final Choice NOBODY = new Choice(new TargetState[0], false);
  }

  final String arn;
  final AtomicInteger turn = new AtomicInteger();
  final Counters[] counters;

  volatile TargetGroup spec;
  volatile Map<String, TargetState> targets = Map.of();

  private volatile Choice everywhere = Choice.NOBODY;
  private volatile Map<String, Choice> byZone = Map.of();

  /** Whether some balancer's rule or listener names the group: only then it is checked. */
  volatile boolean inUse;

  volatile boolean balancerCrossZone = true;

  /** Nobody checks its targets: they are judged by what becomes of requests. */
  volatile boolean mesh;

  GroupState(TargetGroup spec, int workers) {
    this.arn = spec.arn();
    this.spec = spec;
    this.counters = new Counters[workers];
    for (int i = 0; i < workers; i++) {
      counters[i] = new Counters();
    }
  }

  /**
   * Takes over a new table's word on the group.
   *
   * @return targets that are gone
   */
  List<TargetState> update(TargetGroup next, int workers) {
    Map<String, TargetState> old = targets;
    Map<String, TargetState> now = HashMap.newHashMap(next.targets().size());
    for (Target target : next.targets()) {
      String key = TargetState.key(target.id(), target.port());
      TargetState state = old.get(key);
      if (state == null || !state.is(target)) {
        state = new TargetState(this, target, workers);
      } else if (!target.draining()
          && (state.draining || !state.registered.equals(target.registered()))) {
        // Registered again: it begins anew, with what it has in flight.
        state.health = TargetState.Health.INITIAL;
        state.successes = state.failures = 0;
      }
      state.registered = target.registered();
      state.draining = target.draining();
      now.put(key, state);
    }
    List<TargetState> gone = new ArrayList<>();
    for (TargetState state : old.values()) {
      if (now.get(state.key()) != state) {
        state.removed = true;
        state.draining = true;
        gone.add(state);
      }
    }
    spec = next;
    targets = now;
    recompute();
    return gone;
  }

  boolean crossZone() {
    Boolean own = spec.settings().crossZone();
    return own != null ? own : balancerCrossZone;
  }

  synchronized void recompute() {
    Map<String, TargetState> all = targets;
    List<TargetState> registered = new ArrayList<>(all.size());
    for (Target target : spec.targets()) {
      TargetState state = all.get(TargetState.key(target.id(), target.port()));
      if (state != null && !state.draining) {
        registered.add(state);
      }
    }
    everywhere = choose(registered);
    Map<String, List<TargetState>> zones = new HashMap<>();
    for (TargetState state : registered) {
      zones.computeIfAbsent(state.zone, zone -> new ArrayList<>()).add(state);
    }
    List<TargetState> anyZone = zones.getOrDefault("all", List.of());
    Map<String, Choice> choices = new HashMap<>();
    zones.forEach(
        (zone, states) -> {
          List<TargetState> with = new ArrayList<>(states);
          if (!zone.equals("all")) {
            with.addAll(anyZone);
          }
          choices.put(zone, choose(with));
        });
    byZone = choices;
  }

  private Choice choose(List<TargetState> registered) {
    GroupSettings settings = spec.settings();
    List<TargetState> healthy = new ArrayList<>(registered.size());
    long now = System.nanoTime();
    for (TargetState state : registered) {
      if (mesh ? !state.isEjected(now) : state.health == TargetState.Health.HEALTHY) {
        healthy.add(state);
      }
    }
    boolean tooFew =
        healthy.size() < settings.minimumHealthyCount()
            || healthy.size() * 100 < settings.minimumHealthyPercent() * registered.size();
    List<TargetState> chosen = tooFew ? registered : healthy;
    return new Choice(chosen.toArray(new TargetState[0]), tooFew);
  }

  /**
   * @param zone of the node that asks; null for one that stands in no zone, as the edge does
   */
  Choice choice(@Nullable String zone) {
    if (zone == null || crossZone()) {
      return everywhere;
    }
    Choice own = byZone.get(zone);
    if (own != null) {
      return own;
    }
    Choice any = byZone.get("all");
    return any != null ? any : Choice.NOBODY;
  }
}
