package gantry.services.ec2;

import gantry.services.Caller;
import gantry.services.ec2.Rows.VpcRow;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/**
 * Elastic network interfaces. Services of ours make theirs with the same operations: an interface
 * that a service principal makes is requester-managed, and no user changes or deletes it.
 */
final class Interfaces {

  private final Desk desk;
  private final PublicPool pool;

  Interfaces(Desk desk, PublicPool pool) {
    this.desk = desk;
    this.pool = pool;
  }

  CreateNetworkInterfaceResponse create(CreateNetworkInterfaceRequest request) {
    if (!request.ipv6Addresses().isEmpty()
        || positive(request.ipv6AddressCount())
        || !request.ipv4Prefixes().isEmpty()
        || positive(request.ipv4PrefixCount())
        || !request.ipv6Prefixes().isEmpty()
        || positive(request.ipv6PrefixCount())) {
      throw Errors.unsupported("An IPv6 address or a delegated prefix of a network interface");
    }
    if (Boolean.TRUE.equals(request.enablePrimaryIpv6())) {
      throw Errors.unsupported("A primary IPv6 address of a network interface");
    }
    if (request.connectionTrackingSpecification() != null) {
      throw Errors.unsupported("Connection tracking times of a network interface");
    }
    if (request.operator() != null) {
      throw Errors.unsupported("A network interface that a service provider manages");
    }
    refuseClash(request);
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.NETWORK_INTERFACE);
    return desk.write(
        request.dryRun(),
        session ->
            CreateNetworkInterfaceResponse.builder()
                .networkInterface(
                    session.once(
                        Kinds.INTERFACE,
                        request,
                        request.clientToken(),
                        () -> make(session, request, tags),
                        NetworkInterface::networkInterfaceId))
                .clientToken(request.clientToken())
                .build());
  }

  /** An address is named, or counted, and one is the primary one. */
  private static void refuseClash(CreateNetworkInterfaceRequest request) {
    if (!request.privateIpAddresses().isEmpty()
        && positive(request.secondaryPrivateIpAddressCount())
        && request.privateIpAddresses().size() > 1) {
      throw Errors.of(
          "InvalidParameterCombination",
          "The parameter secondaryPrivateIpAddressCount cannot be used with more than one of"
              + " privateIpAddresses");
    }
    long primaries =
        request.privateIpAddresses().stream()
            .filter(one -> Boolean.TRUE.equals(one.primary()))
            .count();
    if (primaries + (request.privateIpAddress() == null ? 0 : 1) > 1) {
      throw Errors.of(
          "InvalidParameterCombination",
          "Only one of the private IP addresses can be designated as primary");
    }
    request
        .privateIpAddresses()
        .forEach(one -> Errors.required(one.privateIpAddress(), "privateIpAddress"));
  }

  private static NetworkInterface make(
      Session session, CreateNetworkInterfaceRequest request, List<Tag> tags) {
    Subnet subnet = session.get(Kinds.SUBNET, request.subnetId());
    List<String> addresses = new ArrayList<>();
    String primary = request.privateIpAddress();
    for (PrivateIpAddressSpecification one : request.privateIpAddresses()) {
      if (Boolean.TRUE.equals(one.primary())) {
        primary = one.privateIpAddress();
      } else {
        addresses.add(one.privateIpAddress());
      }
    }
    NetworkInterface eni =
        make(
            session,
            subnet,
            primary,
            request.groups(),
            request.description() == null ? "" : request.description(),
            type(session, request.interfaceTypeAsString()),
            tags);
    eni = addSecondaries(session, eni, subnet, addresses, request.secondaryPrivateIpAddressCount());
    session.put(Kinds.INTERFACE, eni.networkInterfaceId(), eni);
    return eni;
  }

  private static boolean positive(@Nullable Integer count) {
    return count != null && count > 0;
  }

  /** Users make plain ones; services make what users see of them (load_balancer, vpc_endpoint). */
  private static NetworkInterfaceType type(Session session, @Nullable String wanted) {
    if (wanted == null || wanted.equals("interface")) {
      return NetworkInterfaceType.INTERFACE;
    }
    NetworkInterfaceType type = NetworkInterfaceType.fromValue(wanted);
    if (!session.byService() || type == NetworkInterfaceType.UNKNOWN_TO_SDK_VERSION) {
      throw Errors.unsupported("A network interface of type " + wanted);
    }
    return type;
  }

  static NetworkInterface make(
      Session session,
      Subnet subnet,
      @Nullable String address,
      List<String> groups,
      String description,
      NetworkInterfaceType type,
      List<Tag> tags) {
    String ip = address == null ? Ipam.take(session, subnet) : Ipam.take(session, subnet, address);
    VpcRow vpc = session.get(Kinds.VPC, subnet.vpcId());
    String name = Zones.privateName(ip, session.scope().region());
    boolean nat = type == NetworkInterfaceType.NAT_GATEWAY;
    // A Network Load Balancer made without groups has none, not the default one.
    boolean ungrouped =
        nat || (type == NetworkInterfaceType.NETWORK_LOAD_BALANCER && groups.isEmpty());
    boolean managed = session.byService() || nat || type == NetworkInterfaceType.VPC_ENDPOINT;
    NetworkInterface eni =
        NetworkInterface.builder()
            .networkInterfaceId(session.newId("eni-"))
            .interfaceType(type)
            .description(description)
            .subnetId(subnet.subnetId())
            .vpcId(subnet.vpcId())
            .availabilityZone(subnet.availabilityZone())
            .availabilityZoneId(subnet.availabilityZoneId())
            .ownerId(session.scope().account())
            .macAddress(mac(session))
            .privateIpAddress(ip)
            .privateDnsName(vpc.dnsHostnames() ? name : null)
            .privateIpAddresses(
                NetworkInterfacePrivateIpAddress.builder()
                    .primary(true)
                    .privateIpAddress(ip)
                    .privateDnsName(vpc.dnsHostnames() ? name : null)
                    .build())
            .groups(
                ungrouped
                    ? List.of()
                    : SecurityGroups.forInterface(session, subnet.vpcId(), groups))
            .sourceDestCheck(!nat)
            .requesterManaged(managed)
            .requesterId(
                session.byService() ? Caller.current().userId() : session.scope().account())
            .status(managed ? NetworkInterfaceStatus.IN_USE : NetworkInterfaceStatus.AVAILABLE)
            .attachment(managed ? heldByAmazon(session) : null)
            .ipv6Addresses(List.of())
            .tagSet(tags)
            .build();
    session.put(Kinds.INTERFACE, eni.networkInterfaceId(), eni);
    return eni;
  }

  /** Users see that somebody else's machine has it. */
  private static NetworkInterfaceAttachment heldByAmazon(Session session) {
    return NetworkInterfaceAttachment.builder()
        .attachmentId(session.newId("ela-attach-"))
        .attachTime(session.now())
        .deleteOnTermination(false)
        .deviceIndex(1)
        .networkCardIndex(0)
        .instanceOwnerId("amazon-aws")
        .status(AttachmentStatus.ATTACHED)
        .build();
  }

  /** Locally administered, unicast. */
  private static String mac(Session session) {
    String digits = session.ids().hex(10);
    StringBuilder mac = new StringBuilder("02");
    for (int i = 0; i < digits.length(); i += 2) {
      mac.append(':').append(digits, i, i + 2);
    }
    return mac.toString();
  }

  private static NetworkInterface addSecondaries(
      Session session,
      NetworkInterface eni,
      Subnet subnet,
      List<String> named,
      @Nullable Integer count) {
    NetworkInterface now = eni;
    int more = count == null ? 0 : count;
    for (int i = 0; i < named.size() + more; i++) {
      String ip =
          i < named.size() ? Ipam.take(session, subnet, named.get(i)) : Ipam.take(session, subnet);
      List<NetworkInterfacePrivateIpAddress> all = new ArrayList<>(now.privateIpAddresses());
      all.add(
          NetworkInterfacePrivateIpAddress.builder()
              .primary(false)
              .privateIpAddress(ip)
              .privateDnsName(
                  now.privateDnsName() == null
                      ? null
                      : Zones.privateName(ip, session.scope().region()))
              .build());
      now = now.toBuilder().privateIpAddresses(all).build();
      session.put(Kinds.INTERFACE, now.networkInterfaceId(), now);
    }
    return now;
  }

  AssignPrivateIpAddressesResponse assign(AssignPrivateIpAddressesRequest request) {
    if (!request.ipv4Prefixes().isEmpty() || positive(request.ipv4PrefixCount())) {
      throw Errors.unsupported("A delegated prefix of a network interface");
    }
    return desk.write(
        null,
        session -> {
          NetworkInterface eni = users(session, request.networkInterfaceId());
          Subnet subnet = session.get(Kinds.SUBNET, eni.subnetId());
          if (!request.privateIpAddresses().isEmpty()
              && request.secondaryPrivateIpAddressCount() != null) {
            throw Errors.of(
                "InvalidParameterCombination",
                "The parameter privateIpAddresses cannot be used with the parameter"
                    + " secondaryPrivateIpAddressCount");
          }
          if (Boolean.TRUE.equals(request.allowReassignment())) {
            request.privateIpAddresses().forEach(ip -> takeBack(session, subnet, ip));
          }
          NetworkInterface now =
              addSecondaries(
                  session,
                  eni,
                  subnet,
                  request.privateIpAddresses(),
                  request.secondaryPrivateIpAddressCount());
          return AssignPrivateIpAddressesResponse.builder()
              .networkInterfaceId(eni.networkInterfaceId())
              .assignedPrivateIpAddresses(
                  now.privateIpAddresses().stream()
                      .skip(eni.privateIpAddresses().size())
                      .map(
                          a ->
                              AssignedPrivateIpAddress.builder()
                                  .privateIpAddress(a.privateIpAddress())
                                  .build())
                      .toList())
              .build();
        });
  }

  /** A secondary address that another interface of the subnet has, and may lose. */
  private static void takeBack(Session session, Subnet subnet, String address) {
    for (NetworkInterface eni :
        session.all(Ec2Tables.INTERFACES_BY_SUBNET, subnet.subnetId()).toList()) {
      List<NetworkInterfacePrivateIpAddress> left =
          eni.privateIpAddresses().stream()
              .filter(
                  a ->
                      a.primary()
                          || a.association() != null
                          || !a.privateIpAddress().equals(address))
              .toList();
      if (left.size() < eni.privateIpAddresses().size()) {
        session.put(
            Kinds.INTERFACE,
            users(session, eni.networkInterfaceId()).networkInterfaceId(),
            eni.toBuilder().privateIpAddresses(left).build());
      }
    }
  }

  UnassignPrivateIpAddressesResponse unassign(UnassignPrivateIpAddressesRequest request) {
    if (!request.ipv4Prefixes().isEmpty()) {
      throw Errors.unsupported("A delegated prefix of a network interface");
    }
    return desk.write(
        null,
        session -> {
          NetworkInterface eni = users(session, request.networkInterfaceId());
          List<NetworkInterfacePrivateIpAddress> left = new ArrayList<>(eni.privateIpAddresses());
          for (String address : request.privateIpAddresses()) {
            NetworkInterfacePrivateIpAddress gone =
                left.stream()
                    .filter(a -> !a.primary() && a.privateIpAddress().equals(address))
                    .findFirst()
                    .orElseThrow(
                        () ->
                            Errors.of(
                                "InvalidParameterValue",
                                "Some of the specified addresses are not assigned to interface %s",
                                eni.networkInterfaceId()));
            if (gone.association() != null) {
              throw Errors.of("InvalidParameterValue", "Address %s has a public address", address);
            }
            left.remove(gone);
          }
          session.put(
              Kinds.INTERFACE,
              eni.networkInterfaceId(),
              eni.toBuilder().privateIpAddresses(left).build());
          return UnassignPrivateIpAddressesResponse.builder().build();
        });
  }

  DescribeNetworkInterfacesResponse describe(DescribeNetworkInterfacesRequest request) {
    if (!request.networkInterfaceIds().isEmpty() && request.maxResults() != null) {
      throw Errors.of(
          "InvalidParameterCombination",
          "The parameter networkInterfaceIds cannot be used with the parameter maxResults");
    }
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<NetworkInterface> page =
              lookup.describe(
                  Kinds.INTERFACE,
                  request.networkInterfaceIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeNetworkInterfacesResponse.builder()
              .networkInterfaces(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  DeleteNetworkInterfaceResponse delete(DeleteNetworkInterfaceRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          NetworkInterface eni = session.get(Kinds.INTERFACE, request.networkInterfaceId());
          if (eni.attachment() != null && !session.byService()) {
            throw Errors.of(
                "InvalidParameterValue",
                "Network interface '%s' is currently in use.",
                eni.networkInterfaceId());
          }
          remove(session, pool, users(session, eni.networkInterfaceId()));
          return DeleteNetworkInterfaceResponse.builder().build();
        });
  }

  /** Takes an interface away; an elastic address stays allocated, an automatic one is returned. */
  static void remove(Session session, PublicPool pool, NetworkInterface eni) {
    for (NetworkInterfacePrivateIpAddress address : eni.privateIpAddresses()) {
      NetworkInterfaceAssociation association = address.association();
      if (association != null && association.allocationId() == null) {
        pool.release(session, association.publicIp());
      }
      if (association != null && association.allocationId() != null) {
        Addresses.forget(session, association.allocationId());
      }
    }
    session
        .all(Kinds.FLOW_LOG)
        .filter(log -> log.resourceId().equals(eni.networkInterfaceId()))
        .toList()
        .forEach(log -> session.delete(Kinds.FLOW_LOG, log.flowLogId()));
    session.delete(Kinds.INTERFACE, eni.networkInterfaceId());
  }

  /** The interface, which must be one that the caller may change. */
  static NetworkInterface users(Session session, @Nullable String id) {
    NetworkInterface eni = session.get(Kinds.INTERFACE, id);
    if (Boolean.TRUE.equals(eni.requesterManaged()) && !session.byService()) {
      throw Errors.of(
          "AuthFailure", "You do not have permission to access the specified resource.");
    }
    return eni;
  }

  static Ec2Exception noAttachment(String id) {
    return Errors.of("InvalidAttachmentID.NotFound", "The attachment ID '%s' does not exist", id);
  }

  AttachNetworkInterfaceResponse attach(AttachNetworkInterfaceRequest request) {
    if (request.enaSrdSpecification() != null || request.enaQueueCount() != null) {
      throw Errors.unsupported("A setting of Elastic Network Adapters");
    }
    return desk.write(
        request.dryRun(),
        session -> {
          NetworkInterface eni = users(session, request.networkInterfaceId());
          if (!session.byService()) {
            throw Errors.of(
                "InvalidInstanceID.NotFound",
                "The instance ID '%s' does not exist",
                Errors.required(request.instanceId(), "instanceId"));
          }
          if (eni.attachment() != null) {
            throw Errors.of(
                "InvalidNetworkInterface.InUse",
                "Network interface '%s' is currently in use.",
                eni.networkInterfaceId());
          }
          int card = request.networkCardIndex() == null ? 0 : request.networkCardIndex();
          NetworkInterfaceAttachment attachment =
              NetworkInterfaceAttachment.builder()
                  .attachmentId(session.newId("eni-attach-"))
                  .attachTime(session.now())
                  .deleteOnTermination(false)
                  .deviceIndex(request.deviceIndex() == null ? 1 : request.deviceIndex())
                  .networkCardIndex(card)
                  .instanceId(request.instanceId())
                  .instanceOwnerId(
                      request.instanceId() == null ? "amazon-aws" : session.scope().account())
                  .status(AttachmentStatus.ATTACHED)
                  .build();
          session.put(
              Kinds.INTERFACE,
              eni.networkInterfaceId(),
              eni.toBuilder().attachment(attachment).status(NetworkInterfaceStatus.IN_USE).build());
          return AttachNetworkInterfaceResponse.builder()
              .attachmentId(attachment.attachmentId())
              .networkCardIndex(card)
              .build();
        });
  }

  DetachNetworkInterfaceResponse detach(DetachNetworkInterfaceRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          String id = Errors.required(request.attachmentId(), "attachmentId");
          NetworkInterface eni =
              session
                  .all(Kinds.INTERFACE)
                  .filter(e -> e.attachment() != null && id.equals(e.attachment().attachmentId()))
                  .findFirst()
                  .orElseThrow(() -> noAttachment(id));
          if (Boolean.TRUE.equals(eni.requesterManaged()) && !session.byService()) {
            throw Errors.of(
                "OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.");
          }
          session.put(
              Kinds.INTERFACE,
              eni.networkInterfaceId(),
              eni.toBuilder()
                  .attachment((NetworkInterfaceAttachment) null)
                  .status(NetworkInterfaceStatus.AVAILABLE)
                  .build());
          return DetachNetworkInterfaceResponse.builder().build();
        });
  }
}
