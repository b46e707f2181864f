package gantry.services.ec2;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
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
    return AuthorizeSecurityGroupIngressResponse.builder()
        .returnValue(true)
        .securityGroupRules(
            authorize(request.dryRun(), RuleRequest.of(request), request.tagSpecifications()))
        .build();
  }

  AuthorizeSecurityGroupEgressResponse authorizeEgress(
      AuthorizeSecurityGroupEgressRequest request) {
    return AuthorizeSecurityGroupEgressResponse.builder()
        .returnValue(true)
        .securityGroupRules(
            authorize(request.dryRun(), RuleRequest.of(request), request.tagSpecifications()))
        .build();
  }

  private List<SecurityGroupRule> authorize(
      @Nullable Boolean dryRun, RuleRequest request, List<TagSpecification> specifications) {
    List<Tag> tags = Tags.of(specifications, ResourceType.SECURITY_GROUP_RULE);
    return desk.write(
        dryRun,
        session -> {
          SecurityGroup group = request.group(session);
          List<RuleSpec> specs = RuleSpec.read(session, group, request);
          refuseTwins(specs);
          List<RuleSpec> old = of(session, group, request.egress()).map(RuleSpec::of).toList();
          for (RuleSpec spec : specs) {
            if (old.stream().anyMatch(spec::same)) {
              throw duplicate(spec);
            }
          }
          if (Stream.concat(old.stream(), specs.stream()).mapToInt(s -> s.weight(session)).sum()
              > RULES_LIMIT) {
            throw Errors.of(
                "RulesPerSecurityGroupLimitExceeded",
                "The maximum number of rules per security group has been reached.");
          }
          return specs.stream()
              .map(spec -> rule(session, group, request.egress(), spec, tags))
              .toList();
        });
  }

  private static void refuseTwins(List<RuleSpec> specs) {
    for (int i = 0; i < specs.size(); i++) {
      if (specs.subList(0, i).stream().anyMatch(specs.get(i)::same)) {
        throw Errors.of(
            "InvalidParameterValue", "The same permission must not appear multiple times");
      }
    }
  }

  private static RuntimeException duplicate(RuleSpec spec) {
    return Errors.of(
        "InvalidPermission.Duplicate", "the specified rule \"%s\" already exists", spec.text());
  }

  /** The rules of one direction. */
  private static Stream<SecurityGroupRule> of(Lookup lookup, SecurityGroup group, boolean egress) {
    return lookup
        .all(Ec2Tables.RULES_BY_GROUP, group.groupId())
        .filter(rule -> rule.isEgress() == egress);
  }

  /** A rule that must be this group's, in this direction. */
  private static SecurityGroupRule of(
      Lookup lookup, SecurityGroup group, boolean egress, @Nullable String id) {
    SecurityGroupRule rule = lookup.get(Kinds.RULE, id);
    if (!rule.groupId().equals(group.groupId()) || rule.isEgress() != egress) {
      throw Kinds.RULE.notFound(rule.securityGroupRuleId());
    }
    return rule;
  }

  RevokeSecurityGroupIngressResponse revokeIngress(RevokeSecurityGroupIngressRequest request) {
    Revoked revoked =
        revoke(request.dryRun(), RuleRequest.of(request), request.securityGroupRuleIds());
    return RevokeSecurityGroupIngressResponse.builder()
        .returnValue(true)
        .revokedSecurityGroupRules(revoked.rules())
        .unknownIpPermissions(revoked.unknown())
        .build();
  }

  RevokeSecurityGroupEgressResponse revokeEgress(RevokeSecurityGroupEgressRequest request) {
    Revoked revoked =
        revoke(request.dryRun(), RuleRequest.of(request), request.securityGroupRuleIds());
    return RevokeSecurityGroupEgressResponse.builder()
        .returnValue(true)
        .revokedSecurityGroupRules(revoked.rules())
        .unknownIpPermissions(revoked.unknown())
        .build();
  }

  private record Revoked(List<RevokedSecurityGroupRule> rules, List<IpPermission> unknown) {}

  /** What is not there is an error, but in a default VPC it is only told. */
  private Revoked revoke(@Nullable Boolean dryRun, RuleRequest request, List<String> ids) {
    return desk.write(
        dryRun,
        session -> {
          SecurityGroup group = request.group(session);
          List<SecurityGroupRule> gone = new ArrayList<>();
          ids.forEach(id -> gone.add(of(session, group, request.egress(), id)));
          List<IpPermission> unknown = new ArrayList<>();
          for (RuleSpec spec :
              ids.isEmpty() ? RuleSpec.read(session, group, request) : List.<RuleSpec>of()) {
            of(session, group, request.egress())
                .filter(rule -> spec.same(RuleSpec.of(rule)))
                .findFirst()
                .ifPresentOrElse(gone::add, () -> unknown.add(spec.permission()));
          }
          if (!unknown.isEmpty() && !session.get(Kinds.VPC, group.vpcId()).vpc().isDefault()) {
            throw notThere();
          }
          gone.forEach(rule -> session.delete(Kinds.RULE, rule.securityGroupRuleId()));
          return new Revoked(gone.stream().map(SecurityGroupRules::revoked).toList(), unknown);
        });
  }

  private static RuntimeException notThere() {
    return Errors.of(
        "InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
  }

  private static RevokedSecurityGroupRule revoked(SecurityGroupRule rule) {
    return RevokedSecurityGroupRule.builder()
        .securityGroupRuleId(rule.securityGroupRuleId())
        .groupId(rule.groupId())
        .isEgress(rule.isEgress())
        .ipProtocol(rule.ipProtocol())
        .fromPort(rule.fromPort())
        .toPort(rule.toPort())
        .cidrIpv4(rule.cidrIpv4())
        .cidrIpv6(rule.cidrIpv6())
        .prefixListId(rule.prefixListId())
        .referencedGroupId(RulePeer.of(rule).group())
        .description(rule.description())
        .build();
  }

  DescribeSecurityGroupRulesResponse describeRules(DescribeSecurityGroupRulesRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<SecurityGroupRule> page =
              lookup.describe(
                  Kinds.RULE,
                  request.securityGroupRuleIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeSecurityGroupRulesResponse.builder()
              .securityGroupRules(
                  page.rows().stream().map(rule -> RulePeer.shown(lookup, rule)).toList())
              .nextToken(page.token())
              .build();
        });
  }

  ModifySecurityGroupRulesResponse modifyRules(ModifySecurityGroupRulesRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          SecurityGroup group = session.get(Kinds.GROUP, request.groupId());
          for (SecurityGroupRuleUpdate update : request.securityGroupRules()) {
            SecurityGroupRule old = session.get(Kinds.RULE, update.securityGroupRuleId());
            of(session, group, old.isEgress(), old.securityGroupRuleId());
            SecurityGroupRuleRequest wanted = update.securityGroupRule();
            if (wanted == null) {
              throw Errors.missing("SecurityGroupRule");
            }
            RuleSpec spec =
                new RuleSpec(
                        RuleSpec.protocolOf(wanted.ipProtocol()),
                        wanted.fromPort(),
                        wanted.toPort(),
                        new RulePeer(
                            wanted.cidrIpv4(),
                            wanted.cidrIpv6(),
                            wanted.prefixListId(),
                            wanted.referencedGroupId()),
                        wanted.description())
                    .checked(session, group);
            if (of(session, group, old.isEgress())
                .anyMatch(other -> !other.equals(old) && spec.same(RuleSpec.of(other)))) {
              throw duplicate(spec);
            }
            put(session, spec.onto(session, group, old.toBuilder()));
          }
          return ModifySecurityGroupRulesResponse.builder().returnValue(true).build();
        });
  }

  UpdateSecurityGroupRuleDescriptionsIngressResponse describeIngress(
      UpdateSecurityGroupRuleDescriptionsIngressRequest request) {
    redescribe(request.dryRun(), RuleRequest.of(request), request.securityGroupRuleDescriptions());
    return UpdateSecurityGroupRuleDescriptionsIngressResponse.builder().returnValue(true).build();
  }

  UpdateSecurityGroupRuleDescriptionsEgressResponse describeEgress(
      UpdateSecurityGroupRuleDescriptionsEgressRequest request) {
    redescribe(request.dryRun(), RuleRequest.of(request), request.securityGroupRuleDescriptions());
    return UpdateSecurityGroupRuleDescriptionsEgressResponse.builder().returnValue(true).build();
  }

  private void redescribe(
      @Nullable Boolean dryRun,
      RuleRequest request,
      List<SecurityGroupRuleDescription> descriptions) {
    desk.write(
        dryRun,
        session -> {
          SecurityGroup group = request.group(session);
          for (SecurityGroupRuleDescription one : descriptions) {
            SecurityGroupRule rule =
                of(session, group, request.egress(), one.securityGroupRuleId());
            put(session, rule.toBuilder().description(one.description()).build());
          }
          for (RuleSpec spec :
              request.permissions().isEmpty() && !descriptions.isEmpty()
                  ? List.<RuleSpec>of()
                  : RuleSpec.read(session, group, request)) {
            SecurityGroupRule rule =
                of(session, group, request.egress())
                    .filter(old -> spec.same(RuleSpec.of(old)))
                    .findFirst()
                    .orElseThrow(SecurityGroupRules::notThere);
            put(session, rule.toBuilder().description(spec.description()).build());
          }
          return true;
        });
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
                        .vpcPeeringConnectionId(rule.referencedGroupInfo().vpcPeeringConnectionId())
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
      Session session, SecurityGroup group, boolean egress, RuleSpec spec, List<Tag> tags) {
    String id = session.newId("sgr-");
    SecurityGroupRule rule =
        spec.onto(
            session,
            group,
            SecurityGroupRule.builder()
                .securityGroupRuleId(id)
                .securityGroupRuleArn(
                    "arn:aws:ec2:%s:%s:security-group-rule/%s"
                        .formatted(session.scope().region(), session.scope().account(), id))
                .groupId(group.groupId())
                .groupOwnerId(session.scope().account())
                .isEgress(egress)
                .tags(tags));
    put(session, rule);
    return rule;
  }

  private static void put(Session session, SecurityGroupRule rule) {
    session.put(Kinds.RULE, rule.securityGroupRuleId(), rule);
  }
}
