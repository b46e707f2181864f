package gantry.services.ec2;

import software.amazon.awssdk.services.ec2.model.*;

/** The operations of EC2 on what may pass. */
abstract class FilteringApi extends RoutingApi {

  private final SecurityGroups groups;
  private final SecurityGroupRules rules;
  private final NetworkAcls acls;
  private final PrefixLists prefixLists;

  FilteringApi(Desk desk, PublicPool pool) {
    super(desk, pool);
    this.groups = new SecurityGroups(desk);
    this.rules = new SecurityGroupRules(desk);
    this.acls = new NetworkAcls(desk);
    this.prefixLists = new PrefixLists(desk);
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
}
