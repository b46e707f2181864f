package gantry.services.ecs;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.CreateNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.DeleteNetworkInterfaceRequest;
import software.amazon.awssdk.services.ec2.model.DeleteNetworkInterfaceResponse;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsRequest;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsResponse;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;
import software.amazon.awssdk.services.ec2.model.NetworkInterface;
import software.amazon.awssdk.services.ec2.model.Subnet;

/** Two subnets in two zones, and interfaces. */
final class PretendedVpc implements Ec2Client {

  final TreeMap<String, NetworkInterface> interfaces = new TreeMap<>();
  private int next = 10;

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
      if (!id.equals("subnet-a") && !id.equals("subnet-b")) {
        throw Ec2Exception.builder()
            .awsErrorDetails(
                AwsErrorDetails.builder()
                    .errorCode("InvalidSubnetID.NotFound")
                    .errorMessage("The subnet ID '" + id + "' does not exist")
                    .build())
            .statusCode(400)
            .build();
      }
      found.add(
          Subnet.builder()
              .subnetId(id)
              .vpcId("vpc-1")
              .availabilityZone("us-east-1" + id.charAt(id.length() - 1))
              .cidrBlock("10.0.0.0/16")
              .build());
    }
    return DescribeSubnetsResponse.builder().subnets(found).build();
  }

  @Override
  public CreateNetworkInterfaceResponse createNetworkInterface(
      CreateNetworkInterfaceRequest request) {
    int number = next++;
    NetworkInterface made =
        NetworkInterface.builder()
            .networkInterfaceId("eni-" + number)
            .vpcId("vpc-1")
            .subnetId(request.subnetId())
            .macAddress("02:00:00:00:00:" + number)
            .privateIpAddress("10.0." + number / 250 + "." + number % 250)
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
