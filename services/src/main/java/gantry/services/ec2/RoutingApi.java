package gantry.services.ec2;

import software.amazon.awssdk.services.ec2.model.*;

/** The operations of EC2 on the ways that lead through a VPC and out of it. */
abstract class RoutingApi extends VpcApi {

  private final RouteTables routeTables;
  private final Routes routes;
  private final InternetGateways internetGateways;
  private final NatGateways natGateways;
  private final Peerings peerings;
  private final Endpoints endpoints;

  RoutingApi(Desk desk, PublicPool pool) {
    super(desk, pool);
    this.routeTables = new RouteTables(desk);
    this.routes = new Routes(desk);
    this.internetGateways = new InternetGateways(desk);
    this.natGateways = new NatGateways(desk, pool);
    this.peerings = new Peerings(desk);
    this.endpoints = new Endpoints(desk, pool);
  }

  @Override
  public CreateRouteTableResponse createRouteTable(CreateRouteTableRequest request) {
    return routeTables.create(request);
  }

  @Override
  public DeleteRouteTableResponse deleteRouteTable(DeleteRouteTableRequest request) {
    return routeTables.delete(request);
  }

  @Override
  public DescribeRouteTablesResponse describeRouteTables(DescribeRouteTablesRequest request) {
    return routeTables.describe(request);
  }

  @Override
  public CreateRouteResponse createRoute(CreateRouteRequest request) {
    return routes.create(request);
  }

  @Override
  public DeleteRouteResponse deleteRoute(DeleteRouteRequest request) {
    return routes.delete(request);
  }

  @Override
  public ReplaceRouteResponse replaceRoute(ReplaceRouteRequest request) {
    return routes.replace(request);
  }

  @Override
  public AssociateRouteTableResponse associateRouteTable(AssociateRouteTableRequest request) {
    return routeTables.associate(request);
  }

  @Override
  public DisassociateRouteTableResponse disassociateRouteTable(
      DisassociateRouteTableRequest request) {
    return routeTables.disassociate(request);
  }

  @Override
  public ReplaceRouteTableAssociationResponse replaceRouteTableAssociation(
      ReplaceRouteTableAssociationRequest request) {
    return routeTables.replaceAssociation(request);
  }

  @Override
  public CreateInternetGatewayResponse createInternetGateway(CreateInternetGatewayRequest request) {
    return internetGateways.create(request);
  }

  @Override
  public DeleteInternetGatewayResponse deleteInternetGateway(DeleteInternetGatewayRequest request) {
    return internetGateways.delete(request);
  }

  @Override
  public DescribeInternetGatewaysResponse describeInternetGateways(
      DescribeInternetGatewaysRequest request) {
    return internetGateways.describe(request);
  }

  @Override
  public AttachInternetGatewayResponse attachInternetGateway(AttachInternetGatewayRequest request) {
    return internetGateways.attach(request);
  }

  @Override
  public DetachInternetGatewayResponse detachInternetGateway(DetachInternetGatewayRequest request) {
    return internetGateways.detach(request);
  }

  @Override
  public CreateNatGatewayResponse createNatGateway(CreateNatGatewayRequest request) {
    return natGateways.create(request);
  }

  @Override
  public DeleteNatGatewayResponse deleteNatGateway(DeleteNatGatewayRequest request) {
    return natGateways.delete(request);
  }

  @Override
  public DescribeNatGatewaysResponse describeNatGateways(DescribeNatGatewaysRequest request) {
    return natGateways.describe(request);
  }

  @Override
  public CreateVpcPeeringConnectionResponse createVpcPeeringConnection(
      CreateVpcPeeringConnectionRequest request) {
    return peerings.create(request);
  }

  @Override
  public AcceptVpcPeeringConnectionResponse acceptVpcPeeringConnection(
      AcceptVpcPeeringConnectionRequest request) {
    return peerings.accept(request);
  }

  @Override
  public RejectVpcPeeringConnectionResponse rejectVpcPeeringConnection(
      RejectVpcPeeringConnectionRequest request) {
    return peerings.reject(request);
  }

  @Override
  public DeleteVpcPeeringConnectionResponse deleteVpcPeeringConnection(
      DeleteVpcPeeringConnectionRequest request) {
    return peerings.delete(request);
  }

  @Override
  public DescribeVpcPeeringConnectionsResponse describeVpcPeeringConnections(
      DescribeVpcPeeringConnectionsRequest request) {
    return peerings.describe(request);
  }

  @Override
  public CreateVpcEndpointResponse createVpcEndpoint(CreateVpcEndpointRequest request) {
    return endpoints.create(request);
  }

  @Override
  public ModifyVpcEndpointResponse modifyVpcEndpoint(ModifyVpcEndpointRequest request) {
    return endpoints.modify(request);
  }

  @Override
  public DeleteVpcEndpointsResponse deleteVpcEndpoints(DeleteVpcEndpointsRequest request) {
    return endpoints.delete(request);
  }

  @Override
  public DescribeVpcEndpointsResponse describeVpcEndpoints(DescribeVpcEndpointsRequest request) {
    return endpoints.describe(request);
  }

  @Override
  public DescribeVpcEndpointServicesResponse describeVpcEndpointServices(
      DescribeVpcEndpointServicesRequest request) {
    return endpoints.services(request);
  }
}
