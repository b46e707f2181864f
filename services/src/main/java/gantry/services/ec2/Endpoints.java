package gantry.services.ec2;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import gantry.services.ec2.Rows.PrefixListRow;
import gantry.services.ec2.Rows.VpcRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/** VPC endpoints: gateway endpoints are routes, interface endpoints are interfaces. */
final class Endpoints {

  private static final Set<String> GATEWAYS = Set.of("s3", "dynamodb");

  /** What an interface endpoint can lead to: the services that clients of a VPC ask for. */
  private static final List<String> INTERFACES =
      List.of(
          "cloudtrail",
          "ec2",
          "ecr.api",
          "ecr.dkr",
          "ecs",
          "ecs-agent",
          "ecs-telemetry",
          "elasticloadbalancing",
          "events",
          "kms",
          "logs",
          "monitoring",
          "s3",
          "secretsmanager",
          "servicediscovery",
          "sns",
          "sqs",
          "ssm",
          "ssmmessages",
          "sts");

  private static final String POLICY =
      "{\"Version\":\"2008-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\","
          + "\"Action\":\"*\",\"Resource\":\"*\"}]}";

  private static final JsonFactory JSON = new JsonFactory();

  private final Desk desk;
  private final PublicPool pool;

  Endpoints(Desk desk, PublicPool pool) {
    this.desk = desk;
    this.pool = pool;
  }

  CreateVpcEndpointResponse create(CreateVpcEndpointRequest request) {
    VpcEndpointType type =
        request.vpcEndpointType() == null ? VpcEndpointType.GATEWAY : request.vpcEndpointType();
    if (type != VpcEndpointType.GATEWAY && type != VpcEndpointType.INTERFACE) {
      throw Errors.unsupported("A VPC endpoint of type " + request.vpcEndpointTypeAsString());
    }
    if (request.ipAddressType() != null && request.ipAddressType() != IpAddressType.IPV4) {
      throw Errors.unsupported("IPv6 of a VPC endpoint");
    }
    refuse(request.subnetConfigurations(), request.dnsOptions());
    if (request.serviceNetworkArn() != null || request.resourceConfigurationArn() != null) {
      throw Errors.unsupported("A VPC endpoint of a service network or a resource");
    }
    checkPolicy(request.policyDocument());
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.VPC_ENDPOINT);
    return desk.write(
        request.dryRun(),
        session ->
            CreateVpcEndpointResponse.builder()
                .vpcEndpoint(
                    session.once(
                        Kinds.ENDPOINT,
                        request,
                        request.clientToken(),
                        () -> make(session, request, type, tags),
                        VpcEndpoint::vpcEndpointId))
                .clientToken(request.clientToken())
                .build());
  }

  private static void refuse(
      List<SubnetConfiguration> addresses, @Nullable DnsOptionsSpecification dns) {
    if (!addresses.isEmpty()) {
      throw Errors.unsupported("A chosen address of a VPC endpoint");
    }
    if (dns != null) {
      throw Errors.unsupported("A DNS option of a VPC endpoint");
    }
  }

  private static void checkPolicy(@Nullable String policy) {
    if (policy != null && !isObject(policy)) {
      throw Errors.of("InvalidPolicyDocument", "The policy document is not valid JSON.");
    }
  }

  private static boolean isObject(String text) {
    try (JsonParser json = JSON.createParser(text)) {
      return json.nextToken() == JsonToken.START_OBJECT
          && json.skipChildren().currentToken() == JsonToken.END_OBJECT
          && json.nextToken() == null;
    } catch (JsonProcessingException notJson) {
      return false;
    } catch (IOException impossible) {
      throw new UncheckedIOException("a string failed to be read", impossible);
    }
  }

  private static VpcEndpoint make(
      Session session, CreateVpcEndpointRequest request, VpcEndpointType type, List<Tag> tags) {
    VpcRow vpc = session.get(Kinds.VPC, request.vpcId());
    String service = Errors.required(request.serviceName(), "serviceName");
    if (request.serviceRegion() != null
        && !request.serviceRegion().equals(session.scope().region())) {
      throw Errors.unsupported("A VPC endpoint for a service of another region");
    }
    String prefix = "com.amazonaws." + session.scope().region() + ".";
    String name = service.startsWith(prefix) ? service.substring(prefix.length()) : "";
    boolean gateway = type == VpcEndpointType.GATEWAY;
    if (gateway ? !GATEWAYS.contains(name) : !INTERFACES.contains(name)) {
      throw Errors.of(
          "InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", service);
    }
    if (gateway
        && session
            .all(Kinds.ENDPOINT)
            .anyMatch(
                e ->
                    e.vpcId().equals(request.vpcId())
                        && e.serviceName().equals(service)
                        && e.vpcEndpointType() == type
                        && e.routeTableIds().stream()
                            .anyMatch(request.routeTableIds()::contains))) {
      throw Errors.of(
          "RouteAlreadyExists",
          "route table already has a route with destination-prefix-list-id of %s",
          service);
    }
    String id = session.newId("vpce-");
    boolean privateDns = !gateway && !Boolean.FALSE.equals(request.privateDnsEnabled());
    if (privateDns && !(vpc.dnsSupport() && vpc.dnsHostnames())) {
      if (Boolean.TRUE.equals(request.privateDnsEnabled())) {
        throw Errors.of(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC"
                + " attributes set to true for %s",
            request.vpcId());
      }
      privateDns = false;
    }
    VpcEndpoint endpoint =
        VpcEndpoint.builder()
            .vpcEndpointId(id)
            .vpcEndpointType(type)
            .vpcId(request.vpcId())
            .serviceName(service)
            .state(State.AVAILABLE)
            .policyDocument(request.policyDocument() == null ? POLICY : request.policyDocument())
            .routeTableIds(List.of())
            .subnetIds(List.of())
            .networkInterfaceIds(List.of())
            .groups(List.of())
            .dnsEntries(
                gateway
                    ? List.of()
                    : List.of(
                        DnsEntry.builder()
                            .dnsName(
                                "%s-%s.%s.%s.vpce.amazonaws.com"
                                    .formatted(
                                        id, session.ids().hex(8), name, session.scope().region()))
                            .build()))
            .ipAddressType(IpAddressType.IPV4)
            .privateDnsEnabled(privateDns)
            .requesterManaged(session.byService())
            .creationTimestamp(session.now())
            .ownerId(session.scope().account())
            .tags(tags)
            .build();
    if (gateway) {
      endpoint = addTables(session, endpoint, request.routeTableIds());
    } else {
      List<String> groups =
          SecurityGroups.forInterface(session, request.vpcId(), request.securityGroupIds()).stream()
              .map(GroupIdentifier::groupId)
              .toList();
      endpoint = endpoint.toBuilder().groups(identifiers(session, groups)).build();
      endpoint = addSubnets(session, endpoint, request.subnetIds());
    }
    session.put(Kinds.ENDPOINT, id, endpoint);
    return endpoint;
  }

  private static List<SecurityGroupIdentifier> identifiers(Session session, List<String> groups) {
    return groups.stream()
        .map(
            id ->
                SecurityGroupIdentifier.builder()
                    .groupId(id)
                    .groupName(session.get(Kinds.GROUP, id).groupName())
                    .build())
        .toList();
  }

  private static VpcEndpoint addTables(Session session, VpcEndpoint endpoint, List<String> tables) {
    PrefixListRow list = PrefixLists.ofService(session, endpoint.serviceName());
    if (list == null) {
      throw new IllegalStateException("no prefix list for " + endpoint.serviceName());
    }
    Set<String> all = new LinkedHashSet<>(endpoint.routeTableIds());
    for (String id : tables) {
      RouteTable table = session.get(Kinds.ROUTE_TABLE, id);
      if (!table.vpcId().equals(endpoint.vpcId())) {
        throw Errors.of(
            "InvalidParameterValue",
            "Route table %s and VPC endpoint belong to different networks",
            id);
      }
      if (all.add(id)) {
        List<Route> routes = new ArrayList<>(table.routes());
        routes.add(
            Route.builder()
                .destinationPrefixListId(list.list().prefixListId())
                .gatewayId(endpoint.vpcEndpointId())
                .origin(RouteOrigin.CREATE_ROUTE)
                .state(RouteState.ACTIVE)
                .build());
        session.put(Kinds.ROUTE_TABLE, id, table.toBuilder().routes(routes).build());
      }
    }
    return endpoint.toBuilder().routeTableIds(all).build();
  }

  private static VpcEndpoint removeTables(
      Session session, VpcEndpoint endpoint, List<String> tables) {
    for (String id : tables) {
      RouteTable table = session.find(Kinds.ROUTE_TABLE, id);
      if (table != null) {
        session.put(
            Kinds.ROUTE_TABLE,
            id,
            table.toBuilder()
                .routes(
                    table.routes().stream()
                        .filter(route -> !endpoint.vpcEndpointId().equals(route.gatewayId()))
                        .toList())
                .build());
      }
    }
    return endpoint.toBuilder()
        .routeTableIds(
            endpoint.routeTableIds().stream().filter(id -> !tables.contains(id)).toList())
        .build();
  }

  private static VpcEndpoint addSubnets(
      Session session, VpcEndpoint endpoint, List<String> subnets) {
    Set<String> all = new LinkedHashSet<>(endpoint.subnetIds());
    List<String> interfaces = new ArrayList<>(endpoint.networkInterfaceIds());
    for (String id : subnets) {
      Subnet subnet = session.get(Kinds.SUBNET, id);
      if (!subnet.vpcId().equals(endpoint.vpcId())) {
        throw Errors.of(
            "InvalidParameterValue", "Subnet %s and VPC endpoint belong to different networks", id);
      }
      boolean zoneTaken =
          all.stream()
              .map(other -> session.get(Kinds.SUBNET, other))
              .anyMatch(other -> other.availabilityZone().equals(subnet.availabilityZone()));
      if (zoneTaken && !all.contains(id)) {
        throw Errors.of(
            "DuplicateSubnetsInSameZone",
            "Found another VPC endpoint subnet in the availability zone of %s",
            id);
      }
      if (all.add(id)) {
        interfaces.add(
            Interfaces.make(
                    session,
                    subnet,
                    null,
                    ResourceFilters.groupIds(endpoint.groups()),
                    "VPC Endpoint Interface " + endpoint.vpcEndpointId(),
                    NetworkInterfaceType.VPC_ENDPOINT,
                    List.of())
                .networkInterfaceId());
      }
    }
    return endpoint.toBuilder().subnetIds(all).networkInterfaceIds(interfaces).build();
  }

  private VpcEndpoint removeSubnets(Session session, VpcEndpoint endpoint, List<String> subnets) {
    List<String> interfaces = new ArrayList<>(endpoint.networkInterfaceIds());
    for (String id : endpoint.networkInterfaceIds()) {
      NetworkInterface eni = session.find(Kinds.INTERFACE, id);
      if (eni != null && subnets.contains(eni.subnetId())) {
        Interfaces.remove(session, pool, eni);
        interfaces.remove(id);
      }
    }
    return endpoint.toBuilder()
        .networkInterfaceIds(interfaces)
        .subnetIds(endpoint.subnetIds().stream().filter(id -> !subnets.contains(id)).toList())
        .build();
  }

  ModifyVpcEndpointResponse modify(ModifyVpcEndpointRequest request) {
    if (request.ipAddressType() != null && request.ipAddressType() != IpAddressType.IPV4) {
      throw Errors.unsupported("IPv6 of a VPC endpoint");
    }
    refuse(request.subnetConfigurations(), request.dnsOptions());
    checkPolicy(request.policyDocument());
    return desk.write(
        request.dryRun(),
        session -> {
          VpcEndpoint endpoint = session.get(Kinds.ENDPOINT, request.vpcEndpointId());
          if (Boolean.TRUE.equals(request.resetPolicy())) {
            endpoint = endpoint.toBuilder().policyDocument(POLICY).build();
          } else if (request.policyDocument() != null) {
            endpoint = endpoint.toBuilder().policyDocument(request.policyDocument()).build();
          }
          if (endpoint.vpcEndpointType() == VpcEndpointType.GATEWAY) {
            endpoint = addTables(session, endpoint, request.addRouteTableIds());
            endpoint = removeTables(session, endpoint, request.removeRouteTableIds());
          } else {
            List<String> groups = new ArrayList<>(ResourceFilters.groupIds(endpoint.groups()));
            groups.addAll(request.addSecurityGroupIds());
            groups.removeAll(request.removeSecurityGroupIds());
            List<GroupIdentifier> checked =
                SecurityGroups.forInterface(session, endpoint.vpcId(), groups);
            endpoint =
                endpoint.toBuilder()
                    .groups(
                        identifiers(
                            session, checked.stream().map(GroupIdentifier::groupId).toList()))
                    .build();
            endpoint = addSubnets(session, endpoint, request.addSubnetIds());
            endpoint = removeSubnets(session, endpoint, request.removeSubnetIds());
            for (String id : endpoint.networkInterfaceIds()) {
              NetworkInterface eni = session.find(Kinds.INTERFACE, id);
              if (eni != null) {
                session.put(Kinds.INTERFACE, id, eni.toBuilder().groups(checked).build());
              }
            }
            if (request.privateDnsEnabled() != null) {
              endpoint =
                  endpoint.toBuilder().privateDnsEnabled(request.privateDnsEnabled()).build();
            }
          }
          session.put(Kinds.ENDPOINT, endpoint.vpcEndpointId(), endpoint);
          return ModifyVpcEndpointResponse.builder().returnValue(true).build();
        });
  }

  DeleteVpcEndpointsResponse delete(DeleteVpcEndpointsRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          List<UnsuccessfulItem> unsuccessful = new ArrayList<>();
          for (String id : request.vpcEndpointIds()) {
            VpcEndpoint endpoint = session.find(Kinds.ENDPOINT, id);
            if (endpoint == null) {
              unsuccessful.add(notFound(Kinds.ENDPOINT, id));
              continue;
            }
            removeTables(session, endpoint, endpoint.routeTableIds());
            removeSubnets(session, endpoint, endpoint.subnetIds());
            session.delete(Kinds.ENDPOINT, id);
          }
          return DeleteVpcEndpointsResponse.builder().unsuccessful(unsuccessful).build();
        });
  }

  static UnsuccessfulItem notFound(Kind<?> kind, String id) {
    return UnsuccessfulItem.builder()
        .resourceId(id)
        .error(
            UnsuccessfulItemError.builder()
                .code(kind.notFoundCode())
                .message(kind.notFoundText().formatted(id))
                .build())
        .build();
  }

  DescribeVpcEndpointsResponse describe(DescribeVpcEndpointsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<VpcEndpoint> page =
              lookup.describe(
                  Kinds.ENDPOINT,
                  Paging.ENDPOINTS,
                  request.vpcEndpointIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeVpcEndpointsResponse.builder()
              .vpcEndpoints(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  DescribeVpcEndpointServicesResponse services(DescribeVpcEndpointServicesRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          String region = lookup.scope().region();
          List<ServiceDetail> details = new ArrayList<>();
          boolean here =
              request.serviceRegions().isEmpty() || request.serviceRegions().contains(region);
          for (String name : INTERFACES) {
            details.add(detail(region, name, ServiceType.INTERFACE));
          }
          for (String name : GATEWAYS.stream().sorted().toList()) {
            details.add(detail(region, name, ServiceType.GATEWAY));
          }
          Filters<ServiceDetail> filters =
              new Filters<ServiceDetail>()
                  .one("service-name", ServiceDetail::serviceName)
                  .one("owner", ServiceDetail::owner)
                  .one("service-region", ServiceDetail::serviceRegion)
                  .many("supported-ip-address-types", d -> List.of("ipv4"))
                  .many(
                      "service-type",
                      d -> ResourceFilters.each(d.serviceType(), t -> t.serviceTypeAsString()));
          filters.check(request.filters());
          List<ServiceDetail> shown =
              details.stream()
                  .filter(d -> here)
                  .filter(
                      d ->
                          request.serviceNames().isEmpty()
                              || request.serviceNames().contains(d.serviceName()))
                  .filter(d -> filters.matches(lookup, d, List.of(), request.filters()))
                  .toList();
          for (String name : request.serviceNames()) {
            if (shown.stream().noneMatch(d -> d.serviceName().equals(name))) {
              throw Errors.of(
                  "InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", name);
            }
          }
          Paging.Page<ServiceDetail> page =
              Paging.ENDPOINTS.page(shown, request.maxResults(), request.nextToken());
          return DescribeVpcEndpointServicesResponse.builder()
              .serviceNames(
                  page.rows().stream().map(ServiceDetail::serviceName).distinct().toList())
              .serviceDetails(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  private static ServiceDetail detail(String region, String name, ServiceType type) {
    return ServiceDetail.builder()
        .serviceName("com.amazonaws." + region + "." + name)
        .serviceType(ServiceTypeDetail.builder().serviceType(type).build())
        .serviceRegion(region)
        .supportedIpAddressTypes(ServiceConnectivityType.IPV4)
        .availabilityZones(Zones.of(region))
        .owner("amazon")
        .vpcEndpointPolicySupported(true)
        .acceptanceRequired(false)
        .managesVpcEndpoints(false)
        .privateDnsName(
            type == ServiceType.INTERFACE ? name + "." + region + ".amazonaws.com" : null)
        .build();
  }
}
