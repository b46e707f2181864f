package gantry.services.route53;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.route53.Tables.RecordRow;
import gantry.services.route53.Tables.ZoneRow;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.model.ConflictingDomainExistsException;
import software.amazon.awssdk.services.route53.model.CreateHostedZoneRequest;
import software.amazon.awssdk.services.route53.model.HostedZone;
import software.amazon.awssdk.services.route53.model.HostedZoneAlreadyExistsException;
import software.amazon.awssdk.services.route53.model.HostedZoneConfig;
import software.amazon.awssdk.services.route53.model.HostedZoneNotEmptyException;
import software.amazon.awssdk.services.route53.model.InvalidDomainNameException;
import software.amazon.awssdk.services.route53.model.InvalidVpcIdException;
import software.amazon.awssdk.services.route53.model.LastVpcAssociationException;
import software.amazon.awssdk.services.route53.model.LinkedService;
import software.amazon.awssdk.services.route53.model.PublicZoneVpcAssociationException;
import software.amazon.awssdk.services.route53.model.RRType;
import software.amazon.awssdk.services.route53.model.ResourceRecord;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;
import software.amazon.awssdk.services.route53.model.VPC;
import software.amazon.awssdk.services.route53.model.VpcAssociationNotFoundException;

/** Hosted zones and the VPCs that see them. */
final class Zones {

  static final int MAX_PAGE = 100;
  static final String CLOUD_MAP = "servicediscovery.amazonaws.com";

  private static final String ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
  private static final long SOA_TTL = 900;
  private static final long NS_TTL = 172_800;
  private static final List<String> PRIVATE_SERVERS =
      List.of(
          "ns-1536.awsdns-00.co.uk.",
          "ns-0.awsdns-00.com.",
          "ns-1024.awsdns-00.org.",
          "ns-512.awsdns-00.net.");

  private final ServiceContext context;

  Zones(ServiceContext context) {
    this.context = context;
  }

  String newId(String prefix) {
    var id = new StringBuilder(prefix);
    for (byte b : context.ids().bytes(20)) {
      id.append(ALPHABET.charAt(b & 31));
    }
    return id.toString();
  }

  /** Clients give ids with or without what stands before them in answers. */
  static String bareId(String id) {
    return id.substring(id.lastIndexOf('/') + 1);
  }

  static ZoneRow require(View view, Scope scope, String id) {
    return view.find(Tables.ZONES, scope.key(bareId(id)))
        .orElseThrow(() -> Errors.noZone(bareId(id)));
  }

  static int limit(@Nullable String maxItems, int most) {
    if (maxItems == null) {
      return most;
    }
    try {
      int wanted = Integer.parseInt(maxItems);
      if (wanted >= 1) {
        return Math.min(wanted, most);
      }
    } catch (NumberFormatException notANumber) {
      // Told below in the same words.
    }
    throw Errors.invalid("The value for maxitems, '" + maxItems + "', is not valid.");
  }

  /** Zones that Cloud Map made are Cloud Map's to change. */
  static void checkMayEdit(ZoneRow zone, Caller caller) {
    LinkedService linked = zone.zone().linkedService();
    if (linked != null && !caller.arn().equals(linked.servicePrincipal())) {
      throw software.amazon.awssdk.services.route53.model.Route53Exception.builder()
          .message(
              "The resource "
                  + zone.zone().id()
                  + " can only be managed through "
                  + linked.servicePrincipal())
          .statusCode(403)
          .awsErrorDetails(
              software.amazon.awssdk.awscore.exception.AwsErrorDetails.builder()
                  .errorCode("AccessDenied")
                  .errorMessage(
                      "The resource "
                          + zone.zone().id()
                          + " can only be managed through "
                          + linked.servicePrincipal())
                  .build())
          .build();
    }
  }

  ZoneRow create(Tx tx, CreateHostedZoneRequest request, String newId) {
    Caller caller = Caller.current();
    Scope scope = caller.globalScope();
    String name;
    try {
      name = DomainNames.stored(request.name());
    } catch (IllegalArgumentException badName) {
      throw InvalidDomainNameException.builder().message(badName.getMessage()).build();
    }
    if (tx.lookup(Tables.ZONES_BY_REFERENCE, scope, request.callerReference())
        .findAny()
        .isPresent()) {
      throw HostedZoneAlreadyExistsException.builder()
          .message(
              "A hosted zone has already been created with the specified caller reference: "
                  + request.callerReference())
          .build();
    }
    boolean isPrivate = request.vpc() != null;
    boolean saysPrivate =
        request.hostedZoneConfig() != null
            && Boolean.TRUE.equals(request.hostedZoneConfig().privateZone());
    if (saysPrivate && !isPrivate) {
      throw Errors.invalid(
          "When you're creating a private hosted zone (when you specify true for PrivateZone), you must also specify values for VPCId and VPCRegion.");
    }
    if (request.delegationSetId() != null) {
      throw Errors.notHere("A reusable delegation set", "there is one set of name servers");
    }
    if (isPrivate) {
      checkVpc(request.vpc());
      checkNotAssociated(tx, request.vpc(), name, newId);
    }
    HostedZone zone =
        HostedZone.builder()
            .id("/hostedzone/" + newId)
            .name(name)
            .callerReference(request.callerReference())
            .config(
                HostedZoneConfig.builder()
                    .comment(
                        request.hostedZoneConfig() == null
                            ? null
                            : request.hostedZoneConfig().comment())
                    .privateZone(isPrivate)
                    .build())
            .linkedService(
                caller.arn().equals(CLOUD_MAP)
                    ? LinkedService.builder()
                        .servicePrincipal(CLOUD_MAP)
                        .description("Created by AWS Cloud Map")
                        .build()
                    : null)
            .build();
    List<String> servers = isPrivate ? PRIVATE_SERVERS : publicServers();
    ZoneRow row =
        new ZoneRow(
            zone, isPrivate ? List.of(request.vpc()) : List.of(), List.of(), servers, Map.of());
    tx.put(Tables.ZONES, scope.key(newId), row);
    putApex(tx, scope, newId, name, RRType.NS, NS_TTL, servers);
    putApex(
        tx,
        scope,
        newId,
        name,
        RRType.SOA,
        SOA_TTL,
        List.of(servers.getFirst() + " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"));
    return row;
  }

  private List<String> publicServers() {
    List<String> servers = new ArrayList<>();
    int family = context.ids().below(64);
    String[] ends = {"com", "net", "org", "co.uk"};
    for (int i = 0; i < ends.length; i++) {
      servers.add(
          String.format(
              Locale.ROOT,
              "ns-%d.awsdns-%02d.%s.",
              i * 512 + context.ids().below(512),
              family,
              ends[i]));
    }
    return servers;
  }

  private static void putApex(
      Tx tx, Scope scope, String zoneId, String name, RRType type, long ttl, List<String> values) {
    ResourceRecordSet set =
        ResourceRecordSet.builder()
            .name(name)
            .type(type)
            .ttl(ttl)
            .resourceRecords(
                values.stream().map(v -> ResourceRecord.builder().value(v).build()).toList())
            .build();
    tx.put(
        Tables.RECORDS,
        scope.key(Tables.recordKey(zoneId, name, type.toString(), null)),
        new RecordRow(zoneId, set));
  }

  private static void checkVpc(VPC vpc) {
    if (vpc.vpcId() == null
        || !vpc.vpcId().matches("vpc-[0-9a-f]{8,17}")
        || vpc.vpcRegion() == null) {
      throw InvalidVpcIdException.builder()
          .message("The VPC: " + vpc.vpcId() + " provided is not valid.")
          .build();
    }
  }

  private static void checkNotAssociated(View view, VPC vpc, String name, String except) {
    view.lookupAll(Tables.ZONES_BY_VPC, vpc.vpcId())
        .filter(row -> row.value().zone().name().equals(name) && !row.key().id().equals(except))
        .findFirst()
        .ifPresent(
            row -> {
              throw ConflictingDomainExistsException.builder()
                  .message(
                      "The VPC "
                          + vpc.vpcId()
                          + " in region "
                          + vpc.vpcRegionAsString()
                          + " has already been associated with the hosted zone "
                          + row.key().id()
                          + " with the same domain name.")
                  .build();
            });
  }

  void delete(Tx tx, Scope scope, String idText) {
    ZoneRow row = require(tx, scope, idText);
    checkMayEdit(row, Caller.current());
    String id = bareId(idText);
    List<gantry.state.Row<RecordRow>> records =
        tx.lookup(Tables.RECORDS_BY_ZONE, scope, id).toList();
    boolean others =
        records.stream()
            .map(r -> r.value().set())
            .anyMatch(
                set ->
                    !(set.name().equals(row.zone().name())
                        && (set.type() == RRType.SOA || set.type() == RRType.NS)));
    if (others) {
      throw HostedZoneNotEmptyException.builder()
          .message(
              "The specified hosted zone contains non-required resource record sets and so cannot be deleted.")
          .build();
    }
    records.forEach(record -> tx.delete(Tables.RECORDS, record.key()));
    tx.delete(Tables.ZONES, scope.key(id));
  }

  /** With the number of its records, which is a question and not a fact of its own. */
  static HostedZone shown(View view, Scope scope, ZoneRow row) {
    long records = view.lookup(Tables.RECORDS_BY_ZONE, scope, bareId(row.zone().id())).count();
    return row.zone().toBuilder().resourceRecordSetCount(records).build();
  }

  void associate(Tx tx, Scope scope, String idText, VPC vpc) {
    ZoneRow row = require(tx, scope, idText);
    checkMayEdit(row, Caller.current());
    if (!row.isPrivate()) {
      throw PublicZoneVpcAssociationException.builder()
          .message(
              "Hosted zone "
                  + bareId(idText)
                  + " is a public hosted zone and cannot be associated with a VPC.")
          .build();
    }
    checkVpc(vpc);
    checkNotAssociated(tx, vpc, row.zone().name(), "");
    List<VPC> vpcs = new ArrayList<>(row.vpcs());
    vpcs.add(vpc);
    tx.put(Tables.ZONES, scope.key(bareId(idText)), row.withVpcs(vpcs));
  }

  void disassociate(Tx tx, Scope scope, String idText, VPC vpc) {
    ZoneRow row = require(tx, scope, idText);
    checkMayEdit(row, Caller.current());
    List<VPC> rest = row.vpcs().stream().filter(v -> !v.vpcId().equals(vpc.vpcId())).toList();
    if (rest.size() == row.vpcs().size()) {
      throw VpcAssociationNotFoundException.builder()
          .message(
              "The VPC: "
                  + vpc.vpcId()
                  + " in region: "
                  + vpc.vpcRegionAsString()
                  + " that you provided is not associated with the hosted zone: "
                  + bareId(idText))
          .build();
    }
    if (rest.isEmpty()) {
      throw LastVpcAssociationException.builder()
          .message(
              "The VPC: "
                  + vpc.vpcId()
                  + " cannot be disassociated from the hosted zone: it is the last one.")
          .build();
    }
    tx.put(Tables.ZONES, scope.key(bareId(idText)), row.withVpcs(rest));
  }
}
