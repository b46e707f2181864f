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
          RouteTable table = session.get(Kinds.ROUTE_TABLE, request.routeTableId());
          Destination to =
              destination(
                  session,
                  request.destinationCidrBlock(),
                  request.destinationIpv6CidrBlock(),
                  request.destinationPrefixListId());
          Route route = target(session, table, to, RouteTarget.of(request));
          Route old = find(table, to);
          if (old != null) {
            if (route.equals(old)) {
              return CreateRouteResponse.builder().returnValue(true).build();
            }
            throw Errors.of(
                "RouteAlreadyExists", "The route identified by %s already exists", to.text());
          }
          if (table.routes().size() >= ROUTES_LIMIT) {
            throw Errors.of("RouteLimitExceeded", "The maximum number of routes has been reached.");
          }
          List<Route> routes = new ArrayList<>(table.routes());
          routes.add(route);
          RouteTables.save(session, table.toBuilder().routes(routes).build());
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
          RouteTable table = session.get(Kinds.ROUTE_TABLE, request.routeTableId());
          Destination to =
              destination(
                  session,
                  request.destinationCidrBlock(),
                  request.destinationIpv6CidrBlock(),
                  request.destinationPrefixListId());
          Route old = find(table, to);
          if (old == null) {
            throw Errors.of(
                "InvalidParameterValue",
                "There is no route defined for '%s' in the route table. Use CreateRoute instead.",
                to.text());
          }
          Route route = target(session, table, to, RouteTarget.of(request));
          if ("local".equals(old.gatewayId())) {
            throw Errors.unsupported("Replacing a local route");
          }
          RouteTables.save(
              session,
              table.toBuilder()
                  .routes(table.routes().stream().map(r -> r.equals(old) ? route : r).toList())
                  .build());
          return ReplaceRouteResponse.builder().build();
        });
  }

  DeleteRouteResponse delete(DeleteRouteRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          RouteTable table = session.get(Kinds.ROUTE_TABLE, request.routeTableId());
          Destination to =
              destination(
                  session,
                  request.destinationCidrBlock(),
                  request.destinationIpv6CidrBlock(),
                  request.destinationPrefixListId());
          Route old = find(table, to);
          if (old == null) {
            throw Errors.of(
                "InvalidRoute.NotFound",
                "no route with destination-cidr-block %s in route table %s",
                to.text(),
                table.routeTableId());
          }
          if ("local".equals(old.gatewayId())) {
            throw Errors.of(
                "InvalidParameterValue",
                "cannot remove local route %s in route table %s",
                to.text(),
                table.routeTableId());
          }
          RouteTables.save(
              session,
              table.toBuilder()
                  .routes(table.routes().stream().filter(r -> !r.equals(old)).toList())
                  .build());
          return DeleteRouteResponse.builder().build();
        });
  }

  /** Where a route goes: a block or a prefix list, each in EC2's spelling. */
  private record Destination(@Nullable String cidr, @Nullable String list) {
    String text() {
      return cidr == null ? String.valueOf(list) : cidr;
    }
  }

  private static Destination destination(
      Session session, @Nullable String cidr, @Nullable String cidr6, @Nullable String list) {
    if (cidr6 != null) {
      throw Errors.unsupported("An IPv6 route");
    }
    if (cidr != null) {
      if (!Cidr.isValid(cidr)) {
        throw Errors.invalid("destinationCidrBlock", cidr, "This is not a valid CIDR block.");
      }
      return new Destination(Cidr.parse(cidr).toString(), null);
    }
    if (list != null) {
      session.get(Kinds.PREFIX_LIST, list);
      return new Destination(null, list);
    }
    throw Errors.missing("destinationCidrBlock");
  }

  private static @Nullable Route find(RouteTable table, Destination to) {
    return table.routes().stream()
        .filter(
            route ->
                Objects.equals(route.destinationCidrBlock(), to.cidr())
                    && Objects.equals(route.destinationPrefixListId(), to.list()))
        .findFirst()
        .orElse(null);
  }

  private static Route target(
      Session session, RouteTable table, Destination to, RouteTarget target) {
    target.check();
    String gateway = target.gateway();
    String nat = target.nat();
    String eni = target.eni();
    String peering = target.peering();
    Route.Builder route =
        Route.builder()
            .destinationCidrBlock(to.cidr())
            .destinationPrefixListId(to.list())
            .origin(RouteOrigin.CREATE_ROUTE)
            .state(RouteState.ACTIVE);
    if (gateway != null) {
      if (gateway.startsWith("igw-")) {
        InternetGateway igw = session.get(Kinds.INTERNET_GATEWAY, gateway);
        if (!InternetGateways.isAttached(igw, table.vpcId())) {
          throw Errors.of(
              "InvalidParameterValue",
              "route table %s and network gateway %s belong to different networks",
              table.routeTableId(),
              gateway);
        }
      } else if (gateway.startsWith("vpce-")) {
        throw Errors.unsupported("A Gateway Load Balancer endpoint as a route target");
      } else {
        throw Errors.of("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", gateway);
      }
      return route.gatewayId(gateway).build();
    }
    if (nat != null) {
      NatGateway found = session.get(Kinds.NAT_GATEWAY, nat);
      if (!found.vpcId().equals(table.vpcId())) {
        throw Errors.of(
            "InvalidParameterValue",
            "route table %s and NAT gateway %s belong to different networks",
            table.routeTableId(),
            nat);
      }
      return route.natGatewayId(nat).build();
    }
    if (eni != null) {
      NetworkInterface found = session.get(Kinds.INTERFACE, eni);
      if (!found.vpcId().equals(table.vpcId())) {
        throw Errors.of(
            "InvalidParameterValue",
            "route table %s and interface %s belong to different networks",
            table.routeTableId(),
            eni);
      }
      return route.networkInterfaceId(eni).build();
    }
    if (peering != null) {
      VpcPeeringConnection found = session.get(Kinds.PEERING, peering);
      if (!Peerings.joins(found, table.vpcId())) {
        throw Errors.of(
            "InvalidParameterValue",
            "route table %s and peering connection %s belong to different networks",
            table.routeTableId(),
            peering);
      }
      return route.vpcPeeringConnectionId(peering).build();
    }
    throw new IllegalStateException("a route target that was checked is none: " + target);
  }
}
