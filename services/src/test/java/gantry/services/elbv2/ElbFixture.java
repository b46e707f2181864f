package gantry.services.elbv2;

import gantry.services.Caller;
import gantry.services.Clients;
import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.services.acm.Acm;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.Table;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import software.amazon.awssdk.core.SdkClient;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.DeleteNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.DeleteNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.DescribeSecurityGroupsRequest;
import software.amazon.awssdk.services.ec2.model.DescribeSecurityGroupsResponse;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsRequest;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsResponse;
import software.amazon.awssdk.services.ec2.model.DescribeVpcsRequest;
import software.amazon.awssdk.services.ec2.model.DescribeVpcsResponse;
import software.amazon.awssdk.services.ec2.model.SecurityGroup;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.ec2.model.Vpc;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ActionTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ProtocolEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroup;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetTypeEnum;

/** The service with a network that is only said to be there, as tests call it. */
@SuppressWarnings({"unchecked", "NullAway.Init"}) // the SDK's consumers as varargs
abstract class ElbFixture {

  static final Scope SCOPE = new Scope("000000000000", "us-east-1");

  final VirtualTime time = new VirtualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final SeededIds ids = new SeededIds(7);
  final Network2 ec2 = new Network2();
  Store store;
  ServiceContext context;
  final Map<String, LiveTraffic.Anomaly> anomalies = new HashMap<>();
  Elbv2 elb;
  Acm acm;

  /** A VPC with one subnet in each of three zones. */
  static final class Network2 implements Ec2Client {
    final List<String> interfaces = new ArrayList<>();

    @Override
    public String serviceName() {
      return "ec2";
    }

    @Override
    public void close() {}

    @Override
    public DescribeSubnetsResponse describeSubnets(DescribeSubnetsRequest r) {
      List<Subnet> all = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        String id = "subnet-" + (char) ('a' + i);
        if (!r.hasSubnetIds() || r.subnetIds().contains(id)) {
          all.add(
              Subnet.builder()
                  .subnetId(id)
                  .vpcId("vpc-1")
                  .cidrBlock("10.0." + i + ".0/24")
                  .availabilityZone("us-east-1" + (char) ('a' + i))
                  .build());
        }
      }
      return DescribeSubnetsResponse.builder().subnets(all).build();
    }

    @Override
    public DescribeSecurityGroupsResponse describeSecurityGroups(DescribeSecurityGroupsRequest r) {
      return DescribeSecurityGroupsResponse.builder()
          .securityGroups(SecurityGroup.builder().groupId("sg-1").vpcId("vpc-1").build())
          .build();
    }

    @Override
    public DescribeVpcsResponse describeVpcs(DescribeVpcsRequest r) {
      return r.vpcIds().contains("vpc-1")
          ? DescribeVpcsResponse.builder().vpcs(Vpc.builder().vpcId("vpc-1").build()).build()
          : DescribeVpcsResponse.builder().build();
    }

    @Override
    public CreateNetworkInterfaceResponse createNetworkInterface(CreateNetworkInterfaceRequest r) {
      String id = "eni-" + interfaces.size();
      interfaces.add(id);
      return CreateNetworkInterfaceResponse.builder()
          .networkInterface(
              b ->
                  b.networkInterfaceId(id)
                      .privateIpAddress("10.0." + (r.subnetId().charAt(7) - 'a') + ".10"))
          .build();
    }

    @Override
    public DeleteNetworkInterfaceResponse deleteNetworkInterface(DeleteNetworkInterfaceRequest r) {
      interfaces.remove(r.networkInterfaceId());
      return DeleteNetworkInterfaceResponse.builder().build();
    }
  }

  private final class Inside implements Clients {
    @Override
    public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
      return client.cast(client == Ec2Client.class ? ec2 : acm);
    }

    @Override
    public <C extends SdkClient> C asRole(
        String principal, String roleArn, String sessionName, Scope scope, Class<C> client) {
      throw new UnsupportedOperationException("no roles here");
    }
  }

  @BeforeEach
  void begin() {
    List<Table<?>> tables = new ArrayList<>();
    HostedService<?> hosted = Elbv2.hosted(LiveTraffic.none());
    tables.addAll(hosted.tables());
    tables.addAll(Acm.hosted().tables());
    store = MemoryStore.of(time, tables);
    context =
        new ServiceContext(
            store,
            time,
            time,
            ids,
            new Inside(),
            Path.of("unused"),
            new ServiceContext.Endpoint("127.0.0.1", 4566));
    elb =
        new Elbv2(
            context,
            new LiveTraffic() {
              @Override
              public LiveTraffic.Seen watch() {
                return null;
              }

              @Override
              public Map<String, Anomaly> anomalies(String groupArn) {
                return anomalies;
              }
            });
    acm = new Acm(context);
  }

  <T> T call(Supplier<T> what) {
    return ScopedValue.where(Caller.CURRENT, Caller.service("test.amazonaws.com", SCOPE, "r"))
        .call(what::get);
  }

  String balancer() {
    return call(
        () ->
            elb.createLoadBalancer(r -> r.name("web").subnets("subnet-a", "subnet-b"))
                .loadBalancers()
                .getFirst()
                .loadBalancerArn());
  }

  TargetGroup group(String name) {
    return call(
        () ->
            elb.createTargetGroup(
                    r ->
                        r.name(name)
                            .protocol(ProtocolEnum.HTTP)
                            .port(80)
                            .vpcId("vpc-1")
                            .targetType(TargetTypeEnum.IP))
                .targetGroups()
                .getFirst());
  }

  String listener(String balancer, String group) {
    return call(
        () ->
            elb.createListener(
                    r ->
                        r.loadBalancerArn(balancer)
                            .port(80)
                            .protocol(ProtocolEnum.HTTP)
                            .defaultActions(
                                a -> a.type(ActionTypeEnum.FORWARD).targetGroupArn(group)))
                .listeners()
                .getFirst()
                .listenerArn());
  }
}
