package gantry.services.cloudmap;

import static gantry.services.cloudmap.Errors.invalid;
import static gantry.services.cloudmap.Errors.noService;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.cloudmap.Tables.NamespaceRow;
import gantry.services.cloudmap.Tables.ServiceRow;
import gantry.state.Scope;
import gantry.state.View;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.servicediscovery.model.CreateServiceRequest;
import software.amazon.awssdk.services.servicediscovery.model.DnsConfig;
import software.amazon.awssdk.services.servicediscovery.model.DnsRecord;
import software.amazon.awssdk.services.servicediscovery.model.HealthCheckConfig;
import software.amazon.awssdk.services.servicediscovery.model.HealthCheckCustomConfig;
import software.amazon.awssdk.services.servicediscovery.model.HealthCheckType;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceType;
import software.amazon.awssdk.services.servicediscovery.model.OperationType;
import software.amazon.awssdk.services.servicediscovery.model.RecordType;
import software.amazon.awssdk.services.servicediscovery.model.ResourceInUseException;
import software.amazon.awssdk.services.servicediscovery.model.RoutingPolicy;
import software.amazon.awssdk.services.servicediscovery.model.Service;
import software.amazon.awssdk.services.servicediscovery.model.ServiceAlreadyExistsException;
import software.amazon.awssdk.services.servicediscovery.model.ServiceAttributesLimitExceededException;
import software.amazon.awssdk.services.servicediscovery.model.ServiceChange;
import software.amazon.awssdk.services.servicediscovery.model.ServiceType;
import software.amazon.awssdk.services.servicediscovery.model.ServiceTypeOption;

/** Services of a namespace, with their attributes. */
final class Services {

  static final int MAX_ATTRIBUTES = 30;

  private final ServiceContext context;
  private final Operations operations;

  Services(ServiceContext context, Operations operations) {
    this.context = context;
    this.operations = operations;
  }

  Service create(CreateServiceRequest request) {
    Scope scope = Caller.current().scope();
    String id = NewIds.service(context.ids());
    return context
        .store()
        .write(
            tx -> {
              String namespaceId =
                  request.namespaceId() != null
                      ? request.namespaceId()
                      : request.dnsConfig() == null ? null : request.dnsConfig().namespaceId();
              if (namespaceId == null) {
                throw invalid("A namespace id is required.");
              }
              NamespaceRow namespace = Namespaces.require(tx, scope, namespaceId);
              namespaceId = namespace.namespace().id();
              check(request, namespace);
              ServiceRow same = named(tx, scope, namespaceId, request.name());
              if (same != null) {
                boolean again =
                    request.creatorRequestId() != null
                        && request.creatorRequestId().equals(same.service().creatorRequestId());
                if (again) {
                  return same.service();
                }
                throw ServiceAlreadyExistsException.builder()
                    .message("Service already exists.")
                    .serviceId(same.service().id())
                    .serviceArn(same.service().arn())
                    .creatorRequestId(same.service().creatorRequestId())
                    .build();
              }
              DnsConfig dns = request.dnsConfig();
              Service service =
                  Service.builder()
                      .id(id)
                      .arn(arn(scope, id))
                      .name(request.name())
                      .namespaceId(namespaceId)
                      .description(request.description())
                      .dnsConfig(
                          dns == null
                              ? null
                              : dns.toBuilder()
                                  .namespaceId(namespaceId)
                                  .routingPolicy(
                                      dns.routingPolicy() == null
                                          ? RoutingPolicy.MULTIVALUE
                                          : dns.routingPolicy())
                                  .build())
                      .type(dns == null ? ServiceType.HTTP : ServiceType.DNS_HTTP)
                      .healthCheckConfig(filled(request.healthCheckConfig()))
                      .healthCheckCustomConfig(
                          request.healthCheckCustomConfig() == null
                              ? null
                              : HealthCheckCustomConfig.builder().failureThreshold(1).build())
                      .createDate(context.clock().instant())
                      .creatorRequestId(Objects.requireNonNullElse(request.creatorRequestId(), id))
                      .createdByAccount(scope.account())
                      .resourceOwner(scope.account())
                      .build();
              tx.put(
                  Tables.SERVICES,
                  scope.key(id),
                  new ServiceRow(service, Map.of(), 1, Namespaces.tags(request.tags())));
              return service;
            });
  }

  private static void check(CreateServiceRequest request, NamespaceRow namespace) {
    String name = request.name();
    String label = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
    boolean http = namespace.namespace().type() == NamespaceType.HTTP;
    if (name.length() > 127 || (!http && !name.matches("(" + label + "\\.)*" + label))) {
      throw invalid("The service name '" + name + "' is not valid.");
    }
    DnsConfig dns = request.dnsConfig();
    if (http && dns != null) {
      throw invalid("DnsConfig cannot be given for a service in an HTTP namespace.");
    }
    if (request.type() == ServiceTypeOption.HTTP && dns != null) {
      throw invalid("DnsConfig cannot be given for a service of type HTTP.");
    }
    if (!http && dns == null && request.type() != ServiceTypeOption.HTTP) {
      throw invalid(
          "DnsConfig is required for a service in a DNS namespace, unless its type is HTTP.");
    }
    if (request.healthCheckConfig() != null && request.healthCheckCustomConfig() != null) {
      throw invalid("HealthCheckConfig and HealthCheckCustomConfig cannot both be given.");
    }
    if (dns != null) {
      checkRecords(dns);
    }
    if (request.healthCheckConfig() != null) {
      checkHealth(request.healthCheckConfig(), dns, namespace);
    }
  }

  /** Route 53's checkers ask from outside: only what is named in public DNS. */
  private static void checkHealth(
      HealthCheckConfig health, @Nullable DnsConfig dns, NamespaceRow namespace) {
    if (namespace.namespace().type() == NamespaceType.DNS_PRIVATE) {
      throw invalid(
          "HealthCheckConfig cannot be given for a service in a private DNS namespace; use"
              + " HealthCheckCustomConfig.");
    }
    if (dns == null) {
      throw invalid(
          "HealthCheckConfig for a service without DNS records is not supported here; use"
              + " HealthCheckCustomConfig.");
    }
    if (dns.dnsRecords().stream().anyMatch(r -> r.type() == RecordType.CNAME)) {
      throw invalid("HealthCheckConfig cannot be given for a service with CNAME records.");
    }
    if (health.type() == null || health.type() == HealthCheckType.UNKNOWN_TO_SDK_VERSION) {
      throw invalid("The health check's type must be HTTP, HTTPS or TCP.");
    }
    if (health.type() == HealthCheckType.TCP && health.resourcePath() != null) {
      throw invalid("A TCP health check has no ResourcePath.");
    }
    if (health.failureThreshold() != null
        && (health.failureThreshold() < 1 || health.failureThreshold() > 10)) {
      throw invalid("FailureThreshold must be between 1 and 10.");
    }
  }

  private static @Nullable HealthCheckConfig filled(@Nullable HealthCheckConfig health) {
    return health == null
        ? null
        : health.toBuilder()
            .failureThreshold(Objects.requireNonNullElse(health.failureThreshold(), 1))
            .resourcePath(
                health.type() == HealthCheckType.TCP
                    ? null
                    : Objects.requireNonNullElse(health.resourcePath(), "/"))
            .build();
  }

  private static void checkRecords(DnsConfig dns) {
    Set<RecordType> types =
        dns.dnsRecords().stream().map(DnsRecord::type).collect(Collectors.toSet());
    Set<Set<RecordType>> allowed =
        Set.of(
            Set.of(RecordType.A),
            Set.of(RecordType.AAAA),
            Set.of(RecordType.A, RecordType.AAAA),
            Set.of(RecordType.SRV),
            Set.of(RecordType.CNAME));
    if (types.size() != dns.dnsRecords().size() || !allowed.contains(types)) {
      throw invalid(
          "The record types "
              + types
              + " cannot be combined; use A, AAAA, A and AAAA, SRV, or CNAME.");
    }
    if (types.contains(RecordType.CNAME) && dns.routingPolicy() != RoutingPolicy.WEIGHTED) {
      throw invalid("CNAME records need routing policy WEIGHTED.");
    }
    for (DnsRecord record : dns.dnsRecords()) {
      if (record.ttl() == null || record.ttl() < 0 || record.ttl() > Integer.MAX_VALUE) {
        throw invalid("The TTL of a record must be between 0 and 2147483647.");
      }
    }
  }

  /** Names that differ only in case are the same to DNS. */
  private static @Nullable ServiceRow named(
      View view, Scope scope, String namespaceId, String name) {
    return view.lookup(Tables.SERVICES_BY_NAMESPACE, scope, namespaceId)
        .map(row -> row.value())
        .filter(row -> row.service().name().equalsIgnoreCase(name))
        .findFirst()
        .orElse(null);
  }

  static String arn(Scope scope, String id) {
    return "arn:aws:servicediscovery:" + scope.region() + ":" + scope.account() + ":service/" + id;
  }

  static ServiceRow require(View view, Scope scope, String idOrArn) {
    return view.find(Tables.SERVICES, scope.key(Namespaces.bareId(idOrArn)))
        .orElseThrow(() -> noService(idOrArn));
  }

  static Service shown(View view, Scope scope, ServiceRow row) {
    int instances =
        (int) view.lookup(Tables.INSTANCES_BY_SERVICE, scope, row.service().id()).count();
    return row.service().toBuilder().instanceCount(instances).build();
  }

  void delete(String idOrArn) {
    Scope scope = Caller.current().scope();
    context
        .store()
        .write(
            tx -> {
              ServiceRow row = require(tx, scope, idOrArn);
              String id = row.service().id();
              boolean inUse =
                  tx.lookup(Tables.INSTANCES_BY_SERVICE, scope, id).findAny().isPresent();
              if (inUse) {
                throw ResourceInUseException.builder()
                    .message(
                        "Service contains registered instances; delete the instances before deleting the service")
                    .build();
              }
              operations.checkIdle(tx, scope, id, null);
              tx.delete(Tables.SERVICES, scope.key(id));
              return null;
            });
  }

  /**
   * Records and health check that the change leaves out are removed; a custom health check stays.
   */
  String update(String idOrArn, ServiceChange change) {
    Scope scope = Caller.current().scope();
    String operationId = NewIds.operation(context.ids());
    return context
        .store()
        .write(
            tx -> {
              ServiceRow row = require(tx, scope, idOrArn);
              Service old = row.service();
              NamespaceRow namespace = Namespaces.require(tx, scope, old.namespaceId());
              if (namespace.namespace().type() == NamespaceType.HTTP) {
                throw invalid("Services in an HTTP namespace cannot be updated.");
              }
              operations.checkIdle(tx, scope, old.id(), null);
              if (change.healthCheckConfig() != null) {
                if (old.healthCheckCustomConfig() != null) {
                  throw invalid(
                      "HealthCheckConfig and HealthCheckCustomConfig cannot both be given.");
                }
                checkHealth(change.healthCheckConfig(), old.dnsConfig(), namespace);
              }
              Service.Builder changed =
                  old.toBuilder().healthCheckConfig(filled(change.healthCheckConfig()));
              if (change.description() != null) {
                changed.description(change.description());
              }
              List<DnsRecord> records =
                  change.dnsConfig() == null ? List.of() : change.dnsConfig().dnsRecords();
              if (old.dnsConfig() != null && !records.isEmpty()) {
                Set<RecordType> before = new HashSet<>();
                old.dnsConfig().dnsRecords().forEach(record -> before.add(record.type()));
                if (!records.stream().allMatch(record -> before.contains(record.type()))) {
                  throw invalid("The type of a service's records cannot be changed.");
                }
                DnsConfig dns = old.dnsConfig().toBuilder().dnsRecords(records).build();
                checkRecords(dns);
                changed.dnsConfig(dns);
              } else if (old.dnsConfig() != null) {
                changed.dnsConfig((DnsConfig) null).type(ServiceType.HTTP);
              }
              tx.put(Tables.SERVICES, scope.key(old.id()), row.with(changed.build()));
              return operations.begin(
                  tx,
                  scope,
                  operationId,
                  OperationType.UPDATE_SERVICE,
                  old.id(),
                  Map.of("SERVICE", old.id()),
                  false);
            });
  }

  Map<String, String> attributes(String idOrArn) {
    Scope scope = Caller.current().scope();
    return context.store().read(view -> require(view, scope, idOrArn).attributes());
  }

  void putAttributes(String idOrArn, Map<String, String> more) {
    Scope scope = Caller.current().scope();
    context
        .store()
        .write(
            tx -> {
              ServiceRow row = require(tx, scope, idOrArn);
              Map<String, String> all = new TreeMap<>(row.attributes());
              all.putAll(more);
              if (all.size() > MAX_ATTRIBUTES) {
                throw ServiceAttributesLimitExceededException.builder()
                    .message("A service may have 30 attributes.")
                    .build();
              }
              tx.put(Tables.SERVICES, scope.key(row.service().id()), row.withAttributes(all));
              return null;
            });
  }

  void deleteAttributes(String idOrArn, List<String> keys) {
    Scope scope = Caller.current().scope();
    context
        .store()
        .write(
            tx -> {
              ServiceRow row = require(tx, scope, idOrArn);
              Map<String, String> all = new TreeMap<>(row.attributes());
              keys.forEach(all::remove);
              tx.put(Tables.SERVICES, scope.key(row.service().id()), row.withAttributes(all));
              return null;
            });
  }
}
