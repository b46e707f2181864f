package gantry.node.docker;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.NetworkBinding;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.TransportProtocol;

/**
 * Which host ports a container's ports are published at. Written into a label of the container, so
 * that an adopted one is known to have them.
 */
public record PortPlan(List<NetworkBinding> bindings) {

  public static final String LABEL = "gantry.ports";

  /** Gives host ports that are free: the first of so many neighbours. */
  @FunctionalInterface
  public interface Reservation {
    int reserve(int count, String protocol);
  }

  /** A task that names no mode is in bridge mode. */
  public static PortPlan of(
      @Nullable NetworkMode mode,
      ContainerDefinition container,
      Reservation ports,
      String bindAddress) {
    List<NetworkBinding> bindings = new ArrayList<>();
    if (mode == NetworkMode.AWSVPC || mode == NetworkMode.NONE) {
      return new PortPlan(bindings);
    }
    for (PortMapping each : container.portMappings()) {
      String protocol = each.protocol() == TransportProtocol.UDP ? "udp" : "tcp";
      NetworkBinding.Builder binding =
          NetworkBinding.builder().bindIP(bindAddress).protocol(protocol);
      if (each.containerPortRange() != null) {
        Range wanted = Range.parse(each.containerPortRange());
        int first =
            mode == NetworkMode.HOST ? wanted.first() : ports.reserve(wanted.count(), protocol);
        bindings.add(
            binding
                .containerPortRange(each.containerPortRange())
                .hostPortRange(first + "-" + (first + wanted.count() - 1))
                .build());
      } else {
        int container0 = each.containerPort();
        int host =
            mode == NetworkMode.HOST
                ? container0
                : each.hostPort() != null && each.hostPort() != 0
                    ? each.hostPort()
                    : ports.reserve(1, protocol);
        bindings.add(binding.containerPort(container0).hostPort(host).build());
      }
    }
    return new PortPlan(List.copyOf(bindings));
  }

  /** Neighbouring ports, both ends included. */
  public record Range(int first, int last) {
    public static Range parse(String text) {
      String[] ends = text.split("-", 2);
      int first = Integer.parseInt(ends[0].strip());
      int last = ends.length == 1 ? first : Integer.parseInt(ends[1].strip());
      if (last < first || first < 1 || last > 65_535) {
        throw new IllegalArgumentException("not a range of ports: " + text);
      }
      return new Range(first, last);
    }

    public int count() {
      return last - first + 1;
    }
  }

  static Range containerPorts(NetworkBinding binding) {
    return binding.containerPortRange() != null
        ? Range.parse(binding.containerPortRange())
        : new Range(binding.containerPort(), binding.containerPort());
  }

  static Range hostPorts(NetworkBinding binding) {
    return binding.hostPortRange() != null
        ? Range.parse(binding.hostPortRange())
        : new Range(binding.hostPort(), binding.hostPort());
  }

  public void takeIn(HostPorts ports) {
    for (NetworkBinding each : bindings) {
      Range range = hostPorts(each);
      ports.take(range.first(), range.count(), each.protocolAsString());
    }
  }

  public void releaseIn(HostPorts ports) {
    for (NetworkBinding each : bindings) {
      Range range = hostPorts(each);
      ports.release(range.first(), range.count(), each.protocolAsString());
    }
  }

  /** {@code address|container|host|protocol}, ranges with a dash, one per binding. */
  public String label() {
    StringBuilder text = new StringBuilder();
    for (NetworkBinding each : bindings) {
      text.append(text.isEmpty() ? "" : ",")
          .append(each.bindIP())
          .append('|')
          .append(each.containerPort() == null ? each.containerPortRange() : each.containerPort())
          .append('|')
          .append(each.hostPort() == null ? each.hostPortRange() : each.hostPort())
          .append('|')
          .append(each.protocolAsString());
    }
    return text.toString();
  }

  public static PortPlan parse(@Nullable String label) {
    List<NetworkBinding> bindings = new ArrayList<>();
    if (label != null && !label.isEmpty()) {
      for (String each : label.split(",", -1)) {
        String[] part = each.split("\\|", -1);
        NetworkBinding.Builder binding = NetworkBinding.builder().bindIP(part[0]).protocol(part[3]);
        if (part[1].contains("-")) {
          binding.containerPortRange(part[1]).hostPortRange(part[2]);
        } else {
          binding.containerPort(Integer.valueOf(part[1])).hostPort(Integer.valueOf(part[2]));
        }
        bindings.add(binding.build());
      }
    }
    return new PortPlan(List.copyOf(bindings));
  }
}
