package gantry.services.ecs;

import gantry.services.Reason;
import gantry.services.ecs.controller.NoPlace;
import gantry.services.ecs.placement.Demand;
import gantry.services.ecs.placement.Lack;
import gantry.services.ecs.placement.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Why a task finds no place, told: the instances that were looked at, by what they lack. */
final class PlaceReasons {

  /** Instances that are named for each kind of refusal. */
  private static final int NAMED = 10;

  private PlaceReasons() {}

  static Reason of(NoPlace none) {
    String task = "no instance can take a task of " + wanted(none);
    if (none.lacks().isEmpty()) {
      return Reason.of(task + ": no instance has joined");
    }
    Map<Refusal, List<Lack>> byRefusal = new TreeMap<>();
    none.lacks()
        .forEach(
            each -> byRefusal.computeIfAbsent(each.refusal(), kind -> new ArrayList<>()).add(each));
    List<Reason> groups = new ArrayList<>();
    byRefusal.forEach((refusal, lacks) -> groups.add(group(refusal, lacks)));
    return new Reason(
        task
            + ": "
            + none.lacks().size()
            + (none.lacks().size() == 1 ? " instance was" : " instances were")
            + " looked at",
        groups);
  }

  private static String wanted(NoPlace none) {
    Demand demand = none.demand();
    List<String> parts = new ArrayList<>();
    parts.add(demand.cpu() + " CPU units");
    parts.add(demand.memory() + " MiB");
    if (demand.gpus() > 0) {
      parts.add(demand.gpus() + " GPUs");
    }
    demand.tcpPorts().forEach(port -> parts.add("port " + port + "/tcp"));
    demand.udpPorts().forEach(port -> parts.add("port " + port + "/udp"));
    return String.join(", ", parts) + (none.zone() == null ? "" : " in zone " + none.zone());
  }

  private static Reason group(Refusal refusal, List<Lack> lacks) {
    List<Reason> named = new ArrayList<>();
    for (Lack lack : lacks.subList(0, Math.min(NAMED, lacks.size()))) {
      String id = lack.instance().substring(lack.instance().lastIndexOf('/') + 1);
      named.add(Reason.of(id + ": " + lack.words()));
    }
    if (lacks.size() > NAMED) {
      named.add(Reason.of("and " + (lacks.size() - NAMED) + " more"));
    }
    return new Reason(refusal.reason() + " (" + lacks.size() + ")", named);
  }
}
