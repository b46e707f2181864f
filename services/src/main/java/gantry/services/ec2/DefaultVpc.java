package gantry.services.ec2;

import gantry.acs.network.Cidr;
import gantry.services.ec2.Rows.Account;
import gantry.services.ec2.Rows.VpcRow;
import java.util.List;
import software.amazon.awssdk.services.ec2.model.AttributeValue;
import software.amazon.awssdk.services.ec2.model.DhcpConfiguration;
import software.amazon.awssdk.services.ec2.model.DhcpOptions;
import software.amazon.awssdk.services.ec2.model.InternetGateway;
import software.amazon.awssdk.services.ec2.model.InternetGatewayAttachment;
import software.amazon.awssdk.services.ec2.model.Route;
import software.amazon.awssdk.services.ec2.model.RouteOrigin;
import software.amazon.awssdk.services.ec2.model.RouteState;
import software.amazon.awssdk.services.ec2.model.RouteTable;

/** What an account finds in a region that it has never used. */
final class DefaultVpc {

  private static final Cidr BLOCK = Cidr.parse("172.31.0.0/16");
  private static final int SUBNET_SIZE = 4096;

  private DefaultVpc() {}

  /** Makes the region's DHCP options and default VPC. */
  static void open(Session session) {
    DhcpOptions options =
        DhcpOptions.builder()
            .dhcpOptionsId(session.newId("dopt-"))
            .ownerId(session.scope().account())
            .dhcpConfigurations(
                configuration("domain-name", Zones.privateDomain(session.scope().region())),
                configuration("domain-name-servers", "AmazonProvidedDNS"))
            .tags(List.of())
            .build();
    session.put(Kinds.DHCP, options.dhcpOptionsId(), options);
    session
        .tx()
        .put(
            Ec2Tables.ACCOUNTS,
            session.scope().key(Ec2Tables.ACCOUNT),
            new Account(options.dhcpOptionsId(), true));
    create(session);
    PrefixLists.addAmazonLists(session);
  }

  static VpcRow create(Session session) {
    VpcRow row = Vpcs.make(session, BLOCK, true, List.of());
    String vpc = row.vpc().vpcId();
    List<String> zones = Zones.of(session.scope().region());
    for (int i = 0; i < zones.size(); i++) {
      Cidr cidr = new Cidr(BLOCK.base() + (long) i * SUBNET_SIZE, 20);
      Subnets.make(session, vpc, cidr, zones.get(i), true, List.of());
    }
    InternetGateway gateway =
        InternetGateway.builder()
            .internetGatewayId(session.newId("igw-"))
            .ownerId(session.scope().account())
            .attachments(InternetGatewayAttachment.builder().vpcId(vpc).state("available").build())
            .tags(List.of())
            .build();
    session.put(Kinds.INTERNET_GATEWAY, gateway.internetGatewayId(), gateway);
    RouteTable main = RouteTables.main(session, vpc);
    List<Route> routes = new java.util.ArrayList<>(main.routes());
    routes.add(
        Route.builder()
            .destinationCidrBlock("0.0.0.0/0")
            .gatewayId(gateway.internetGatewayId())
            .origin(RouteOrigin.CREATE_ROUTE)
            .state(RouteState.ACTIVE)
            .build());
    session.put(Kinds.ROUTE_TABLE, main.routeTableId(), main.toBuilder().routes(routes).build());
    return row;
  }

  static DhcpConfiguration configuration(String key, String... values) {
    return DhcpConfiguration.builder()
        .key(key)
        .values(
            java.util.Arrays.stream(values)
                .map(value -> AttributeValue.builder().value(value).build())
                .toList())
        .build();
  }
}
