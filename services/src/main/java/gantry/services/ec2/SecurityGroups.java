package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.services.Caller;
import gantry.services.ec2.Rows.PrefixListRow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/**
 * Security groups. A rule is a row of its own, one for each peer, as DescribeSecurityGroupRules
 * shows them; IpPermissions are the same rules grouped by protocol and ports.
 */
final class SecurityGroups {

  private static final int RULES_LIMIT = 60;
  private static final int GROUPS_LIMIT = 2500;
  private static final int NAME_LIMIT = 255;
  private static final String ALLOWED = "[a-zA-Z0-9 ._\\-:/()#,@\\[\\]+=&;{}!$*]*";

  private final Desk desk;

  SecurityGroups(Desk desk) {
    this.desk = desk;
  }

  static void makeDefault(Session session, String vpc) {
    SecurityGroup group = make(session, vpc, "default", "default VPC security group", List.of());
    rule(
        session,
        group.groupId(),
        false,
        new Spec("-1", null, null, null, null, null, group.groupId(), null),
        List.of());
  }

  private static SecurityGroup make(
      Session session, String vpc, String name, String description, List<Tag> tags) {
    String id = session.newId("sg-");
    SecurityGroup group =
        SecurityGroup.builder()
            .groupId(id)
            .groupName(name)
            .description(description)
            .vpcId(vpc)
            .ownerId(session.scope().account())
            .securityGroupArn(
                "arn:aws:ec2:%s:%s:security-group/%s"
                    .formatted(session.scope().region(), session.scope().account(), id))
            .tags(tags)
            .build();
    session.put(Kinds.GROUP, id, group);
    rule(
        session,
        id,
        true,
        new Spec("-1", null, null, "0.0.0.0/0", null, null, null, null),
        List.of());
    return group;
  }

  static SecurityGroup defaultOf(Lookup lookup, String vpc) {
    return lookup
        .all(Ec2Tables.GROUPS_BY_VPC, vpc)
        .filter(group -> group.groupName().equals("default"))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(vpc + " has no default group"));
  }

  static void remove(Session session, String group) {
    session
        .all(Ec2Tables.RULES_BY_GROUP, group)
        .toList()
        .forEach(rule -> session.delete(Kinds.RULE, rule.securityGroupRuleId()));
    session.delete(Kinds.GROUP, group);
  }

  CreateSecurityGroupResponse create(CreateSecurityGroupRequest request) {
    String name = Errors.required(request.groupName(), "groupName");
    String description = Errors.required(request.description(), "groupDescription");
    if (name.length() > NAME_LIMIT
        || description.length() > NAME_LIMIT
        || !description.matches(ALLOWED)) {
      boolean badName = name.length() > NAME_LIMIT;
      throw Errors.invalid(
          badName ? "groupName" : "groupDescription",
          badName ? name : description,
          "Character sets beyond ASCII are not supported, and 255 characters are the most.");
    }
    if (name.startsWith("sg-") || !name.matches(ALLOWED)) {
      throw Errors.invalid("groupName", name, "It may not begin with sg-.");
    }
    if (name.equals("default")) {
      throw Errors.of("InvalidParameterValue", "Cannot use reserved security group name: default");
    }
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.SECURITY_GROUP);
    return desk.write(
        request.dryRun(),
        session -> {
          String vpc = request.vpcId();
          if (vpc == null) {
            vpc =
                session
                    .all(Kinds.VPC)
                    .filter(row -> row.vpc().isDefault())
                    .map(row -> row.vpc().vpcId())
                    .findFirst()
                    .orElseThrow(
                        () -> Errors.of("VPCIdNotSpecified", "No default VPC for this user"));
          }
          session.get(Kinds.VPC, vpc);
          String in = vpc;
          if (session
              .all(Ec2Tables.GROUPS_BY_VPC, in)
              .anyMatch(group -> group.groupName().equals(name))) {
            throw Errors.of(
                "InvalidGroup.Duplicate",
                "The security group '%s' already exists for VPC '%s'",
                name,
                in);
          }
          if (session.all(Kinds.GROUP).count() >= GROUPS_LIMIT) {
            throw Errors.of(
                "SecurityGroupLimitExceeded",
                "The maximum number of security groups has been reached.");
          }
          SecurityGroup group = make(session, in, name, description, tags);
          return CreateSecurityGroupResponse.builder()
              .groupId(group.groupId())
              .securityGroupArn(group.securityGroupArn())
              .tags(tags)
              .build();
        });
  }

  DeleteSecurityGroupResponse delete(DeleteSecurityGroupRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          SecurityGroup group = named(session, request.groupId(), request.groupName());
          if (group.groupName().equals("default")) {
            throw Errors.of(
                "CannotDelete",
                "the specified group: \"%s\" name: \"default\" cannot be deleted by a user",
                group.groupId());
          }
          boolean used =
              session
                      .all(Ec2Tables.INTERFACES_BY_VPC, group.vpcId())
                      .anyMatch(eni -> carries(eni, group.groupId()))
                  || session
                      .all(Ec2Tables.RULES_BY_REFERENCE, group.groupId())
                      .anyMatch(rule -> !rule.groupId().equals(group.groupId()))
                  || session
                      .all(Kinds.ENDPOINT)
                      .anyMatch(e -> Kinds.groupIds(e.groups()).contains(group.groupId()));
          if (used) {
            throw Errors.of(
                "DependencyViolation", "resource %s has a dependent object", group.groupId());
          }
          remove(session, group.groupId());
          return DeleteSecurityGroupResponse.builder()
              .returnValue(true)
              .groupId(group.groupId())
              .build();
        });
  }

  private static boolean carries(NetworkInterface eni, String group) {
    return eni.groups().stream().anyMatch(g -> g.groupId().equals(group));
  }

  /** By id, or by name in the default VPC. */
  private static SecurityGroup named(Lookup lookup, @Nullable String id, @Nullable String name) {
    if (id != null) {
      if (!id.startsWith("sg-")) {
        throw Errors.of(
            "InvalidGroupId.Malformed", "Invalid id: \"%s\" (expecting \"sg-...\")", id);
      }
      return lookup.get(Kinds.GROUP, id);
    }
    if (name == null) {
      throw Errors.of(
          "MissingParameter", "The request must contain the parameter groupName or groupId");
    }
    return lookup
        .all(Kinds.GROUP)
        .filter(group -> group.groupName().equals(name))
        .filter(group -> lookup.get(Kinds.VPC, group.vpcId()).vpc().isDefault())
        .findFirst()
        .orElseThrow(
            () ->
                Errors.of("InvalidGroup.NotFound", "The security group '%s' does not exist", name));
  }

  DescribeSecurityGroupsResponse describe(DescribeSecurityGroupsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          List<String> ids = new ArrayList<>(request.groupIds());
          for (String name : request.groupNames()) {
            ids.add(named(lookup, null, name).groupId());
          }
          Lookup.Page<SecurityGroup> page =
              lookup.describe(
                  Kinds.GROUP, ids, request.filters(), request.maxResults(), request.nextToken());
          return DescribeSecurityGroupsResponse.builder()
              .securityGroups(page.rows().stream().map(row -> shown(lookup, row)).toList())
              .nextToken(page.token())
              .build();
        });
  }

  private static SecurityGroup shown(Lookup lookup, SecurityGroup group) {
    List<SecurityGroupRule> rules = lookup.all(Ec2Tables.RULES_BY_GROUP, group.groupId()).toList();
    return group.toBuilder()
        .ipPermissions(permissions(rules.stream().filter(r -> !r.isEgress()).toList()))
        .ipPermissionsEgress(permissions(rules.stream().filter(r -> r.isEgress()).toList()))
        .build();
  }

  /** Rules with the same protocol and ports become one permission. */
  private static List<IpPermission> permissions(List<SecurityGroupRule> rules) {
    Map<List<Object>, List<SecurityGroupRule>> grouped = new LinkedHashMap<>();
    for (SecurityGroupRule rule : rules) {
      grouped
          .computeIfAbsent(
              List.of(
                  rule.ipProtocol(),
                  String.valueOf(rule.fromPort()),
                  String.valueOf(rule.toPort())),
              key -> new ArrayList<>())
          .add(rule);
    }
    List<IpPermission> permissions = new ArrayList<>();
    for (List<SecurityGroupRule> same : grouped.values()) {
      SecurityGroupRule first = same.getFirst();
      boolean all = first.ipProtocol().equals("-1");
      List<IpRange> ranges = new ArrayList<>();
      List<Ipv6Range> ranges6 = new ArrayList<>();
      List<PrefixListId> lists = new ArrayList<>();
      List<UserIdGroupPair> groups = new ArrayList<>();
      for (SecurityGroupRule rule : same) {
        String text = rule.description();
        if (rule.cidrIpv4() != null) {
          ranges.add(IpRange.builder().cidrIp(rule.cidrIpv4()).description(text).build());
        } else if (rule.cidrIpv6() != null) {
          ranges6.add(Ipv6Range.builder().cidrIpv6(rule.cidrIpv6()).description(text).build());
        } else if (rule.prefixListId() != null) {
          lists.add(
              PrefixListId.builder().prefixListId(rule.prefixListId()).description(text).build());
        } else if (rule.referencedGroupInfo() != null) {
          groups.add(
              UserIdGroupPair.builder()
                  .groupId(rule.referencedGroupInfo().groupId())
                  .userId(rule.referencedGroupInfo().userId())
                  .description(text)
                  .build());
        }
      }
      permissions.add(
          IpPermission.builder()
              .ipProtocol(first.ipProtocol())
              .fromPort(all ? null : first.fromPort())
              .toPort(all ? null : first.toPort())
              .ipRanges(ranges)
              .ipv6Ranges(ranges6)
              .prefixListIds(lists)
              .userIdGroupPairs(groups)
              .build());
    }
    return permissions;
  }

  AuthorizeSecurityGroupIngressResponse authorizeIngress(
      AuthorizeSecurityGroupIngressRequest request) {
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.SECURITY_GROUP_RULE);
    return desk.write(
        request.dryRun(),
        session -> {
          SecurityGroup group = named(session, request.groupId(), request.groupName());
          List<Spec> specs =
              specs(
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
          SecurityGroup group = named(session, request.groupId(), null);
          List<Spec> specs =
              specs(
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
      Session session, SecurityGroup group, boolean egress, List<Spec> specs, List<Tag> tags) {
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
    for (Spec spec : specs) {
      if (old.stream().anyMatch(rule -> spec.same(Spec.of(rule)))) {
        throw Errors.of(
            "InvalidPermission.Duplicate", "the specified rule \"%s\" already exists", spec.text());
      }
    }
    if (weight(session, old.stream().map(Spec::of).toList()) + weight(session, specs)
        > RULES_LIMIT) {
      throw Errors.of(
          "RulesPerSecurityGroupLimitExceeded",
          "The maximum number of rules per security group has been reached.");
    }
    List<SecurityGroupRule> made = new ArrayList<>();
    for (Spec spec : specs) {
      made.add(rule(session, group.groupId(), egress, spec, tags));
    }
    return made;
  }

  /** A prefix list counts as many rules as it may have entries. */
  private static int weight(Lookup lookup, List<Spec> specs) {
    int weight = 0;
    for (Spec spec : specs) {
      PrefixListRow list = lookup.find(Kinds.PREFIX_LIST, spec.list());
      weight += list == null || list.list().maxEntries() == null ? 1 : list.list().maxEntries();
    }
    return weight;
  }

  RevokeSecurityGroupIngressResponse revokeIngress(RevokeSecurityGroupIngressRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          SecurityGroup group = named(session, request.groupId(), request.groupName());
          return RevokeSecurityGroupIngressResponse.builder()
              .returnValue(true)
              .revokedSecurityGroupRules(
                  revoke(
                      session,
                      group,
                      false,
                      request.securityGroupRuleIds(),
                      request.securityGroupRuleIds().isEmpty()
                          ? specs(
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
          SecurityGroup group = named(session, request.groupId(), null);
          return RevokeSecurityGroupEgressResponse.builder()
              .returnValue(true)
              .revokedSecurityGroupRules(
                  revoke(
                      session,
                      group,
                      true,
                      request.securityGroupRuleIds(),
                      request.securityGroupRuleIds().isEmpty()
                          ? specs(
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
      Session session, SecurityGroup group, boolean egress, List<String> ids, List<Spec> specs) {
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
    for (Spec spec : specs) {
      gone.add(
          old.stream()
              .filter(rule -> spec.same(Spec.of(rule)))
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
          SecurityGroup group = named(session, request.groupId(), null);
          for (SecurityGroupRuleUpdate update : request.securityGroupRules()) {
            SecurityGroupRule old = session.get(Kinds.RULE, update.securityGroupRuleId());
            SecurityGroupRuleRequest wanted = update.securityGroupRule();
            if (!old.groupId().equals(group.groupId()) || wanted == null) {
              throw Errors.of(
                  Kinds.RULE.notFoundCode(),
                  Kinds.RULE.notFoundText(),
                  update.securityGroupRuleId());
            }
            Spec spec =
                checked(
                    session,
                    group,
                    new Spec(
                        protocol(wanted.ipProtocol()),
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
              named(session, request.groupId(), request.groupName()),
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
              named(session, request.groupId(), request.groupName()),
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
      for (Spec spec : specs(session, group, permissions, null, null, null, null, null)) {
        SecurityGroupRule rule =
            session
                .all(Ec2Tables.RULES_BY_GROUP, group.groupId())
                .filter(old -> old.isEgress() == egress && spec.same(Spec.of(old)))
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

  private static SecurityGroupRule rule(
      Session session, String group, boolean egress, Spec spec, List<Tag> tags) {
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

  /** The rules that a request names, each with one peer. */
  private static List<Spec> specs(
      Lookup lookup,
      SecurityGroup group,
      List<IpPermission> permissions,
      @Nullable String protocol,
      @Nullable Integer from,
      @Nullable Integer to,
      @Nullable String cidr,
      @Nullable String sourceGroup) {
    List<Spec> specs = new ArrayList<>();
    if (protocol != null || cidr != null || sourceGroup != null) {
      String source = sourceGroup == null ? null : named(lookup, null, sourceGroup).groupId();
      specs.add(
          new Spec(
              source != null && protocol == null ? "-1" : protocol(protocol),
              from,
              to,
              cidr,
              null,
              null,
              source,
              null));
    }
    for (IpPermission one : permissions) {
      String name = protocol(one.ipProtocol());
      for (IpRange range : one.ipRanges()) {
        specs.add(
            new Spec(
                name,
                one.fromPort(),
                one.toPort(),
                range.cidrIp(),
                null,
                null,
                null,
                range.description()));
      }
      for (Ipv6Range range : one.ipv6Ranges()) {
        specs.add(
            new Spec(
                name,
                one.fromPort(),
                one.toPort(),
                null,
                range.cidrIpv6(),
                null,
                null,
                range.description()));
      }
      for (PrefixListId list : one.prefixListIds()) {
        specs.add(
            new Spec(
                name,
                one.fromPort(),
                one.toPort(),
                null,
                null,
                list.prefixListId(),
                null,
                list.description()));
      }
      for (UserIdGroupPair pair : one.userIdGroupPairs()) {
        String id =
            pair.groupId() == null
                ? named(lookup, null, pair.groupName()).groupId()
                : pair.groupId();
        specs.add(
            new Spec(name, one.fromPort(), one.toPort(), null, null, null, id, pair.description()));
      }
    }
    if (specs.isEmpty()) {
      throw Errors.missing("ipPermissions");
    }
    return specs.stream().map(spec -> checked(lookup, group, spec)).toList();
  }

  private static Spec checked(Lookup lookup, SecurityGroup group, Spec spec) {
    int peers = 0;
    for (Object peer : new Object[] {spec.cidr(), spec.cidr6(), spec.list(), spec.group()}) {
      peers += peer == null ? 0 : 1;
    }
    if (peers != 1) {
      throw Errors.of("InvalidParameterValue", "A rule needs exactly one source or destination.");
    }
    if (spec.description() != null && spec.description().length() > NAME_LIMIT) {
      throw Errors.of(
          "InvalidParameterValue",
          "Invalid rule description. It must be less than 256 characters.");
    }
    if (spec.cidr() != null && !Cidr.isValid(spec.cidr())) {
      throw Errors.of("InvalidParameterValue", "CIDR block %s is malformed", spec.cidr());
    }
    if (spec.cidr6() != null && !spec.cidr6().matches("[0-9a-fA-F:.]+/\\d{1,3}")) {
      throw Errors.of("InvalidParameterValue", "CIDR block %s is malformed", spec.cidr6());
    }
    if (spec.list() != null) {
      lookup.get(Kinds.PREFIX_LIST, spec.list());
    }
    if (spec.group() != null) {
      SecurityGroup peer = lookup.get(Kinds.GROUP, spec.group());
      if (!peer.vpcId().equals(group.vpcId())
          && Peerings.activeOf(lookup, group.vpcId()).stream()
              .noneMatch(peering -> Peerings.joins(peering, peer.vpcId()))) {
        throw Errors.of(
            "InvalidGroup.NotFound",
            "You have specified two resources that belong to different networks.");
      }
    }
    return spec.normal();
  }

  private static String protocol(@Nullable String name) {
    String text = Errors.required(name, "ipProtocol").toLowerCase(Locale.ROOT);
    return switch (text) {
      case "tcp", "6" -> "tcp";
      case "udp", "17" -> "udp";
      case "icmp", "1" -> "icmp";
      case "icmpv6", "58" -> "icmpv6";
      case "-1", "all" -> "-1";
      default -> {
        if (!text.matches("\\d{1,3}") || Integer.parseInt(text) > 255) {
          throw Errors.of(
              "InvalidParameterValue",
              "Invalid value '%s' for IP protocol. Unknown protocol.",
              text);
        }
        yield text;
      }
    };
  }

  /** What makes a rule the same rule: everything but its description. */
  record Spec(
      String protocol,
      @Nullable Integer from,
      @Nullable Integer to,
      @Nullable String cidr,
      @Nullable String cidr6,
      @Nullable String list,
      @Nullable String group,
      @Nullable String description) {

    private static final int PORT_LIMIT = 65_535;

    static Spec of(SecurityGroupRule rule) {
      return new Spec(
          rule.ipProtocol(),
          rule.fromPort(),
          rule.toPort(),
          rule.cidrIpv4(),
          rule.cidrIpv6(),
          rule.prefixListId(),
          rule.referencedGroupInfo() == null ? null : rule.referencedGroupInfo().groupId(),
          rule.description());
    }

    boolean same(Spec other) {
      Spec a = normal();
      Spec b = other.normal();
      return a.protocol.equals(b.protocol)
          && Objects.equals(a.from, b.from)
          && Objects.equals(a.to, b.to)
          && Objects.equals(a.cidr, b.cidr)
          && Objects.equals(a.cidr6, b.cidr6)
          && Objects.equals(a.list, b.list)
          && Objects.equals(a.group, b.group);
    }

    /** Blocks without spare bits, ports only where they mean something. */
    Spec normal() {
      String block = cidr == null ? null : Cidr.parse(cidr).toString();
      boolean ports = protocol.equals("tcp") || protocol.equals("udp");
      boolean icmp = protocol.startsWith("icmp");
      Integer first = from;
      Integer last = to;
      if (ports) {
        if (first == null || last == null) {
          throw Errors.of(
              "InvalidParameterValue",
              "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.");
        }
        if (first == -1 && last == -1) {
          first = 0;
          last = PORT_LIMIT;
        }
        if (first < 0 || last > PORT_LIMIT || first > last) {
          throw Errors.of(
              "InvalidParameterValue",
              "Invalid TCP/UDP port range (%s:%s)",
              String.valueOf(from),
              String.valueOf(to));
        }
      } else if (icmp) {
        first = first == null ? -1 : first;
        last = last == null ? -1 : last;
        if (first < -1 || first > 255 || last < -1 || last > 255) {
          throw Errors.of(
              "InvalidParameterValue", "ICMP code (%s) out of range", String.valueOf(to));
        }
      } else {
        first = -1;
        last = -1;
      }
      return new Spec(protocol, first, last, block, cidr6, list, group, description);
    }

    SecurityGroupRule onto(SecurityGroupRule.Builder rule, String account) {
      Spec normal = normal();
      if (normal.group != null) {
        rule.referencedGroupInfo(
            ReferencedSecurityGroup.builder().groupId(normal.group).userId(account).build());
      }
      return rule.ipProtocol(protocol)
          .fromPort(normal.from)
          .toPort(normal.to)
          .cidrIpv4(normal.cidr)
          .cidrIpv6(cidr6)
          .prefixListId(list)
          .description(description)
          .build();
    }

    /** As EC2 words it when it says that a rule is there already. */
    String text() {
      Spec normal = normal();
      StringBuilder text = new StringBuilder("peer: ");
      for (String peer : new String[] {normal.cidr, cidr6, list, group}) {
        text.append(peer == null ? "" : peer);
      }
      switch (protocol) {
        case "tcp", "udp" ->
            text.append(", ")
                .append(protocol.toUpperCase(Locale.ROOT))
                .append(", from port: ")
                .append(normal.from)
                .append(", to port: ")
                .append(normal.to);
        case "icmp", "icmpv6" ->
            text.append(", ")
                .append(protocol.toUpperCase(Locale.ROOT))
                .append(", type: ")
                .append(normal.from)
                .append(", code: ")
                .append(normal.to);
        case "-1" -> text.append(", ALL");
        default -> text.append(", protocol: ").append(protocol);
      }
      return text.append(", ALLOW").toString();
    }
  }

  /** The groups of an interface: those named, all of its VPC, or the VPC's default group. */
  static List<GroupIdentifier> forInterface(Lookup lookup, String vpc, List<String> ids) {
    List<String> wanted =
        ids.isEmpty()
            ? List.of(defaultOf(lookup, vpc).groupId())
            : ids.stream().distinct().toList();
    int limit = Caller.current().isService() ? 16 : 5;
    if (wanted.size() > limit) {
      throw Errors.of(
          "SecurityGroupsPerInterfaceLimitExceeded",
          "The maximum number of security groups per interface has been reached.");
    }
    List<GroupIdentifier> groups = new ArrayList<>();
    for (String id : wanted) {
      SecurityGroup group = lookup.get(Kinds.GROUP, id);
      if (!group.vpcId().equals(vpc)) {
        throw Errors.of(
            "InvalidParameterValue",
            "You have specified two resources that belong to different networks.");
      }
      groups.add(GroupIdentifier.builder().groupId(id).groupName(group.groupName()).build());
    }
    return groups;
  }
}
