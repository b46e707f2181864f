package gantry.services.ec2;

import java.util.List;
import software.amazon.awssdk.services.ec2.model.ManagedPrefixList;
import software.amazon.awssdk.services.ec2.model.PrefixListEntry;
import software.amazon.awssdk.services.ec2.model.Vpc;

/** Rows that hold more than EC2's own shape of the resource does. */
final class Rows {

  private Rows() {}

  /** That this account has been opened in this region: its default VPC has been made once. */
  public record Account(String defaultDhcpOptions, boolean opened) {}

  /** A VPC with its attributes. */
  public record VpcRow(
      Vpc vpc, boolean dnsSupport, boolean dnsHostnames, boolean addressUsageMetrics) {

    VpcRow with(Vpc next) {
      return new VpcRow(next, dnsSupport, dnsHostnames, addressUsageMetrics);
    }
  }

  /** A prefix list with its entries of now. */
  public record PrefixListRow(ManagedPrefixList list, List<PrefixListEntry> entries) {

    PrefixListRow with(ManagedPrefixList next) {
      return new PrefixListRow(next, entries);
    }
  }

  /** A public address that somebody has: {@code owner} is an interface or an allocation. */
  public record PublicAddress(String address, String owner) {}
}
