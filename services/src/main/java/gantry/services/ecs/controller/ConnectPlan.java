package gantry.services.ecs.controller;

import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Change;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.ServiceConnectConfiguration;
import software.amazon.awssdk.services.ecs.model.ServiceConnectService;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;

/**
 * Service Connect as a function of the tables: which names each task resolves, where its proxy
 * listens for them and which tasks stand behind them.
 *
 * @param members every task that takes part
 */
public record ConnectPlan(List<Member> members) {

  /**
   * A task whose names are resolved inside of it.
   *
   * @param ip of its interface
   */
  public record Member(
      String taskArn,
      String account,
      String region,
      String cluster,
      String service,
      String ip,
      List<Alias> aliases,
      List<Ingress> ingress) {}

  /**
   * A name that a task can use.
   *
   * @param address inside the task, a loopback address that only the name decides
   * @param port that clients use
   * @param appProtocol {@code http}, {@code http2}, {@code grpc} or {@code tcp}
   * @param service the ECS service behind it
   * @param idleSeconds null: the protocol's default
   * @param requestSeconds null: the protocol's default; 0: no limit
   */
  public record Alias(
      String dnsName,
      String address,
      int port,
      String appProtocol,
      String discoveryName,
      String cluster,
      String service,
      @Nullable Integer idleSeconds,
      @Nullable Integer requestSeconds,
      List<Endpoint> endpoints) {}

  /**
   * A task that serves.
   *
   * @param leaving it finishes what it has and gets nothing new
   */
  public record Endpoint(String taskId, String ip, int port, boolean leaving) {}

  /** A port of the task's interface that leads to a port of its container. */
  public record Ingress(int port, int containerPort) {}

  /** Whether a change may have changed the plan. */
  public static boolean concerns(Change<?> change) {
    return change.table() == EcsTables.SERVICES
        || change.table() == EcsTables.TASKS
            && !(change.before() instanceof TaskRow before
                && change.after() instanceof TaskRow after
                && before.names().equals(after.names())
                && before.isStopping() == after.isStopping()
                && before.containersGone() == after.containersGone()
                && before.isStopped() == after.isStopped());
  }

  /** The port mapping of a name, in any container. */
  public static @Nullable PortMapping port(TaskDefinition definition, @Nullable String portName) {
    for (ContainerDefinition container : definition.containerDefinitions()) {
      for (PortMapping mapping : container.portMappings()) {
        if (mapping.name() != null && mapping.name().equals(portName)) {
          return mapping;
        }
      }
    }
    return null;
  }

  /** Where a name is listened for inside every task: in 127.128.0.0/9. */
  public static String address(String dnsName) {
    CRC32 hash = new CRC32();
    hash.update(dnsName.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8));
    long bits = hash.getValue();
    // The last byte is never 0 or 255: some libraries take those for a network or everybody.
    return "127."
        + (128 + (bits >> 16 & 0x7f))
        + "."
        + (bits >> 8 & 0xff)
        + "."
        + (1 + (bits & 0xff) % 254);
  }

  /** The service whose tasks these are, in the deployment that they belong to. */
  private record Seen(
      Scope scope, TaskRow row, ServiceConnectConfiguration connect, TaskDefinition definition) {}

  /** Whether any service takes part at all. */
  public static boolean isUsed(View view) {
    return view.scanAll(EcsTables.CONNECT).findAny().isPresent();
  }

  public static ConnectPlan of(View view) {
    Map<String, List<Seen>> byNamespace = new HashMap<>();
    view.scanAll(EcsTables.TASKS)
        .filter(row -> takesPart(row.value()))
        .forEach(
            row -> {
              Seen seen = seen(view, row);
              if (seen != null) {
                byNamespace
                    .computeIfAbsent(seen.connect().namespace(), absent -> new ArrayList<>())
                    .add(seen);
              }
            });
    List<Member> members = new ArrayList<>();
    byNamespace.values().forEach(tasks -> members.addAll(members(tasks)));
    return new ConnectPlan(members);
  }

  private static boolean takesPart(TaskRow row) {
    return row.eni() != null
        && row.serviceName() != null
        && !row.containersGone()
        && !row.isStopped();
  }

  private static @Nullable Seen seen(View view, Row<TaskRow> row) {
    Scope scope = row.key().scope();
    DeploymentRow deployment = TaskController.deployment(view, scope, row.value());
    if (deployment == null) {
      return null;
    }
    ServiceConnectConfiguration connect = deployment.revision().serviceConnectConfiguration();
    TaskDefinition definition = TaskPayloads.definition(view, scope, row.value());
    return connect == null || !Boolean.TRUE.equals(connect.enabled()) || definition == null
        ? null
        : new Seen(scope, row.value(), connect, definition);
  }

  private static List<Member> members(List<Seen> tasks) {
    Map<String, Alias> aliases = new HashMap<>();
    for (Seen task : tasks) {
      for (ServiceConnectService service : task.connect().services()) {
        PortMapping port = port(task.definition(), service.portName());
        if (port != null && port.containerPort() != null) {
          addEndpoint(aliases, task, service, port);
        }
      }
    }
    List<Alias> all =
        aliases.values().stream()
            .sorted(java.util.Comparator.comparing(Alias::dnsName).thenComparing(Alias::port))
            .toList();
    List<Member> members = new ArrayList<>();
    for (Seen task : tasks) {
      List<Ingress> ingress = new ArrayList<>();
      for (ServiceConnectService service : task.connect().services()) {
        PortMapping port = port(task.definition(), service.portName());
        if (service.ingressPortOverride() != null && port != null) {
          ingress.add(new Ingress(service.ingressPortOverride(), port.containerPort()));
        }
      }
      members.add(
          new Member(
              task.row().arn(),
              task.scope().account(),
              task.scope().region(),
              task.row().cluster(),
              java.util.Objects.requireNonNull(task.row().serviceName()),
              java.util.Objects.requireNonNull(task.row().eni()).privateIp(),
              all,
              ingress));
    }
    return members;
  }

  private static void addEndpoint(
      Map<String, Alias> aliases, Seen task, ServiceConnectService service, PortMapping port) {
    var client = service.clientAliases().getFirst();
    Alias alias =
        aliases.computeIfAbsent(
            client.dnsName() + ":" + client.port(),
            absent ->
                new Alias(
                    client.dnsName(),
                    address(client.dnsName()),
                    client.port(),
                    port.appProtocol() == null ? "tcp" : port.appProtocolAsString(),
                    service.discoveryName(),
                    task.row().cluster(),
                    java.util.Objects.requireNonNull(task.row().serviceName()),
                    service.timeout() == null ? null : service.timeout().idleTimeoutSeconds(),
                    service.timeout() == null ? null : service.timeout().perRequestTimeoutSeconds(),
                    new ArrayList<>()));
    TaskRow row = task.row();
    if (row.names().isEmpty() && !row.isStopping()) {
      return; // Nobody may ask it yet.
    }
    if (row.isStopping() && row.task().startedAt() == null) {
      return; // It never served.
    }
    int reached =
        service.ingressPortOverride() != null
            ? service.ingressPortOverride()
            : port.containerPort();
    alias
        .endpoints()
        .add(
            new Endpoint(
                row.id(),
                java.util.Objects.requireNonNull(row.eni()).privateIp(),
                reached,
                row.isStopping()));
  }
}
