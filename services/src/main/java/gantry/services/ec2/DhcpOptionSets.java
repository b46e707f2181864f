package gantry.services.ec2;

import gantry.services.ec2.Rows.Account;
import gantry.services.ec2.Rows.VpcRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import software.amazon.awssdk.services.ec2.model.*;

/** Sets of DHCP options. */
final class DhcpOptionSets {

  private static final Set<String> KEYS =
      Set.of(
          "domain-name",
          "domain-name-servers",
          "ntp-servers",
          "netbios-name-servers",
          "netbios-node-type",
          "ipv6-address-preferred-lease-time");

  private final Desk desk;

  DhcpOptionSets(Desk desk) {
    this.desk = desk;
  }

  static String ofAccount(Lookup lookup) {
    Account account = lookup.view().get(Ec2Tables.ACCOUNTS, lookup.scope().key(Ec2Tables.ACCOUNT));
    if (account == null) {
      throw new IllegalStateException("the account has not been opened in this region");
    }
    return account.defaultDhcpOptions();
  }

  CreateDhcpOptionsResponse create(CreateDhcpOptionsRequest request) {
    List<Tag> tags = Tags.of(request.tagSpecifications(), ResourceType.DHCP_OPTIONS);
    if (request.dhcpConfigurations().isEmpty()) {
      throw Errors.missing("dhcpConfiguration");
    }
    List<DhcpConfiguration> configurations = new ArrayList<>();
    for (NewDhcpConfiguration one : request.dhcpConfigurations()) {
      if (one.key() == null || !KEYS.contains(one.key())) {
        throw Errors.of(
            "InvalidParameterValue",
            "Value (%s) for parameter name is invalid. Unknown DHCP option",
            String.valueOf(one.key()));
      }
      configurations.add(DefaultVpc.configuration(one.key(), one.values().toArray(new String[0])));
    }
    return desk.write(
        request.dryRun(),
        session -> {
          DhcpOptions options =
              DhcpOptions.builder()
                  .dhcpOptionsId(session.newId("dopt-"))
                  .ownerId(session.scope().account())
                  .dhcpConfigurations(configurations)
                  .tags(tags)
                  .build();
          session.put(Kinds.DHCP, options.dhcpOptionsId(), options);
          return CreateDhcpOptionsResponse.builder().dhcpOptions(options).build();
        });
  }

  DescribeDhcpOptionsResponse describe(DescribeDhcpOptionsRequest request) {
    return desk.read(
        request.dryRun(),
        lookup -> {
          Paging.Page<DhcpOptions> page =
              lookup.describe(
                  Kinds.DHCP,
                  request.dhcpOptionsIds(),
                  request.filters(),
                  request.maxResults(),
                  request.nextToken());
          return DescribeDhcpOptionsResponse.builder()
              .dhcpOptions(page.rows())
              .nextToken(page.token())
              .build();
        });
  }

  DeleteDhcpOptionsResponse delete(DeleteDhcpOptionsRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          DhcpOptions options = session.get(Kinds.DHCP, request.dhcpOptionsId());
          if (session
              .all(Kinds.VPC)
              .anyMatch(row -> options.dhcpOptionsId().equals(row.vpc().dhcpOptionsId()))) {
            throw Errors.of(
                "DependencyViolation",
                "The dhcpOptions '%s' has dependencies and cannot be deleted.",
                options.dhcpOptionsId());
          }
          session.delete(Kinds.DHCP, options.dhcpOptionsId());
          return DeleteDhcpOptionsResponse.builder().build();
        });
  }

  AssociateDhcpOptionsResponse associate(AssociateDhcpOptionsRequest request) {
    return desk.write(
        request.dryRun(),
        session -> {
          VpcRow row = session.get(Kinds.VPC, request.vpcId());
          String id = Errors.required(request.dhcpOptionsId(), "dhcpOptionsId");
          if (!id.equals("default")) {
            session.get(Kinds.DHCP, id);
          }
          session.put(
              Kinds.VPC,
              request.vpcId(),
              row.with(row.vpc().toBuilder().dhcpOptionsId(id).build()));
          return AssociateDhcpOptionsResponse.builder().build();
        });
  }
}
