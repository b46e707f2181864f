package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.services.ec2.Rows.VpcRow;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/** Subnets. */
final class Subnets {

  private static final int MIN_PREFIX = 16;
  private static final int MAX_PREFIX = 28;

  private final Desk desk;

  Subnets(Desk desk) {
    this.desk = desk;
  }

  CreateSubnetResponse create(CreateSubnetRequest request) {
    if (request.ipv6CidrBlock() != null || Boolean.TRUE.equals(request.ipv6Native())) {
      throw Errors.unsupported("An IPv6 block of a subnet");
    }
    if (request.outpostArn() != null) {
      throw Errors.unsupported("AWS Outposts");
    }
    if (request.ipv4IpamPoolId() != null
        || request.ipv4NetmaskLength() != null
        || request.ipv6IpamPoolId() != null
        || request.ipv6NetmaskLength() != null) {
      throw Errors.unsupported("Amazon VPC IP Address Manager");
    }
    String text = Errors.required(request.cidrBlock(), "cidrBlock");
    if (!Cidr.isValid(text)) {
      throw Errors.invalid("cidrBlock", text, "This is not a valid CIDR block.");
    }
    Cidr cidr = Cidr.parse(text);
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.SUBNET);
    return desk.write(
        request.dryRun(),
        session -> {
          VpcRow vpc = session.get(Kinds.VPC, request.vpcId());
          if (cidr.prefix() < MIN_PREFIX
              || cidr.prefix() > MAX_PREFIX
              || Vpcs.blocks(vpc.vpc()).stream().noneMatch(block -> block.contains(cidr))) {
            throw Errors.of("InvalidSubnet.Range", "The CIDR '%s' is invalid.", text);
          }
          if (session
              .all(Ec2Tables.SUBNETS_BY_VPC, request.vpcId())
              .anyMatch(subnet -> Cidr.parse(subnet.cidrBlock()).overlaps(cidr))) {
            throw Errors.of(
                "InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", text);
          }
          String zone = zone(session, request.availabilityZone(), request.availabilityZoneId());
          Subnet subnet = make(session, request.vpcId(), cidr, zone, false, tags);
          return CreateSubnetResponse.builder().subnet(shown(session, subnet)).build();
        });
  }

  private static String zone(Session session, @Nullable String name, @Nullable String id) {
    List<String> zones = Zones.of(session.scope().region());
    if (name != null) {
      if (!zones.contains(name)) {
        throw Errors.invalid(
            "availabilityZone",
            name,
            "Subnets can currently only be created in the following availability zones: "
                + String.join(", ", zones)
                + ".");
      }
      return name;
    }
    if (id != null) {
      return zones.stream()
          .filter(zone -> Zones.id(zone).equals(id))
          .findFirst()
          .orElseThrow(
              () ->
                  Errors.invalid(
                      "availabilityZoneId",
                      id,
                      "Subnets can currently only be created in the following availability zones: "
                          + String.join(", ", zones.stream().map(Zones::id).toList())
                          + "."));
    }
    return zones.getFirst();
  }

  static Subnet make(
      Session session, String vpc, Cidr cidr, String zone, boolean isDefault, List<Tag> tags) {
    String id = session.newId("subnet-");
    Subnet subnet =
        Subnet.builder()
            .subnetId(id)
            .subnetArn(
                "arn:aws:ec2:%s:%s:subnet/%s"
                    .formatted(session.scope().region(), session.scope().account(), id))
            .vpcId(vpc)
            .cidrBlock(cidr.toString())
            .availabilityZone(zone)
            .availabilityZoneId(Zones.id(zone))
            .state(SubnetState.AVAILABLE)
            .ownerId(session.scope().account())
            .defaultForAz(isDefault)
            .mapPublicIpOnLaunch(isDefault)
            .mapCustomerOwnedIpOnLaunch(false)
            .assignIpv6AddressOnCreation(false)
            .enableDns64(false)
            .ipv6Native(false)
            .ipv6CidrBlockAssociationSet(List.of())
            .privateDnsNameOptionsOnLaunch(
                PrivateDnsNameOptionsOnLaunch.builder()
                    .hostnameType(HostnameType.IP_NAME)
                    .enableResourceNameDnsARecord(false)
                    .enableResourceNameDnsAAAARecord(false)
                    .build())
            .tags(tags)
            .build();
    session.put(Kinds.SUBNET, id, subnet);
    NetworkAcls.associateDefault(session, vpc, id);
    return subnet;
  }

  static Subnet shown(Lookup lookup, Subnet subnet) {
    return subnet.toBuilder().availableIpAddressCount(Ipam.available(lookup, subnet)).build();
  }

  CreateDefaultSubnetResponse createDefault(CreateDefaultSubnetRequest request) {
    if (Boolean.TRUE.equals(request.ipv6Native())) {
      throw Errors.unsupported("An IPv6 block of a subnet");
    }
    if (request.availabilityZone() == null && request.availabilityZoneId() == null) {
      throw Errors.missing("availabilityZone");
    }
    if (request.availabilityZone() != null && request.availabilityZoneId() != null) {
      throw Errors.of(
          "InvalidParameterCombination",
          "Either AvailabilityZone or AvailabilityZoneId must be specified, but not both.");
    }
    return desk.write(
        request.dryRun(),
        session -> {
          String zone = zone(session, request.availabilityZone(), request.availabilityZoneId());
          VpcRow vpc =
              session
                  .all(Kinds.VPC)
                  .filter(row -> row.vpc().isDefault())
                  .findFirst()
                  .orElseThrow(
                      () ->
                          Errors.of(
                              "DefaultVpcDoesNotExist",
                              "No default VPC exists for this account in this region."));
          List<Subnet> all = session.all(Ec2Tables.SUBNETS_BY_VPC, vpc.vpc().vpcId()).toList();
          for (Subnet subnet : all) {
            if (subnet.defaultForAz() && subnet.availabilityZone().equals(zone)) {
              throw Errors.of(
                  "DefaultSubnetAlreadyExistsInAvailabilityZone",
                  "'%s' is already the default subnet in %s.",
                  subnet.subnetId(),
                  zone);
            }
          }
          Cidr block = Cidr.parse(vpc.vpc().cidrBlock());
          for (long base = block.base(); base <= block.last(); base += 4096) {
            Cidr cidr = new Cidr(base, 20);
            if (all.stream().noneMatch(s -> Cidr.parse(s.cidrBlock()).overlaps(cidr))) {
              Subnet made = make(session, vpc.vpc().vpcId(), cidr, zone, true, List.of());
              return CreateDefaultSubnetResponse.builder().subnet(shown(session, made)).build();
            }
          }
          throw Errors.of(
              "InsufficientFreeAddressesInSubnet", "The default VPC has no free /20 block");
        });
  }

  DescribeSubnetsResponse describe(DescribeSubnetsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<Subnet> page =
              lookup.describe(
                  Kinds.SUBNET,
                  request.subnetIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeSubnetsResponse.builder()
              .subnets(page.rows().stream().map(row -> shown(lookup, row)).toList())
              .nextToken(page.token())
              .build();
        });
  }

  DeleteSubnetResponse delete(DeleteSubnetRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          String id = Errors.required(request.subnetId(), "subnetId");
          Subnet subnet = session.get(Kinds.SUBNET, id);
          if (session.all(Ec2Tables.INTERFACES_BY_SUBNET, id).findAny().isPresent()) {
            throw Errors.of(
                "DependencyViolation",
                "The subnet '%s' has dependencies and cannot be deleted.",
                id);
          }
          RouteTables.forgetSubnet(session, subnet.vpcId(), id);
          NetworkAcls.forgetSubnet(session, subnet.vpcId(), id);
          session
              .all(Kinds.FLOW_LOG)
              .filter(log -> log.resourceId().equals(id))
              .toList()
              .forEach(log -> session.delete(Kinds.FLOW_LOG, log.flowLogId()));
          session.delete(Kinds.SUBNET, id);
          return DeleteSubnetResponse.builder().build();
        });
  }

  ModifySubnetAttributeResponse modify(ModifySubnetAttributeRequest request) {
    if (Vpcs.value(request.assignIpv6AddressOnCreation(), false)
        || Vpcs.value(request.enableResourceNameDnsAAAARecordOnLaunch(), false)
        || Vpcs.value(request.enableDns64(), false)) {
      throw Errors.unsupported("IPv6 of a subnet");
    }
    if (Vpcs.value(request.mapCustomerOwnedIpOnLaunch(), false)
        || request.customerOwnedIpv4Pool() != null
        || request.enableLniAtDeviceIndex() != null
        || Vpcs.value(request.disableLniAtDeviceIndex(), false)) {
      throw Errors.unsupported("AWS Outposts");
    }
    return desk.write(
        null,
        session -> {
          Subnet subnet = session.get(Kinds.SUBNET, request.subnetId());
          PrivateDnsNameOptionsOnLaunch.Builder names =
              subnet.privateDnsNameOptionsOnLaunch().toBuilder();
          if (request.privateDnsHostnameTypeOnLaunch() != null) {
            names.hostnameType(request.privateDnsHostnameTypeOnLaunch());
          }
          names.enableResourceNameDnsARecord(
              Vpcs.value(
                  request.enableResourceNameDnsARecordOnLaunch(),
                  subnet.privateDnsNameOptionsOnLaunch().enableResourceNameDnsARecord()));
          session.put(
              Kinds.SUBNET,
              request.subnetId(),
              subnet.toBuilder()
                  .mapPublicIpOnLaunch(
                      Vpcs.value(request.mapPublicIpOnLaunch(), subnet.mapPublicIpOnLaunch()))
                  .privateDnsNameOptionsOnLaunch(names.build())
                  .build());
          return ModifySubnetAttributeResponse.builder().build();
        });
  }
}
