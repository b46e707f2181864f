package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.acs.network.Ipv4;
import java.util.HashSet;
import java.util.Set;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.NetworkInterfacePrivateIpAddress;
import software.amazon.awssdk.services.ec2.model.Subnet;

/**
 * Addresses of subnets: none is ever given twice. The search begins at a random place, so that an
 * address is not soon somebody else's after its owner went.
 */
final class Ipam {

  /** Network, router, resolver, one for the future, and broadcast. */
  private static final int RESERVED = 5;

  private static final int FIRST = 4;

  private Ipam() {}

  static int available(Lookup lookup, Subnet subnet) {
    return (int) (Cidr.parse(subnet.cidrBlock()).size() - RESERVED - used(lookup, subnet).size());
  }

  static String take(Session session, Subnet subnet) {
    Cidr cidr = Cidr.parse(subnet.cidrBlock());
    int usable = (int) cidr.size() - RESERVED;
    Set<Long> used = used(session, subnet);
    if (used.size() < usable) {
      int start = session.ids().below(usable);
      for (int i = 0; i < usable; i++) {
        long address = cidr.base() + FIRST + (start + i) % usable;
        if (!used.contains(address)) {
          return Ipv4.text(address);
        }
      }
    }
    throw Errors.of(
        "InsufficientFreeAddressesInSubnet",
        "insufficient free addresses in subnet '%s'",
        subnet.subnetId());
  }

  /** A named address, which must be the subnet's and free. */
  static String take(Session session, Subnet subnet, String address) {
    Cidr cidr = Cidr.parse(subnet.cidrBlock());
    if (!Ipv4.isValid(address)) {
      throw Errors.of("InvalidParameterValue", "invalid value for parameter address: %s", address);
    }
    long number = Ipv4.parse(address);
    if (!cidr.contains(number)) {
      throw Errors.of(
          "InvalidParameterValue", "Address does not fall within the subnet's address range");
    }
    if (number < cidr.base() + FIRST || number == cidr.last()) {
      throw Errors.of("InvalidParameterValue", "Address is in subnet's reserved address range");
    }
    if (used(session, subnet).contains(number)) {
      throw Errors.of("InvalidIPAddress.InUse", "Address %s is in use.", address);
    }
    return address;
  }

  private static Set<Long> used(Lookup lookup, Subnet subnet) {
    Set<Long> used = new HashSet<>();
    lookup
        .all(Ec2Tables.INTERFACES_BY_SUBNET, subnet.subnetId())
        .map(NetworkInterface::privateIpAddresses)
        .forEach(
            addresses -> {
              for (NetworkInterfacePrivateIpAddress address : addresses) {
                used.add(Ipv4.parse(address.privateIpAddress()));
              }
            });
    return used;
  }
}
