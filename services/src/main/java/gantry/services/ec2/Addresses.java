package gantry.services.ec2;

import gantry.acs.network.Ipv4;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ec2.model.*;

/** Elastic IP addresses, and public addresses on interfaces. */
final class Addresses {

  private static final int LIMIT = 5;

  private final Desk desk;
  private final PublicPool pool;

  Addresses(Desk desk, PublicPool pool) {
    this.desk = desk;
    this.pool = pool;
  }

  AllocateAddressResponse allocate(AllocateAddressRequest request) {
    if (request.customerOwnedIpv4Pool() != null
        || request.ipamPoolId() != null
        || (request.publicIpv4Pool() != null && !request.publicIpv4Pool().equals("amazon"))) {
      throw Errors.unsupported("An address pool of your own");
    }
    if (request.address() != null) {
      throw Errors.unsupported("Allocating an address that was released before");
    }
    if (request.domain() == DomainType.STANDARD) {
      throw Errors.unsupported("EC2-Classic");
    }
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.ELASTIC_IP);
    return desk.write(
        request.dryRun(),
        session -> {
          // The limit is the customer's; a service that acts for tasks has none.
          if (!session.byService() && session.all(Kinds.ADDRESS).count() >= LIMIT) {
            throw Errors.of(
                "AddressLimitExceeded", "The maximum number of addresses has been reached.");
          }
          String id = session.newId("eipalloc-");
          String ip = pool.take(session, id);
          String border = session.scope().region();
          if (request.networkBorderGroup() != null
              && !request.networkBorderGroup().equals(border)) {
            throw Errors.invalid(
                "networkBorderGroup", request.networkBorderGroup(), "The only one is " + border);
          }
          session.put(
              Kinds.ADDRESS,
              id,
              Address.builder()
                  .allocationId(id)
                  .domain(DomainType.VPC)
                  .publicIp(ip)
                  .publicIpv4Pool("amazon")
                  .networkBorderGroup(border)
                  .tags(tags)
                  .build());
          return AllocateAddressResponse.builder()
              .allocationId(id)
              .publicIp(ip)
              .publicIpv4Pool("amazon")
              .networkBorderGroup(border)
              .domain(DomainType.VPC)
              .build();
        });
  }

  private static Address find(Lookup lookup, @Nullable String id, @Nullable String ip) {
    if (id != null) {
      return lookup.get(Kinds.ADDRESS, id);
    }
    String wanted = Errors.required(ip, "allocationId");
    if (!Ipv4.isValid(wanted)) {
      throw Errors.of("InvalidAddress.Malformed", "Invalid IP address: \"%s\"", wanted);
    }
    return lookup
        .all(Kinds.ADDRESS)
        .filter(address -> address.publicIp().equals(wanted))
        .findFirst()
        .orElseThrow(() -> noAddress(wanted));
  }

  private static Ec2Exception noAddress(String ip) {
    return Errors.of("InvalidAddress.NotFound", "Address '%s' not found.", ip);
  }

  ReleaseAddressResponse release(ReleaseAddressRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          Address address = find(session, request.allocationId(), request.publicIp());
          if (request.networkBorderGroup() != null
              && !request.networkBorderGroup().equals(address.networkBorderGroup())) {
            throw noAddress(address.publicIp());
          }
          if (address.associationId() != null) {
            throw Errors.of("InvalidIPAddress.InUse", "Address %s is in use.", address.publicIp());
          }
          pool.release(session, address.publicIp());
          session.delete(Kinds.ADDRESS, address.allocationId());
          return ReleaseAddressResponse.builder().build();
        });
  }

  DescribeAddressesResponse describe(DescribeAddressesRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          List<String> ids = new ArrayList<>(request.allocationIds());
          request.publicIps().forEach(ip -> ids.add(find(lookup, null, ip).allocationId()));
          return DescribeAddressesResponse.builder()
              .addresses(lookup.describe(Kinds.ADDRESS, ids, request.filters(), null, null).rows())
              .build();
        });
  }

  /** The one attribute is the name of the reverse record, which no address here has. */
  DescribeAddressesAttributeResponse describeAttributes(DescribeAddressesAttributeRequest request) {
    if (request.attribute() == AddressAttributeName.UNKNOWN_TO_SDK_VERSION) {
      throw Errors.invalid("attribute", request.attributeAsString(), "Unknown attribute.");
    }
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<Address> page =
              lookup.describe(
                  Kinds.ADDRESS,
                  Paging.ATTRIBUTES,
                  request.allocationIds(),
                  List.of(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeAddressesAttributeResponse.builder()
              .addresses(
                  page.rows().stream()
                      .map(
                          address ->
                              AddressAttribute.builder()
                                  .allocationId(address.allocationId())
                                  .publicIp(address.publicIp())
                                  .build())
                      .toList())
              .nextToken(page.token())
              .build();
        });
  }

  AssociateAddressResponse associate(AssociateAddressRequest request) {
    if (request.instanceId() != null) {
      throw Errors.of(
          "InvalidInstanceID.NotFound",
          "The instance ID '%s' does not exist",
          request.instanceId());
    }
    if (request.networkInterfaceId() == null) {
      throw Errors.of(
          "MissingParameter", "Either instance ID or network interface id must be specified");
    }
    return desk.write(
        request.dryRun(),
        session -> {
          Address address = find(session, request.allocationId(), request.publicIp());
          NetworkInterface eni = session.get(Kinds.INTERFACE, request.networkInterfaceId());
          String ip =
              request.privateIpAddress() == null
                  ? eni.privateIpAddress()
                  : request.privateIpAddress();
          if (address.associationId() != null) {
            boolean same =
                eni.networkInterfaceId().equals(address.networkInterfaceId())
                    && ip.equals(address.privateIpAddress());
            if (same) {
              return AssociateAddressResponse.builder()
                  .associationId(address.associationId())
                  .build();
            }
            // An address of a VPC moves unless the request forbids it.
            if (Boolean.FALSE.equals(request.allowReassociation())) {
              throw Errors.of(
                  "Resource.AlreadyAssociated",
                  "resource %s is already associated with associate-id %s",
                  address.allocationId(),
                  address.associationId());
            }
            detach(session, address);
          }
          String id = give(session, pool, address.allocationId(), eni.networkInterfaceId(), ip);
          return AssociateAddressResponse.builder().associationId(id).build();
        });
  }

  /** Puts an elastic address on an interface, in place of whatever public address it had. */
  static String give(
      Session session, PublicPool pool, String allocation, String interfaceId, String ip) {
    Address address = session.get(Kinds.ADDRESS, allocation);
    NetworkInterface eni = session.get(Kinds.INTERFACE, interfaceId);
    NetworkInterfacePrivateIpAddress there =
        eni.privateIpAddresses().stream()
            .filter(a -> a.privateIpAddress().equals(ip))
            .findFirst()
            .orElseThrow(
                () ->
                    Errors.of(
                        "InvalidParameterValue",
                        "The private address %s is not of interface %s",
                        ip,
                        interfaceId));
    if (!InternetGateways.isAttached(session, eni.vpcId())) {
      throw Errors.of(
          "Gateway.NotAttached", "Network %s is not attached to any internet gateway", eni.vpcId());
    }
    NetworkInterfaceAssociation old = there.association();
    if (old != null) {
      if (old.allocationId() == null) {
        pool.release(session, old.publicIp());
      } else {
        forget(session, old.allocationId());
      }
    }
    String id = session.newId("eipassoc-");
    map(
        session,
        eni,
        ip,
        NetworkInterfaceAssociation.builder()
            .allocationId(allocation)
            .associationId(id)
            .ipOwnerId(session.scope().account())
            .publicIp(address.publicIp())
            .publicDnsName(Zones.publicName(address.publicIp(), session.scope().region()))
            .build());
    session.put(
        Kinds.ADDRESS,
        allocation,
        address.toBuilder()
            .associationId(id)
            .networkInterfaceId(interfaceId)
            .networkInterfaceOwnerId(session.scope().account())
            .privateIpAddress(ip)
            .build());
    return id;
  }

  DisassociateAddressResponse disassociate(DisassociateAddressRequest request) {
    if (request.associationId() == null && request.publicIp() == null) {
      throw Errors.missing("associationId");
    }
    return desk.write(
        request.dryRun(),
        session -> {
          Address address =
              session
                  .all(Kinds.ADDRESS)
                  .filter(
                      a ->
                          request.associationId() != null
                              ? request.associationId().equals(a.associationId())
                              : a.publicIp().equals(request.publicIp()))
                  .findFirst()
                  .orElseThrow(
                      () ->
                          request.associationId() == null
                              ? noAddress(request.publicIp())
                              : Errors.of(
                                  "InvalidAssociationID.NotFound",
                                  "The association ID '%s' does not exist",
                                  request.associationId()));
          NetworkInterface eni = session.find(Kinds.INTERFACE, address.networkInterfaceId());
          if (eni != null && eni.interfaceType() == NetworkInterfaceType.NAT_GATEWAY) {
            throw Errors.of(
                "AuthFailure", "You do not have permission to access the specified resource.");
          }
          if (address.associationId() != null) {
            detach(session, address);
          }
          return DisassociateAddressResponse.builder().build();
        });
  }

  static void detach(Session session, Address address) {
    NetworkInterface eni = session.find(Kinds.INTERFACE, address.networkInterfaceId());
    if (eni != null) {
      unmap(session, eni, address.privateIpAddress());
    }
    forget(session, address.allocationId());
  }

  /** The address is nobody's for now. */
  static void forget(Session session, String allocation) {
    Address address = session.find(Kinds.ADDRESS, allocation);
    if (address != null) {
      session.put(
          Kinds.ADDRESS,
          allocation,
          address.toBuilder()
              .associationId(null)
              .networkInterfaceId(null)
              .networkInterfaceOwnerId(null)
              .privateIpAddress(null)
              .build());
    }
  }

  static void map(
      Session session, NetworkInterface eni, String ip, NetworkInterfaceAssociation association) {
    associate(session, eni, ip, association);
  }

  static void unmap(Session session, NetworkInterface eni, String ip) {
    associate(session, eni, ip, null);
  }

  private static void associate(
      Session session,
      NetworkInterface eni,
      String ip,
      @Nullable NetworkInterfaceAssociation association) {
    List<NetworkInterfacePrivateIpAddress> all =
        eni.privateIpAddresses().stream()
            .map(
                a ->
                    a.privateIpAddress().equals(ip)
                        ? a.toBuilder().association(association).build()
                        : a)
            .toList();
    NetworkInterface.Builder next = eni.toBuilder().privateIpAddresses(all);
    if (Objects.equals(ip, eni.privateIpAddress())) {
      next.association(association)
          .publicDnsName(association == null ? null : association.publicDnsName());
    }
    session.put(Kinds.INTERFACE, eni.networkInterfaceId(), next.build());
  }
}
