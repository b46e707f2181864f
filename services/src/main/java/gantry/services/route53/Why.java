package gantry.services.route53;

import gantry.services.Explainer;
import gantry.services.Reason;
import gantry.services.ServiceContext;
import gantry.services.route53.Tables.HealthStatusRow;
import gantry.services.route53.Tables.RecordRow;
import gantry.services.route53.Tables.ZoneRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.model.HealthCheckConfig;
import software.amazon.awssdk.services.route53.model.HealthCheckType;
import software.amazon.awssdk.services.route53.model.ResourceRecord;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;
import software.amazon.awssdk.services.route53.model.VPC;

/** Why a name resolves as it does: the zones that are responsible for it, their records, health. */
final class Why implements Explainer {

  private static final int SETS_TOLD = 30;

  private final ServiceContext context;

  Why(ServiceContext context) {
    this.context = context;
  }

  @Override
  public List<Reason> why(String about) {
    View view = context.store().snapshot();
    List<Reason> found = new ArrayList<>();
    view.scanAll(Tables.HEALTH_CHECKS)
        .filter(row -> row.key().id().equals(about))
        .forEach(row -> found.add(check(view, row.key().scope(), about)));
    String name = stored(about);
    if (name != null) {
      view.scanAll(Tables.ZONES)
          .filter(row -> DomainNames.isWithin(name, row.value().zone().name()))
          .sorted(Comparator.comparing((Row<ZoneRow> row) -> -row.value().zone().name().length()))
          .forEach(row -> found.add(zone(view, row, name)));
    }
    return found;
  }

  /** Only what looks like a DNS name of several labels is one. */
  private static @Nullable String stored(String about) {
    if (!about.contains(".") || about.contains(":") || about.contains("/")) {
      return null;
    }
    try {
      return DomainNames.stored(about);
    } catch (IllegalArgumentException noName) {
      return null;
    }
  }

  private static Reason zone(View view, Row<ZoneRow> row, String name) {
    ZoneRow zone = row.value();
    Scope scope = row.key().scope();
    String seen =
        zone.isPrivate()
            ? "seen from "
                + zone.vpcs().stream().map(VPC::vpcId).collect(Collectors.joining(", "))
                + " only"
            : "seen from everywhere";
    List<ResourceRecordSet> sets =
        view.lookup(Tables.RECORDS_BY_NAME, scope, row.key().id() + "/" + name)
            .map(each -> each.value())
            .map(RecordRow::set)
            .toList();
    List<Reason> because = new ArrayList<>();
    if (sets.isEmpty()) {
      because.add(
          Reason.of(
              "it has no record of that name itself, and where it is the most specific zone nobody"
                  + " else is asked"));
    }
    sets.stream().limit(SETS_TOLD).forEach(set -> because.add(set(view, scope, set)));
    if (sets.size() > SETS_TOLD) {
      because.add(Reason.of("and " + (sets.size() - SETS_TOLD) + " more sets"));
    }
    return new Reason("zone " + zone.zone().name() + " (" + row.key().id() + "), " + seen, because);
  }

  private static Reason set(View view, Scope scope, ResourceRecordSet set) {
    StringBuilder text = new StringBuilder(set.typeAsString()).append(' ');
    if (set.aliasTarget() != null) {
      text.append("alias of ").append(set.aliasTarget().dnsName());
      if (Boolean.TRUE.equals(set.aliasTarget().evaluateTargetHealth())) {
        text.append(", left out while its target is unhealthy");
      }
    } else {
      text.append(
          set.resourceRecords().stream()
              .map(ResourceRecord::value)
              .collect(Collectors.joining(", ")));
      text.append(" for ").append(set.ttl()).append(" s");
    }
    if (set.setIdentifier() != null) {
      text.append(" (")
          .append(RecordRules.policy(set).name().toLowerCase(java.util.Locale.ROOT))
          .append(' ')
          .append(set.setIdentifier())
          .append(set.weight() == null ? "" : ", weight " + set.weight())
          .append(')');
    }
    if (set.healthCheckId() == null) {
      return Reason.of(text.toString());
    }
    boolean healthy = Health.of(view, scope, set.healthCheckId());
    text.append(healthy ? "" : ": left out, unless every other one of the name is unhealthy too");
    return Reason.of(text.toString(), check(view, scope, set.healthCheckId()));
  }

  private static Reason check(View view, Scope scope, String id) {
    Tables.HealthCheckRow row = view.get(Tables.HEALTH_CHECKS, scope.key(id));
    if (row == null) {
      return Reason.of("health check " + id + " does not exist any more: it counts as healthy");
    }
    HealthCheckConfig config = row.check().healthCheckConfig();
    List<Reason> because = new ArrayList<>();
    if (Boolean.TRUE.equals(config.disabled())) {
      because.add(Reason.of("it is disabled: nobody checks"));
    } else if (config.type() == HealthCheckType.CALCULATED) {
      because.add(Reason.of("it wants " + config.healthThreshold() + " of these to be healthy"));
      config.childHealthChecks().forEach(child -> because.add(check(view, scope, child)));
    } else {
      HealthStatusRow status = view.get(Tables.HEALTH_STATUS, scope.key(id));
      because.add(
          Reason.of(
              status == null
                  ? "nobody has checked it yet"
                  : "last checked " + status.checkedAt() + ": " + status.status()));
    }
    if (Boolean.TRUE.equals(config.inverted())) {
      because.add(Reason.of("it is inverted"));
    }
    String endpoint =
        config.ipAddress() != null ? config.ipAddress() : config.fullyQualifiedDomainName();
    return new Reason(
        "health check "
            + id
            + " ("
            + config.typeAsString()
            + (endpoint == null ? "" : " " + endpoint + ":" + config.port())
            + ") is "
            + (Health.of(view, scope, id) ? "healthy" : "unhealthy"),
        because);
  }
}
