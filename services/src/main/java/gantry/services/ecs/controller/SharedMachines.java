package gantry.services.ecs.controller;

import gantry.services.ecs.placement.CapacityIndex;
import gantry.services.ecs.placement.Demand;
import gantry.services.ecs.rows.InstanceRow;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Machines that are several instances: one in each cluster they joined, and one in the Fargate
 * pool. What a task takes of one of them, memory and ports, is gone from the others too. Processor
 * shares are not: an idle processor serves whoever is there.
 */
final class SharedMachines {

  /** No task group is called so: it holds a character that names may not. */
  private static final String ELSEWHERE = "*";

  private record Held(String instance, Demand demand) {}

  private final Map<String, String> machineOf = new HashMap<>();
  private final Map<String, Map<String, CapacityIndex>> siblings = new HashMap<>();
  private final Map<String, Map<String, Held>> tasks = new HashMap<>();
  private final Map<String, String> machineOfTask = new HashMap<>();

  /** An instance came or changed. */
  void instance(InstanceRow row, CapacityIndex index) {
    String machine = row.attribute(InstanceRow.MACHINE);
    if (machine == null || machineOf.put(row.arn(), machine) != null) {
      return;
    }
    siblings.computeIfAbsent(machine, each -> new LinkedHashMap<>()).put(row.arn(), index);
    tasks
        .getOrDefault(machine, Map.of())
        .forEach((task, held) -> occupy(task, held, row.arn(), index));
  }

  void gone(String instance) {
    String machine = machineOf.remove(instance);
    if (machine != null) {
      Map<String, CapacityIndex> left = siblings.get(machine);
      if (left != null) {
        left.remove(instance);
      }
    }
  }

  /** A task takes room on an instance. */
  void occupy(String task, @Nullable String instance, Demand demand) {
    String machine = machineOf.get(instance);
    if (machine == null || instance == null || machine.equals(machineOfTask.get(task))) {
      return;
    }
    machineOfTask.put(task, machine);
    Held held =
        new Held(
            instance,
            new Demand(0, demand.memory(), demand.gpus(), demand.tcpPorts(), demand.udpPorts(), 0));
    tasks.computeIfAbsent(machine, each -> new LinkedHashMap<>()).put(task, held);
    siblings
        .getOrDefault(machine, Map.of())
        .forEach((sibling, index) -> occupy(task, held, sibling, index));
  }

  private static void occupy(String task, Held held, String sibling, CapacityIndex index) {
    if (!sibling.equals(held.instance())) {
      index.occupy(task, sibling, ELSEWHERE, held.demand());
    }
  }

  void release(String task) {
    String machine = machineOfTask.remove(task);
    if (machine != null) {
      tasks.getOrDefault(machine, new HashMap<>()).remove(task);
      siblings.getOrDefault(machine, Map.of()).values().forEach(index -> index.release(task));
    }
  }
}
