package gantry.services.ec2;

import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.*;

/** The operations of EC2 on VPCs and what stands in them. */
abstract class VpcApi implements Ec2Client {

  private final Vpcs vpcs;
  private final Subnets subnets;
  private final Interfaces interfaces;
  private final InterfaceAttributes interfaceAttributes;
  private final Addresses addresses;
  private final DhcpOptionSets dhcpOptions;

  VpcApi(Desk desk, PublicPool pool) {
    this.vpcs = new Vpcs(desk);
    this.subnets = new Subnets(desk);
    this.interfaces = new Interfaces(desk, pool);
    this.interfaceAttributes = new InterfaceAttributes(desk, pool);
    this.addresses = new Addresses(desk, pool);
    this.dhcpOptions = new DhcpOptionSets(desk);
  }

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
    return interfaceAttributes.describe(request);
  }

  @Override
  public ModifyNetworkInterfaceAttributeResponse modifyNetworkInterfaceAttribute(
      ModifyNetworkInterfaceAttributeRequest request) {
    return interfaceAttributes.modify(request);
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
  public ResetNetworkInterfaceAttributeResponse resetNetworkInterfaceAttribute(
      ResetNetworkInterfaceAttributeRequest request) {
    return interfaceAttributes.reset(request);
  }
}
