package gantry.sim.ecs;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.DeleteNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.DeleteNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsRequest;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsResponse;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.Subnet;

/** As much of EC2 as ECS asks for: subnets whose last letter is their zone's, and interfaces. */
public final class SimulatedVpc implements Ec2Client {

  private final TreeMap<String, NetworkInterface> interfaces = new TreeMap<>();
  private int next;

  /** Interfaces that nobody has given back. */
  public int interfaces() {
    return interfaces.size();
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  @Override
  public DescribeSubnetsResponse describeSubnets(DescribeSubnetsRequest request) {
    List<Subnet> found = new ArrayList<>();
    for (String id : request.subnetIds()) {
      found.add(
          Subnet.builder()
              .subnetId(id)
              .vpcId("vpc-1")
              .availabilityZone("us-east-1" + id.charAt(id.length() - 1))
              .cidrBlock("10.0.0.0/8")
              .build());
    }
    return DescribeSubnetsResponse.builder().subnets(found).build();
  }

  @Override
  public CreateNetworkInterfaceResponse createNetworkInterface(
      CreateNetworkInterfaceRequest request) {
    int number = ++next;
    String address =
        "10." + (number >> 16 & 255) + "." + (number >> 8 & 255) + "." + (number & 255);
    NetworkInterface made =
        NetworkInterface.builder()
            .networkInterfaceId("eni-" + number)
            .vpcId("vpc-1")
            .subnetId(request.subnetId())
            .macAddress("02:00:00:00:00:01")
            .privateIpAddress(address)
            .privateDnsName("ip-" + number)
            .build();
    interfaces.put(made.networkInterfaceId(), made);
    return CreateNetworkInterfaceResponse.builder().networkInterface(made).build();
  }

  @Override
  public DeleteNetworkInterfaceResponse deleteNetworkInterface(
      DeleteNetworkInterfaceRequest request) {
    interfaces.remove(request.networkInterfaceId());
    return DeleteNetworkInterfaceResponse.builder().build();
  }
}
