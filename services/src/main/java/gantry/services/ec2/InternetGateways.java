package gantry.services.ec2;

import java.util.List;
import software.amazon.awssdk.services.ec2.model.*;

/** Internet gateways. */
final class InternetGateways {

  private final Desk desk;

  InternetGateways(Desk desk) {
    this.desk = desk;
  }

  static boolean isAttached(InternetGateway gateway, String vpc) {
    return gateway.attachments().stream().anyMatch(a -> vpc.equals(a.vpcId()));
  }

  static boolean isAttached(Lookup lookup, String vpc) {
    return lookup.all(Kinds.INTERNET_GATEWAY).anyMatch(gateway -> isAttached(gateway, vpc));
  }

  CreateInternetGatewayResponse create(CreateInternetGatewayRequest request) {
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.INTERNET_GATEWAY);
    return desk.write(
        request.dryRun(),
        session -> {
          InternetGateway gateway =
              InternetGateway.builder()
                  .internetGatewayId(session.newId("igw-"))
                  .ownerId(session.scope().account())
                  .attachments(List.of())
                  .tags(tags)
                  .build();
          session.put(Kinds.INTERNET_GATEWAY, gateway.internetGatewayId(), gateway);
          return CreateInternetGatewayResponse.builder().internetGateway(gateway).build();
        });
  }

  DescribeInternetGatewaysResponse describe(DescribeInternetGatewaysRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<InternetGateway> page =
              lookup.describe(
                  Kinds.INTERNET_GATEWAY,
                  request.internetGatewayIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeInternetGatewaysResponse.builder()
              .internetGateways(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  DeleteInternetGatewayResponse delete(DeleteInternetGatewayRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          InternetGateway gateway = get(session, request.internetGatewayId());
          if (!gateway.attachments().isEmpty()) {
            throw Errors.of(
                "DependencyViolation",
                "The internetGateway '%s' has dependencies and cannot be deleted.",
                gateway.internetGatewayId());
          }
          session.delete(Kinds.INTERNET_GATEWAY, gateway.internetGatewayId());
          return DeleteInternetGatewayResponse.builder().build();
        });
  }

  private static InternetGateway get(Session session, String id) {
    return session.get(Kinds.INTERNET_GATEWAY, id);
  }

  AttachInternetGatewayResponse attach(AttachInternetGatewayRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          InternetGateway gateway = get(session, request.internetGatewayId());
          String vpc = Errors.required(request.vpcId(), "vpcId");
          session.get(Kinds.VPC, vpc);
          if (!gateway.attachments().isEmpty()) {
            throw Errors.of(
                "Resource.AlreadyAssociated",
                "resource %s is already attached to network %s",
                gateway.internetGatewayId(),
                gateway.attachments().getFirst().vpcId());
          }
          if (isAttached(session, vpc)) {
            throw Errors.of(
                "InvalidParameterValue",
                "Network %s already has an internet gateway attached",
                vpc);
          }
          session.put(
              Kinds.INTERNET_GATEWAY,
              gateway.internetGatewayId(),
              gateway.toBuilder()
                  .attachments(
                      InternetGatewayAttachment.builder().vpcId(vpc).state("available").build())
                  .build());
          return AttachInternetGatewayResponse.builder().build();
        });
  }

  DetachInternetGatewayResponse detach(DetachInternetGatewayRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          InternetGateway gateway = get(session, request.internetGatewayId());
          String vpc = Errors.required(request.vpcId(), "vpcId");
          if (!isAttached(gateway, vpc)) {
            throw Errors.of(
                "Gateway.NotAttached",
                "resource %s is not attached to network %s",
                gateway.internetGatewayId(),
                vpc);
          }
          if (session
              .all(Ec2Tables.INTERFACES_BY_VPC, vpc)
              .anyMatch(eni -> eni.association() != null)) {
            throw Errors.of(
                "DependencyViolation",
                "Network %s has some mapped public address(es). Please unmap those public"
                    + " address(es) before detaching the gateway.",
                vpc);
          }
          session.put(
              Kinds.INTERNET_GATEWAY,
              gateway.internetGatewayId(),
              gateway.toBuilder().attachments(List.of()).build());
          return DetachInternetGatewayResponse.builder().build();
        });
  }
}
