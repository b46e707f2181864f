package gantry.services.ec2;

import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.ec2.model.*;

/** What clients look up before they do anything: regions, zones, types, images, limits. */
final class Catalogue {

  /** The types that Gantry's container instances may call themselves. */
  private record Type(String name, int cpus, int memoryMib, int interfaces, int addresses) {}

  private static final List<Type> TYPES =
      List.of(
          new Type("c5.large", 2, 4096, 3, 10),
          new Type("c5.xlarge", 4, 8192, 4, 15),
          new Type("m5.large", 2, 8192, 3, 10),
          new Type("m5.xlarge", 4, 16_384, 4, 15),
          new Type("m5.2xlarge", 8, 32_768, 4, 15),
          new Type("r5.large", 2, 16_384, 3, 10),
          new Type("t3.nano", 2, 512, 2, 2),
          new Type("t3.micro", 2, 1024, 2, 2),
          new Type("t3.small", 2, 2048, 3, 4),
          new Type("t3.medium", 2, 4096, 3, 6),
          new Type("t3.large", 2, 8192, 3, 12),
          new Type("t3.xlarge", 4, 16_384, 4, 15),
          new Type("t3.2xlarge", 8, 32_768, 4, 15));

  private static final Filters<Region> REGION_FILTERS =
      new Filters<Region>()
          .one("endpoint", Region::endpoint)
          .one("opt-in-status", Region::optInStatus)
          .one("region-name", Region::regionName);

  private static final Filters<AvailabilityZone> ZONE_FILTERS =
      new Filters<AvailabilityZone>()
          .one("group-name", AvailabilityZone::groupName)
          .one("group-long-name", AvailabilityZone::groupLongName)
          .none("message", "parent-zone-id", "parent-zone-name")
          .one("opt-in-status", AvailabilityZone::optInStatusAsString)
          .one("region-name", AvailabilityZone::regionName)
          .one("state", AvailabilityZone::stateAsString)
          .one("zone-id", AvailabilityZone::zoneId)
          .one("zone-name", AvailabilityZone::zoneName)
          .one("zone-type", AvailabilityZone::zoneType);

  private static final Filters<InstanceTypeInfo> TYPE_FILTERS =
      new Filters<InstanceTypeInfo>()
          .one("instance-type", InstanceTypeInfo::instanceTypeAsString)
          .one("current-generation", InstanceTypeInfo::currentGeneration)
          .one("bare-metal", InstanceTypeInfo::bareMetal)
          .one("free-tier-eligible", InstanceTypeInfo::freeTierEligible)
          .one("hypervisor", InstanceTypeInfo::hypervisorAsString)
          .one("instance-storage-supported", InstanceTypeInfo::instanceStorageSupported)
          .one(
              "network-info.ipv4-addresses-per-interface",
              t -> t.networkInfo().ipv4AddressesPerInterface())
          .one("network-info.ipv6-supported", t -> t.networkInfo().ipv6Supported())
          .one(
              "network-info.maximum-network-interfaces",
              t -> t.networkInfo().maximumNetworkInterfaces())
          .many("supported-root-device-type", InstanceTypeInfo::supportedRootDeviceTypesAsStrings)
          .many(
              "supported-virtualization-type",
              InstanceTypeInfo::supportedVirtualizationTypesAsStrings)
          .one("burstable-performance-supported", InstanceTypeInfo::burstablePerformanceSupported)
          .one("vcpu-info.default-vcpus", t -> t.vCpuInfo().defaultVCpus())
          .one("memory-info.size-in-mib", t -> t.memoryInfo().sizeInMiB())
          .many(
              "processor-info.supported-architecture",
              t -> t.processorInfo().supportedArchitecturesAsStrings())
          .many("supported-usage-class", InstanceTypeInfo::supportedUsageClassesAsStrings);

  private static final Filters<InstanceTypeOffering> OFFERING_FILTERS =
      new Filters<InstanceTypeOffering>()
          .one("instance-type", InstanceTypeOffering::instanceTypeAsString)
          .one("location", InstanceTypeOffering::location);

  private static final Filters<Image> IMAGE_FILTERS =
      new Filters<Image>()
          .one("architecture", Image::architectureAsString)
          .one("image-id", Image::imageId)
          .one("image-type", Image::imageTypeAsString)
          .one("is-public", Image::publicLaunchPermissions)
          .one("name", Image::name)
          .one("owner-alias", Image::imageOwnerAlias)
          .one("owner-id", Image::ownerId)
          .one("platform", Image::platformAsString)
          .one("creation-date", Image::creationDate)
          .one("description", Image::description)
          .one("hypervisor", Image::hypervisorAsString)
          .one("root-device-name", Image::rootDeviceName)
          .one("root-device-type", Image::rootDeviceTypeAsString)
          .one("state", Image::stateAsString)
          .one("virtualization-type", Image::virtualizationTypeAsString);

  private static final Filters<VpnGateway> VPN_FILTERS =
      new Filters<VpnGateway>()
          .none(
              "amazon-side-asn",
              "attachment.state",
              "attachment.vpc-id",
              "availability-zone",
              "state",
              "type",
              "vpn-gateway-id");

  private final Desk desk;

  Catalogue(Desk desk) {
    this.desk = desk;
  }

  DescribeRegionsResponse regions(DescribeRegionsRequest request) {
    REGION_FILTERS.check(request.filters());
    return desk.read(
        request.dryRun(),
        lookup -> {
          for (String name : request.regionNames()) {
            if (!Zones.REGIONS.contains(name)) {
              throw Errors.of("InvalidParameterValue", "Invalid region(s): '%s'", name);
            }
          }
          return DescribeRegionsResponse.builder()
              .regions(
                  Zones.REGIONS.stream()
                      .filter(
                          name ->
                              request.regionNames().isEmpty()
                                  || request.regionNames().contains(name))
                      .map(
                          name ->
                              Region.builder()
                                  .regionName(name)
                                  .endpoint("ec2." + name + ".amazonaws.com")
                                  .optInStatus("opt-in-not-required")
                                  .build())
                      .filter(r -> REGION_FILTERS.matches(lookup, r, List.of(), request.filters()))
                      .toList())
              .build();
        });
  }

  DescribeAvailabilityZonesResponse zones(DescribeAvailabilityZonesRequest request) {
    ZONE_FILTERS.check(request.filters());
    return desk.read(
        request.dryRun(),
        lookup -> {
          String region = lookup.scope().region();
          List<AvailabilityZone> zones =
              Zones.of(region).stream()
                  .map(
                      zone ->
                          AvailabilityZone.builder()
                              .zoneName(zone)
                              .zoneId(Zones.id(zone))
                              .zoneType("availability-zone")
                              .regionName(region)
                              .groupName(region + "-zg-1")
                              .groupLongName(region + " 1")
                              .networkBorderGroup(region)
                              .state(AvailabilityZoneState.AVAILABLE)
                              .optInStatus(AvailabilityZoneOptInStatus.OPT_IN_NOT_REQUIRED)
                              .messages(List.of())
                              .build())
                  .toList();
          for (String name : request.zoneNames()) {
            if (zones.stream().noneMatch(zone -> zone.zoneName().equals(name))) {
              throw Errors.of("InvalidParameterValue", "Invalid availability zone: [%s]", name);
            }
          }
          return DescribeAvailabilityZonesResponse.builder()
              .availabilityZones(
                  zones.stream()
                      .filter(
                          z ->
                              request.zoneNames().isEmpty()
                                  || request.zoneNames().contains(z.zoneName()))
                      .filter(
                          z ->
                              request.zoneIds().isEmpty() || request.zoneIds().contains(z.zoneId()))
                      .filter(z -> ZONE_FILTERS.matches(lookup, z, List.of(), request.filters()))
                      .toList())
              .build();
        });
  }

  DescribeInstanceTypesResponse types(DescribeInstanceTypesRequest request) {
    TYPE_FILTERS.check(request.filters());
    return desk.read(
        request.dryRun(),
        lookup -> {
          List<String> wanted = request.instanceTypesAsStrings();
          for (String name : wanted) {
            if (TYPES.stream().noneMatch(type -> type.name().equals(name))) {
              throw Errors.of(
                  "InvalidInstanceType",
                  "The following supplied instance types do not exist: [%s]",
                  name);
            }
          }
          Paging.Page<InstanceTypeInfo> page =
              Paging.SMALL.page(
                  TYPES.stream()
                      .filter(type -> wanted.isEmpty() || wanted.contains(type.name()))
                      .map(Catalogue::info)
                      .filter(t -> TYPE_FILTERS.matches(lookup, t, List.of(), request.filters()))
                      .toList(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeInstanceTypesResponse.builder()
              .instanceTypes(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  private static InstanceTypeInfo info(Type type) {
    return InstanceTypeInfo.builder()
        .instanceType(type.name())
        .currentGeneration(true)
        .freeTierEligible(type.name().equals("t3.micro"))
        .bareMetal(false)
        .hypervisor(InstanceTypeHypervisor.NITRO)
        .burstablePerformanceSupported(type.name().startsWith("t3"))
        .supportedUsageClasses(UsageClassType.ON_DEMAND)
        .supportedRootDeviceTypes(RootDeviceType.EBS)
        .supportedVirtualizationTypes(VirtualizationType.HVM)
        .instanceStorageSupported(false)
        .processorInfo(
            ProcessorInfo.builder().supportedArchitectures(ArchitectureType.X86_64).build())
        .vCpuInfo(VCpuInfo.builder().defaultVCpus(type.cpus()).build())
        .memoryInfo(MemoryInfo.builder().sizeInMiB((long) type.memoryMib()).build())
        .networkInfo(
            NetworkInfo.builder()
                .maximumNetworkInterfaces(type.interfaces())
                .ipv4AddressesPerInterface(type.addresses())
                .ipv6Supported(false)
                .build())
        .build();
  }

  DescribeInstanceTypeOfferingsResponse offerings(DescribeInstanceTypeOfferingsRequest request) {
    OFFERING_FILTERS.check(request.filters());
    return desk.read(
        request.dryRun(),
        lookup -> {
          LocationType where =
              request.locationType() == null ? LocationType.REGION : request.locationType();
          String region = lookup.scope().region();
          List<String> locations =
              switch (where) {
                case REGION -> List.of(region);
                case AVAILABILITY_ZONE -> Zones.of(region);
                case AVAILABILITY_ZONE_ID -> Zones.of(region).stream().map(Zones::id).toList();
                default ->
                    throw Errors.invalid(
                        "locationType", request.locationTypeAsString(), "Unknown location type.");
              };
          List<InstanceTypeOffering> offerings = new ArrayList<>();
          for (Type type : TYPES) {
            for (String location : locations) {
              offerings.add(
                  InstanceTypeOffering.builder()
                      .instanceType(type.name())
                      .locationType(where)
                      .location(location)
                      .build());
            }
          }
          Paging.Page<InstanceTypeOffering> page =
              Paging.USUAL.page(
                  offerings.stream()
                      .filter(
                          o -> OFFERING_FILTERS.matches(lookup, o, List.of(), request.filters()))
                      .toList(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeInstanceTypeOfferingsResponse.builder()
              .instanceTypeOfferings(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  /** One image: what an ECS-optimized AMI stands for here is this machine. */
  DescribeImagesResponse images(DescribeImagesRequest request) {
    IMAGE_FILTERS.check(request.filters());
    return desk.read(
        request.dryRun(),
        lookup -> {
          Image image =
              Image.builder()
                  .imageId("ami-00000000000ec5001")
                  .name("amzn2-ami-ecs-hvm-2.0-x86_64-ebs")
                  .description("Gantry container instance")
                  .architecture(ArchitectureValues.X86_64)
                  .imageType(ImageTypeValues.MACHINE)
                  .imageOwnerAlias("amazon")
                  .ownerId("591542846629")
                  .publicLaunchPermissions(true)
                  .rootDeviceType(DeviceType.EBS)
                  .rootDeviceName("/dev/xvda")
                  .virtualizationType(VirtualizationType.HVM)
                  .hypervisor(HypervisorType.XEN)
                  .state(ImageState.AVAILABLE)
                  .creationDate("2026-01-01T00:00:00.000Z")
                  .build();
          for (String id : request.imageIds()) {
            if (!id.equals(image.imageId())) {
              throw Errors.of(
                  id.matches("ami-([0-9a-f]{8}|[0-9a-f]{17})")
                      ? "InvalidAMIID.NotFound"
                      : "InvalidAMIID.Malformed",
                  "The image id '[%s]' does not exist",
                  id);
            }
          }
          boolean owned =
              request.owners().isEmpty()
                  || request.owners().contains("amazon")
                  || request.owners().contains(image.ownerId());
          boolean launchable =
              request.executableUsers().isEmpty() || request.executableUsers().contains("all");
          Paging.Page<Image> page =
              Paging.ENDPOINTS.page(
                  owned
                          && launchable
                          && IMAGE_FILTERS.matches(lookup, image, List.of(), request.filters())
                      ? List.of(image)
                      : List.of(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeImagesResponse.builder()
              .images(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  DescribeAccountAttributesResponse attributes(DescribeAccountAttributesRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          String vpc =
              lookup
                  .all(Kinds.VPC)
                  .filter(row -> row.vpc().isDefault())
                  .map(row -> row.vpc().vpcId())
                  .findFirst()
                  .orElse("none");
          List<AccountAttribute> all =
              List.of(
                  attribute("default-vpc", vpc),
                  attribute("max-elastic-ips", "5"),
                  attribute("max-instances", "20"),
                  attribute("supported-platforms", "VPC"),
                  attribute("vpc-max-elastic-ips", "5"),
                  attribute("vpc-max-security-groups-per-interface", "5"));
          List<String> names = request.attributeNamesAsStrings();
          return DescribeAccountAttributesResponse.builder()
              .accountAttributes(
                  all.stream()
                      .filter(a -> names.isEmpty() || names.contains(a.attributeName()))
                      .toList())
              .build();
        });
  }

  private static AccountAttribute attribute(String name, String value) {
    return AccountAttribute.builder()
        .attributeName(name)
        .attributeValues(AccountAttributeValue.builder().attributeValue(value).build())
        .build();
  }

  /** There are no instances, so every named one does not exist. */
  DescribeInstancesResponse instances(DescribeInstancesRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          noInstances(request.instanceIds());
          return DescribeInstancesResponse.builder().reservations(List.of()).build();
        });
  }

  DescribeInstanceStatusResponse statuses(DescribeInstanceStatusRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          noInstances(request.instanceIds());
          return DescribeInstanceStatusResponse.builder().instanceStatuses(List.of()).build();
        });
  }

  /** There are none; tools that look at a VPC ask for its own before they believe that. */
  DescribeVpnGatewaysResponse vpnGateways(DescribeVpnGatewaysRequest request) {
    VPN_FILTERS.check(request.filters());
    return desk.read(
        request.dryRun(),
        lookup -> {
          for (String id : request.vpnGatewayIds()) {
            throw Errors.of(
                "InvalidVpnGatewayID.NotFound", "The vpnGateway ID '%s' does not exist", id);
          }
          return DescribeVpnGatewaysResponse.builder().vpnGateways(List.of()).build();
        });
  }

  private static void noInstances(List<String> ids) {
    if (!ids.isEmpty()) {
      throw Errors.of(
          "InvalidInstanceID.NotFound",
          ids.size() == 1
              ? "The instance ID '%s' does not exist"
              : "The instance IDs '%s' do not exist",
          String.join(", ", ids));
    }
  }
}
