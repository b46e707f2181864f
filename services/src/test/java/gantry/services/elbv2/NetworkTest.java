package gantry.services.elbv2;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.FixedClients;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.ec2.model.DescribeInstancesRequest;
import software.amazon.awssdk.services.ec2.model.DescribeInstancesResponse;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsRequest;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsResponse;
import software.amazon.awssdk.services.ec2.model.Ec2Exception;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.InvalidTargetException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.SubnetNotFoundException;

/** What EC2's refusals become. */
class NetworkTest {

  private static final class Refusing implements Ec2Client {
    private final String code;

    Refusing(String code) {
      this.code = code;
    }

    private RuntimeException refusal() {
      return Ec2Exception.builder()
          .awsErrorDetails(AwsErrorDetails.builder().errorCode(code).errorMessage("no").build())
          .build();
    }

    @Override
    public String serviceName() {
      return SERVICE_NAME;
    }

    @Override
    public void close() {}

    @Override
    public DescribeSubnetsResponse describeSubnets(DescribeSubnetsRequest request) {
      throw refusal();
    }

    @Override
    public DescribeInstancesResponse describeInstances(DescribeInstancesRequest request) {
      throw refusal();
    }
  }

  private static Network network(String code) {
    return new Network(FixedClients.of(new Refusing(code)));
  }

  @Test
  void whatIsNotThereIsToldInTheBalancersWords() {
    Network missing = network("InvalidSubnetID.NotFound");
    assertThatThrownBy(() -> missing.subnets(ElbFixture.SCOPE, List.of("subnet-x")))
        .isInstanceOf(SubnetNotFoundException.class);
    Network malformed = network("InvalidInstanceID.Malformed");
    assertThatThrownBy(() -> malformed.instance(ElbFixture.SCOPE, "i-x"))
        .isInstanceOf(InvalidTargetException.class);
  }

  @Test
  void whatEc2CannotTellIsNotSaidToBeAbsent() {
    Network broken = network("Unavailable");
    assertThatThrownBy(() -> broken.subnets(ElbFixture.SCOPE, List.of("subnet-x")))
        .isInstanceOf(Ec2Exception.class);
    assertThatThrownBy(() -> broken.instance(ElbFixture.SCOPE, "i-x"))
        .isInstanceOf(Ec2Exception.class);
  }
}
