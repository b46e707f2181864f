package gantry.node;

import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;

/** Addresses that follow from a subnet's block: as in every VPC, the first few are AWS's. */
final class TaskAddresses {

  private TaskAddresses() {}

  /** The subnet's router: the first address after the network's own. */
  static String gateway(EniPayload eni) {
    return nth(eni.subnetCidr(), 1);
  }

  static String gatewayWithPrefix(EniPayload eni) {
    return gateway(eni) + eni.subnetCidr().substring(eni.subnetCidr().indexOf('/'));
  }

  /** The task's own DNS servers where it names some, else the subnet's resolver. */
  static List<String> dnsServers(TaskPayload task, EniPayload eni) {
    Set<String> own = new LinkedHashSet<>();
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      own.addAll(each.dnsServers());
    }
    return own.isEmpty() ? List.of(nth(eni.subnetCidr(), 2)) : List.copyOf(own);
  }

  static List<String> searchDomains(TaskPayload task, EniPayload eni) {
    Set<String> own = new LinkedHashSet<>();
    for (ContainerDefinition each : task.definition().containerDefinitions()) {
      own.addAll(each.dnsSearchDomains());
    }
    if (!own.isEmpty()) {
      return List.copyOf(own);
    }
    int dot = eni.privateDnsName().indexOf('.');
    return dot < 0 ? List.of() : new ArrayList<>(List.of(eni.privateDnsName().substring(dot + 1)));
  }

  private static String nth(String cidr, int n) {
    String[] parts = cidr.split("/", 2);
    String[] bytes = parts[0].split("\\.", 4);
    long address = 0;
    for (String each : bytes) {
      address = address << 8 | Integer.parseInt(each);
    }
    int prefix = Integer.parseInt(parts[1]);
    long mask = prefix == 0 ? 0 : -1L << (32 - prefix);
    long result = (address & mask) + n;
    return (result >> 24 & 255)
        + "."
        + (result >> 16 & 255)
        + "."
        + (result >> 8 & 255)
        + "."
        + (result & 255);
  }
}
