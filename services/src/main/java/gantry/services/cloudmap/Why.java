package gantry.services.cloudmap;

import gantry.services.Explainer;
import gantry.services.Reason;
import gantry.services.ServiceContext;
import gantry.services.cloudmap.Tables.InstanceRow;
import gantry.services.cloudmap.Tables.NamespaceRow;
import gantry.services.cloudmap.Tables.ServiceRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import software.amazon.awssdk.services.servicediscovery.model.DnsRecord;
import software.amazon.awssdk.services.servicediscovery.model.Service;

/** Who is found under a Cloud Map service, and who is left out and why. */
final class Why implements Explainer {

  private static final int INSTANCES_TOLD = 50;

  private final ServiceContext context;
  private final InstanceChecks checks;

  Why(ServiceContext context) {
    this.context = context;
    this.checks = new InstanceChecks(context);
  }

  /** By id, ARN, name, or name and namespace: {@code api}, {@code api.local}. */
  @Override
  public List<Reason> why(String about) {
    View view = context.store().snapshot();
    String wanted = about.toLowerCase(Locale.ROOT);
    String name = wanted.endsWith(".") ? wanted.substring(0, wanted.length() - 1) : wanted;
    List<Reason> found = new ArrayList<>();
    view.scanAll(Tables.SERVICES)
        .forEach(
            row -> {
              NamespaceRow namespace =
                  view.get(
                      Tables.NAMESPACES,
                      row.key().scope().key(row.value().service().namespaceId()));
              if (namespace != null && isMeant(row.value().service(), namespace, about, name)) {
                found.add(service(view, row, namespace));
              }
            });
    return found;
  }

  private static boolean isMeant(
      Service service, NamespaceRow namespace, String about, String name) {
    String own = service.name().toLowerCase(Locale.ROOT);
    return about.equals(service.id())
        || about.equals(service.arn())
        || name.equals(own)
        || name.equals(own + "." + namespace.namespace().name().toLowerCase(Locale.ROOT));
  }

  private Reason service(View view, Row<ServiceRow> row, NamespaceRow namespace) {
    Scope scope = row.key().scope();
    Service service = row.value().service();
    List<InstanceRow> all =
        view.lookup(Tables.INSTANCES_BY_SERVICE, scope, service.id()).map(Row::value).toList();
    List<InstanceRow> well = all.stream().filter(each -> isWell(scope, each)).toList();
    List<Reason> because = new ArrayList<>();
    if (service.dnsConfig() == null) {
      because.add(Reason.of("it has no DNS records: it is found by DiscoverInstances alone"));
    } else {
      because.add(
          Reason.of(
              service.dnsConfig().dnsRecords().stream()
                      .map(DnsRecord::typeAsString)
                      .collect(Collectors.joining(" and "))
                  + " records, "
                  + service.dnsConfig().routingPolicyAsString()
                  + ", remembered for "
                  + service.dnsConfig().dnsRecords().getFirst().ttl()
                  + " s, in namespace "
                  + namespace.namespace().name()
                  + (namespace.vpcId() == null ? "" : " of " + namespace.vpcId())));
    }
    if (all.isEmpty()) {
      because.add(
          Reason.of(
              "nobody is registered: a task of ECS is, once it runs and its container health check"
                  + " has succeeded, until it is told to stop"));
    } else if (well.isEmpty()) {
      because.add(Reason.of("all of them are unhealthy, so all of them are given out"));
    }
    all.stream()
        .limit(INSTANCES_TOLD)
        .forEach(each -> because.add(instance(scope, each, well.isEmpty())));
    if (view.lookup(Tables.PENDING_BY_SUBJECT, scope, service.id()).findAny().isPresent()) {
      because.add(Reason.of("a change of it is under way"));
    }
    return new Reason(
        "service "
            + service.name()
            + " ("
            + service.id()
            + "): "
            + well.size()
            + " of "
            + all.size()
            + " instances are given out",
        because);
  }

  private boolean isWell(Scope scope, InstanceRow row) {
    return row.healthy() && checks.healthy(scope, row.healthCheckId());
  }

  private Reason instance(Scope scope, InstanceRow row, boolean allAreUnhealthy) {
    String address = row.attributes().get(Attributes.IPV4);
    String port = row.attributes().get(Attributes.PORT);
    String who =
        "instance "
            + row.instanceId()
            + (address == null ? "" : " at " + address)
            + (port == null ? "" : ":" + port);
    if (isWell(scope, row)) {
      return Reason.of(who);
    }
    String out = allAreUnhealthy ? " is unhealthy: " : " is left out: ";
    return Reason.of(
        who
            + out
            + (row.healthy()
                ? "health check " + row.healthCheckId() + " fails"
                : "its custom health is UNHEALTHY"));
  }
}
