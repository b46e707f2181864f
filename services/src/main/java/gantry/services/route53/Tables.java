package gantry.services.route53;

import gantry.state.Index;
import gantry.state.Table;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.model.ChangeInfo;
import software.amazon.awssdk.services.route53.model.HealthCheck;
import software.amazon.awssdk.services.route53.model.HostedZone;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;
import software.amazon.awssdk.services.route53.model.VPC;

/**
 * What Route 53 remembers. It is a global service: all rows stand in the account's global scope.
 */
public final class Tables {

  /**
   * A hosted zone.
   *
   * @param vpcs whose askers see it; empty for a public zone
   * @param authorized VPCs of other accounts that may be associated
   * @param nameServers what its NS record names
   */
  public record ZoneRow(
      HostedZone zone,
      List<VPC> vpcs,
      List<VPC> authorized,
      List<String> nameServers,
      Map<String, String> tags) {

    ZoneRow with(HostedZone changed) {
      return new ZoneRow(changed, vpcs, authorized, nameServers, tags);
    }

    ZoneRow withVpcs(List<VPC> changed) {
      return new ZoneRow(zone, changed, authorized, nameServers, tags);
    }

    ZoneRow withAuthorized(List<VPC> changed) {
      return new ZoneRow(zone, vpcs, changed, nameServers, tags);
    }

    ZoneRow withTags(Map<String, String> changed) {
      return new ZoneRow(zone, vpcs, authorized, nameServers, changed);
    }

    public boolean isPrivate() {
      return Boolean.TRUE.equals(zone.config().privateZone());
    }
  }

  /**
   * A record set of a zone; its key sorts as Route 53 lists: by the labels from the right, type,
   * identifier.
   */
  public record RecordRow(String zoneId, ResourceRecordSet set) {}

  /** A health check as it was asked for, with its tags. */
  public record HealthCheckRow(HealthCheck check, Map<String, String> tags) {

    HealthCheckRow with(HealthCheck changed) {
      return new HealthCheckRow(changed, tags);
    }

    HealthCheckRow withTags(Map<String, String> changed) {
      return new HealthCheckRow(check, changed);
    }
  }

  /**
   * What the checker found at an endpoint.
   *
   * @param healthy after so many checks in a row as the threshold says
   * @param status of the last check, in Route 53's words
   * @param lastFailure the last check that failed; null before one did
   */
  public record HealthStatusRow(
      String checkId,
      boolean healthy,
      String status,
      Instant checkedAt,
      @Nullable String lastFailure,
      @Nullable Instant lastFailureAt) {}

  /** The receipt for a change. */
  record ChangeRow(ChangeInfo info) {}

  public static final Table<ZoneRow> ZONES = Table.of("route53.zones", ZoneRow.class);
  static final Index<ZoneRow> ZONES_BY_REFERENCE =
      ZONES.index("caller-reference", row -> row.zone().callerReference());
  static final Index<ZoneRow> ZONES_BY_VPC =
      ZONES.indexMany("vpc", row -> row.vpcs().stream().map(VPC::vpcId).toList());

  public static final Table<RecordRow> RECORDS = Table.of("route53.records", RecordRow.class);
  public static final Index<RecordRow> RECORDS_BY_ZONE = RECORDS.index("zone", RecordRow::zoneId);
  static final Index<RecordRow> RECORDS_BY_NAME =
      RECORDS.index("name", row -> row.zoneId() + "/" + row.set().name());

  public static final Table<HealthCheckRow> HEALTH_CHECKS =
      Table.of("route53.health-checks", HealthCheckRow.class);
  static final Index<HealthCheckRow> HEALTH_CHECKS_BY_REFERENCE =
      HEALTH_CHECKS.index("caller-reference", row -> row.check().callerReference());
  public static final Table<HealthStatusRow> HEALTH_STATUS =
      Table.of("route53.health-status", HealthStatusRow.class);

  static final Table<ChangeRow> CHANGES = Table.of("route53.changes", ChangeRow.class);

  private Tables() {}

  static String recordKey(String zoneId, String name, String type, @Nullable String setIdentifier) {
    return zoneId
        + "/"
        + DomainNames.sortKey(name)
        + "/"
        + type
        + "/"
        + (setIdentifier == null ? "" : setIdentifier);
  }
}
