package gantry.services.ec2;

import software.amazon.awssdk.services.ec2.model.*;

/** What can be changed of a network interface: one attribute at a time. */
final class InterfaceAttributes {

  private final Desk desk;
  private final PublicPool pool;

  InterfaceAttributes(Desk desk, PublicPool pool) {
    this.desk = desk;
    this.pool = pool;
  }

  DescribeNetworkInterfaceAttributeResponse describe(
      DescribeNetworkInterfaceAttributeRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          NetworkInterface eni = lookup.get(Kinds.INTERFACE, request.networkInterfaceId());
          DescribeNetworkInterfaceAttributeResponse.Builder answer =
              DescribeNetworkInterfaceAttributeResponse.builder()
                  .networkInterfaceId(eni.networkInterfaceId());
          switch (request.attribute()) {
            case DESCRIPTION ->
                answer.description(AttributeValue.builder().value(eni.description()).build());
            case GROUP_SET -> answer.groups(eni.groups());
            case SOURCE_DEST_CHECK ->
                answer.sourceDestCheck(
                    AttributeBooleanValue.builder().value(eni.sourceDestCheck()).build());
            case ATTACHMENT -> answer.attachment(eni.attachment());
            case ASSOCIATE_PUBLIC_IP_ADDRESS ->
                answer.associatePublicIpAddress(eni.association() != null);
            case null -> throw Errors.missing("attribute");
            case UNKNOWN_TO_SDK_VERSION ->
                throw Errors.invalid(
                    "attribute", request.attributeAsString(), "Unknown attribute.");
          }
          return answer.build();
        });
  }

  ModifyNetworkInterfaceAttributeResponse modify(ModifyNetworkInterfaceAttributeRequest request) {
    NetworkInterfaceAttachmentChanges changes = request.attachment();
    if (request.enaSrdSpecification() != null
        || (changes != null
            && (changes.enaQueueCount() != null || changes.defaultEnaQueueCount() != null))) {
      throw Errors.unsupported("A setting of Elastic Network Adapters");
    }
    if (Boolean.TRUE.equals(request.enablePrimaryIpv6())) {
      throw Errors.unsupported("A primary IPv6 address of a network interface");
    }
    if (request.connectionTrackingSpecification() != null) {
      throw Errors.unsupported("Connection tracking times of a network interface");
    }
    if (!request.associatedSubnetIds().isEmpty()) {
      throw Errors.unsupported("A network interface in several subnets");
    }
    Errors.one(
        Errors.given("description", request.description()),
        Errors.given("sourceDestCheck", request.sourceDestCheck()),
        Errors.given("groupSet", request.groups().isEmpty() ? null : request.groups()),
        Errors.given("attachment", changes),
        Errors.given("associatePublicIpAddress", request.associatePublicIpAddress()));
    return desk.write(
        request.dryRun(),
        session -> {
          NetworkInterface eni = Interfaces.users(session, request.networkInterfaceId());
          NetworkInterface.Builder next = eni.toBuilder();
          if (request.description() != null) {
            next.description(request.description().value());
          }
          if (request.sourceDestCheck() != null) {
            next.sourceDestCheck(Vpcs.value(request.sourceDestCheck(), eni.sourceDestCheck()));
          }
          if (!request.groups().isEmpty()) {
            next.groups(SecurityGroups.forInterface(session, eni.vpcId(), request.groups()));
          }
          if (changes != null) {
            NetworkInterfaceAttachment attachment = eni.attachment();
            String id = Errors.required(changes.attachmentId(), "attachment.attachmentId");
            if (attachment == null || !id.equals(attachment.attachmentId())) {
              throw Interfaces.noAttachment(id);
            }
            next.attachment(
                attachment.toBuilder().deleteOnTermination(changes.deleteOnTermination()).build());
          }
          session.put(Kinds.INTERFACE, eni.networkInterfaceId(), next.build());
          if (request.associatePublicIpAddress() != null) {
            publicAddress(
                session,
                session.get(Kinds.INTERFACE, eni.networkInterfaceId()),
                request.associatePublicIpAddress());
          }
          return ModifyNetworkInterfaceAttributeResponse.builder().build();
        });
  }

  /** Gives an interface a public address of the pool, or takes it away. */
  private void publicAddress(Session session, NetworkInterface eni, boolean wanted) {
    NetworkInterfaceAssociation old = eni.association();
    if (wanted && old == null) {
      String address = pool.take(session, eni.networkInterfaceId());
      Addresses.map(
          session,
          eni,
          eni.privateIpAddress(),
          NetworkInterfaceAssociation.builder()
              .ipOwnerId("amazon")
              .publicIp(address)
              .publicDnsName(Zones.publicName(address, session.scope().region()))
              .build());
    } else if (!wanted && old != null && old.allocationId() == null) {
      pool.release(session, old.publicIp());
      Addresses.unmap(session, eni, eni.privateIpAddress());
    }
  }

  ResetNetworkInterfaceAttributeResponse reset(ResetNetworkInterfaceAttributeRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          NetworkInterface eni = Interfaces.users(session, request.networkInterfaceId());
          if (request.sourceDestCheck() == null) {
            throw Errors.of("InvalidParameterCombination", "No attributes specified.");
          }
          session.put(
              Kinds.INTERFACE,
              eni.networkInterfaceId(),
              eni.toBuilder().sourceDestCheck(true).build());
          return ResetNetworkInterfaceAttributeResponse.builder().build();
        });
  }
}
