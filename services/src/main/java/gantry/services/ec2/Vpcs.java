package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.services.ec2.Rows.VpcRow;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.ec2.model.*;

/** VPCs, their blocks and attributes. */
final class Vpcs {

  private static final int MIN_PREFIX = 16;
  private static final int MAX_PREFIX = 28;
  private static final int BLOCKS_LIMIT = 5;

  private final Desk desk;

  Vpcs(Desk desk) {
    this.desk = desk;
  }

  CreateVpcResponse create(CreateVpcRequest request) {
    if (Boolean.TRUE.equals(request.amazonProvidedIpv6CidrBlock())
        || request.ipv6CidrBlock() != null
        || request.ipv6IpamPoolId() != null
        || request.ipv6NetmaskLength() != null
        || request.ipv6CidrBlockNetworkBorderGroup() != null
        || request.ipv6Pool() != null) {
      throw Errors.unsupported("An IPv6 block of a VPC");
    }
    if (request.ipv4IpamPoolId() != null || request.ipv4NetmaskLength() != null) {
      throw Errors.unsupported("Amazon VPC IP Address Manager");
    }
    if (request.instanceTenancy() != null && request.instanceTenancy() != Tenancy.DEFAULT) {
      throw Errors.unsupported("Dedicated tenancy");
    }
    if (request.vpcEncryptionControl() != null) {
      throw Errors.unsupported("VPC encryption control");
    }
    Cidr cidr = block(Errors.required(request.cidrBlock(), "cidrBlock"));
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.VPC);
    return desk.write(
        request.dryRun(),
        session -> CreateVpcResponse.builder().vpc(make(session, cidr, false, tags).vpc()).build());
  }

  static Cidr block(String text) {
    if (!Cidr.isValid(text)) {
      throw Errors.invalid("cidrBlock", text, "This is not a valid CIDR block.");
    }
    Cidr cidr = Cidr.parse(text);
    if (cidr.prefix() < MIN_PREFIX || cidr.prefix() > MAX_PREFIX) {
      throw Errors.of("InvalidVpc.Range", "The CIDR '%s' is invalid.", text);
    }
    return cidr;
  }

  /** A VPC with everything that it is born with. */
  static VpcRow make(Session session, Cidr cidr, boolean isDefault, List<Tag> tags) {
    String id = session.newId("vpc-");
    String account = session.scope().account();
    VpcRow row =
        new VpcRow(
            Vpc.builder()
                .vpcId(id)
                .cidrBlock(cidr.toString())
                .cidrBlockAssociationSet(association(session, cidr))
                .ipv6CidrBlockAssociationSet(List.of())
                .dhcpOptionsId(DhcpOptionSets.ofAccount(session))
                .instanceTenancy(Tenancy.DEFAULT)
                .isDefault(isDefault)
                .ownerId(account)
                .state(VpcState.AVAILABLE)
                .tags(tags)
                .build(),
            true,
            isDefault,
            false);
    session.put(Kinds.VPC, id, row);
    RouteTables.make(session, id, List.of(cidr), true, List.of());
    NetworkAcls.make(session, id, true, List.of());
    SecurityGroups.makeDefault(session, id);
    return row;
  }

  private static VpcCidrBlockAssociation association(Session session, Cidr cidr) {
    return VpcCidrBlockAssociation.builder()
        .associationId(session.newId("vpc-cidr-assoc-"))
        .cidrBlock(cidr.toString())
        .cidrBlockState(VpcCidrBlockState.builder().state(VpcCidrBlockStateCode.ASSOCIATED).build())
        .build();
  }

  static List<Cidr> blocks(Vpc vpc) {
    return vpc.cidrBlockAssociationSet().stream().map(a -> Cidr.parse(a.cidrBlock())).toList();
  }

  CreateDefaultVpcResponse createDefault(CreateDefaultVpcRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          if (session.all(Kinds.VPC).anyMatch(row -> row.vpc().isDefault())) {
            throw Errors.of(
                "DefaultVpcAlreadyExists",
                "A Default VPC already exists for this account in this region.");
          }
          return CreateDefaultVpcResponse.builder().vpc(DefaultVpc.create(session).vpc()).build();
        });
  }

  DescribeVpcsResponse describe(DescribeVpcsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<VpcRow> page =
              lookup.describe(
                  Kinds.VPC,
                  request.vpcIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeVpcsResponse.builder()
              .vpcs(page.rows().stream().map(VpcRow::vpc).toList())
              .nextToken(page.token())
              .build();
        });
  }

  DeleteVpcResponse delete(DeleteVpcRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          String id = Errors.required(request.vpcId(), "vpcId");
          session.get(Kinds.VPC, id);
          boolean used =
              session.all(Ec2Tables.SUBNETS_BY_VPC, id).findAny().isPresent()
                  || session.all(Ec2Tables.INTERFACES_BY_VPC, id).findAny().isPresent()
                  || session
                      .all(Ec2Tables.GROUPS_BY_VPC, id)
                      .anyMatch(group -> !group.groupName().equals("default"))
                  || session
                      .all(Ec2Tables.ROUTE_TABLES_BY_VPC, id)
                      .anyMatch(table -> !RouteTables.isMain(table))
                  || session.all(Ec2Tables.ACLS_BY_VPC, id).anyMatch(acl -> !acl.isDefault())
                  || InternetGateways.isAttached(session, id)
                  || session.all(Kinds.ENDPOINT).anyMatch(endpoint -> endpoint.vpcId().equals(id));
          if (used) {
            throw Errors.of(
                "DependencyViolation", "The vpc '%s' has dependencies and cannot be deleted.", id);
          }
          session
              .all(Ec2Tables.GROUPS_BY_VPC, id)
              .toList()
              .forEach(group -> SecurityGroups.remove(session, group.groupId()));
          session
              .all(Ec2Tables.ROUTE_TABLES_BY_VPC, id)
              .toList()
              .forEach(table -> session.delete(Kinds.ROUTE_TABLE, table.routeTableId()));
          session
              .all(Ec2Tables.ACLS_BY_VPC, id)
              .toList()
              .forEach(acl -> session.delete(Kinds.ACL, acl.networkAclId()));
          session
              .all(Kinds.FLOW_LOG)
              .filter(log -> log.resourceId().equals(id))
              .toList()
              .forEach(log -> session.delete(Kinds.FLOW_LOG, log.flowLogId()));
          Peerings.removeWith(session, id);
          session.delete(Kinds.VPC, id);
          return DeleteVpcResponse.builder().build();
        });
  }

  AssociateVpcCidrBlockResponse associate(AssociateVpcCidrBlockRequest request) {
    if (Boolean.TRUE.equals(request.amazonProvidedIpv6CidrBlock())
        || request.ipv6CidrBlock() != null
        || request.ipv6IpamPoolId() != null
        || request.ipv6NetmaskLength() != null
        || request.ipv6CidrBlockNetworkBorderGroup() != null
        || request.ipv6Pool() != null) {
      throw Errors.unsupported("An IPv6 block of a VPC");
    }
    if (request.ipv4IpamPoolId() != null || request.ipv4NetmaskLength() != null) {
      throw Errors.unsupported("Amazon VPC IP Address Manager");
    }
    Cidr cidr = block(Errors.required(request.cidrBlock(), "cidrBlock"));
    return desk.write(
        null,
        session -> {
          VpcRow row = session.get(Kinds.VPC, request.vpcId());
          List<VpcCidrBlockAssociation> all = new ArrayList<>(row.vpc().cidrBlockAssociationSet());
          if (all.size() >= BLOCKS_LIMIT) {
            throw Errors.of(
                "CidrLimitExceeded",
                "This network '%s' has met its maximum number of allowed CIDRs: 5",
                request.vpcId());
          }
          boolean clash =
              blocks(row.vpc()).stream().anyMatch(cidr::overlaps)
                  || Peerings.activeOf(session, request.vpcId()).stream()
                      .anyMatch(
                          peering ->
                              Peerings.blocks(peering, request.vpcId(), false).stream()
                                  .anyMatch(cidr::overlaps));
          if (clash) {
            throw Errors.of("InvalidVpc.Range", "The CIDR '%s' is invalid.", request.cidrBlock());
          }
          VpcCidrBlockAssociation added = association(session, cidr);
          all.add(added);
          session.put(
              Kinds.VPC,
              request.vpcId(),
              row.with(row.vpc().toBuilder().cidrBlockAssociationSet(all).build()));
          RouteTables.addLocal(session, request.vpcId(), cidr);
          return AssociateVpcCidrBlockResponse.builder()
              .vpcId(request.vpcId())
              .cidrBlockAssociation(added)
              .build();
        });
  }

  DisassociateVpcCidrBlockResponse disassociate(DisassociateVpcCidrBlockRequest request) {
    return desk.write(
        null,
        session -> {
          String association = Errors.required(request.associationId(), "associationId");
          for (VpcRow row : session.all(Kinds.VPC).toList()) {
            for (VpcCidrBlockAssociation one : row.vpc().cidrBlockAssociationSet()) {
              if (one.associationId().equals(association)) {
                return disassociate(session, row, one);
              }
            }
          }
          throw Errors.of(
              "InvalidVpcCidrBlockAssociationID.NotFound",
              "The vpc CIDR block association ID '%s' does not exist",
              association);
        });
  }

  private static DisassociateVpcCidrBlockResponse disassociate(
      Session session, VpcRow row, VpcCidrBlockAssociation one) {
    Vpc vpc = row.vpc();
    Cidr cidr = Cidr.parse(one.cidrBlock());
    if (one.cidrBlock().equals(vpc.cidrBlock())) {
      throw Errors.of(
          "OperationNotPermitted",
          "The vpc CIDR block with association ID %s may not be disassociated. It is the primary"
              + " IPv4 CIDR block of the VPC",
          one.associationId());
    }
    if (session
        .all(Ec2Tables.SUBNETS_BY_VPC, vpc.vpcId())
        .anyMatch(subnet -> cidr.contains(Cidr.parse(subnet.cidrBlock())))) {
      throw Errors.of(
          "DependencyViolation",
          "The vpc CIDR block with association ID %s has dependencies and cannot be deleted.",
          one.associationId());
    }
    session.put(
        Kinds.VPC,
        vpc.vpcId(),
        row.with(
            vpc.toBuilder()
                .cidrBlockAssociationSet(
                    vpc.cidrBlockAssociationSet().stream().filter(a -> !a.equals(one)).toList())
                .build()));
    RouteTables.removeLocal(session, vpc.vpcId(), cidr);
    return DisassociateVpcCidrBlockResponse.builder()
        .vpcId(vpc.vpcId())
        .cidrBlockAssociation(
            one.toBuilder()
                .cidrBlockState(
                    VpcCidrBlockState.builder().state(VpcCidrBlockStateCode.DISASSOCIATED).build())
                .build())
        .build();
  }

  DescribeVpcAttributeResponse describeAttribute(DescribeVpcAttributeRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          VpcRow row = lookup.get(Kinds.VPC, request.vpcId());
          DescribeVpcAttributeResponse.Builder answer =
              DescribeVpcAttributeResponse.builder().vpcId(request.vpcId());
          switch (request.attribute()) {
            case ENABLE_DNS_SUPPORT -> answer.enableDnsSupport(bool(row.dnsSupport()));
            case ENABLE_DNS_HOSTNAMES -> answer.enableDnsHostnames(bool(row.dnsHostnames()));
            case ENABLE_NETWORK_ADDRESS_USAGE_METRICS ->
                answer.enableNetworkAddressUsageMetrics(bool(row.addressUsageMetrics()));
            case null -> throw Errors.missing("attribute");
            case UNKNOWN_TO_SDK_VERSION ->
                throw Errors.invalid(
                    "attribute", request.attributeAsString(), "Unknown attribute.");
          }
          return answer.build();
        });
  }

  private static AttributeBooleanValue bool(boolean value) {
    return AttributeBooleanValue.builder().value(value).build();
  }

  ModifyVpcAttributeResponse modifyAttribute(ModifyVpcAttributeRequest request) {
    Errors.one(
        Errors.given("enableDnsSupport", request.enableDnsSupport()),
        Errors.given("enableDnsHostnames", request.enableDnsHostnames()),
        Errors.given(
            "enableNetworkAddressUsageMetrics", request.enableNetworkAddressUsageMetrics()));
    return desk.write(
        null,
        session -> {
          VpcRow row = session.get(Kinds.VPC, request.vpcId());
          boolean support = value(request.enableDnsSupport(), row.dnsSupport());
          boolean hostnames = value(request.enableDnsHostnames(), row.dnsHostnames());
          boolean metrics =
              value(request.enableNetworkAddressUsageMetrics(), row.addressUsageMetrics());
          session.put(
              Kinds.VPC, request.vpcId(), new VpcRow(row.vpc(), support, hostnames, metrics));
          return ModifyVpcAttributeResponse.builder().build();
        });
  }

  static boolean value(
      @org.jspecify.annotations.Nullable AttributeBooleanValue value, boolean otherwise) {
    return value == null || value.value() == null ? otherwise : value.value();
  }
}
