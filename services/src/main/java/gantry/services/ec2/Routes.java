package gantry.services.ec2;

import gantry.acs.network.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/** The routes of route tables. */
final class Routes {

  private static final int ROUTES_LIMIT = 500;

  private final Desk desk;

  Routes(Desk desk) {
    this.desk = desk;
  }

  CreateRouteResponse create(CreateRouteRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          Place at =
              place(
                  session,
                  request.routeTableId(),
                  request.destinationCidrBlock(),
                  request.destinationIpv6CidrBlock(),
                  request.destinationPrefixListId());
          Route route = target(at, RouteTarget.of(request));
          Route old = at.find();
          List<Route> routes = new ArrayList<>(at.table().routes());
          if (old == null) {
            if (routes.size() >= ROUTES_LIMIT) {
              throw Errors.of(
                  "RouteLimitExceeded", "The maximum number of routes has been reached.");
            }
            routes.add(route);
            at.save(routes);
          } else if (!route.equals(old)) {
            throw Errors.of(
                "RouteAlreadyExists", "The route identified by %s already exists", at.text());
          }
          return CreateRouteResponse.builder().returnValue(true).build();
        });
  }

  ReplaceRouteResponse replace(ReplaceRouteRequest request) {
    if (Boolean.TRUE.equals(request.localTarget())) {
      throw Errors.unsupported("Resetting a local route");
    }
    return desk.write(
        request.dryRun(),
        session -> {
          Place at =
              place(
                  session,
                  request.routeTableId(),
                  request.destinationCidrBlock(),
                  request.destinationIpv6CidrBlock(),
                  request.destinationPrefixListId());
          Route old = at.find();
          if (old == null) {
            throw Errors.of(
                "InvalidParameterValue",
                "There is no route defined for '%s' in the route table. Use CreateRoute instead.",
                at.text());
          }
          Route route = target(at, RouteTarget.of(request));
          if ("local".equals(old.gatewayId())) {
            throw Errors.unsupported("Replacing a local route");
          }
          at.save(at.table().routes().stream().map(r -> r.equals(old) ? route : r).toList());
          return ReplaceRouteResponse.builder().build();
        });
  }

  DeleteRouteResponse delete(DeleteRouteRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          Place at =
              place(
                  session,
                  request.routeTableId(),
                  request.destinationCidrBlock(),
                  request.destinationIpv6CidrBlock(),
                  request.destinationPrefixListId());
          Route old = at.find();
          if (old == null) {
            throw Errors.of(
                "InvalidRoute.NotFound",
                "no route with destination-cidr-block %s in route table %s",
                at.text(),
                at.table().routeTableId());
          }
          if ("local".equals(old.gatewayId())) {
            throw Errors.of(
                "InvalidParameterValue",
                "cannot remove local route %s in route table %s",
                at.text(),
                at.table().routeTableId());
          }
          at.save(at.table().routes().stream().filter(r -> !r.equals(old)).toList());
          return DeleteRouteResponse.builder().build();
        });
  }

  /**
   * A route table and a destination in it: a block or a prefix list, each in EC2's spelling. There
   * may be a route for it or not.
   */
  private record Place(
      Session session, RouteTable table, @Nullable String cidr, @Nullable String list) {

    String text() {
      return cidr == null ? String.valueOf(list) : cidr;
    }

    @Nullable Route find() {
      return table.routes().stream()
          .filter(
              route ->
                  Objects.equals(route.destinationCidrBlock(), cidr)
                      && Objects.equals(route.destinationPrefixListId(), list))
          .findFirst()
          .orElse(null);
    }

    void save(List<Route> routes) {
      RouteTables.save(session, table.toBuilder().routes(routes).build());
    }

    /** What a route leads to must be of the table's network. */
    void checkNetwork(boolean same, String kind, String id) {
      if (!same) {
        throw Errors.of(
            "InvalidParameterValue",
            "route table %s and %s %s belong to different networks",
            table.routeTableId(),
            kind,
            id);
      }
    }
  }

  private static Place place(
      Session session,
      @Nullable String tableId,
      @Nullable String cidr,
      @Nullable String cidr6,
      @Nullable String list) {
    RouteTable table = session.get(Kinds.ROUTE_TABLE, tableId);
    if (cidr6 != null) {
      throw Errors.unsupported("An IPv6 route");
    }
    if (cidr != null) {
      if (!Cidr.isValid(cidr)) {
        throw Errors.invalid("destinationCidrBlock", cidr, "This is not a valid CIDR block.");
      }
      return new Place(session, table, Cidr.parse(cidr).toString(), null);
    }
    if (list != null) {
      session.get(Kinds.PREFIX_LIST, list);
      return new Place(session, table, null, list);
    }
    throw Errors.missing("destinationCidrBlock");
  }

  private static Route target(Place at, RouteTarget target) {
    target.check();
    Session session = at.session();
    String vpc = at.table().vpcId();
    String gateway = target.gateway();
    String nat = target.nat();
    String eni = target.eni();
    String peering = target.peering();
    Route.Builder route =
        Route.builder()
            .destinationCidrBlock(at.cidr())
            .destinationPrefixListId(at.list())
            .origin(RouteOrigin.CREATE_ROUTE)
            .state(RouteState.ACTIVE);
    if (gateway != null) {
      if (gateway.startsWith("vpce-")) {
        throw Errors.unsupported("A Gateway Load Balancer endpoint as a route target");
      }
      if (!gateway.startsWith("igw-")) {
        throw Errors.of("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", gateway);
      }
      InternetGateway found = session.get(Kinds.INTERNET_GATEWAY, gateway);
      at.checkNetwork(InternetGateways.isAttached(found, vpc), "network gateway", gateway);
      return route.gatewayId(gateway).build();
    }
    if (nat != null) {
      NatGateway found = session.get(Kinds.NAT_GATEWAY, nat);
      at.checkNetwork(found.vpcId().equals(vpc), "NAT gateway", nat);
      return route.natGatewayId(nat).build();
    }
    if (eni != null) {
      NetworkInterface found = session.get(Kinds.INTERFACE, eni);
      at.checkNetwork(found.vpcId().equals(vpc), "interface", eni);
      return route.networkInterfaceId(eni).build();
    }
    if (peering != null) {
      VpcPeeringConnection found = session.get(Kinds.PEERING, peering);
      at.checkNetwork(Peerings.joins(found, vpc), "peering connection", peering);
      return route.vpcPeeringConnectionId(peering).build();
    }
    throw new IllegalStateException("a route target that was checked is none: " + target);
  }
}
