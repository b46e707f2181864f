package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.services.ec2.Rows.VpcRow;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/** Route tables and which subnets use them; their routes are {@link Routes}. */
final class RouteTables {

  private final Desk desk;

  RouteTables(Desk desk) {
    this.desk = desk;
  }

  static RouteTable make(
      Session session, String vpc, List<Cidr> cidrs, boolean main, List<Tag> tags) {
    String id = session.newId("rtb-");
    RouteTable table =
        RouteTable.builder()
            .routeTableId(id)
            .vpcId(vpc)
            .ownerId(session.scope().account())
            .routes(cidrs.stream().map(RouteTables::local).toList())
            .associations(
                main
                    ? List.of(
                        RouteTableAssociation.builder()
                            .main(true)
                            .routeTableAssociationId(session.newId("rtbassoc-"))
                            .routeTableId(id)
                            .associationState(associated())
                            .build())
                    : List.of())
            .propagatingVgws(List.of())
            .tags(tags)
            .build();
    session.put(Kinds.ROUTE_TABLE, id, table);
    return table;
  }

  private static Route local(Cidr cidr) {
    return Route.builder()
        .destinationCidrBlock(cidr.toString())
        .gatewayId("local")
        .origin(RouteOrigin.CREATE_ROUTE_TABLE)
        .state(RouteState.ACTIVE)
        .build();
  }

  private static RouteTableAssociationState associated() {
    return RouteTableAssociationState.builder()
        .state(RouteTableAssociationStateCode.ASSOCIATED)
        .build();
  }

  static boolean isMain(RouteTable table) {
    return table.associations().stream().anyMatch(association -> association.main());
  }

  static RouteTable main(Lookup lookup, String vpc) {
    return lookup
        .all(Ec2Tables.ROUTE_TABLES_BY_VPC, vpc)
        .filter(RouteTables::isMain)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(vpc + " has no main route table"));
  }

  static void addLocal(Session session, String vpc, Cidr cidr) {
    for (RouteTable table : session.all(Ec2Tables.ROUTE_TABLES_BY_VPC, vpc).toList()) {
      List<Route> routes = new ArrayList<>(List.of(local(cidr)));
      routes.addAll(table.routes());
      save(session, table.toBuilder().routes(routes).build());
    }
  }

  static void removeLocal(Session session, String vpc, Cidr cidr) {
    for (RouteTable table : session.all(Ec2Tables.ROUTE_TABLES_BY_VPC, vpc).toList()) {
      save(
          session,
          table.toBuilder()
              .routes(
                  table.routes().stream()
                      .filter(
                          route ->
                              !("local".equals(route.gatewayId())
                                  && cidr.toString().equals(route.destinationCidrBlock())))
                      .toList())
              .build());
    }
  }

  static void forgetSubnet(Session session, String vpc, String subnet) {
    for (RouteTable table : session.all(Ec2Tables.ROUTE_TABLES_BY_VPC, vpc).toList()) {
      if (table.associations().stream().anyMatch(a -> subnet.equals(a.subnetId()))) {
        save(
            session,
            table.toBuilder()
                .associations(
                    table.associations().stream()
                        .filter(a -> !subnet.equals(a.subnetId()))
                        .toList())
                .build());
      }
    }
  }

  static void save(Session session, RouteTable table) {
    session.put(Kinds.ROUTE_TABLE, table.routeTableId(), table);
  }

  CreateRouteTableResponse create(CreateRouteTableRequest request) {
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.ROUTE_TABLE);
    return desk.write(
        request.dryRun(),
        session -> {
          VpcRow vpc = session.get(Kinds.VPC, request.vpcId());
          return CreateRouteTableResponse.builder()
              .routeTable(
                  session.once(
                      Kinds.ROUTE_TABLE,
                      request,
                      request.clientToken(),
                      () -> make(session, request.vpcId(), Vpcs.blocks(vpc.vpc()), false, tags),
                      RouteTable::routeTableId))
              .clientToken(request.clientToken())
              .build();
        });
  }

  DescribeRouteTablesResponse describe(DescribeRouteTablesRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<RouteTable> page =
              lookup.describe(
                  Kinds.ROUTE_TABLE,
                  Paging.SMALL,
                  request.routeTableIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeRouteTablesResponse.builder()
              .routeTables(page.rows().stream().map(row -> shown(lookup, row)).toList())
              .nextToken(page.token())
              .build();
        });
  }

  /** A route whose target is gone shows as a black hole; nobody has to be told when it goes. */
  static RouteTable shown(Lookup lookup, RouteTable table) {
    return table.toBuilder()
        .routes(
            table.routes().stream()
                .map(
                    route ->
                        route.toBuilder()
                            .state(
                                isBlackhole(lookup, table.vpcId(), route)
                                    ? RouteState.BLACKHOLE
                                    : RouteState.ACTIVE)
                            .build())
                .toList())
        .build();
  }

  static boolean isBlackhole(Lookup lookup, String vpc, Route route) {
    String gateway = route.gatewayId();
    if (gateway != null && gateway.startsWith("igw-")) {
      InternetGateway igw = lookup.find(Kinds.INTERNET_GATEWAY, gateway);
      return igw == null || !InternetGateways.isAttached(igw, vpc);
    }
    if (gateway != null && gateway.startsWith("vpce-")) {
      return lookup.find(Kinds.ENDPOINT, gateway) == null;
    }
    if (route.natGatewayId() != null) {
      NatGateway nat = lookup.find(Kinds.NAT_GATEWAY, route.natGatewayId());
      return nat == null || nat.state() != NatGatewayState.AVAILABLE;
    }
    if (route.networkInterfaceId() != null) {
      return lookup.find(Kinds.INTERFACE, route.networkInterfaceId()) == null;
    }
    if (route.vpcPeeringConnectionId() != null) {
      VpcPeeringConnection peering = lookup.find(Kinds.PEERING, route.vpcPeeringConnectionId());
      return peering == null || !Peerings.isActive(peering);
    }
    return false;
  }

  DeleteRouteTableResponse delete(DeleteRouteTableRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          RouteTable table = session.get(Kinds.ROUTE_TABLE, request.routeTableId());
          if (!table.associations().isEmpty()) {
            throw Errors.of(
                "DependencyViolation",
                "The routeTable '%s' has dependencies and cannot be deleted.",
                table.routeTableId());
          }
          session.delete(Kinds.ROUTE_TABLE, table.routeTableId());
          return DeleteRouteTableResponse.builder().build();
        });
  }

  AssociateRouteTableResponse associate(AssociateRouteTableRequest request) {
    if (request.gatewayId() != null) {
      throw Errors.unsupported("A route table of a gateway");
    }
    if (request.publicIpv4Pool() != null) {
      throw Errors.unsupported("An address pool of your own");
    }
    return desk.write(
        request.dryRun(),
        session -> {
          RouteTable table = session.get(Kinds.ROUTE_TABLE, request.routeTableId());
          Subnet subnet = session.get(Kinds.SUBNET, request.subnetId());
          sameVpc(table, subnet);
          for (RouteTable other :
              session.all(Ec2Tables.ROUTE_TABLES_BY_VPC, table.vpcId()).toList()) {
            for (RouteTableAssociation old : other.associations()) {
              if (request.subnetId().equals(old.subnetId())) {
                if (other.routeTableId().equals(table.routeTableId())) {
                  return AssociateRouteTableResponse.builder()
                      .associationId(old.routeTableAssociationId())
                      .associationState(associated())
                      .build();
                }
                throw Errors.of(
                    "Resource.AlreadyAssociated",
                    "the specified association for route table %s conflicts with an existing"
                        + " association",
                    table.routeTableId());
              }
            }
          }
          String id = session.newId("rtbassoc-");
          add(session, table, id, request.subnetId());
          return AssociateRouteTableResponse.builder()
              .associationId(id)
              .associationState(associated())
              .build();
        });
  }

  private static void sameVpc(RouteTable table, Subnet subnet) {
    if (!subnet.vpcId().equals(table.vpcId())) {
      throw Errors.of(
          "InvalidParameterValue",
          "Route table %s and subnet %s belong to different networks",
          table.routeTableId(),
          subnet.subnetId());
    }
  }

  private static void add(Session session, RouteTable table, String id, String subnet) {
    List<RouteTableAssociation> associations = new ArrayList<>(table.associations());
    associations.add(
        RouteTableAssociation.builder()
            .main(false)
            .routeTableAssociationId(id)
            .routeTableId(table.routeTableId())
            .subnetId(subnet)
            .associationState(associated())
            .build());
    save(session, table.toBuilder().associations(associations).build());
  }

  DisassociateRouteTableResponse disassociate(DisassociateRouteTableRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          Found found = association(session, request.associationId());
          if (found.association().main()) {
            throw Errors.of(
                "InvalidParameterValue",
                "cannot disassociate the main route table association %s",
                request.associationId());
          }
          remove(session, found);
          return DisassociateRouteTableResponse.builder().build();
        });
  }

  ReplaceRouteTableAssociationResponse replaceAssociation(
      ReplaceRouteTableAssociationRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          Found found = association(session, request.associationId());
          String wanted = Errors.required(request.routeTableId(), "routeTableId");
          RouteTable table = session.get(Kinds.ROUTE_TABLE, wanted);
          if (!table.vpcId().equals(found.table().vpcId())) {
            throw Errors.of(
                "InvalidParameterValue",
                "Route table %s and association %s belong to different networks",
                wanted,
                request.associationId());
          }
          String id = session.newId("rtbassoc-");
          remove(session, found);
          RouteTable now = session.get(Kinds.ROUTE_TABLE, wanted);
          if (found.association().main()) {
            List<RouteTableAssociation> all = new ArrayList<>(now.associations());
            all.add(
                found.association().toBuilder()
                    .routeTableAssociationId(id)
                    .routeTableId(wanted)
                    .build());
            save(session, now.toBuilder().associations(all).build());
          } else {
            add(session, now, id, found.association().subnetId());
          }
          return ReplaceRouteTableAssociationResponse.builder()
              .newAssociationId(id)
              .associationState(associated())
              .build();
        });
  }

  private record Found(RouteTable table, RouteTableAssociation association) {}

  private static Found association(Session session, @Nullable String id) {
    String wanted = Errors.required(id, "associationId");
    for (RouteTable table : session.all(Kinds.ROUTE_TABLE).toList()) {
      for (RouteTableAssociation association : table.associations()) {
        if (association.routeTableAssociationId().equals(wanted)) {
          return new Found(table, association);
        }
      }
    }
    throw Errors.of(
        "InvalidAssociationID.NotFound", "The association ID '%s' does not exist", wanted);
  }

  private static void remove(Session session, Found found) {
    save(
        session,
        found.table().toBuilder()
            .associations(
                found.table().associations().stream()
                    .filter(a -> !a.equals(found.association()))
                    .toList())
            .build());
  }
}
