package gantry.services.elbv2;

import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ElasticLoadBalancingV2Exception;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.InvalidConfigurationRequestException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ListenerNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancerNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.OperationNotPermittedException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.RuleNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroupNotFoundException;

/** The errors, in AWS's words. */
final class Errors {

  private Errors() {}

  static ElasticLoadBalancingV2Exception validation(String message) {
    return coded("ValidationError", message);
  }

  static ElasticLoadBalancingV2Exception coded(String code, String message) {
    return (ElasticLoadBalancingV2Exception)
        ElasticLoadBalancingV2Exception.builder()
            .message(message)
            .statusCode(400)
            .awsErrorDetails(
                AwsErrorDetails.builder()
                    .errorCode(code)
                    .errorMessage(message)
                    .serviceName("ElasticLoadBalancingV2")
                    .build())
            .build();
  }

  /** Something that AWS has and this program has not: named, with the reason. */
  static OperationNotPermittedException notBuilt(String what, String why) {
    return OperationNotPermittedException.builder()
        .message(what + " is not supported here: " + why)
        .build();
  }

  static InvalidConfigurationRequestException configuration(String message) {
    return InvalidConfigurationRequestException.builder().message(message).build();
  }

  static LoadBalancerNotFoundException noBalancer() {
    return LoadBalancerNotFoundException.builder()
        .message("One or more load balancers not found")
        .build();
  }

  static ListenerNotFoundException noListener() {
    return ListenerNotFoundException.builder().message("One or more listeners not found").build();
  }

  static RuleNotFoundException noRule() {
    return RuleNotFoundException.builder().message("One or more rules not found").build();
  }

  static TargetGroupNotFoundException noGroups() {
    return TargetGroupNotFoundException.builder()
        .message("One or more target groups not found")
        .build();
  }

  static TargetGroupNotFoundException noGroup(String arn) {
    return TargetGroupNotFoundException.builder()
        .message("Target group '" + arn + "' not found")
        .build();
  }
}
