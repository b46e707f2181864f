package gantry.app.dns;

import gantry.services.route53.Tables.RecordRow;
import gantry.services.route53.Tables.ZoneRow;
import gantry.traffic.dns.RecordSet;
import gantry.traffic.dns.RecordSet.Routing;
import gantry.traffic.dns.RecordType;
import gantry.traffic.dns.Zone;
import java.util.List;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.route53.model.GeoLocation;
import software.amazon.awssdk.services.route53.model.RRType;
import software.amazon.awssdk.services.route53.model.ResourceRecord;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;
import software.amazon.awssdk.services.route53.model.ResourceRecordSetFailover;

/** From the rows of a hosted zone to the zone that the DNS server answers from. */
final class ZoneCompiler {

  private ZoneCompiler() {}

  static Zone compile(ZoneRow zone, List<RecordRow> records, Predicate<ResourceRecordSet> healthy) {
    ResourceRecordSet soa =
        records.stream()
            .map(RecordRow::set)
            .filter(set -> set.type() == RRType.SOA)
            .findFirst()
            .orElseThrow(
                () -> new IllegalStateException("zone " + zone.zone().id() + " has no SOA"));
    List<RecordSet> sets =
        records.stream()
            .map(RecordRow::set)
            .filter(set -> set.type() != RRType.SOA)
            .filter(ZoneCompiler::readable)
            .map(set -> convert(set, healthy.test(set)))
            .toList();
    return Zone.of(zone.zone().name(), soa.resourceRecords().getFirst().value(), soa.ttl(), sets);
  }

  /** A value that slipped through the API's checks costs its own record, never the zone. */
  private static boolean readable(ResourceRecordSet set) {
    try {
      RecordType type = RecordType.valueOf(set.typeAsString());
      set.resourceRecords()
          .forEach(record -> gantry.traffic.dns.Rdata.toWire(type, record.value()));
      return true;
    } catch (IllegalArgumentException unreadable) {
      Log.LOG.warn(
          "{} {} is left out of DNS: {}", set.name(), set.typeAsString(), unreadable.getMessage());
      return false;
    }
  }

  private static RecordSet convert(ResourceRecordSet set, boolean healthy) {
    return new RecordSet(
        set.name(),
        RecordType.valueOf(set.typeAsString()),
        set.ttl() == null ? 0 : set.ttl(),
        set.resourceRecords().stream().map(ResourceRecord::value).toList(),
        set.aliasTarget() == null ? null : withoutDualstack(set.aliasTarget().dnsName()),
        routing(set),
        healthy);
  }

  private static String withoutDualstack(String name) {
    return name.startsWith("dualstack.") ? name.substring("dualstack.".length()) : name;
  }

  private static Routing routing(ResourceRecordSet set) {
    if (set.weight() != null) {
      return new Routing.Weighted(set.weight().intValue());
    }
    if (set.region() != null) {
      return new Routing.Latency(set.regionAsString());
    }
    if (set.failover() != null) {
      return new Routing.Failover(set.failover() == ResourceRecordSetFailover.PRIMARY);
    }
    GeoLocation geo = set.geoLocation();
    if (geo != null) {
      return new Routing.Geolocation(
          geo.continentCode() != null
              ? geo.continentCode()
              : geo.subdivisionCode() != null
                  ? geo.countryCode() + "-" + geo.subdivisionCode()
                  : geo.countryCode());
    }
    return Boolean.TRUE.equals(set.multiValueAnswer()) ? new Routing.Multivalue() : Routing.SIMPLE;
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(ZoneCompiler.class);
  }
}
