package gantry.services.route53;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.route53.Tables.ZoneRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import software.amazon.awssdk.services.route53.Route53Client;
import software.amazon.awssdk.services.route53.model.*;

/** The operations of hosted zones and of the VPCs that see them, and what all operations share. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class ZoneApi implements Route53Client {

  /** AWS's quotas, told to who asks; nothing here ends at them. */
  static final long MAX_RECORDS = 10_000;

  static final long MAX_VPCS = 300;
  static final long MAX_ZONES = 500;

  final ServiceContext context;
  final Zones zones;
  final RecordSets records;

  ZoneApi(ServiceContext context) {
    this.context = context;
    this.zones = new Zones(context);
    this.records = new RecordSets(context, zones);
  }

  // ---- zones

  @Override
  public CreateHostedZoneResponse createHostedZone(CreateHostedZoneRequest r) {
    String id = zones.newId("Z");
    String changeId = zones.newId("C");
    return context
        .store()
        .write(
            tx -> {
              ZoneRow row = zones.create(tx, r, id);
              return CreateHostedZoneResponse.builder()
                  .hostedZone(Zones.shown(tx, scope(), row))
                  .changeInfo(records.receipt(tx, scope(), changeId, null))
                  .delegationSet(row.isPrivate() ? null : delegation(row))
                  .vpc(r.vpc())
                  .location("https://route53.amazonaws.com/2013-04-01/hostedzone/" + id)
                  .build();
            });
  }

  private static DelegationSet delegation(ZoneRow row) {
    return DelegationSet.builder()
        .nameServers(row.nameServers().stream().map(s -> s.substring(0, s.length() - 1)).toList())
        .build();
  }

  @Override
  public GetHostedZoneResponse getHostedZone(GetHostedZoneRequest r) {
    View view = view();
    ZoneRow row = Zones.require(view, scope(), r.id());
    return GetHostedZoneResponse.builder()
        .hostedZone(Zones.shown(view, scope(), row))
        .delegationSet(row.isPrivate() ? null : delegation(row))
        .vpCs(row.isPrivate() ? row.vpcs() : null)
        .build();
  }

  @Override
  public DeleteHostedZoneResponse deleteHostedZone(DeleteHostedZoneRequest r) {
    String changeId = zones.newId("C");
    return context
        .store()
        .write(
            tx -> {
              zones.delete(tx, scope(), r.id());
              return DeleteHostedZoneResponse.builder()
                  .changeInfo(records.receipt(tx, scope(), changeId, null))
                  .build();
            });
  }

  @Override
  public UpdateHostedZoneCommentResponse updateHostedZoneComment(UpdateHostedZoneCommentRequest r) {
    return context
        .store()
        .write(
            tx -> {
              ZoneRow row = Zones.require(tx, scope(), r.id());
              Zones.checkMayEdit(row, Caller.current());
              HostedZone changed =
                  row.zone().toBuilder()
                      .config(row.zone().config().toBuilder().comment(r.comment()).build())
                      .build();
              tx.put(Tables.ZONES, scope().key(Zones.bareId(r.id())), row.with(changed));
              return UpdateHostedZoneCommentResponse.builder()
                  .hostedZone(Zones.shown(tx, scope(), row.with(changed)))
                  .build();
            });
  }

  @Override
  public ListHostedZonesResponse listHostedZones(ListHostedZonesRequest r) {
    View view = view();
    if (r.delegationSetId() != null) {
      throw Errors.notHere("A reusable delegation set", "there is one set of name servers");
    }
    int limit = Zones.limit(r.maxItems(), Zones.MAX_PAGE);
    List<HostedZone> found =
        view.scan(Tables.ZONES, scope())
            .filter(row -> r.marker() == null || row.key().id().compareTo(r.marker()) >= 0)
            .map(Row::value)
            .filter(row -> r.hostedZoneType() == null || row.isPrivate())
            .limit(limit + 1L)
            .map(row -> Zones.shown(view, scope(), row))
            .toList();
    boolean more = found.size() > limit;
    List<HostedZone> page = more ? found.subList(0, limit) : found;
    return ListHostedZonesResponse.builder()
        .hostedZones(page)
        .marker(r.marker())
        .isTruncated(more)
        .nextMarker(more ? Zones.bareId(found.get(limit).id()) : null)
        .maxItems(Integer.toString(limit))
        .build();
  }

  @Override
  public ListHostedZonesByNameResponse listHostedZonesByName(ListHostedZonesByNameRequest r) {
    View view = view();
    int limit = Zones.limit(r.maxItems(), Zones.MAX_PAGE);
    if (r.dnsName() == null && r.hostedZoneId() != null) {
      throw Errors.invalid("The hosted zone id can only be given together with a DNS name.");
    }
    String from = "";
    if (r.dnsName() != null) {
      try {
        from = DomainNames.sortKey(DomainNames.stored(r.dnsName())) + "/";
      } catch (IllegalArgumentException badName) {
        throw InvalidDomainNameException.builder().message(badName.getMessage()).build();
      }
      from += r.hostedZoneId() == null ? "" : Zones.bareId(r.hostedZoneId());
    }
    String first = from;
    List<HostedZone> found =
        view.scan(Tables.ZONES, scope())
            .map(Row::value)
            .filter(row -> byName(row).compareTo(first) >= 0)
            .sorted(Comparator.comparing(ZoneApi::byName))
            .limit(limit + 1L)
            .map(row -> Zones.shown(view, scope(), row))
            .toList();
    boolean more = found.size() > limit;
    return ListHostedZonesByNameResponse.builder()
        .hostedZones(more ? found.subList(0, limit) : found)
        .dnsName(r.dnsName())
        .hostedZoneId(r.hostedZoneId())
        .isTruncated(more)
        .nextDNSName(more ? found.get(limit).name() : null)
        .nextHostedZoneId(more ? Zones.bareId(found.get(limit).id()) : null)
        .maxItems(Integer.toString(limit))
        .build();
  }

  private static String byName(ZoneRow row) {
    return DomainNames.sortKey(row.zone().name()) + "/" + Zones.bareId(row.zone().id());
  }

  @Override
  public ListHostedZonesByVpcResponse listHostedZonesByVPC(ListHostedZonesByVpcRequest r) {
    int limit = Zones.limit(r.maxItems(), Zones.MAX_PAGE);
    String after = r.nextToken() == null ? "" : r.nextToken();
    List<Row<ZoneRow>> found =
        view()
            .lookup(Tables.ZONES_BY_VPC, scope(), r.vpcId())
            .filter(row -> row.key().id().compareTo(after) > 0)
            .filter(
                row -> row.value().vpcs().stream().anyMatch(v -> v.vpcRegion() == r.vpcRegion()))
            .limit(limit + 1L)
            .toList();
    boolean more = found.size() > limit;
    List<Row<ZoneRow>> page = more ? found.subList(0, limit) : found;
    return ListHostedZonesByVpcResponse.builder()
        .maxItems(Integer.toString(limit))
        .nextToken(more ? page.getLast().key().id() : null)
        .hostedZoneSummaries(
            page.stream()
                .map(
                    row -> {
                      LinkedService linked = row.value().zone().linkedService();
                      HostedZoneOwner.Builder owner = HostedZoneOwner.builder();
                      if (linked == null) {
                        owner.owningAccount(scope().account());
                      } else {
                        owner.owningService(linked.servicePrincipal());
                      }
                      return HostedZoneSummary.builder()
                          .hostedZoneId(row.key().id())
                          .name(row.value().zone().name())
                          .owner(owner.build())
                          .build();
                    })
                .toList())
        .build();
  }

  @Override
  public GetHostedZoneCountResponse getHostedZoneCount(GetHostedZoneCountRequest r) {
    return GetHostedZoneCountResponse.builder()
        .hostedZoneCount((long) view().count(Tables.ZONES, scope()))
        .build();
  }

  @Override
  public GetHostedZoneLimitResponse getHostedZoneLimit(GetHostedZoneLimitRequest r) {
    View view = view();
    ZoneRow row = Zones.require(view, scope(), r.hostedZoneId());
    HostedZone zone = Zones.shown(view, scope(), row);
    boolean records = r.type() == HostedZoneLimitType.MAX_RRSETS_BY_ZONE;
    if (!records && r.type() != HostedZoneLimitType.MAX_VPCS_ASSOCIATED_BY_ZONE) {
      throw Errors.invalid("There is no hosted zone limit " + r.typeAsString() + ".");
    }
    if (!records && !row.isPrivate()) {
      throw HostedZoneNotPrivateException.builder()
          .message("Hosted zone " + Zones.bareId(r.hostedZoneId()) + " is not private.")
          .build();
    }
    return GetHostedZoneLimitResponse.builder()
        .limit(l -> l.type(r.type()).value(records ? MAX_RECORDS : MAX_VPCS))
        .count(records ? zone.resourceRecordSetCount() : row.vpcs().size())
        .build();
  }

  // ---- VPCs

  @Override
  public AssociateVpcWithHostedZoneResponse associateVPCWithHostedZone(
      AssociateVpcWithHostedZoneRequest r) {
    String changeId = zones.newId("C");
    return context
        .store()
        .write(
            tx -> {
              zones.associate(tx, scope(), r.hostedZoneId(), r.vpc());
              return AssociateVpcWithHostedZoneResponse.builder()
                  .changeInfo(records.receipt(tx, scope(), changeId, r.comment()))
                  .build();
            });
  }

  @Override
  public DisassociateVpcFromHostedZoneResponse disassociateVPCFromHostedZone(
      DisassociateVpcFromHostedZoneRequest r) {
    String changeId = zones.newId("C");
    return context
        .store()
        .write(
            tx -> {
              zones.disassociate(tx, scope(), r.hostedZoneId(), r.vpc());
              return DisassociateVpcFromHostedZoneResponse.builder()
                  .changeInfo(records.receipt(tx, scope(), changeId, r.comment()))
                  .build();
            });
  }

  @Override
  public CreateVpcAssociationAuthorizationResponse createVPCAssociationAuthorization(
      CreateVpcAssociationAuthorizationRequest r) {
    changeAuthorized(r.hostedZoneId(), r.vpc(), true);
    return CreateVpcAssociationAuthorizationResponse.builder()
        .hostedZoneId(Zones.bareId(r.hostedZoneId()))
        .vpc(r.vpc())
        .build();
  }

  @Override
  public DeleteVpcAssociationAuthorizationResponse deleteVPCAssociationAuthorization(
      DeleteVpcAssociationAuthorizationRequest r) {
    changeAuthorized(r.hostedZoneId(), r.vpc(), false);
    return DeleteVpcAssociationAuthorizationResponse.builder().build();
  }

  private void changeAuthorized(String zoneId, VPC vpc, boolean add) {
    context
        .store()
        .write(
            tx -> {
              ZoneRow row = Zones.require(tx, scope(), zoneId);
              List<VPC> authorized = new ArrayList<>(row.authorized());
              boolean had = authorized.removeIf(v -> v.vpcId().equals(vpc.vpcId()));
              if (add) {
                authorized.add(vpc);
              } else if (!had) {
                throw VpcAssociationAuthorizationNotFoundException.builder()
                    .message(
                        "The VPC "
                            + vpc.vpcId()
                            + " is not authorized for hosted zone "
                            + Zones.bareId(zoneId))
                    .build();
              }
              tx.put(
                  Tables.ZONES, scope().key(Zones.bareId(zoneId)), row.withAuthorized(authorized));
              return null;
            });
  }

  @Override
  public ListVpcAssociationAuthorizationsResponse listVPCAssociationAuthorizations(
      ListVpcAssociationAuthorizationsRequest r) {
    return ListVpcAssociationAuthorizationsResponse.builder()
        .hostedZoneId(Zones.bareId(r.hostedZoneId()))
        .vpCs(Zones.require(view(), scope(), r.hostedZoneId()).authorized())
        .build();
  }

  // ---- what operations share

  View view() {
    return context.store().snapshot();
  }

  static Scope scope() {
    return Caller.current().globalScope();
  }
}
