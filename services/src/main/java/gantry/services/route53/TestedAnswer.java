package gantry.services.route53;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.route53.Tables.RecordRow;
import gantry.services.route53.Tables.ZoneRow;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import software.amazon.awssdk.services.route53.model.GeoLocation;
import software.amazon.awssdk.services.route53.model.RRType;
import software.amazon.awssdk.services.route53.model.ResourceRecord;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;
import software.amazon.awssdk.services.route53.model.ResourceRecordSetFailover;
import software.amazon.awssdk.services.route53.model.TestDnsAnswerRequest;
import software.amazon.awssdk.services.route53.model.TestDnsAnswerResponse;

/** TestDNSAnswer: what a zone alone would answer, by the tables that the DNS server reads too. */
final class TestedAnswer {

  private static final int MULTIVALUE_LIMIT = 8;

  private final ServiceContext context;

  TestedAnswer(ServiceContext context) {
    this.context = context;
  }

  TestDnsAnswerResponse answer(TestDnsAnswerRequest request) {
    Caller caller = Caller.current();
    Scope scope = caller.globalScope();
    View view = context.store().snapshot();
    ZoneRow zone = Zones.require(view, scope, request.hostedZoneId());
    if (request.edns0ClientSubnetIP() != null || request.edns0ClientSubnetMask() != null) {
      throw Errors.notHere(
          "An EDNS0 client subnet", "askers are placed by the region of their VPC, not by address");
    }
    String name;
    try {
      name = DomainNames.stored(request.recordName());
    } catch (IllegalArgumentException badName) {
      throw Errors.invalid(String.valueOf(badName.getMessage()));
    }
    if (!DomainNames.isWithin(name, zone.zone().name())) {
      throw Errors.invalid(name + " is not in zone " + zone.zone().name());
    }
    String zoneId = Zones.bareId(zone.zone().id());
    List<ResourceRecordSet> atName = at(view, scope, zoneId, zone.zone().name(), name);
    List<ResourceRecordSet> asked =
        atName.stream().filter(set -> set.type() == request.recordType()).toList();
    if (asked.isEmpty()) {
      asked = atName.stream().filter(set -> set.type() == RRType.CNAME).toList();
    }
    List<String> data = new ArrayList<>();
    for (ResourceRecordSet set : chosen(view, scope, asked, caller.region())) {
      if (set.aliasTarget() != null) {
        data.add("ALIAS " + set.aliasTarget().dnsName());
      }
      set.resourceRecords().stream().map(ResourceRecord::value).forEach(data::add);
    }
    return TestDnsAnswerResponse.builder()
        .nameserver(zone.nameServers().getFirst())
        .recordName(name)
        .recordType(request.recordType())
        .recordData(data)
        .responseCode(
            atName.isEmpty() && !existsBelow(view, scope, zoneId, name) ? "NXDOMAIN" : "NOERROR")
        .protocol("UDP")
        .build();
  }

  /** The sets of a name, or those of the wildcard that covers it. */
  private static List<ResourceRecordSet> at(
      View view, Scope scope, String zoneId, String zoneName, String name) {
    List<ResourceRecordSet> sets = named(view, scope, zoneId, name);
    String rest = name;
    while (sets.isEmpty() && !rest.equals(zoneName) && !existsBelow(view, scope, zoneId, rest)) {
      rest = rest.substring(rest.indexOf('.') + 1);
      sets = named(view, scope, zoneId, "\\052." + rest);
      if (!named(view, scope, zoneId, rest).isEmpty()) {
        break;
      }
    }
    return sets;
  }

  private static List<ResourceRecordSet> named(View view, Scope scope, String zoneId, String name) {
    return view.lookup(Tables.RECORDS_BY_NAME, scope, zoneId + "/" + name)
        .map(row -> row.value().set())
        .toList();
  }

  private static boolean existsBelow(View view, Scope scope, String zoneId, String name) {
    return view.lookup(Tables.RECORDS_BY_ZONE, scope, zoneId)
        .map(row -> row.value())
        .map(RecordRow::set)
        .anyMatch(set -> set.name().endsWith("." + name));
  }

  private List<ResourceRecordSet> chosen(
      View view, Scope scope, List<ResourceRecordSet> all, String region) {
    if (all.size() < 2) {
      return all;
    }
    List<ResourceRecordSet> healthy =
        all.stream()
            .filter(
                set -> set.healthCheckId() == null || Health.of(view, scope, set.healthCheckId()))
            .toList();
    List<ResourceRecordSet> usable = healthy.isEmpty() ? all : healthy;
    return switch (RecordRules.policy(all.getFirst())) {
      case SIMPLE -> all;
      case WEIGHTED -> List.of(weighted(usable));
      case MULTIVALUE -> {
        List<ResourceRecordSet> shuffled = new ArrayList<>(usable);
        for (int i = shuffled.size() - 1; i > 0; i--) {
          Collections.swap(shuffled, i, context.ids().below(i + 1));
        }
        yield shuffled.subList(0, Math.min(MULTIVALUE_LIMIT, shuffled.size()));
      }
      case FAILOVER ->
          List.of(
              usable.stream()
                  .filter(set -> set.failover() == ResourceRecordSetFailover.PRIMARY)
                  .findFirst()
                  .orElse(usable.getFirst()));
      case LATENCY ->
          List.of(
              usable.stream()
                  .filter(set -> region.equals(set.regionAsString()))
                  .findFirst()
                  .orElse(usable.getFirst()));
      case GEOLOCATION ->
          usable.stream()
              .filter(set -> isDefault(set.geoLocation()))
              .min(Comparator.comparing(ResourceRecordSet::setIdentifier))
              .map(List::of)
              .orElse(List.of());
    };
  }

  private static boolean isDefault(GeoLocation place) {
    return "*".equals(place.countryCode());
  }

  private ResourceRecordSet weighted(List<ResourceRecordSet> all) {
    int total = all.stream().mapToInt(set -> set.weight().intValue()).sum();
    if (total == 0) {
      return all.get(context.ids().below(all.size()));
    }
    int drawn = context.ids().below(total);
    for (ResourceRecordSet set : all) {
      drawn -= set.weight().intValue();
      if (drawn < 0) {
        return set;
      }
    }
    throw new IllegalStateException("weights changed while they were summed");
  }
}
