package gantry.services.ec2;

import gantry.services.ec2.Rows.PrefixListRow;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.ec2.model.*;

/**
 * The rules of security groups. Each is a row of its own, one for each peer, as
 * DescribeSecurityGroupRules shows them.
 */
final class SecurityGroupRules {

  private static final int RULES_LIMIT = 60;

  private final Desk desk;

  SecurityGroupRules(Desk desk) {
    this.desk = desk;
  }

  AuthorizeSecurityGroupIngressResponse authorizeIngress(
      AuthorizeSecurityGroupIngressRequest request) {
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.SECURITY_GROUP_RULE);
    return desk.write(
        request.dryRun(),
        session -> {
          SecurityGroup group =
              SecurityGroups.named(session, request.groupId(), request.groupName());
          List<RuleSpec> specs =
              RuleSpec.read(
                  session,
                  group,
                  request.ipPermissions(),
                  request.ipProtocol(),
                  request.fromPort(),
                  request.toPort(),
                  request.cidrIp(),
                  request.sourceSecurityGroupName());
          return AuthorizeSecurityGroupIngressResponse.builder()
              .returnValue(true)
              .securityGroupRules(authorize(session, group, false, specs, tags))
              .build();
        });
  }

  AuthorizeSecurityGroupEgressResponse authorizeEgress(
      AuthorizeSecurityGroupEgressRequest request) {
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.SECURITY_GROUP_RULE);
    return desk.write(
        request.dryRun(),
        session -> {
          SecurityGroup group = SecurityGroups.named(session, request.groupId(), null);
          List<RuleSpec> specs =
              RuleSpec.read(
                  session,
                  group,
                  request.ipPermissions(),
                  request.ipProtocol(),
                  request.fromPort(),
                  request.toPort(),
                  request.cidrIp(),
                  request.sourceSecurityGroupName());
          return AuthorizeSecurityGroupEgressResponse.builder()
              .returnValue(true)
              .securityGroupRules(authorize(session, group, true, specs, tags))
              .build();
        });
  }

  private static List<SecurityGroupRule> authorize(
      Session session, SecurityGroup group, boolean egress, List<RuleSpec> specs, List<Tag> tags) {
    for (int i = 0; i < specs.size(); i++) {
      for (int j = 0; j < i; j++) {
        if (specs.get(i).same(specs.get(j))) {
          throw Errors.of(
              "InvalidParameterValue", "The same permission must not appear multiple times");
        }
      }
    }
    List<SecurityGroupRule> old =
        session
            .all(Ec2Tables.RULES_BY_GROUP, group.groupId())
            .filter(rule -> rule.isEgress() == egress)
            .toList();
    for (RuleSpec spec : specs) {
      if (old.stream().anyMatch(rule -> spec.same(RuleSpec.of(rule)))) {
        throw Errors.of(
            "InvalidPermission.Duplicate", "the specified rule \"%s\" already exists", spec.text());
      }
    }
    if (weight(session, old.stream().map(RuleSpec::of).toList()) + weight(session, specs)
        > RULES_LIMIT) {
      throw Errors.of(
          "RulesPerSecurityGroupLimitExceeded",
          "The maximum number of rules per security group has been reached.");
    }
    List<SecurityGroupRule> made = new ArrayList<>();
    for (RuleSpec spec : specs) {
      made.add(rule(session, group.groupId(), egress, spec, tags));
    }
    return made;
  }

  /** A prefix list counts as many rules as it may have entries. */
  private static int weight(Lookup lookup, List<RuleSpec> specs) {
    int weight = 0;
    for (RuleSpec spec : specs) {
      PrefixListRow list = lookup.find(Kinds.PREFIX_LIST, spec.list());
      weight += list == null || list.list().maxEntries() == null ? 1 : list.list().maxEntries();
    }
    return weight;
  }

  RevokeSecurityGroupIngressResponse revokeIngress(RevokeSecurityGroupIngressRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          SecurityGroup group =
              SecurityGroups.named(session, request.groupId(), request.groupName());
          return RevokeSecurityGroupIngressResponse.builder()
              .returnValue(true)
              .revokedSecurityGroupRules(
                  revoke(
                      session,
                      group,
                      false,
                      request.securityGroupRuleIds(),
                      request.securityGroupRuleIds().isEmpty()
                          ? RuleSpec.read(
                              session,
                              group,
                              request.ipPermissions(),
                              request.ipProtocol(),
                              request.fromPort(),
                              request.toPort(),
                              request.cidrIp(),
                              request.sourceSecurityGroupName())
                          : List.of()))
              .build();
        });
  }

  RevokeSecurityGroupEgressResponse revokeEgress(RevokeSecurityGroupEgressRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          SecurityGroup group = SecurityGroups.named(session, request.groupId(), null);
          return RevokeSecurityGroupEgressResponse.builder()
              .returnValue(true)
              .revokedSecurityGroupRules(
                  revoke(
                      session,
                      group,
                      true,
                      request.securityGroupRuleIds(),
                      request.securityGroupRuleIds().isEmpty()
                          ? RuleSpec.read(
                              session,
                              group,
                              request.ipPermissions(),
                              request.ipProtocol(),
                              request.fromPort(),
                              request.toPort(),
                              request.cidrIp(),
                              request.sourceSecurityGroupName())
                          : List.of()))
              .build();
        });
  }

  private static List<RevokedSecurityGroupRule> revoke(
      Session session,
      SecurityGroup group,
      boolean egress,
      List<String> ids,
      List<RuleSpec> specs) {
    List<SecurityGroupRule> gone = new ArrayList<>();
    for (String id : ids) {
      SecurityGroupRule rule = session.get(Kinds.RULE, id);
      if (!rule.groupId().equals(group.groupId()) || rule.isEgress() != egress) {
        throw Errors.of(Kinds.RULE.notFoundCode(), Kinds.RULE.notFoundText(), id);
      }
      gone.add(rule);
    }
    List<SecurityGroupRule> old =
        session
            .all(Ec2Tables.RULES_BY_GROUP, group.groupId())
            .filter(rule -> rule.isEgress() == egress)
            .toList();
    for (RuleSpec spec : specs) {
      gone.add(
          old.stream()
              .filter(rule -> spec.same(RuleSpec.of(rule)))
              .findFirst()
              .orElseThrow(
                  () ->
                      Errors.of(
                          "InvalidPermission.NotFound",
                          "The specified rule does not exist in this security group.")));
    }
    List<RevokedSecurityGroupRule> revoked = new ArrayList<>();
    for (SecurityGroupRule rule : gone) {
      session.delete(Kinds.RULE, rule.securityGroupRuleId());
      revoked.add(
          RevokedSecurityGroupRule.builder()
              .securityGroupRuleId(rule.securityGroupRuleId())
              .groupId(rule.groupId())
              .isEgress(rule.isEgress())
              .ipProtocol(rule.ipProtocol())
              .fromPort(rule.fromPort())
              .toPort(rule.toPort())
              .cidrIpv4(rule.cidrIpv4())
              .cidrIpv6(rule.cidrIpv6())
              .prefixListId(rule.prefixListId())
              .referencedGroupId(
                  rule.referencedGroupInfo() == null ? null : rule.referencedGroupInfo().groupId())
              .description(rule.description())
              .build());
    }
    return revoked;
  }

  DescribeSecurityGroupRulesResponse describeRules(DescribeSecurityGroupRulesRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Lookup.Page<SecurityGroupRule> page =
              lookup.describe(
                  Kinds.RULE,
                  request.securityGroupRuleIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeSecurityGroupRulesResponse.builder()
              .securityGroupRules(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  ModifySecurityGroupRulesResponse modifyRules(ModifySecurityGroupRulesRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          SecurityGroup group = SecurityGroups.named(session, request.groupId(), null);
          for (SecurityGroupRuleUpdate update : request.securityGroupRules()) {
            SecurityGroupRule old = session.get(Kinds.RULE, update.securityGroupRuleId());
            SecurityGroupRuleRequest wanted = update.securityGroupRule();
            if (!old.groupId().equals(group.groupId()) || wanted == null) {
              throw Errors.of(
                  Kinds.RULE.notFoundCode(),
                  Kinds.RULE.notFoundText(),
                  update.securityGroupRuleId());
            }
            RuleSpec spec =
                RuleSpec.checked(
                    session,
                    group,
                    new RuleSpec(
                        RuleSpec.protocolOf(wanted.ipProtocol()),
                        wanted.fromPort(),
                        wanted.toPort(),
                        wanted.cidrIpv4(),
                        wanted.cidrIpv6(),
                        wanted.prefixListId(),
                        wanted.referencedGroupId(),
                        wanted.description()));
            put(
                session,
                spec.onto(
                    old.toBuilder()
                        .cidrIpv4(null)
                        .cidrIpv6(null)
                        .prefixListId(null)
                        .referencedGroupInfo((ReferencedSecurityGroup) null),
                    session.scope().account()));
          }
          return ModifySecurityGroupRulesResponse.builder().returnValue(true).build();
        });
  }

  UpdateSecurityGroupRuleDescriptionsIngressResponse describeIngress(
      UpdateSecurityGroupRuleDescriptionsIngressRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          redescribe(
              session,
              SecurityGroups.named(session, request.groupId(), request.groupName()),
              false,
              request.ipPermissions(),
              request.securityGroupRuleDescriptions());
          return UpdateSecurityGroupRuleDescriptionsIngressResponse.builder()
              .returnValue(true)
              .build();
        });
  }

  UpdateSecurityGroupRuleDescriptionsEgressResponse describeEgress(
      UpdateSecurityGroupRuleDescriptionsEgressRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          redescribe(
              session,
              SecurityGroups.named(session, request.groupId(), request.groupName()),
              true,
              request.ipPermissions(),
              request.securityGroupRuleDescriptions());
          return UpdateSecurityGroupRuleDescriptionsEgressResponse.builder()
              .returnValue(true)
              .build();
        });
  }

  private static void redescribe(
      Session session,
      SecurityGroup group,
      boolean egress,
      List<IpPermission> permissions,
      List<SecurityGroupRuleDescription> descriptions) {
    for (SecurityGroupRuleDescription description : descriptions) {
      SecurityGroupRule rule = session.get(Kinds.RULE, description.securityGroupRuleId());
      put(session, rule.toBuilder().description(description.description()).build());
    }
    if (!permissions.isEmpty()) {
      for (RuleSpec spec :
          RuleSpec.read(session, group, permissions, null, null, null, null, null)) {
        SecurityGroupRule rule =
            session
                .all(Ec2Tables.RULES_BY_GROUP, group.groupId())
                .filter(old -> old.isEgress() == egress && spec.same(RuleSpec.of(old)))
                .findFirst()
                .orElseThrow(
                    () ->
                        Errors.of(
                            "InvalidPermission.NotFound",
                            "The specified rule does not exist in this security group."));
        put(session, rule.toBuilder().description(spec.description()).build());
      }
    }
  }

  DescribeSecurityGroupReferencesResponse references(
      DescribeSecurityGroupReferencesRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          List<SecurityGroupReference> references = new ArrayList<>();
          for (String id : request.groupId()) {
            SecurityGroup group = lookup.get(Kinds.GROUP, id);
            for (SecurityGroupRule rule : lookup.all(Ec2Tables.RULES_BY_REFERENCE, id).toList()) {
              SecurityGroup referencing = lookup.get(Kinds.GROUP, rule.groupId());
              if (!referencing.vpcId().equals(group.vpcId())) {
                references.add(
                    SecurityGroupReference.builder()
                        .groupId(id)
                        .referencingVpcId(referencing.vpcId())
                        .build());
              }
            }
          }
          return DescribeSecurityGroupReferencesResponse.builder()
              .securityGroupReferenceSet(references.stream().distinct().toList())
              .build();
        });
  }

  static SecurityGroupRule rule(
      Session session, String group, boolean egress, RuleSpec spec, List<Tag> tags) {
    String id = session.newId("sgr-");
    SecurityGroupRule rule =
        spec.onto(
            SecurityGroupRule.builder()
                .securityGroupRuleId(id)
                .securityGroupRuleArn(
                    "arn:aws:ec2:%s:%s:security-group-rule/%s"
                        .formatted(session.scope().region(), session.scope().account(), id))
                .groupId(group)
                .groupOwnerId(session.scope().account())
                .isEgress(egress)
                .tags(tags),
            session.scope().account());
    put(session, rule);
    return rule;
  }

  private static void put(Session session, SecurityGroupRule rule) {
    session.put(Kinds.RULE, rule.securityGroupRuleId(), rule);
  }
}
