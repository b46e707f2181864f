package gantry.services.cloudmap;

import gantry.services.ServiceContext;
import gantry.services.cloudmap.Tables.InstanceRow;
import gantry.state.Scope;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.Route53Client;
import software.amazon.awssdk.services.route53.model.HealthCheckType;
import software.amazon.awssdk.services.route53.model.NoSuchHealthCheckException;
import software.amazon.awssdk.services.servicediscovery.model.HealthCheckConfig;
import software.amazon.awssdk.services.servicediscovery.model.Service;

/** The Route 53 health checks of instances whose service has a {@code HealthCheckConfig}. */
final class InstanceChecks {

  private final ServiceContext context;

  InstanceChecks(ServiceContext context) {
    this.context = context;
  }

  private Route53Client route53(Scope scope) {
    return context.clients().as(DnsController.PRINCIPAL, scope, Route53Client.class);
  }

  /** The instances with their checks made; making one again finds the one that there is. */
  List<InstanceRow> made(Scope scope, Service service, List<InstanceRow> instances) {
    HealthCheckConfig config = service.healthCheckConfig();
    List<InstanceRow> checked = new ArrayList<>();
    for (InstanceRow row : instances) {
      String id = config == null ? null : make(scope, config, row);
      InstanceRow with = row.withHealthCheck(id);
      if (!with.equals(row)) {
        context
            .store()
            .write(
                tx -> {
                  var key = scope.key(Tables.instanceKey(row.serviceId(), row.instanceId()));
                  // Registered anew meanwhile: its own turn makes its check.
                  if (row.equals(tx.get(Tables.INSTANCES, key))) {
                    tx.put(Tables.INSTANCES, key, with);
                  }
                  return null;
                });
      }
      checked.add(with);
    }
    return checked;
  }

  private String make(Scope scope, HealthCheckConfig config, InstanceRow row) {
    String address = row.attributes().get(Attributes.IPV4);
    String port = row.attributes().get(Attributes.PORT);
    // The reference names everything that the check is made of: a change makes another check.
    String reference =
        UUID.nameUUIDFromBytes(
                (row.serviceId() + "/" + row.instanceId() + " " + address + ":" + port + config)
                    .getBytes(StandardCharsets.UTF_8))
            .toString();
    return route53(scope)
        .createHealthCheck(
            r ->
                r.callerReference(reference)
                    .healthCheckConfig(
                        c -> {
                          c.type(HealthCheckType.fromValue(config.typeAsString()))
                              .ipAddress(
                                  address != null ? address : row.attributes().get(Attributes.IPV6))
                              .port(port == null ? null : Integer.valueOf(port))
                              .failureThreshold(config.failureThreshold());
                          if (config.resourcePath() != null) {
                            c.resourcePath(config.resourcePath());
                          }
                        }))
        .healthCheck()
        .id();
  }

  void delete(Scope scope, Collection<String> ids) {
    for (String id : ids) {
      try {
        route53(scope).deleteHealthCheck(r -> r.healthCheckId(id));
      } catch (NoSuchHealthCheckException gone) {
        // Deleted before a crash: what was wanted is so.
        continue;
      }
    }
  }

  /** What the check says; an instance whose check is not made yet counts as healthy. */
  boolean healthy(Scope scope, @Nullable String healthCheckId) {
    if (healthCheckId == null) {
      return true;
    }
    try {
      return route53(scope)
          .getHealthCheckStatus(r -> r.healthCheckId(healthCheckId))
          .healthCheckObservations()
          .stream()
          .allMatch(observation -> observation.statusReport().status().startsWith("Success"));
    } catch (NoSuchHealthCheckException gone) {
      return true;
    }
  }
}
