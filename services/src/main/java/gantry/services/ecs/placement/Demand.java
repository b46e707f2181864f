package gantry.services.ecs.placement;

import java.util.List;

/**
 * What a task takes of the instance it runs on.
 *
 * @param cpu units, 1024 to a vCPU
 * @param memory MiB
 * @param tcpPorts fixed host ports; dynamic ones are not counted
 * @param enis network interfaces
 */
public record Demand(
    int cpu, int memory, int gpus, List<Integer> tcpPorts, List<Integer> udpPorts, int enis) {

  /** How many fixed host ports it takes. */
  int ports() {
    return tcpPorts.size() + udpPorts.size();
  }

  public static Demand of(int cpu, int memory) {
    return new Demand(cpu, memory, 0, List.of(), List.of(), 0);
  }
}
