package gantry.services.ec2;

import gantry.services.Caller;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/**
 * Security groups. They are shown with IpPermissions, which are their rules grouped by protocol and
 * ports.
 */
final class SecurityGroups {

  private static final int GROUPS_LIMIT = 2500;
  private static final int TEXT_LIMIT = 255;
  private static final String ALLOWED = "[a-zA-Z0-9 ._\\-:/()#,@\\[\\]+=&;{}!$*]*";

  private final Desk desk;

  SecurityGroups(Desk desk) {
    this.desk = desk;
  }

  static void makeDefault(Session session, String vpc) {
    SecurityGroup group = make(session, vpc, "default", "default VPC security group", List.of());
    SecurityGroupRules.rule(
        session, group, false, RuleSpec.all(RulePeer.group(group.groupId())), List.of());
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
    SecurityGroupRules.rule(
        session, group, true, RuleSpec.all(RulePeer.cidr("0.0.0.0/0")), List.of());
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
    if (name.startsWith("sg-")) {
      throw Errors.invalid("groupName", name, "Group names may not be in the format sg-*.");
    }
    refuseOddText("name", name);
    refuseOddText("description", description);
    if (name.equalsIgnoreCase("default")) {
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
              .anyMatch(group -> group.groupName().equalsIgnoreCase(name))) {
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

  private static void refuseOddText(String what, String text) {
    if (text.length() > TEXT_LIMIT || !text.matches(ALLOWED)) {
      throw Errors.of(
          "InvalidParameterValue",
          "Invalid security group %1$s. Valid %1$ss are strings less than 256 characters from the"
              + " following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
          what);
    }
  }

  DeleteSecurityGroupResponse delete(DeleteSecurityGroupRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          SecurityGroup group = named(session, request.groupId(), request.groupName(), null);
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
                      .anyMatch(
                          e -> ResourceFilters.groupIds(e.groups()).contains(group.groupId()));
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

  /**
   * By id, or by name in the default VPC; {@code owner} is the account, where a request says it.
   */
  static SecurityGroup named(
      Lookup lookup, @Nullable String id, @Nullable String name, @Nullable String owner) {
    if (owner != null && !owner.equals(lookup.scope().account())) {
      throw Kinds.GROUP.notFound(id == null ? String.valueOf(name) : id);
    }
    if (id != null) {
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
        .orElseThrow(() -> Kinds.GROUP.notFound(name));
  }

  DescribeSecurityGroupsResponse describe(DescribeSecurityGroupsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          List<String> ids = new ArrayList<>(request.groupIds());
          for (String name : request.groupNames()) {
            ids.add(named(lookup, null, name, null).groupId());
          }
          Paging.Page<SecurityGroup> page =
              lookup.describe(
                  Kinds.GROUP, ids, request.filters(), request.maxResults(), request.nextToken());
          return DescribeSecurityGroupsResponse.builder()
              .securityGroups(page.rows().stream().map(row -> shown(lookup, row)).toList())
              .nextToken(page.token())
              .build();
        });
  }

  private static SecurityGroup shown(Lookup lookup, SecurityGroup group) {
    List<SecurityGroupRule> rules =
        lookup
            .all(Ec2Tables.RULES_BY_GROUP, group.groupId())
            .map(rule -> RulePeer.shown(lookup, rule))
            .toList();
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
          ReferencedSecurityGroup peer = rule.referencedGroupInfo();
          groups.add(
              UserIdGroupPair.builder()
                  .groupId(peer.groupId())
                  .userId(peer.userId())
                  .vpcId(peer.vpcId())
                  .vpcPeeringConnectionId(peer.vpcPeeringConnectionId())
                  .peeringStatus(peer.peeringStatus())
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
