package gantry.services.ec2;

import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/**
 * What the operations on the rules of a security group have in common, whatever their direction:
 * the group, and rules by their properties.
 */
record RuleRequest(
    boolean egress,
    @Nullable String groupId,
    @Nullable String groupName,
    List<IpPermission> permissions,
    @Nullable String protocol,
    @Nullable Integer from,
    @Nullable Integer to,
    @Nullable String cidr,
    @Nullable String sourceGroup,
    @Nullable String sourceOwner) {

  static RuleRequest of(AuthorizeSecurityGroupIngressRequest request) {
    return new RuleRequest(
        false,
        request.groupId(),
        request.groupName(),
        request.ipPermissions(),
        request.ipProtocol(),
        request.fromPort(),
        request.toPort(),
        request.cidrIp(),
        request.sourceSecurityGroupName(),
        request.sourceSecurityGroupOwnerId());
  }

  static RuleRequest of(AuthorizeSecurityGroupEgressRequest request) {
    return new RuleRequest(
        true,
        request.groupId(),
        null,
        request.ipPermissions(),
        request.ipProtocol(),
        request.fromPort(),
        request.toPort(),
        request.cidrIp(),
        request.sourceSecurityGroupName(),
        request.sourceSecurityGroupOwnerId());
  }

  static RuleRequest of(RevokeSecurityGroupIngressRequest request) {
    return new RuleRequest(
        false,
        request.groupId(),
        request.groupName(),
        request.ipPermissions(),
        request.ipProtocol(),
        request.fromPort(),
        request.toPort(),
        request.cidrIp(),
        request.sourceSecurityGroupName(),
        request.sourceSecurityGroupOwnerId());
  }

  static RuleRequest of(RevokeSecurityGroupEgressRequest request) {
    return new RuleRequest(
        true,
        request.groupId(),
        null,
        request.ipPermissions(),
        request.ipProtocol(),
        request.fromPort(),
        request.toPort(),
        request.cidrIp(),
        request.sourceSecurityGroupName(),
        request.sourceSecurityGroupOwnerId());
  }

  static RuleRequest of(UpdateSecurityGroupRuleDescriptionsIngressRequest request) {
    return only(false, request.groupId(), request.groupName(), request.ipPermissions());
  }

  static RuleRequest of(UpdateSecurityGroupRuleDescriptionsEgressRequest request) {
    return only(true, request.groupId(), request.groupName(), request.ipPermissions());
  }

  private static RuleRequest only(
      boolean egress,
      @Nullable String groupId,
      @Nullable String groupName,
      List<IpPermission> permissions) {
    return new RuleRequest(
        egress, groupId, groupName, permissions, null, null, null, null, null, null);
  }

  SecurityGroup group(Lookup lookup) {
    return SecurityGroups.named(lookup, groupId, groupName, null);
  }
}
