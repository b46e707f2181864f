package gantry.services.ec2;

import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.CreateRouteRequest;
import software.amazon.awssdk.services.ec2.model.ReplaceRouteRequest;

/**
 * Where a request wants a route to lead.
 *
 * @param others how many targets it names that are not built
 */
record RouteTarget(
    @Nullable String gateway,
    @Nullable String nat,
    @Nullable String eni,
    @Nullable String peering,
    long others) {

  static RouteTarget of(CreateRouteRequest request) {
    return new RouteTarget(
        request.gatewayId() == null ? request.vpcEndpointId() : request.gatewayId(),
        request.natGatewayId(),
        request.networkInterfaceId(),
        request.vpcPeeringConnectionId(),
        count(
            request.instanceId(),
            request.egressOnlyInternetGatewayId(),
            request.transitGatewayId(),
            request.localGatewayId(),
            request.carrierGatewayId(),
            request.coreNetworkArn(),
            request.odbNetworkArn()));
  }

  static RouteTarget of(ReplaceRouteRequest request) {
    return new RouteTarget(
        request.gatewayId() == null ? request.vpcEndpointId() : request.gatewayId(),
        request.natGatewayId(),
        request.networkInterfaceId(),
        request.vpcPeeringConnectionId(),
        count(
            request.instanceId(),
            request.egressOnlyInternetGatewayId(),
            request.transitGatewayId(),
            request.localGatewayId(),
            request.carrierGatewayId(),
            request.coreNetworkArn(),
            request.odbNetworkArn()));
  }

  private static long count(@Nullable String... targets) {
    return Stream.of(targets).filter(Objects::nonNull).count();
  }

  /** There is exactly one, and it is one that can be reached. */
  void check() {
    long named = others + count(gateway, nat, eni, peering);
    if (named != 1) {
      throw Errors.of(
          named == 0 ? "MissingParameter" : "InvalidParameterCombination",
          "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId,"
              + " vpcPeeringConnectionId, vpcEndpointId or instanceId");
    }
    if (others > 0) {
      throw Errors.unsupported("This kind of route target");
    }
  }
}
