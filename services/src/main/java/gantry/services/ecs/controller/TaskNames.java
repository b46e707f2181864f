package gantry.services.ecs.controller;

import gantry.services.Clients;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.planner.HealthRules;
import gantry.services.ecs.rows.ConnectRow;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.NameRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Ids;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Attachment;
import software.amazon.awssdk.services.ecs.model.KeyValuePair;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.ServiceConnectConfiguration;
import software.amazon.awssdk.services.ecs.model.ServiceConnectService;
import software.amazon.awssdk.services.ecs.model.ServiceRegistry;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;
import software.amazon.awssdk.services.servicediscovery.ServiceDiscoveryClient;
import software.amazon.awssdk.services.servicediscovery.model.CustomHealthStatus;
import software.amazon.awssdk.services.servicediscovery.model.DnsRecord;
import software.amazon.awssdk.services.servicediscovery.model.InstanceNotFoundException;
import software.amazon.awssdk.services.servicediscovery.model.Service;
import software.amazon.awssdk.services.servicediscovery.model.ServiceNotFoundException;

/**
 * A task's names in Cloud Map, through its own API. A task gets them when it can be asked: with a
 * container health check, that is when the check has succeeded. It loses them before it stops, and
 * lives on until every resolver that keeps to the record's time has forgotten its address.
 */
public final class TaskNames {

  /**
   * Resolvers count in whole seconds, and a request may be on its way: so much longer than the
   * record's time.
   */
  static final Duration MARGIN = Duration.ofSeconds(2);

  /** How long those that asked the API, or our proxies, may be busy with what they were told. */
  static final Duration CALLERS = Duration.ofSeconds(3);

  /** No task waits longer for its name to be forgotten, whatever time its record has. */
  static final Duration MAX_WAIT = Duration.ofMinutes(5);

  private final Clients clients;

  TaskNames(Clients clients) {
    this.clients = clients;
  }

  private ServiceDiscoveryClient discovery(Scope scope) {
    return clients.as(Networks.PRINCIPAL, scope, ServiceDiscoveryClient.class);
  }

  /** Whether the deployment's tasks have names at all. */
  static boolean named(DeploymentRow deployment) {
    return !deployment.revision().serviceRegistries().isEmpty() || !connected(deployment).isEmpty();
  }

  /** What Service Connect makes known of the deployment's tasks. */
  private static List<ServiceConnectService> connected(DeploymentRow deployment) {
    ServiceConnectConfiguration connect = deployment.revision().serviceConnectConfiguration();
    return connect == null || !Boolean.TRUE.equals(connect.enabled())
        ? List.of()
        : connect.services();
  }

  /** What a task shows of Service Connect: one attachment for each of its names. */
  static List<Attachment> attachments(@Nullable DeploymentRow deployment, Ids ids) {
    if (deployment == null) {
      return List.of();
    }
    List<Attachment> all = new ArrayList<>();
    for (ServiceConnectService service : connected(deployment)) {
      var alias = service.clientAliases().getFirst();
      List<KeyValuePair> details = new ArrayList<>();
      details.add(pair("portName", service.portName()));
      details.add(pair("discoveryName", service.discoveryName()));
      details.add(pair("clientAliases", alias.dnsName() + ":" + alias.port()));
      if (service.ingressPortOverride() != null) {
        details.add(pair("ingressPortOverride", service.ingressPortOverride().toString()));
      }
      all.add(
          Attachment.builder()
              .id(ids.uuid())
              .type("Service Connect")
              .status("ATTACHED")
              .details(details)
              .build());
    }
    return all;
  }

  private static KeyValuePair pair(String name, String value) {
    return KeyValuePair.builder().name(name).value(value).build();
  }

  /** Its checks have succeeded, or it has none. */
  static boolean mayBeAsked(View view, Scope scope, TaskRow row) {
    HealthRules.Check check = TaskViews.check(TaskPayloads.definition(view, scope, row), row);
    return check == HealthRules.Check.NONE || check == HealthRules.Check.HEALTHY;
  }

  /** A running task that is to have names and has none yet. */
  public static boolean awaited(View view, Scope scope, TaskRow row) {
    return awaited(row, TaskController.deployment(view, scope, row));
  }

  /** A healthy task whose name nobody can ask for yet: nothing may be stopped in its favour. */
  static boolean awaited(TaskRow row, @Nullable DeploymentRow deployment) {
    return deployment != null
        && named(deployment)
        && row.names().isEmpty()
        && row.isRunning()
        && !row.isStopping();
  }

  /** Registers the task wherever its deployment wants it to be found. */
  List<NameRow> register(
      View view,
      Scope scope,
      DeploymentRow deployment,
      TaskRow task,
      @Nullable InstanceRow instance) {
    List<NameRow> names = new ArrayList<>();
    if (!deployment.revision().serviceRegistries().isEmpty()) {
      ServiceRegistry registry = deployment.revision().serviceRegistries().getFirst();
      names.add(
          register(
              scope,
              registry.registryArn().substring(registry.registryArn().lastIndexOf('/') + 1),
              task,
              registered(scope, registry, task, instance)));
    }
    List<ServiceConnectService> connected = connected(deployment);
    TaskDefinition definition = TaskPayloads.definition(view, scope, task);
    ConnectRow made =
        connected.isEmpty()
            ? null
            : view.get(
                EcsTables.CONNECT,
                EcsTables.member(scope, task.cluster(), String.valueOf(task.serviceName())));
    if (made != null && definition != null && task.eni() != null) {
      for (ServiceConnectService service : connected) {
        PortMapping port = ConnectPlan.port(definition, service.portName());
        Integer reached =
            service.ingressPortOverride() != null
                ? service.ingressPortOverride()
                : port == null ? null : port.containerPort();
        Map<String, String> attributes = new LinkedHashMap<>();
        attributes.put("AWS_INSTANCE_IPV4", task.eni().privateIp());
        attributes.put("AWS_INSTANCE_PORT", String.valueOf(reached));
        attributes.putAll(common(scope, task));
        names.add(register(scope, made.serviceId(service.discoveryName()), task, attributes));
      }
    }
    return List.copyOf(names);
  }

  private NameRow register(
      Scope scope, String serviceId, TaskRow task, Map<String, String> attributes) {
    Service service = discovery(scope).getService(r -> r.id(serviceId)).service();
    boolean custom = service.healthCheckCustomConfig() != null;
    if (custom) {
      attributes.put("AWS_INIT_HEALTH_STATUS", "HEALTHY");
    }
    discovery(scope)
        .registerInstance(
            r ->
                r.serviceId(serviceId)
                    .instanceId(task.id())
                    .creatorRequestId(task.id())
                    .attributes(attributes));
    return new NameRow(serviceId, custom, true);
  }

  private static Map<String, String> registered(
      Scope scope, ServiceRegistry registry, TaskRow task, @Nullable InstanceRow instance) {
    Map<String, String> attributes = new LinkedHashMap<>();
    if (task.eni() != null) {
      attributes.put("AWS_INSTANCE_IPV4", task.eni().privateIp());
      Integer port = registry.port() != null ? registry.port() : registry.containerPort();
      if (port != null) {
        attributes.put("AWS_INSTANCE_PORT", port.toString());
      }
    } else {
      String address = instance == null ? null : instance.attribute("ecs.instance-ip");
      if (address != null) {
        attributes.put("AWS_INSTANCE_IPV4", address);
      }
      Integer port = Routing.hostPort(task, registry.containerName(), registry.containerPort());
      if (port != null) {
        attributes.put("AWS_INSTANCE_PORT", port.toString());
      }
      if (instance != null && instance.instance().ec2InstanceId() != null) {
        attributes.put("EC2_INSTANCE_ID", instance.instance().ec2InstanceId());
      }
    }
    attributes.putAll(common(scope, task));
    return attributes;
  }

  /** What every instance says of where it comes from. */
  private static Map<String, String> common(Scope scope, TaskRow task) {
    Map<String, String> attributes = new LinkedHashMap<>();
    if (task.task().availabilityZone() != null) {
      attributes.put("AVAILABILITY_ZONE", task.task().availabilityZone());
    }
    attributes.put("REGION", scope.region());
    if (task.serviceName() != null) {
      attributes.put("ECS_SERVICE_NAME", task.serviceName());
    }
    attributes.put("ECS_CLUSTER_NAME", task.cluster());
    String definition = task.task().taskDefinitionArn();
    attributes.put(
        "ECS_TASK_DEFINITION_FAMILY",
        definition.substring(definition.lastIndexOf('/') + 1, definition.lastIndexOf(':')));
    return attributes;
  }

  /** Tells the custom health checks what the task's own checks say; the names as told. */
  List<NameRow> tell(Scope scope, TaskRow task, boolean healthy) {
    List<NameRow> told = new ArrayList<>();
    for (NameRow name : task.names()) {
      if (name.custom() && name.healthy() != healthy) {
        discovery(scope)
            .updateInstanceCustomHealthStatus(
                r ->
                    r.serviceId(name.serviceId())
                        .instanceId(task.id())
                        .status(
                            healthy ? CustomHealthStatus.HEALTHY : CustomHealthStatus.UNHEALTHY));
        told.add(name.with(healthy));
      } else {
        told.add(name);
      }
    }
    return List.copyOf(told);
  }

  /** Takes the names away; the answer is for how long somebody may still remember the address. */
  Duration deregister(Scope scope, TaskRow task) {
    Duration longest = Duration.ZERO;
    for (NameRow name : task.names()) {
      try {
        Duration kept =
            remembered(discovery(scope).getService(r -> r.id(name.serviceId())).service());
        discovery(scope)
            .deregisterInstance(r -> r.serviceId(name.serviceId()).instanceId(task.id()));
        longest = kept.compareTo(longest) > 0 ? kept : longest;
      } catch (InstanceNotFoundException | ServiceNotFoundException gone) {
        // Nobody is led to it: that is what was wanted.
        continue;
      }
    }
    // Nothing answers at a task that ended by itself: there is nothing to wait for.
    return task.containersGone()
            || task.task().stopCode() == TaskStopCode.ESSENTIAL_CONTAINER_EXITED
        ? Duration.ZERO
        : longest;
  }

  private static Duration remembered(Service service) {
    long seconds =
        service.dnsConfig() == null
            ? CALLERS.toSeconds()
            : service.dnsConfig().dnsRecords().stream().mapToLong(DnsRecord::ttl).max().orElse(0);
    Duration kept = Duration.ofSeconds(seconds).plus(MARGIN);
    return kept.compareTo(MAX_WAIT) > 0 ? MAX_WAIT : kept;
  }
}
