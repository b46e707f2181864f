package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import java.util.List;
import java.util.function.Consumer;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.*;

/**
 * Amazon EC2: its networking in full, and what clients look up before they use it. Instances cannot
 * be launched; everything that is not here is refused by name.
 */
public final class Ec2 implements Ec2Client {

  private final Vpcs vpcs;
  private final Subnets subnets;
  private final Interfaces interfaces;
  private final SecurityGroups groups;
  private final SecurityGroupRules rules;
  private final RouteTables routeTables;
  private final InternetGateways internetGateways;
  private final NatGateways natGateways;
  private final Addresses addresses;
  private final Peerings peerings;
  private final Endpoints endpoints;
  private final NetworkAcls acls;
  private final PrefixLists prefixLists;
  private final FlowLogs flowLogs;
  private final DhcpOptionSets dhcpOptions;
  private final KeyPairs keyPairs;
  private final Catalogue catalogue;
  private final Insights insights;
  private final Tagging tagging;

  /** A client of the rows in {@code context}; public addresses come from {@code publicPool}. */
  public Ec2(ServiceContext context, Cidr publicPool) {
    Desk desk = new Desk(context);
    PublicPool pool = new PublicPool(publicPool);
    this.vpcs = new Vpcs(desk);
    this.subnets = new Subnets(desk);
    this.interfaces = new Interfaces(desk, pool);
    this.groups = new SecurityGroups(desk);
    this.rules = new SecurityGroupRules(desk);
    this.routeTables = new RouteTables(desk);
    this.internetGateways = new InternetGateways(desk);
    this.natGateways = new NatGateways(desk, pool);
    this.addresses = new Addresses(desk, pool);
    this.peerings = new Peerings(desk);
    this.endpoints = new Endpoints(desk, pool);
    this.acls = new NetworkAcls(desk);
    this.prefixLists = new PrefixLists(desk);
    this.flowLogs = new FlowLogs(desk);
    this.dhcpOptions = new DhcpOptionSets(desk);
    this.keyPairs = new KeyPairs(desk);
    this.catalogue = new Catalogue(desk);
    this.insights = new Insights(desk);
    this.tagging = new Tagging(desk);
  }

  /**
   * The service as the program hosts it.
   *
   * @param node takes every new plan of the networks, and must return at once
   */
  public static HostedService<Ec2Client> hosted(Cidr publicPool, Consumer<NetworkPlan> node) {
    return new HostedService<>(
        Ec2Client.class,
        context -> new Ec2(context, publicPool),
        Ec2Tables.ALL,
        context -> List.of(new NetworkController(context.store(), node)));
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  @Override
  public CreateVpcResponse createVpc(CreateVpcRequest request) {
    return vpcs.create(request);
  }

  @Override
  public DeleteVpcResponse deleteVpc(DeleteVpcRequest request) {
    return vpcs.delete(request);
  }

  @Override
  public DescribeVpcsResponse describeVpcs(DescribeVpcsRequest request) {
    return vpcs.describe(request);
  }

  @Override
  public DescribeVpcAttributeResponse describeVpcAttribute(DescribeVpcAttributeRequest request) {
    return vpcs.describeAttribute(request);
  }

  @Override
  public ModifyVpcAttributeResponse modifyVpcAttribute(ModifyVpcAttributeRequest request) {
    return vpcs.modifyAttribute(request);
  }

  @Override
  public AssociateVpcCidrBlockResponse associateVpcCidrBlock(AssociateVpcCidrBlockRequest request) {
    return vpcs.associate(request);
  }

  @Override
  public DisassociateVpcCidrBlockResponse disassociateVpcCidrBlock(
      DisassociateVpcCidrBlockRequest request) {
    return vpcs.disassociate(request);
  }

  @Override
  public CreateDefaultVpcResponse createDefaultVpc(CreateDefaultVpcRequest request) {
    return vpcs.createDefault(request);
  }

  @Override
  public CreateSubnetResponse createSubnet(CreateSubnetRequest request) {
    return subnets.create(request);
  }

  @Override
  public DeleteSubnetResponse deleteSubnet(DeleteSubnetRequest request) {
    return subnets.delete(request);
  }

  @Override
  public DescribeSubnetsResponse describeSubnets(DescribeSubnetsRequest request) {
    return subnets.describe(request);
  }

  @Override
  public ModifySubnetAttributeResponse modifySubnetAttribute(ModifySubnetAttributeRequest request) {
    return subnets.modify(request);
  }

  @Override
  public CreateDefaultSubnetResponse createDefaultSubnet(CreateDefaultSubnetRequest request) {
    return subnets.createDefault(request);
  }

  @Override
  public CreateNetworkInterfaceResponse createNetworkInterface(
      CreateNetworkInterfaceRequest request) {
    return interfaces.create(request);
  }

  @Override
  public DeleteNetworkInterfaceResponse deleteNetworkInterface(
      DeleteNetworkInterfaceRequest request) {
    return interfaces.delete(request);
  }

  @Override
  public DescribeNetworkInterfacesResponse describeNetworkInterfaces(
      DescribeNetworkInterfacesRequest request) {
    return interfaces.describe(request);
  }

  @Override
  public DescribeNetworkInterfaceAttributeResponse describeNetworkInterfaceAttribute(
      DescribeNetworkInterfaceAttributeRequest request) {
    return interfaces.describeAttribute(request);
  }

  @Override
  public ModifyNetworkInterfaceAttributeResponse modifyNetworkInterfaceAttribute(
      ModifyNetworkInterfaceAttributeRequest request) {
    return interfaces.modify(request);
  }

  @Override
  public AttachNetworkInterfaceResponse attachNetworkInterface(
      AttachNetworkInterfaceRequest request) {
    return interfaces.attach(request);
  }

  @Override
  public DetachNetworkInterfaceResponse detachNetworkInterface(
      DetachNetworkInterfaceRequest request) {
    return interfaces.detach(request);
  }

  @Override
  public AssignPrivateIpAddressesResponse assignPrivateIpAddresses(
      AssignPrivateIpAddressesRequest request) {
    return interfaces.assign(request);
  }

  @Override
  public UnassignPrivateIpAddressesResponse unassignPrivateIpAddresses(
      UnassignPrivateIpAddressesRequest request) {
    return interfaces.unassign(request);
  }

  @Override
  public CreateSecurityGroupResponse createSecurityGroup(CreateSecurityGroupRequest request) {
    return groups.create(request);
  }

  @Override
  public DeleteSecurityGroupResponse deleteSecurityGroup(DeleteSecurityGroupRequest request) {
    return groups.delete(request);
  }

  @Override
  public DescribeSecurityGroupsResponse describeSecurityGroups(
      DescribeSecurityGroupsRequest request) {
    return groups.describe(request);
  }

  @Override
  public AuthorizeSecurityGroupIngressResponse authorizeSecurityGroupIngress(
      AuthorizeSecurityGroupIngressRequest request) {
    return rules.authorizeIngress(request);
  }

  @Override
  public AuthorizeSecurityGroupEgressResponse authorizeSecurityGroupEgress(
      AuthorizeSecurityGroupEgressRequest request) {
    return rules.authorizeEgress(request);
  }

  @Override
  public RevokeSecurityGroupIngressResponse revokeSecurityGroupIngress(
      RevokeSecurityGroupIngressRequest request) {
    return rules.revokeIngress(request);
  }

  @Override
  public RevokeSecurityGroupEgressResponse revokeSecurityGroupEgress(
      RevokeSecurityGroupEgressRequest request) {
    return rules.revokeEgress(request);
  }

  @Override
  public DescribeSecurityGroupRulesResponse describeSecurityGroupRules(
      DescribeSecurityGroupRulesRequest request) {
    return rules.describeRules(request);
  }

  @Override
  public ModifySecurityGroupRulesResponse modifySecurityGroupRules(
      ModifySecurityGroupRulesRequest request) {
    return rules.modifyRules(request);
  }

  @Override
  public UpdateSecurityGroupRuleDescriptionsIngressResponse
      updateSecurityGroupRuleDescriptionsIngress(
          UpdateSecurityGroupRuleDescriptionsIngressRequest request) {
    return rules.describeIngress(request);
  }

  @Override
  public UpdateSecurityGroupRuleDescriptionsEgressResponse
      updateSecurityGroupRuleDescriptionsEgress(
          UpdateSecurityGroupRuleDescriptionsEgressRequest request) {
    return rules.describeEgress(request);
  }

  @Override
  public DescribeSecurityGroupReferencesResponse describeSecurityGroupReferences(
      DescribeSecurityGroupReferencesRequest request) {
    return rules.references(request);
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
    return routeTables.createRoute(request);
  }

  @Override
  public DeleteRouteResponse deleteRoute(DeleteRouteRequest request) {
    return routeTables.deleteRoute(request);
  }

  @Override
  public ReplaceRouteResponse replaceRoute(ReplaceRouteRequest request) {
    return routeTables.replaceRoute(request);
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
  public AllocateAddressResponse allocateAddress(AllocateAddressRequest request) {
    return addresses.allocate(request);
  }

  @Override
  public ReleaseAddressResponse releaseAddress(ReleaseAddressRequest request) {
    return addresses.release(request);
  }

  @Override
  public DescribeAddressesResponse describeAddresses(DescribeAddressesRequest request) {
    return addresses.describe(request);
  }

  @Override
  public DescribeAddressesAttributeResponse describeAddressesAttribute(
      DescribeAddressesAttributeRequest request) {
    return addresses.describeAttributes(request);
  }

  @Override
  public AssociateAddressResponse associateAddress(AssociateAddressRequest request) {
    return addresses.associate(request);
  }

  @Override
  public DisassociateAddressResponse disassociateAddress(DisassociateAddressRequest request) {
    return addresses.disassociate(request);
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

  @Override
  public CreateNetworkAclResponse createNetworkAcl(CreateNetworkAclRequest request) {
    return acls.create(request);
  }

  @Override
  public DeleteNetworkAclResponse deleteNetworkAcl(DeleteNetworkAclRequest request) {
    return acls.delete(request);
  }

  @Override
  public DescribeNetworkAclsResponse describeNetworkAcls(DescribeNetworkAclsRequest request) {
    return acls.describe(request);
  }

  @Override
  public CreateNetworkAclEntryResponse createNetworkAclEntry(CreateNetworkAclEntryRequest request) {
    return acls.createEntry(request);
  }

  @Override
  public ReplaceNetworkAclEntryResponse replaceNetworkAclEntry(
      ReplaceNetworkAclEntryRequest request) {
    return acls.replaceEntry(request);
  }

  @Override
  public DeleteNetworkAclEntryResponse deleteNetworkAclEntry(DeleteNetworkAclEntryRequest request) {
    return acls.deleteEntry(request);
  }

  @Override
  public ReplaceNetworkAclAssociationResponse replaceNetworkAclAssociation(
      ReplaceNetworkAclAssociationRequest request) {
    return acls.replaceAssociation(request);
  }

  @Override
  public CreateManagedPrefixListResponse createManagedPrefixList(
      CreateManagedPrefixListRequest request) {
    return prefixLists.create(request);
  }

  @Override
  public ModifyManagedPrefixListResponse modifyManagedPrefixList(
      ModifyManagedPrefixListRequest request) {
    return prefixLists.modify(request);
  }

  @Override
  public DeleteManagedPrefixListResponse deleteManagedPrefixList(
      DeleteManagedPrefixListRequest request) {
    return prefixLists.delete(request);
  }

  @Override
  public DescribeManagedPrefixListsResponse describeManagedPrefixLists(
      DescribeManagedPrefixListsRequest request) {
    return prefixLists.describe(request);
  }

  @Override
  public GetManagedPrefixListEntriesResponse getManagedPrefixListEntries(
      GetManagedPrefixListEntriesRequest request) {
    return prefixLists.entries(request);
  }

  @Override
  public DescribePrefixListsResponse describePrefixLists(DescribePrefixListsRequest request) {
    return prefixLists.describeAmazon(request);
  }

  @Override
  public CreateNetworkInsightsPathResponse createNetworkInsightsPath(
      CreateNetworkInsightsPathRequest request) {
    return insights.createPath(request);
  }

  @Override
  public DescribeNetworkInsightsPathsResponse describeNetworkInsightsPaths(
      DescribeNetworkInsightsPathsRequest request) {
    return insights.describePaths(request);
  }

  @Override
  public DeleteNetworkInsightsPathResponse deleteNetworkInsightsPath(
      DeleteNetworkInsightsPathRequest request) {
    return insights.deletePath(request);
  }

  @Override
  public StartNetworkInsightsAnalysisResponse startNetworkInsightsAnalysis(
      StartNetworkInsightsAnalysisRequest request) {
    return insights.start(request);
  }

  @Override
  public DescribeNetworkInsightsAnalysesResponse describeNetworkInsightsAnalyses(
      DescribeNetworkInsightsAnalysesRequest request) {
    return insights.describeAnalyses(request);
  }

  @Override
  public DeleteNetworkInsightsAnalysisResponse deleteNetworkInsightsAnalysis(
      DeleteNetworkInsightsAnalysisRequest request) {
    return insights.deleteAnalysis(request);
  }

  @Override
  public CreateFlowLogsResponse createFlowLogs(CreateFlowLogsRequest request) {
    return flowLogs.create(request);
  }

  @Override
  public DescribeFlowLogsResponse describeFlowLogs(DescribeFlowLogsRequest request) {
    return flowLogs.describe(request);
  }

  @Override
  public DeleteFlowLogsResponse deleteFlowLogs(DeleteFlowLogsRequest request) {
    return flowLogs.delete(request);
  }

  @Override
  public CreateDhcpOptionsResponse createDhcpOptions(CreateDhcpOptionsRequest request) {
    return dhcpOptions.create(request);
  }

  @Override
  public DeleteDhcpOptionsResponse deleteDhcpOptions(DeleteDhcpOptionsRequest request) {
    return dhcpOptions.delete(request);
  }

  @Override
  public DescribeDhcpOptionsResponse describeDhcpOptions(DescribeDhcpOptionsRequest request) {
    return dhcpOptions.describe(request);
  }

  @Override
  public AssociateDhcpOptionsResponse associateDhcpOptions(AssociateDhcpOptionsRequest request) {
    return dhcpOptions.associate(request);
  }

  @Override
  public CreateKeyPairResponse createKeyPair(CreateKeyPairRequest request) {
    return keyPairs.create(request);
  }

  @Override
  public ImportKeyPairResponse importKeyPair(ImportKeyPairRequest request) {
    return keyPairs.importKey(request);
  }

  @Override
  public DescribeKeyPairsResponse describeKeyPairs(DescribeKeyPairsRequest request) {
    return keyPairs.describe(request);
  }

  @Override
  public DeleteKeyPairResponse deleteKeyPair(DeleteKeyPairRequest request) {
    return keyPairs.delete(request);
  }

  @Override
  public DescribeRegionsResponse describeRegions(DescribeRegionsRequest request) {
    return catalogue.regions(request);
  }

  @Override
  public DescribeAvailabilityZonesResponse describeAvailabilityZones(
      DescribeAvailabilityZonesRequest request) {
    return catalogue.zones(request);
  }

  @Override
  public DescribeInstanceTypesResponse describeInstanceTypes(DescribeInstanceTypesRequest request) {
    return catalogue.types(request);
  }

  @Override
  public DescribeInstanceTypeOfferingsResponse describeInstanceTypeOfferings(
      DescribeInstanceTypeOfferingsRequest request) {
    return catalogue.offerings(request);
  }

  @Override
  public DescribeImagesResponse describeImages(DescribeImagesRequest request) {
    return catalogue.images(request);
  }

  @Override
  public DescribeAccountAttributesResponse describeAccountAttributes(
      DescribeAccountAttributesRequest request) {
    return catalogue.attributes(request);
  }

  @Override
  public CreateTagsResponse createTags(CreateTagsRequest request) {
    return tagging.create(request);
  }

  @Override
  public DeleteTagsResponse deleteTags(DeleteTagsRequest request) {
    return tagging.delete(request);
  }

  @Override
  public DescribeTagsResponse describeTags(DescribeTagsRequest request) {
    return tagging.describe(request);
  }

  @Override
  public RunInstancesResponse runInstances(RunInstancesRequest request) {
    throw Errors.unsupported("RunInstances");
  }

  @Override
  public StartInstancesResponse startInstances(StartInstancesRequest request) {
    throw Errors.unsupported("StartInstances");
  }

  @Override
  public StopInstancesResponse stopInstances(StopInstancesRequest request) {
    throw Errors.unsupported("StopInstances");
  }

  @Override
  public TerminateInstancesResponse terminateInstances(TerminateInstancesRequest request) {
    throw Errors.unsupported("TerminateInstances");
  }

  @Override
  public RebootInstancesResponse rebootInstances(RebootInstancesRequest request) {
    throw Errors.unsupported("RebootInstances");
  }

  @Override
  public RequestSpotInstancesResponse requestSpotInstances(RequestSpotInstancesRequest request) {
    throw Errors.unsupported("RequestSpotInstances");
  }

  @Override
  public CreateFleetResponse createFleet(CreateFleetRequest request) {
    throw Errors.unsupported("CreateFleet");
  }

  @Override
  public CreateVolumeResponse createVolume(CreateVolumeRequest request) {
    throw Errors.unsupported("CreateVolume");
  }

  @Override
  public DescribeInstancesResponse describeInstances(DescribeInstancesRequest request) {
    catalogue.noInstances(request.instanceIds());
    return DescribeInstancesResponse.builder().reservations(List.of()).build();
  }

  @Override
  public DescribeInstanceStatusResponse describeInstanceStatus(
      DescribeInstanceStatusRequest request) {
    catalogue.noInstances(request.instanceIds());
    return DescribeInstanceStatusResponse.builder().instanceStatuses(List.of()).build();
  }
}
