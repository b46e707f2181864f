package gantry.services.elbv2;

/** The shapes of the service's ARNs. */
final class Arns {

  private Arns() {}

  /** {@code app/name/id} of a load balancer, {@code targetgroup/name/id} of a target group. */
  static String tail(String arn) {
    String resource = arn.substring(arn.lastIndexOf(':') + 1);
    return resource.startsWith("loadbalancer/") ? resource.substring(13) : resource;
  }

  static String listener(String balancerArn, String hex) {
    return balancerArn.replace(":loadbalancer/", ":listener/") + "/" + hex;
  }

  static String rule(String listenerArn, String hex) {
    return listenerArn.replace(":listener/", ":listener-rule/") + "/" + hex;
  }
}
