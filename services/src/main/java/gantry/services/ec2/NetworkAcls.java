package gantry.services.ec2;

import gantry.acs.network.Cidr;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/** Network ACLs, their numbered entries and their subnets. */
final class NetworkAcls {

  private static final int LAST_NUMBER = 32_766;
  private static final int DENY_NUMBER = 32_767;
  private static final int ENTRIES_LIMIT = 20;

  private static final Comparator<NetworkAclEntry> ORDER =
      Comparator.comparing(NetworkAclEntry::egress)
          .reversed()
          .thenComparing(NetworkAclEntry::ruleNumber);

  private final Desk desk;

  NetworkAcls(Desk desk) {
    this.desk = desk;
  }

  static NetworkAcl make(Session session, String vpc, boolean isDefault, List<Tag> tags) {
    String id = session.newId("acl-");
    List<NetworkAclEntry> entries = new ArrayList<>();
    for (boolean egress : new boolean[] {true, false}) {
      if (isDefault) {
        entries.add(entry(100, egress, RuleAction.ALLOW));
      }
      entries.add(entry(DENY_NUMBER, egress, RuleAction.DENY));
    }
    NetworkAcl acl =
        NetworkAcl.builder()
            .networkAclId(id)
            .vpcId(vpc)
            .ownerId(session.scope().account())
            .isDefault(isDefault)
            .entries(entries)
            .associations(List.of())
            .tags(tags)
            .build();
    session.put(Kinds.ACL, id, acl);
    return acl;
  }

  private static NetworkAclEntry entry(int number, boolean egress, RuleAction action) {
    return NetworkAclEntry.builder()
        .ruleNumber(number)
        .egress(egress)
        .protocol("-1")
        .cidrBlock("0.0.0.0/0")
        .ruleAction(action)
        .build();
  }

  static NetworkAcl defaultOf(Lookup lookup, String vpc) {
    return lookup
        .all(Ec2Tables.ACLS_BY_VPC, vpc)
        .filter(NetworkAcl::isDefault)
        .findFirst()
        .orElseThrow(() -> new IllegalStateException(vpc + " has no default network ACL"));
  }

  static void associateDefault(Session session, String vpc, String subnet) {
    associate(session, defaultOf(session, vpc), subnet);
  }

  private static String associate(Session session, NetworkAcl acl, String subnet) {
    String id = session.newId("aclassoc-");
    List<NetworkAclAssociation> associations = new ArrayList<>(acl.associations());
    associations.add(
        NetworkAclAssociation.builder()
            .networkAclAssociationId(id)
            .networkAclId(acl.networkAclId())
            .subnetId(subnet)
            .build());
    save(session, acl.toBuilder().associations(associations).build());
    return id;
  }

  static void forgetSubnet(Session session, String vpc, String subnet) {
    for (NetworkAcl acl : session.all(Ec2Tables.ACLS_BY_VPC, vpc).toList()) {
      if (acl.associations().stream().anyMatch(a -> a.subnetId().equals(subnet))) {
        save(
            session,
            acl.toBuilder()
                .associations(
                    acl.associations().stream().filter(a -> !a.subnetId().equals(subnet)).toList())
                .build());
      }
    }
  }

  private static void save(Session session, NetworkAcl acl) {
    session.put(Kinds.ACL, acl.networkAclId(), acl);
  }

  CreateNetworkAclResponse create(CreateNetworkAclRequest request) {
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.NETWORK_ACL);
    return desk.write(
        request.dryRun(),
        session -> {
          session.get(Kinds.VPC, request.vpcId());
          return CreateNetworkAclResponse.builder()
              .networkAcl(
                  session.once(
                      Kinds.ACL,
                      request,
                      request.clientToken(),
                      () -> make(session, request.vpcId(), false, tags),
                      NetworkAcl::networkAclId))
              .clientToken(request.clientToken())
              .build();
        });
  }

  DescribeNetworkAclsResponse describe(DescribeNetworkAclsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<NetworkAcl> page =
              lookup.describe(
                  Kinds.ACL,
                  request.networkAclIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeNetworkAclsResponse.builder()
              .networkAcls(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  DeleteNetworkAclResponse delete(DeleteNetworkAclRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          NetworkAcl acl = session.get(Kinds.ACL, request.networkAclId());
          if (acl.isDefault()) {
            throw Errors.of(
                "InvalidParameterValue",
                "cannot delete default network ACL %s",
                acl.networkAclId());
          }
          if (!acl.associations().isEmpty()) {
            throw Errors.of(
                "DependencyViolation",
                "The network acl '%s' has dependencies and cannot be deleted.",
                acl.networkAclId());
          }
          session.delete(Kinds.ACL, acl.networkAclId());
          return DeleteNetworkAclResponse.builder().build();
        });
  }

  CreateNetworkAclEntryResponse createEntry(CreateNetworkAclEntryRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          NetworkAcl acl = session.get(Kinds.ACL, request.networkAclId());
          NetworkAclEntry entry =
              entry(
                  request.ruleNumber(),
                  request.egress(),
                  request.protocol(),
                  request.ruleAction(),
                  request.cidrBlock(),
                  request.ipv6CidrBlock(),
                  request.portRange(),
                  request.icmpTypeCode());
          if (acl.entries().stream().anyMatch(old -> same(old, entry))) {
            throw Errors.of(
                "NetworkAclEntryAlreadyExists",
                "The network acl entry identified by %s already exists.",
                String.valueOf(entry.ruleNumber()));
          }
          if (acl.entries().stream().filter(old -> old.egress().equals(entry.egress())).count()
              > ENTRIES_LIMIT) {
            throw Errors.of(
                "NetworkAclEntryLimitExceeded",
                "The maximum number of network acl entries has been reached.");
          }
          List<NetworkAclEntry> entries = new ArrayList<>(acl.entries());
          entries.add(entry);
          entries.sort(ORDER);
          save(session, acl.toBuilder().entries(entries).build());
          return CreateNetworkAclEntryResponse.builder().build();
        });
  }

  ReplaceNetworkAclEntryResponse replaceEntry(ReplaceNetworkAclEntryRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          NetworkAcl acl = session.get(Kinds.ACL, request.networkAclId());
          NetworkAclEntry entry =
              entry(
                  request.ruleNumber(),
                  request.egress(),
                  request.protocol(),
                  request.ruleAction(),
                  request.cidrBlock(),
                  request.ipv6CidrBlock(),
                  request.portRange(),
                  request.icmpTypeCode());
          NetworkAclEntry old = find(acl, entry.ruleNumber(), entry.egress());
          List<NetworkAclEntry> entries =
              acl.entries().stream().map(e -> e.equals(old) ? entry : e).toList();
          save(session, acl.toBuilder().entries(entries).build());
          return ReplaceNetworkAclEntryResponse.builder().build();
        });
  }

  DeleteNetworkAclEntryResponse deleteEntry(DeleteNetworkAclEntryRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          NetworkAcl acl = session.get(Kinds.ACL, request.networkAclId());
          if (request.ruleNumber() == null || request.egress() == null) {
            throw Errors.missing(request.ruleNumber() == null ? "ruleNumber" : "egress");
          }
          NetworkAclEntry old = find(acl, request.ruleNumber(), request.egress());
          save(
              session,
              acl.toBuilder()
                  .entries(acl.entries().stream().filter(e -> !e.equals(old)).toList())
                  .build());
          return DeleteNetworkAclEntryResponse.builder().build();
        });
  }

  ReplaceNetworkAclAssociationResponse replaceAssociation(
      ReplaceNetworkAclAssociationRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          String association = Errors.required(request.associationId(), "associationId");
          NetworkAcl wanted = session.get(Kinds.ACL, request.networkAclId());
          for (NetworkAcl acl : session.all(Ec2Tables.ACLS_BY_VPC, wanted.vpcId()).toList()) {
            for (NetworkAclAssociation old : acl.associations()) {
              if (old.networkAclAssociationId().equals(association)) {
                forgetSubnet(session, wanted.vpcId(), old.subnetId());
                String id =
                    associate(
                        session, session.get(Kinds.ACL, wanted.networkAclId()), old.subnetId());
                return ReplaceNetworkAclAssociationResponse.builder().newAssociationId(id).build();
              }
            }
          }
          throw Errors.of(
              "InvalidAssociationID.NotFound",
              "The association ID '%s' does not exist",
              association);
        });
  }

  private static boolean same(NetworkAclEntry a, NetworkAclEntry b) {
    return a.ruleNumber().equals(b.ruleNumber()) && a.egress().equals(b.egress());
  }

  private static NetworkAclEntry find(NetworkAcl acl, int number, boolean egress) {
    return acl.entries().stream()
        .filter(e -> e.ruleNumber() == number && e.egress() == egress && number <= LAST_NUMBER)
        .findFirst()
        .orElseThrow(
            () ->
                Errors.of(
                    "InvalidNetworkAclEntry.NotFound",
                    "The network acl entry identified by %s does not exist.",
                    Integer.toString(number)));
  }

  private static NetworkAclEntry entry(
      @Nullable Integer number,
      @Nullable Boolean egress,
      @Nullable String protocol,
      @Nullable RuleAction action,
      @Nullable String cidr,
      @Nullable String cidr6,
      @Nullable PortRange ports,
      @Nullable IcmpTypeCode icmp) {
    if (number == null || egress == null || action == null) {
      throw Errors.missing(
          number == null ? "ruleNumber" : egress == null ? "egress" : "ruleAction");
    }
    if (number < 1 || number > LAST_NUMBER) {
      throw Errors.invalid("ruleNumber", number, "Must specify a value between 1 and 32766.");
    }
    String name = number(Errors.required(protocol, "protocol"));
    if (cidr == null && cidr6 == null) {
      throw Errors.missing("cidrBlock");
    }
    if (cidr != null && !Cidr.isValid(cidr)) {
      throw Errors.invalid("cidrBlock", cidr, "This is not a valid CIDR block.");
    }
    boolean needsPorts = name.equals("6") || name.equals("17");
    if (needsPorts) {
      if (ports == null || ports.from() == null || ports.to() == null) {
        throw Errors.missing("portRange");
      }
      if (ports.from() < 0 || ports.to() > 65_535 || ports.from() > ports.to()) {
        throw Errors.invalid(
            "portRange", ports.from() + "-" + ports.to(), "This is not a valid port range.");
      }
    }
    if (name.equals("1") && (icmp == null || icmp.type() == null)) {
      throw Errors.missing("icmpTypeCode.type");
    }
    return NetworkAclEntry.builder()
        .ruleNumber(number)
        .egress(egress)
        .protocol(name)
        .ruleAction(action)
        .cidrBlock(cidr == null ? null : Cidr.parse(cidr).toString())
        .ipv6CidrBlock(cidr6)
        .portRange(needsPorts ? ports : null)
        .icmpTypeCode(name.equals("1") ? icmp : null)
        .build();
  }

  private static String number(String protocol) {
    return switch (protocol.toLowerCase(Locale.ROOT)) {
      case "-1", "all" -> "-1";
      case "tcp" -> "6";
      case "udp" -> "17";
      case "icmp" -> "1";
      case "icmpv6" -> "58";
      default -> {
        if (!protocol.matches("\\d{1,3}") || Integer.parseInt(protocol) > 255) {
          throw Errors.invalid("protocol", protocol, "Unknown protocol.");
        }
        yield protocol;
      }
    };
  }
}
