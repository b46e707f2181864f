package gantry.services.cloudmap;

import gantry.services.ServiceContext;
import gantry.services.cloudmap.Tables.InstanceRow;
import gantry.services.cloudmap.Tables.NamespaceRow;
import gantry.services.cloudmap.Tables.OperationRow;
import gantry.services.cloudmap.Tables.ServiceRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.Route53Client;
import software.amazon.awssdk.services.route53.model.ChangeAction;
import software.amazon.awssdk.services.route53.model.ConflictingDomainExistsException;
import software.amazon.awssdk.services.route53.model.HostedZone;
import software.amazon.awssdk.services.route53.model.HostedZoneAlreadyExistsException;
import software.amazon.awssdk.services.route53.model.InvalidVpcIdException;
import software.amazon.awssdk.services.route53.model.NoSuchHostedZoneException;
import software.amazon.awssdk.services.route53.model.RRType;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;
import software.amazon.awssdk.services.route53.model.VPCRegion;
import software.amazon.awssdk.services.servicediscovery.model.Namespace;
import software.amazon.awssdk.services.servicediscovery.model.NamespaceType;

/**
 * Keeps Route 53 as the namespaces, services and instances want it, and finishes their operations.
 * Keys are ids of namespaces ({@code ns-}) and services ({@code srv-}). What is in Route 53 is read
 * each time, so it also mends what a crash left half done.
 */
final class DnsController implements Controller {

  static final String PRINCIPAL = "servicediscovery.amazonaws.com";

  /** Route 53's limit for one batch. */
  static final int BATCH_LIMIT = 1000;

  static final int BATCH_CHARACTERS = 32_000;

  private final ServiceContext context;
  private final Operations operations;
  private final InstanceChecks checks;

  DnsController(ServiceContext context) {
    this.context = context;
    this.operations = new Operations(context);
    this.checks = new InstanceChecks(context);
  }

  @Override
  public String name() {
    return "cloudmap-dns";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    Object row = change.after() == null ? change.before() : change.after();
    Scope scope = change.key().scope();
    return switch (row) {
      case InstanceRow instance -> Stream.of(scope.key(instance.serviceId()));
      case ServiceRow service -> Stream.of(scope.key(service.service().id()));
      case OperationRow operation when operation.pending() ->
          Stream.of(scope.key(operation.concerns()));
      case null, default -> Stream.empty();
    };
  }

  @Override
  public Stream<Key> all(View view) {
    return Stream.concat(
        view.scanAll(Tables.SERVICES).map(Row::key),
        view.scanAll(Tables.OPERATIONS)
            .filter(row -> row.value().pending())
            .map(row -> row.key().scope().key(row.value().concerns())));
  }

  @Override
  public Again reconcile(Key key) {
    View view = context.store().snapshot();
    List<OperationRow> pending =
        view.lookup(Tables.PENDING_BY_SUBJECT, key.scope(), key.id())
            .map(Row::value)
            .sorted(Comparator.comparing(row -> row.operation().createDate()))
            .toList();
    if (key.id().startsWith("ns-")) {
      pending.forEach(operation -> namespace(key.scope(), operation));
      return Again.WHEN_CHANGED;
    }
    service(view, key);
    if (!pending.isEmpty()) {
      context
          .store()
          .write(
              tx -> {
                pending.forEach(operation -> operations.succeed(tx, key.scope(), operation));
                return pending.size();
              });
    }
    return Again.WHEN_CHANGED;
  }

  // ---- zones

  private void namespace(Scope scope, OperationRow operation) {
    NamespaceRow row =
        context.store().read(view -> view.get(Tables.NAMESPACES, scope.key(operation.concerns())));
    if (row == null) {
      end(scope, operation, null);
      return;
    }
    Route53Client route53 = route53(scope);
    switch (operation.operation().type()) {
      case CREATE_NAMESPACE -> createZone(scope, operation, row, route53);
      case UPDATE_NAMESPACE -> {
        String zoneId = zoneId(row);
        if (zoneId != null) {
          keepSoa(row.namespace(), zoneId, route53);
        }
        end(scope, operation, null);
      }
      case DELETE_NAMESPACE -> deleteZone(scope, operation, row, route53);
      default -> end(scope, operation, null);
    }
  }

  private void createZone(
      Scope scope, OperationRow operation, NamespaceRow row, Route53Client route53) {
    Namespace namespace = row.namespace();
    String zoneId;
    try {
      zoneId = findOrCreate(scope, row, route53);
      keepSoa(namespace, zoneId, route53);
    } catch (ConflictingDomainExistsException | InvalidVpcIdException refused) {
      context
          .store()
          .write(
              tx -> {
                Namespaces.forget(tx, scope, operation);
                operations.fail(
                    tx,
                    scope,
                    operation,
                    "CANNOT_CREATE_HOSTED_ZONE",
                    refused.awsErrorDetails() == null
                        ? String.valueOf(refused.getMessage())
                        : refused.awsErrorDetails().errorMessage());
                return null;
              });
      return;
    }
    end(
        scope,
        operation,
        row.with(
            namespace.toBuilder()
                .properties(
                    namespace.properties().toBuilder()
                        .dnsProperties(
                            namespace.properties().dnsProperties().toBuilder()
                                .hostedZoneId(zoneId)
                                .build())
                        .build())
                .build()));
  }

  /**
   * The namespace's id is the caller reference: after a crash the zone that was made is found
   * again.
   */
  private static String findOrCreate(Scope scope, NamespaceRow row, Route53Client route53) {
    Namespace namespace = row.namespace();
    try {
      return bare(
          route53
              .createHostedZone(
                  request -> {
                    request
                        .name(namespace.name())
                        .callerReference(namespace.id())
                        .hostedZoneConfig(
                            config ->
                                config
                                    .comment(
                                        "Created by AWS Cloud Map namespace with ARN "
                                            + namespace.arn())
                                    .privateZone(namespace.type() == NamespaceType.DNS_PRIVATE));
                    if (row.vpcId() != null) {
                      request.vpc(
                          vpc ->
                              vpc.vpcId(row.vpcId())
                                  .vpcRegion(VPCRegion.fromValue(scope.region())));
                    }
                  })
              .hostedZone()
              .id());
    } catch (HostedZoneAlreadyExistsException madeBefore) {
      return route53.listHostedZonesPaginator().hostedZones().stream()
          .filter(zone -> zone.callerReference().equals(namespace.id()))
          .map(HostedZone::id)
          .map(DnsController::bare)
          .findFirst()
          .orElseThrow(() -> madeBefore);
    }
  }

  /** The namespace says for how long "there is none" may be kept: the SOA's time to live. */
  private static void keepSoa(Namespace namespace, String zoneId, Route53Client route53) {
    long ttl = namespace.properties().dnsProperties().soa().ttl();
    ResourceRecordSet soa =
        route53
            .listResourceRecordSets(
                r ->
                    r.hostedZoneId(zoneId)
                        .startRecordName(namespace.name())
                        .startRecordType(RRType.SOA)
                        .maxItems("1"))
            .resourceRecordSets()
            .getFirst();
    if (soa.ttl() != ttl) {
      var change = change(ChangeAction.UPSERT, soa.toBuilder().ttl(ttl).build());
      route53.changeResourceRecordSets(
          r -> r.hostedZoneId(zoneId).changeBatch(b -> b.changes(change)));
    }
  }

  private void deleteZone(
      Scope scope, OperationRow operation, NamespaceRow row, Route53Client route53) {
    String zoneId = zoneId(row);
    if (zoneId != null) {
      try {
        route53.deleteHostedZone(request -> request.id(zoneId));
      } catch (NoSuchHostedZoneException alreadyGone) {
        // Deleted before a crash: what was asked for is so.
      }
    }
    context
        .store()
        .write(
            tx -> {
              Namespaces.forget(tx, scope, operation);
              operations.succeed(tx, scope, operation);
              return null;
            });
  }

  private void end(Scope scope, OperationRow operation, @Nullable NamespaceRow changed) {
    context
        .store()
        .write(
            tx -> {
              if (changed != null) {
                tx.put(Tables.NAMESPACES, scope.key(operation.concerns()), changed);
              }
              operations.succeed(tx, scope, operation);
              return null;
            });
  }

  // ---- records

  private void service(View view, Key key) {
    ServiceRow row = view.get(Tables.SERVICES, key);
    // A deleted service had no instances, so its records went with the last of them.
    if (row == null) {
      return;
    }
    NamespaceRow namespace =
        view.get(Tables.NAMESPACES, key.scope().key(row.service().namespaceId()));
    if (namespace == null || namespace.namespace().type() == NamespaceType.HTTP) {
      return;
    }
    String zoneId = zoneId(namespace);
    if (zoneId == null) {
      // The zone is being made; its operation's end wakes nobody here, so come back by error and
      // backoff.
      throw new IllegalStateException(
          "namespace " + namespace.namespace().id() + " has no zone yet");
    }
    List<InstanceRow> instances =
        view.lookup(Tables.INSTANCES_BY_SERVICE, key.scope(), key.id()).map(Row::value).toList();
    List<ResourceRecordSet> wanted =
        RecordSets.of(
            row.service(),
            namespace.namespace().name(),
            checks.made(key.scope(), row.service(), instances));
    Route53Client route53 = route53(key.scope());
    List<String> others =
        view.lookup(Tables.SERVICES_BY_NAMESPACE, key.scope(), row.service().namespaceId())
            .filter(other -> !other.key().equals(key))
            .map(other -> RecordSets.nameOf(other.value().service(), namespace.namespace().name()))
            .toList();
    List<ResourceRecordSet> existing = existing(route53, zoneId, row, namespace, others);
    apply(route53, zoneId, wanted, existing);
    Set<String> stale = healthChecks(existing);
    stale.removeAll(healthChecks(wanted));
    checks.delete(key.scope(), stale);
  }

  /**
   * What stands in the zone under the service's name: its own records and those of its instances,
   * but not those of another service whose name lies below ({@code a.svc} below {@code svc}).
   */
  private static List<ResourceRecordSet> existing(
      Route53Client route53,
      String zoneId,
      ServiceRow row,
      NamespaceRow namespace,
      List<String> others) {
    String name = RecordSets.nameOf(row.service(), namespace.namespace().name());
    List<String> below = others.stream().filter(o -> o.endsWith("." + name)).toList();
    return route53
        .listResourceRecordSetsPaginator(request -> request.hostedZoneId(zoneId))
        .resourceRecordSets()
        .stream()
        .filter(set -> set.name().equals(name) || set.name().endsWith("." + name))
        .filter(
            set ->
                below.stream().noneMatch(o -> set.name().equals(o) || set.name().endsWith("." + o)))
        .filter(set -> set.type() != RRType.SOA && set.type() != RRType.NS)
        .toList();
  }

  private static Set<String> healthChecks(List<ResourceRecordSet> sets) {
    Set<String> ids = new HashSet<>();
    for (ResourceRecordSet set : sets) {
      if (set.healthCheckId() != null) {
        ids.add(set.healthCheckId());
      }
    }
    return ids;
  }

  private static void apply(
      Route53Client route53,
      String zoneId,
      List<ResourceRecordSet> wanted,
      List<ResourceRecordSet> existing) {
    Map<String, ResourceRecordSet> byIdentity = new HashMap<>();
    existing.forEach(set -> byIdentity.put(identity(set), set));
    List<software.amazon.awssdk.services.route53.model.Change> changes = new ArrayList<>();
    for (ResourceRecordSet set : wanted) {
      ResourceRecordSet before = byIdentity.remove(identity(set));
      if (before == null || !sameContent(before, set)) {
        changes.add(change(ChangeAction.UPSERT, set));
      }
    }
    byIdentity.values().forEach(set -> changes.add(change(ChangeAction.DELETE, set)));
    List<software.amazon.awssdk.services.route53.model.Change> batch = new ArrayList<>();
    int characters = 0;
    for (var change : changes) {
      int more = 2 * characters(change.resourceRecordSet());
      if (batch.size() == BATCH_LIMIT / 2 || characters + more > BATCH_CHARACTERS) {
        send(route53, zoneId, batch);
        batch.clear();
        characters = 0;
      }
      batch.add(change);
      characters += more;
    }
    if (!batch.isEmpty()) {
      send(route53, zoneId, batch);
    }
  }

  private static int characters(ResourceRecordSet set) {
    return set.resourceRecords().stream().mapToInt(r -> r.value().length()).sum();
  }

  private static void send(
      Route53Client route53,
      String zoneId,
      List<software.amazon.awssdk.services.route53.model.Change> batch) {
    List<software.amazon.awssdk.services.route53.model.Change> changes = List.copyOf(batch);
    route53.changeResourceRecordSets(
        request -> request.hostedZoneId(zoneId).changeBatch(b -> b.changes(changes)));
  }

  private static software.amazon.awssdk.services.route53.model.Change change(
      ChangeAction action, ResourceRecordSet set) {
    return software.amazon.awssdk.services.route53.model.Change.builder()
        .action(action)
        .resourceRecordSet(set)
        .build();
  }

  private static String identity(ResourceRecordSet set) {
    return set.name().toLowerCase(java.util.Locale.ROOT)
        + "|"
        + set.typeAsString()
        + "|"
        + set.setIdentifier();
  }

  private static boolean sameContent(ResourceRecordSet one, ResourceRecordSet other) {
    return one.resourceRecords().equals(other.resourceRecords())
        && java.util.Objects.equals(one.ttl(), other.ttl())
        && java.util.Objects.equals(one.weight(), other.weight())
        && java.util.Objects.equals(one.healthCheckId(), other.healthCheckId())
        && java.util.Objects.equals(one.aliasTarget(), other.aliasTarget());
  }

  private static @Nullable String zoneId(NamespaceRow row) {
    var dns = row.namespace().properties().dnsProperties();
    return dns == null ? null : dns.hostedZoneId();
  }

  private static String bare(String zoneId) {
    return zoneId.substring(zoneId.lastIndexOf('/') + 1);
  }

  private Route53Client route53(Scope scope) {
    return context.clients().as(PRINCIPAL, scope, Route53Client.class);
  }
}
