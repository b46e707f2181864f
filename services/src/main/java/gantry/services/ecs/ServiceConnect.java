package gantry.services.ecs;

import gantry.services.ServiceContext;
import gantry.services.ecs.controller.ConnectPlan;
import gantry.services.ecs.rows.ConnectRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.NamespaceNotFoundException;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.ServiceConnectClientAlias;
import software.amazon.awssdk.services.ecs.model.ServiceConnectConfiguration;
import software.amazon.awssdk.services.ecs.model.ServiceConnectService;
import software.amazon.awssdk.services.ecs.model.ServiceConnectServiceResource;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TransportProtocol;
import software.amazon.awssdk.services.servicediscovery.ServiceDiscoveryClient;
import software.amazon.awssdk.services.servicediscovery.model.FilterCondition;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceAlreadyExistsException;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceFilterName;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceSummary;
import software.amazon.awssdk.services.servicediscovery.model.ServiceAlreadyExistsException;
import software.amazon.awssdk.services.servicediscovery.model.ServiceTypeOption;

/**
 * What a service may say of Service Connect, and the Cloud Map services that it is given for its
 * discovery names. The names themselves are resolved inside the tasks: {@link ConnectPlan}.
 */
final class ServiceConnect {

  private static final String PRINCIPAL = "ecs.amazonaws.com";
  private static final Pattern DISCOVERY_NAME = Pattern.compile("[a-z0-9_][a-z0-9_-]{0,63}");
  private static final Pattern DNS_NAME =
      Pattern.compile("[A-Za-z0-9]([A-Za-z0-9_.-]{0,125}[A-Za-z0-9])?");

  private final ServiceContext context;

  ServiceConnect(ServiceContext context) {
    this.context = context;
  }

  /**
   * A configuration ready to be stored.
   *
   * @param configuration as it will be shown: with its namespace's ARN and every default filled in
   * @param row null where Service Connect is off
   */
  record Ready(ServiceConnectConfiguration configuration, @Nullable ConnectRow row) {}

  static boolean isOn(@Nullable ServiceConnectConfiguration configuration) {
    return configuration != null && Boolean.TRUE.equals(configuration.enabled());
  }

  /** Checks a configuration and makes what it needs in Cloud Map; again and again if need be. */
  Ready ready(
      View view,
      Scope scope,
      Cluster cluster,
      String serviceName,
      ServiceConnectConfiguration given,
      @Nullable TaskDefinition definition) {
    if (!isOn(given)) {
      return new Ready(ServiceConnectConfiguration.builder().enabled(false).build(), null);
    }
    if (definition == null) {
      throw EcsErrors.unsupported(
          "Service Connect is not supported for services with the EXTERNAL deployment controller.");
    }
    if (definition.networkMode() != NetworkMode.AWSVPC) {
      throw EcsErrors.unsupported(
          "Service Connect is supported here for task definitions with network mode awsvpc.");
    }
    notHere(given);
    String namespace = given.namespace();
    if (!TaskDefinitionRules.given(namespace)) {
      namespace =
          cluster.serviceConnectDefaults() == null
              ? null
              : cluster.serviceConnectDefaults().namespace();
    }
    if (!TaskDefinitionRules.given(namespace)) {
      throw EcsErrors.invalid(
          "Service Connect needs a namespace: the service names none and its cluster has no"
              + " default.");
    }
    NamespaceSummary found = namespace(scope, String.valueOf(namespace));
    List<ServiceConnectService> services = new ArrayList<>();
    Set<String> discovery = new HashSet<>();
    for (ServiceConnectService service : given.services()) {
      ServiceConnectService filled = filled(service, definition, found.name());
      if (!discovery.add(filled.discoveryName())) {
        throw EcsErrors.invalid(
            "Service Connect discoveryName " + filled.discoveryName() + " is used twice.");
      }
      services.add(filled);
    }
    checkFree(view, scope, cluster.clusterName(), serviceName, found.arn(), services);
    List<ServiceConnectServiceResource> resources = new ArrayList<>();
    for (ServiceConnectService service : services) {
      resources.add(
          ServiceConnectServiceResource.builder()
              .discoveryName(service.discoveryName())
              .discoveryArn(
                  discoveryService(
                      scope,
                      found,
                      service.discoveryName(),
                      Arns.service(scope, cluster.clusterName(), serviceName)))
              .build());
    }
    return new Ready(
        given.toBuilder().namespace(found.arn()).services(services).build(),
        new ConnectRow(found.arn(), resources));
  }

  private static void notHere(ServiceConnectConfiguration given) {
    if (given.logConfiguration() != null) {
      throw EcsErrors.unsupported(
          "serviceConnectConfiguration.logConfiguration is not supported: there is no proxy"
              + " container whose output it could be.");
    }
    if (given.accessLogConfiguration() != null) {
      throw EcsErrors.unsupported(
          "serviceConnectConfiguration.accessLogConfiguration is not supported.");
    }
    for (ServiceConnectService service : given.services()) {
      if (service.tls() != null) {
        throw EcsErrors.unsupported(
            "Service Connect TLS is not supported: AWS Private Certificate Authority is not here.");
      }
      if (service.clientAliases().stream().anyMatch(alias -> alias.testTrafficRules() != null)) {
        throw EcsErrors.unsupported("Service Connect testTrafficRules are not supported.");
      }
    }
  }

  private static ServiceConnectService filled(
      ServiceConnectService service, TaskDefinition definition, String namespace) {
    PortMapping port = ConnectPlan.port(definition, service.portName());
    if (port == null) {
      throw EcsErrors.invalid(
          "The portName '"
              + service.portName()
              + "' of Service Connect is not the name of a port mapping in the task definition.");
    }
    if (port.protocol() == TransportProtocol.UDP) {
      throw EcsErrors.invalid(
          "The port mapping '" + service.portName() + "' is UDP; Service Connect needs TCP.");
    }
    String name =
        TaskDefinitionRules.given(service.discoveryName())
            ? service.discoveryName()
            : service.portName();
    if (!DISCOVERY_NAME.matcher(name).matches()) {
      throw EcsErrors.invalid(
          "The discoveryName '"
              + name
              + "' is not valid: up to 64 lowercase letters, numbers, underscores and hyphens.");
    }
    if (service.clientAliases().size() != 1) {
      throw EcsErrors.invalid("Each Service Connect service must have one client alias.");
    }
    ServiceConnectClientAlias alias = service.clientAliases().getFirst();
    if (alias.port() == null || alias.port() < 1 || alias.port() > 65_535) {
      throw EcsErrors.invalid("The port of a client alias must be between 1 and 65535.");
    }
    String dnsName =
        TaskDefinitionRules.given(alias.dnsName()) ? alias.dnsName() : name + "." + namespace;
    if (!DNS_NAME.matcher(dnsName).matches()) {
      throw EcsErrors.invalid("The dnsName '" + dnsName + "' of a client alias is not valid.");
    }
    Integer ingress = service.ingressPortOverride();
    if (ingress != null && (ingress < 1 || ingress > 65_535)) {
      throw EcsErrors.invalid("ingressPortOverride must be between 1 and 65535.");
    }
    return service.toBuilder()
        .discoveryName(name)
        .clientAliases(alias.toBuilder().dnsName(dnsName).build())
        .build();
  }

  /** Within a namespace a discovery name, and a pair of name and port, belong to one service. */
  private static void checkFree(
      View view,
      Scope scope,
      String cluster,
      String serviceName,
      String namespaceArn,
      List<ServiceConnectService> services) {
    view.scan(EcsTables.SERVICES, scope)
        .map(Row::value)
        .filter(row -> row.isActive() || row.isDraining())
        .filter(row -> !(row.cluster().equals(cluster) && row.name().equals(serviceName)))
        .filter(row -> isOn(row.serviceConnect()))
        .filter(row -> namespaceArn.equals(connect(row).namespace()))
        .forEach(
            row -> {
              for (ServiceConnectService other : connect(row).services()) {
                for (ServiceConnectService mine : services) {
                  checkApart(mine, other, row);
                }
              }
            });
  }

  private static ServiceConnectConfiguration connect(ServiceRow row) {
    return Objects.requireNonNull(row.serviceConnect());
  }

  private static void checkApart(
      ServiceConnectService mine, ServiceConnectService other, ServiceRow row) {
    if (mine.discoveryName().equals(other.discoveryName())) {
      throw EcsErrors.invalid(
          "The discoveryName '"
              + mine.discoveryName()
              + "' is used in the namespace by service "
              + row.name()
              + ".");
    }
    ServiceConnectClientAlias one = mine.clientAliases().getFirst();
    ServiceConnectClientAlias two = other.clientAliases().getFirst();
    boolean sameName = one.dnsName().equalsIgnoreCase(two.dnsName());
    boolean samePlace =
        ConnectPlan.address(one.dnsName()).equals(ConnectPlan.address(two.dnsName()));
    if ((sameName || samePlace) && one.port().equals(two.port())) {
      throw EcsErrors.invalid(
          "The client alias "
              + one.dnsName()
              + ":"
              + one.port()
              + (sameName
                  ? " is used in the namespace by service "
                  : " cannot be told apart from that of service ")
              + row.name()
              + (sameName ? "." : ": choose another name."));
    }
  }

  private ServiceDiscoveryClient discovery(Scope scope) {
    return context.clients().as(PRINCIPAL, scope, ServiceDiscoveryClient.class);
  }

  /** A namespace by its name, id or ARN. */
  NamespaceSummary namespace(Scope scope, String reference) {
    return find(scope, reference)
        .orElseThrow(
            () ->
                NamespaceNotFoundException.builder()
                    .message("The specified namespace was not found: " + reference + ".")
                    .build());
  }

  private java.util.Optional<NamespaceSummary> find(Scope scope, String reference) {
    boolean arn = reference.startsWith("arn:");
    return discovery(scope)
        .listNamespacesPaginator(
            r -> {
              if (!arn) {
                r.filters(
                    f ->
                        f.name(NamespaceFilterName.NAME)
                            .condition(FilterCondition.EQ)
                            .values(reference));
              }
            })
        .stream()
        .flatMap(page -> page.namespaces().stream())
        .filter(each -> arn ? each.arn().equals(reference) : each.name().equals(reference))
        .findFirst();
  }

  /** The default namespace of a cluster, made as an HTTP namespace where there is none yet. */
  String defaultNamespace(Scope scope, String clusterArn, String reference) {
    if (reference.startsWith("arn:")) {
      return namespace(scope, reference).arn();
    }
    java.util.Optional<NamespaceSummary> found = find(scope, reference);
    if (found.isPresent()) {
      return found.get().arn();
    }
    try {
      discovery(scope)
          .createHttpNamespace(
              r ->
                  r.name(reference)
                      .creatorRequestId(
                          java.util
                              .UUID
                              .nameUUIDFromBytes(
                                  clusterArn.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                              .toString())
                      .description("Created by Amazon ECS for cluster " + clusterArn));
    } catch (NamespaceAlreadyExistsException madeMeanwhile) {
      return namespace(scope, reference).arn();
    }
    return namespace(scope, reference).arn();
  }

  private String discoveryService(
      Scope scope, NamespaceSummary namespace, String name, String serviceArn) {
    try {
      return discovery(scope)
          .createService(
              r ->
                  r.name(name)
                      .namespaceId(namespace.id())
                      .type(ServiceTypeOption.HTTP)
                      .description("Managed by Amazon ECS for " + serviceArn))
          .service()
          .arn();
    } catch (ServiceAlreadyExistsException exists) {
      // Left by a service of before, since no other one has the name now.
      return exists.serviceArn();
    }
  }

  /** The services whose names are in a namespace. */
  static Map<String, ServiceRow> in(View view, Scope scope, String namespaceArn) {
    Map<String, ServiceRow> found = new java.util.TreeMap<>();
    view.scan(EcsTables.SERVICES, scope)
        .map(Row::value)
        .filter(ServiceRow::isActive)
        .filter(row -> isOn(row.serviceConnect()))
        .filter(row -> namespaceArn.equals(connect(row).namespace()))
        .forEach(row -> found.put(row.service().serviceArn(), row));
    return found;
  }
}
