package gantry.services.ec2;

import gantry.acs.network.Cidr;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.ReferencedSecurityGroup;
import software.amazon.awssdk.services.ec2.model.SecurityGroup;
import software.amazon.awssdk.services.ec2.model.SecurityGroupRule;
import software.amazon.awssdk.services.ec2.model.UserIdGroupPair;
import software.amazon.awssdk.services.ec2.model.VpcPeeringConnection;

/** The other end of a rule: exactly one of a block, an IPv6 block, a prefix list and a group. */
record RulePeer(
    @Nullable String cidr, @Nullable String cidr6, @Nullable String list, @Nullable String group) {

  static RulePeer cidr(@Nullable String cidr) {
    return new RulePeer(cidr, null, null, null);
  }

  static RulePeer cidr6(@Nullable String cidr6) {
    return new RulePeer(null, cidr6, null, null);
  }

  static RulePeer list(@Nullable String list) {
    return new RulePeer(null, null, list, null);
  }

  static RulePeer group(@Nullable String group) {
    return new RulePeer(null, null, null, group);
  }

  static RulePeer of(SecurityGroupRule rule) {
    ReferencedSecurityGroup reference = rule.referencedGroupInfo();
    return new RulePeer(
        rule.cidrIpv4(),
        rule.cidrIpv6(),
        rule.prefixListId(),
        reference == null ? null : reference.groupId());
  }

  /** A group as a request names it: by id, or by name in the default VPC. */
  static RulePeer of(Lookup lookup, SecurityGroup of, UserIdGroupPair pair) {
    SecurityGroup peer =
        SecurityGroups.named(lookup, pair.groupId(), pair.groupName(), pair.userId());
    VpcPeeringConnection way = way(lookup, of, peer);
    boolean elsewhere =
        (pair.vpcId() != null && !pair.vpcId().equals(peer.vpcId()))
            || (pair.vpcPeeringConnectionId() != null
                && (way == null
                    || !pair.vpcPeeringConnectionId().equals(way.vpcPeeringConnectionId())));
    if (elsewhere) {
      throw differentNetworks();
    }
    return group(peer.groupId());
  }

  /** The peering over which a group refers to one of another VPC; null within one VPC. */
  private static @Nullable VpcPeeringConnection way(
      Lookup lookup, SecurityGroup of, SecurityGroup peer) {
    if (peer.vpcId().equals(of.vpcId())) {
      return null;
    }
    return Peerings.activeOf(lookup, of.vpcId()).stream()
        .filter(peering -> Peerings.joins(peering, peer.vpcId()))
        .findFirst()
        .orElseThrow(RulePeer::differentNetworks);
  }

  private static RuntimeException differentNetworks() {
    return Errors.of(
        "InvalidGroup.NotFound",
        "You have specified two resources that belong to different networks.");
  }

  /** Checked, and blocks without spare bits. */
  RulePeer checked(Lookup lookup, SecurityGroup of) {
    if (Stream.of(this.cidr, cidr6, list, group).filter(Objects::nonNull).count() != 1) {
      throw Errors.of("InvalidParameterValue", "A rule needs exactly one source or destination.");
    }
    boolean malformed =
        (cidr != null && !Cidr.isValid(cidr))
            || (cidr6 != null && !cidr6.matches("[0-9a-fA-F:.]+/\\d{1,3}"));
    if (malformed) {
      throw Errors.of("InvalidParameterValue", "CIDR block %s is malformed", text());
    }
    if (list != null) {
      lookup.get(Kinds.PREFIX_LIST, list);
    }
    if (group != null) {
      way(lookup, of, lookup.get(Kinds.GROUP, group));
    }
    return cidr == null ? this : cidr(Cidr.parse(cidr).toString());
  }

  /** Writes this peer over the one that a rule had. */
  SecurityGroupRule.Builder onto(Lookup lookup, SecurityGroup of, SecurityGroupRule.Builder rule) {
    return rule.cidrIpv4(cidr)
        .cidrIpv6(cidr6)
        .prefixListId(list)
        .referencedGroupInfo(group == null ? null : reference(lookup, of, group));
  }

  private static ReferencedSecurityGroup reference(Lookup lookup, SecurityGroup of, String id) {
    ReferencedSecurityGroup.Builder reference =
        ReferencedSecurityGroup.builder().groupId(id).userId(of.ownerId());
    SecurityGroup peer = lookup.get(Kinds.GROUP, id);
    VpcPeeringConnection way = way(lookup, of, peer);
    if (way != null) {
      reference.vpcId(peer.vpcId()).vpcPeeringConnectionId(way.vpcPeeringConnectionId());
    }
    return reference.build();
  }

  /** A rule with its peering's status of now: one that refers over a deleted peering is stale. */
  static SecurityGroupRule shown(Lookup lookup, SecurityGroupRule rule) {
    ReferencedSecurityGroup reference = rule.referencedGroupInfo();
    if (reference == null || reference.vpcPeeringConnectionId() == null) {
      return rule;
    }
    VpcPeeringConnection way = lookup.find(Kinds.PEERING, reference.vpcPeeringConnectionId());
    return rule.toBuilder()
        .referencedGroupInfo(
            reference.toBuilder()
                .peeringStatus(way == null ? "deleted" : way.status().codeAsString())
                .build())
        .build();
  }

  String text() {
    return Stream.of(this.cidr, cidr6, list, group).filter(Objects::nonNull).findFirst().orElse("");
  }
}
