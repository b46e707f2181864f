package gantry.services.ec2;

import gantry.acs.network.Cidr;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/**
 * A rule of a security group as a request names it, with one peer. Everything but the description
 * makes two of them the same rule.
 */
record RuleSpec(
    String protocol,
    @Nullable Integer from,
    @Nullable Integer to,
    @Nullable String cidr,
    @Nullable String cidr6,
    @Nullable String list,
    @Nullable String group,
    @Nullable String description) {

  private static final int PORT_LIMIT = 65_535;
  private static final int DESCRIPTION_LIMIT = 255;

  static RuleSpec of(SecurityGroupRule rule) {
    return new RuleSpec(
        rule.ipProtocol(),
        rule.fromPort(),
        rule.toPort(),
        rule.cidrIpv4(),
        rule.cidrIpv6(),
        rule.prefixListId(),
        rule.referencedGroupInfo() == null ? null : rule.referencedGroupInfo().groupId(),
        rule.description());
  }

  boolean same(RuleSpec other) {
    RuleSpec a = normal();
    RuleSpec b = other.normal();
    return a.protocol.equals(b.protocol)
        && Objects.equals(a.from, b.from)
        && Objects.equals(a.to, b.to)
        && Objects.equals(a.cidr, b.cidr)
        && Objects.equals(a.cidr6, b.cidr6)
        && Objects.equals(a.list, b.list)
        && Objects.equals(a.group, b.group);
  }

  /** Blocks without spare bits, ports only where they mean something. */
  RuleSpec normal() {
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
        throw Errors.of("InvalidParameterValue", "ICMP code (%s) out of range", String.valueOf(to));
      }
    } else {
      first = -1;
      last = -1;
    }
    return new RuleSpec(protocol, first, last, block, cidr6, list, group, description);
  }

  SecurityGroupRule onto(SecurityGroupRule.Builder rule, String account) {
    RuleSpec normal = normal();
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
    RuleSpec normal = normal();
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

  /** The rules that a request names, each with one peer. */
  static List<RuleSpec> read(
      Lookup lookup,
      SecurityGroup group,
      List<IpPermission> permissions,
      @Nullable String protocol,
      @Nullable Integer from,
      @Nullable Integer to,
      @Nullable String cidr,
      @Nullable String sourceGroup) {
    List<RuleSpec> specs = new ArrayList<>();
    if (protocol != null || cidr != null || sourceGroup != null) {
      String source =
          sourceGroup == null ? null : SecurityGroups.named(lookup, null, sourceGroup).groupId();
      specs.add(
          new RuleSpec(
              source != null && protocol == null ? "-1" : protocolOf(protocol),
              from,
              to,
              cidr,
              null,
              null,
              source,
              null));
    }
    for (IpPermission one : permissions) {
      String name = protocolOf(one.ipProtocol());
      for (IpRange range : one.ipRanges()) {
        specs.add(
            new RuleSpec(
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
            new RuleSpec(
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
            new RuleSpec(
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
                ? SecurityGroups.named(lookup, null, pair.groupName()).groupId()
                : pair.groupId();
        specs.add(
            new RuleSpec(
                name, one.fromPort(), one.toPort(), null, null, null, id, pair.description()));
      }
    }
    if (specs.isEmpty()) {
      throw Errors.missing("ipPermissions");
    }
    return specs.stream().map(spec -> checked(lookup, group, spec)).toList();
  }

  static RuleSpec checked(Lookup lookup, SecurityGroup group, RuleSpec spec) {
    int peers = 0;
    for (Object peer : new Object[] {spec.cidr(), spec.cidr6(), spec.list(), spec.group()}) {
      peers += peer == null ? 0 : 1;
    }
    if (peers != 1) {
      throw Errors.of("InvalidParameterValue", "A rule needs exactly one source or destination.");
    }
    if (spec.description() != null && spec.description().length() > DESCRIPTION_LIMIT) {
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

  static String protocolOf(@Nullable String name) {
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
}
