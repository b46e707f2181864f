package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.services.ec2.Rows.VpcRow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import software.amazon.awssdk.services.ec2.model.*;

/** VPC peering connections within one account and region. */
final class Peerings {

  private static final Duration EXPIRES_AFTER = Duration.ofDays(7);

  private final Desk desk;

  Peerings(Desk desk) {
    this.desk = desk;
  }

  static boolean isActive(VpcPeeringConnection peering) {
    return peering.status().code() == VpcPeeringConnectionStateReasonCode.ACTIVE;
  }

  static boolean joins(VpcPeeringConnection peering, String vpc) {
    return vpc.equals(peering.requesterVpcInfo().vpcId())
        || vpc.equals(peering.accepterVpcInfo().vpcId());
  }

  static List<VpcPeeringConnection> activeOf(Lookup lookup, String vpc) {
    return lookup
        .all(Kinds.PEERING)
        .filter(peering -> isActive(peering) && joins(peering, vpc))
        .toList();
  }

  /** The blocks of one side of a peering. */
  static List<Cidr> blocks(VpcPeeringConnection peering, String vpc, boolean own) {
    boolean requester = vpc.equals(peering.requesterVpcInfo().vpcId());
    VpcPeeringConnectionVpcInfo side =
        requester == own ? peering.requesterVpcInfo() : peering.accepterVpcInfo();
    return side.cidrBlockSet().stream().map(block -> Cidr.parse(block.cidrBlock())).toList();
  }

  static void removeWith(Session session, String vpc) {
    for (VpcPeeringConnection peering : session.all(Kinds.PEERING).toList()) {
      if (joins(peering, vpc)) {
        session.delete(Kinds.PEERING, peering.vpcPeeringConnectionId());
      }
    }
  }

  CreateVpcPeeringConnectionResponse create(CreateVpcPeeringConnectionRequest request) {
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.VPC_PEERING_CONNECTION);
    return desk.write(
        request.dryRun(),
        session -> {
          boolean elsewhere =
              (request.peerOwnerId() != null
                      && !request.peerOwnerId().equals(session.scope().account()))
                  || (request.peerRegion() != null
                      && !request.peerRegion().equals(session.scope().region()));
          if (elsewhere) {
            throw Errors.unsupported("Peering with another account or region");
          }
          VpcRow requester = session.get(Kinds.VPC, request.vpcId());
          VpcRow accepter = session.get(Kinds.VPC, request.peerVpcId());
          if (request.vpcId().equals(request.peerVpcId())) {
            throw Errors.of(
                "InvalidParameterValue", "A VPC cannot be peered with itself: %s", request.vpcId());
          }
          for (VpcPeeringConnection old : session.all(Kinds.PEERING).toList()) {
            if (joins(old, request.vpcId())
                && joins(old, request.peerVpcId())
                && (isActive(old) || isPending(shown(old, session.now())))) {
              throw Errors.of(
                  "VpcPeeringConnectionAlreadyExists",
                  "The VPC peering connection '%s' already exists between these VPCs",
                  old.vpcPeeringConnectionId());
            }
          }
          boolean overlap =
              Vpcs.blocks(requester.vpc()).stream()
                  .anyMatch(mine -> Vpcs.blocks(accepter.vpc()).stream().anyMatch(mine::overlaps));
          VpcPeeringConnectionStateReason status =
              overlap
                  ? status(
                      VpcPeeringConnectionStateReasonCode.FAILED,
                      "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range")
                  : status(
                      VpcPeeringConnectionStateReasonCode.PENDING_ACCEPTANCE,
                      "Pending Acceptance by " + session.scope().account());
          VpcPeeringConnection peering =
              VpcPeeringConnection.builder()
                  .vpcPeeringConnectionId(session.newId("pcx-"))
                  .requesterVpcInfo(info(session, requester.vpc()))
                  .accepterVpcInfo(info(session, accepter.vpc()))
                  .status(status)
                  .expirationTime(session.now().plus(EXPIRES_AFTER))
                  .tags(tags)
                  .build();
          session.put(Kinds.PEERING, peering.vpcPeeringConnectionId(), peering);
          return CreateVpcPeeringConnectionResponse.builder().vpcPeeringConnection(peering).build();
        });
  }

  private static VpcPeeringConnectionVpcInfo info(Session session, Vpc vpc) {
    return VpcPeeringConnectionVpcInfo.builder()
        .vpcId(vpc.vpcId())
        .ownerId(session.scope().account())
        .region(session.scope().region())
        .cidrBlock(vpc.cidrBlock())
        .cidrBlockSet(
            Vpcs.blocks(vpc).stream()
                .map(cidr -> CidrBlock.builder().cidrBlock(cidr.toString()).build())
                .toList())
        .peeringOptions(
            VpcPeeringConnectionOptionsDescription.builder()
                .allowDnsResolutionFromRemoteVpc(false)
                .allowEgressFromLocalClassicLinkToRemoteVpc(false)
                .allowEgressFromLocalVpcToRemoteClassicLink(false)
                .build())
        .build();
  }

  private static VpcPeeringConnectionStateReason status(
      VpcPeeringConnectionStateReasonCode code, String message) {
    return VpcPeeringConnectionStateReason.builder().code(code).message(message).build();
  }

  private static boolean isPending(VpcPeeringConnection peering) {
    return peering.status().code() == VpcPeeringConnectionStateReasonCode.PENDING_ACCEPTANCE;
  }

  private static VpcPeeringConnection pending(Session session, String id, String what) {
    VpcPeeringConnection peering = shown(session.get(Kinds.PEERING, id), session.now());
    if (!isPending(peering)) {
      throw wrongState(peering, what);
    }
    return peering;
  }

  private static Ec2Exception wrongState(VpcPeeringConnection peering, String wanted) {
    return Errors.of(
        "InvalidStateTransition",
        "Invalid state transition for %s, attempted to transition from %s to %s",
        peering.vpcPeeringConnectionId(),
        peering.status().codeAsString(),
        wanted);
  }

  /** What nobody accepted in time has expired; nobody has to be told when it does. */
  private static VpcPeeringConnection shown(VpcPeeringConnection peering, Instant now) {
    return isPending(peering) && now.isAfter(peering.expirationTime())
        ? peering.toBuilder()
            .status(status(VpcPeeringConnectionStateReasonCode.EXPIRED, "Expired"))
            .build()
        : peering;
  }

  private static VpcPeeringConnection move(
      Session session, VpcPeeringConnection peering, VpcPeeringConnectionStateReason status) {
    VpcPeeringConnection next = peering.toBuilder().status(status).expirationTime(null).build();
    session.put(Kinds.PEERING, peering.vpcPeeringConnectionId(), next);
    return next;
  }

  AcceptVpcPeeringConnectionResponse accept(AcceptVpcPeeringConnectionRequest request) {
    return desk.write(
        request.dryRun(),
        session ->
            AcceptVpcPeeringConnectionResponse.builder()
                .vpcPeeringConnection(
                    move(
                        session,
                        pending(session, request.vpcPeeringConnectionId(), "active"),
                        status(VpcPeeringConnectionStateReasonCode.ACTIVE, "Active")))
                .build());
  }

  RejectVpcPeeringConnectionResponse reject(RejectVpcPeeringConnectionRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          move(
              session,
              pending(session, request.vpcPeeringConnectionId(), "rejected"),
              status(VpcPeeringConnectionStateReasonCode.REJECTED, "Inactive"));
          return RejectVpcPeeringConnectionResponse.builder().returnValue(true).build();
        });
  }

  DeleteVpcPeeringConnectionResponse delete(DeleteVpcPeeringConnectionRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          VpcPeeringConnection peering =
              shown(session.get(Kinds.PEERING, request.vpcPeeringConnectionId()), session.now());
          if (!isActive(peering) && !isPending(peering)) {
            throw wrongState(peering, "deleted");
          }
          move(
              session,
              peering,
              status(
                  VpcPeeringConnectionStateReasonCode.DELETED,
                  "Deleted by " + session.scope().account()));
          return DeleteVpcPeeringConnectionResponse.builder().returnValue(true).build();
        });
  }

  DescribeVpcPeeringConnectionsResponse describe(DescribeVpcPeeringConnectionsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<VpcPeeringConnection> page =
              lookup.describe(
                  Kinds.PEERING,
                  request.vpcPeeringConnectionIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeVpcPeeringConnectionsResponse.builder()
              .vpcPeeringConnections(
                  page.rows().stream().map(peering -> shown(peering, desk.now())).toList())
              .nextToken(page.token())
              .build();
        });
  }
}
