package gantry.services.ec2;

import gantry.services.ec2.Rows.PrefixListRow;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
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
    RulePeer peer,
    @Nullable String description) {

  private static final int PORT_LIMIT = 65_535;
  private static final int ICMP_LIMIT = 255;
  private static final int DESCRIPTION_LIMIT = 255;

  /** All protocols and ports, from or to {@code peer}. */
  static RuleSpec all(RulePeer peer) {
    return new RuleSpec("-1", -1, -1, peer, null);
  }

  static RuleSpec of(SecurityGroupRule rule) {
    return new RuleSpec(
        rule.ipProtocol(), rule.fromPort(), rule.toPort(), RulePeer.of(rule), rule.description());
  }

  private RuleSpec with(RulePeer other, @Nullable String text) {
    return new RuleSpec(protocol, from, to, other, text);
  }

  boolean same(RuleSpec other) {
    return with(peer, null).equals(other.with(other.peer, null));
  }

  /** Checked, with ports only where they mean something: two equal ones are the same rule. */
  RuleSpec checked(Lookup lookup, SecurityGroup group) {
    if (description != null && description.length() > DESCRIPTION_LIMIT) {
      throw Errors.of(
          "InvalidParameterValue",
          "Invalid rule description. It must be less than 256 characters.");
    }
    RulePeer fine = peer.checked(lookup, group);
    return switch (protocol) {
      case "tcp", "udp" -> ports(fine);
      case "icmp", "icmpv6" -> icmp(fine);
      default -> new RuleSpec(protocol, -1, -1, fine, description);
    };
  }

  private RuleSpec ports(RulePeer fine) {
    if (from == null || to == null) {
      throw Errors.of(
          "InvalidParameterValue",
          "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.");
    }
    if (from == -1 && to == -1) {
      return new RuleSpec(protocol, 0, PORT_LIMIT, fine, description);
    }
    if (from < 0 || to > PORT_LIMIT || from > to) {
      throw Errors.of(
          "InvalidParameterValue",
          "Invalid TCP/UDP port range (%s:%s)",
          from.toString(),
          to.toString());
    }
    return with(fine, description);
  }

  private RuleSpec icmp(RulePeer fine) {
    int type = from == null ? -1 : from;
    int code = to == null ? -1 : to;
    if (type < -1 || type > ICMP_LIMIT) {
      throw Errors.of("InvalidParameterValue", "ICMP type (%s) out of range", "" + type);
    }
    if (code < -1 || code > ICMP_LIMIT || (type == -1 && code != -1)) {
      throw Errors.of("InvalidParameterValue", "ICMP code (%s) out of range", "" + code);
    }
    return new RuleSpec(protocol, type, code, fine, description);
  }

  SecurityGroupRule onto(Lookup lookup, SecurityGroup group, SecurityGroupRule.Builder rule) {
    return peer.onto(lookup, group, rule)
        .ipProtocol(protocol)
        .fromPort(from)
        .toPort(to)
        .description(description)
        .build();
  }

  /** A prefix list counts as many rules as it may have entries. */
  int weight(Lookup lookup) {
    PrefixListRow list = lookup.find(Kinds.PREFIX_LIST, peer.list());
    return list == null || list.list().maxEntries() == null ? 1 : list.list().maxEntries();
  }

  /** As EC2 words it when it says that a rule is there already. */
  String text() {
    String name = protocol.toUpperCase(Locale.ROOT);
    String what =
        switch (protocol) {
          case "tcp", "udp" -> name + ", from port: " + from + ", to port: " + to;
          case "icmp", "icmpv6" -> name + ", type: " + from + ", code: " + to;
          case "-1" -> "ALL";
          default -> "protocol: " + protocol;
        };
    return "peer: " + peer.text() + ", " + what + ", ALLOW";
  }

  /** The permission that this is, as a Revoke operation names what it did not find. */
  IpPermission permission() {
    IpPermission.Builder permission =
        IpPermission.builder().ipProtocol(protocol).fromPort(from).toPort(to);
    if (peer.cidr() != null) {
      permission.ipRanges(IpRange.builder().cidrIp(peer.cidr()).build());
    } else if (peer.cidr6() != null) {
      permission.ipv6Ranges(Ipv6Range.builder().cidrIpv6(peer.cidr6()).build());
    } else if (peer.list() != null) {
      permission.prefixListIds(PrefixListId.builder().prefixListId(peer.list()).build());
    } else {
      permission.userIdGroupPairs(UserIdGroupPair.builder().groupId(peer.group()).build());
    }
    return permission.build();
  }

  /** The rules that a request names, each with one peer. */
  static List<RuleSpec> read(Lookup lookup, SecurityGroup group, RuleRequest request) {
    List<RuleSpec> specs =
        Stream.concat(
                flat(lookup, request).stream(),
                request.permissions().stream().flatMap(one -> of(lookup, group, one)))
            .map(spec -> spec.checked(lookup, group))
            .toList();
    if (specs.isEmpty()) {
      throw Errors.missing("ipPermissions");
    }
    return specs;
  }

  /** The one rule that the older parameters name. */
  private static List<RuleSpec> flat(Lookup lookup, RuleRequest request) {
    if (Stream.of(request.protocol(), request.cidr(), request.sourceGroup())
        .allMatch(Objects::isNull)) {
      return List.of();
    }
    String source =
        request.sourceGroup() == null
            ? null
            : SecurityGroups.named(lookup, null, request.sourceGroup(), request.sourceOwner())
                .groupId();
    return List.of(
        new RuleSpec(
            source != null && request.protocol() == null ? "-1" : protocolOf(request.protocol()),
            request.from(),
            request.to(),
            new RulePeer(request.cidr(), null, null, source),
            null));
  }

  private static Stream<RuleSpec> of(Lookup lookup, SecurityGroup group, IpPermission one) {
    RuleSpec bare =
        new RuleSpec(
            protocolOf(one.ipProtocol()), one.fromPort(), one.toPort(), RulePeer.cidr(null), null);
    return Stream.of(
            one.ipRanges().stream()
                .map(range -> bare.with(RulePeer.cidr(range.cidrIp()), range.description())),
            one.ipv6Ranges().stream()
                .map(range -> bare.with(RulePeer.cidr6(range.cidrIpv6()), range.description())),
            one.prefixListIds().stream()
                .map(list -> bare.with(RulePeer.list(list.prefixListId()), list.description())),
            one.userIdGroupPairs().stream()
                .map(pair -> bare.with(RulePeer.of(lookup, group, pair), pair.description())))
        .flatMap(specs -> specs);
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
