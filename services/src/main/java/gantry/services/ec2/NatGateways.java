package gantry.services.ec2;

import java.time.Duration;
import java.util.List;
import software.amazon.awssdk.services.ec2.model.*;

/** NAT gateways: each an interface of its own in its subnet, with an elastic address if public. */
final class NatGateways {

  /** A deleted gateway is still shown for about an hour. */
  private static final Duration SHOWN_AFTER_DELETION = Duration.ofHours(1);

  private final Desk desk;
  private final PublicPool pool;

  NatGateways(Desk desk, PublicPool pool) {
    this.desk = desk;
    this.pool = pool;
  }

  CreateNatGatewayResponse create(CreateNatGatewayRequest request) {
    if (!request.secondaryAllocationIds().isEmpty()
        || !request.secondaryPrivateIpAddresses().isEmpty()
        || request.secondaryPrivateIpAddressCount() != null) {
      throw Errors.unsupported("A secondary address of a NAT gateway");
    }
    if (request.availabilityMode() == AvailabilityMode.REGIONAL
        || request.vpcId() != null
        || !request.availabilityZoneAddresses().isEmpty()) {
      throw Errors.unsupported("A regional NAT gateway");
    }
    boolean isPublic = request.connectivityType() != ConnectivityType.PRIVATE;
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.NATGATEWAY);
    if (isPublic) {
      Errors.required(request.allocationId(), "AllocationId");
    } else if (request.allocationId() != null) {
      throw Errors.of(
          "InvalidParameterCombination",
          "The parameter AllocationId cannot be used with a private NAT gateway.");
    }
    return desk.write(
        request.dryRun(),
        session ->
            CreateNatGatewayResponse.builder()
                .natGateway(
                    session.once(
                        Kinds.NAT_GATEWAY,
                        request,
                        request.clientToken(),
                        () -> make(session, request, isPublic, tags),
                        NatGateway::natGatewayId))
                .clientToken(request.clientToken())
                .build());
  }

  private NatGateway make(
      Session session, CreateNatGatewayRequest request, boolean isPublic, List<Tag> tags) {
    Subnet subnet = session.get(Kinds.SUBNET, request.subnetId());
    String id = session.newId("nat-");
    Address address = isPublic ? session.get(Kinds.ADDRESS, request.allocationId()) : null;
    if (address != null && address.associationId() != null) {
      throw Errors.of(
          "Resource.AlreadyAssociated",
          "Elastic IP address [%s] is already associated",
          address.allocationId());
    }
    NatGateway.Builder gateway =
        NatGateway.builder()
            .natGatewayId(id)
            .subnetId(subnet.subnetId())
            .vpcId(subnet.vpcId())
            .connectivityType(isPublic ? ConnectivityType.PUBLIC : ConnectivityType.PRIVATE)
            .availabilityMode(AvailabilityMode.ZONAL)
            .createTime(session.now())
            .tags(tags);
    if (isPublic && !InternetGateways.isAttached(session, subnet.vpcId())) {
      return put(
          session,
          gateway
              .state(NatGatewayState.FAILED)
              .failureCode("Gateway.NotAttached")
              .failureMessage("Network " + subnet.vpcId() + " has no Internet gateway attached")
              .deleteTime(session.now())
              .natGatewayAddresses(List.of())
              .build());
    }
    NetworkInterface eni =
        Interfaces.make(
            session,
            subnet,
            request.privateIpAddress(),
            List.of(),
            "Interface for NAT Gateway " + id,
            NetworkInterfaceType.NAT_GATEWAY,
            List.of());
    NatGatewayAddress.Builder shown =
        NatGatewayAddress.builder()
            .networkInterfaceId(eni.networkInterfaceId())
            .privateIp(eni.privateIpAddress())
            .isPrimary(true)
            .status(NatGatewayAddressStatus.SUCCEEDED);
    if (address != null) {
      String association =
          Addresses.give(
              session,
              pool,
              address.allocationId(),
              eni.networkInterfaceId(),
              eni.privateIpAddress());
      shown
          .allocationId(address.allocationId())
          .associationId(association)
          .publicIp(address.publicIp());
    }
    return put(
        session,
        gateway.state(NatGatewayState.AVAILABLE).natGatewayAddresses(shown.build()).build());
  }

  private static NatGateway put(Session session, NatGateway gateway) {
    session.put(Kinds.NAT_GATEWAY, gateway.natGatewayId(), gateway);
    return gateway;
  }

  DeleteNatGatewayResponse delete(DeleteNatGatewayRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          NatGateway gateway = session.get(Kinds.NAT_GATEWAY, request.natGatewayId());
          if (gateway.state() != NatGatewayState.DELETED) {
            for (NatGatewayAddress address : gateway.natGatewayAddresses()) {
              NetworkInterface eni = session.find(Kinds.INTERFACE, address.networkInterfaceId());
              if (eni != null) {
                Interfaces.remove(session, pool, eni);
              }
            }
            put(
                session,
                gateway.toBuilder()
                    .state(NatGatewayState.DELETED)
                    .deleteTime(session.now())
                    .build());
          }
          forgetOld(session);
          return DeleteNatGatewayResponse.builder().natGatewayId(gateway.natGatewayId()).build();
        });
  }

  private static void forgetOld(Session session) {
    session
        .all(Kinds.NAT_GATEWAY)
        .filter(
            gateway ->
                gateway.deleteTime() != null
                    && gateway.deleteTime().plus(SHOWN_AFTER_DELETION).isBefore(session.now()))
        .toList()
        .forEach(gateway -> session.delete(Kinds.NAT_GATEWAY, gateway.natGatewayId()));
  }

  DescribeNatGatewaysResponse describe(DescribeNatGatewaysRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<NatGateway> page =
              lookup.describe(
                  Kinds.NAT_GATEWAY,
                  request.natGatewayIds(),
                  request.filter(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeNatGatewaysResponse.builder()
              .natGateways(page.rows())
              .nextToken(page.token())
              .build();
        });
  }
}
