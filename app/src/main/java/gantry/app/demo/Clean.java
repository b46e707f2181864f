package gantry.app.demo;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/** Removes all that the demo made, also when it was only half made. */
final class Clean {

  private static final Duration WITHIN = Duration.ofMinutes(6);

  private final Demo demo;
  private final Cli cli;

  Clean(Demo demo) {
    this.demo = demo;
    this.cli = demo.cli;
  }

  void run() {
    demo.step("Services and tasks");
    for (String service :
        each("serviceArns[]", "ecs", "list-services", "--cluster", Demo.CLUSTER)) {
      cli.run("ecs", "delete-service", "--cluster", Demo.CLUSTER, "--service", service, "--force");
    }
    for (String task : each("taskArns[]", "ecs", "list-tasks", "--cluster", Demo.CLUSTER)) {
      cli.run("ecs", "stop-task", "--cluster", Demo.CLUSTER, "--task", task);
    }
    if (cli.ask("clusters[0].status", "ecs", "describe-clusters", "--clusters", Demo.CLUSTER)
        .equals(List.of("ACTIVE"))) {
      demo.say("$ aws ecs delete-cluster --cluster " + Demo.CLUSTER + "   # once they are gone");
      demo.until(WITHIN, "no task of the demo is left", this::deletesCluster, demo::standing);
    }
    demo.step("Balancer, names, network");
    balancer();
    names();
    groups();
    demo.step("Images, secrets, roles, logs");
    for (String name : Demo.IMAGES) {
      if (!each(
              "repositories[].repositoryName",
              "ecr",
              "describe-repositories",
              "--repository-names",
              "demo-" + name)
          .isEmpty()) {
        cli.run("ecr", "delete-repository", "--repository-name", "demo-" + name, "--force");
      }
    }
    rest();
    demo.step("Nothing of the demo is left.");
  }

  /** A cluster goes when its services and tasks are gone; until then it says what is left. */
  private boolean deletesCluster() {
    try {
      cli.quiet("ecs", "delete-cluster", "--cluster", Demo.CLUSTER);
      return true;
    } catch (AwsServiceException e) {
      if (e.awsErrorDetails().errorCode().startsWith("ClusterContains")) {
        return false;
      }
      throw e;
    }
  }

  private void balancer() {
    for (String arn :
        each(
            "LoadBalancers[].LoadBalancerArn",
            "elbv2",
            "describe-load-balancers",
            "--names",
            "demo")) {
      cli.run("elbv2", "delete-load-balancer", "--load-balancer-arn", arn);
    }
    for (String name : List.of("demo-web", "demo-broken")) {
      for (String arn :
          each(
              "TargetGroups[].TargetGroupArn",
              "elbv2",
              "describe-target-groups",
              "--names",
              name)) {
        cli.run("elbv2", "delete-target-group", "--target-group-arn", arn);
      }
    }
  }

  private void names() {
    List<String> services = each("Services[].Id", "servicediscovery", "list-services");
    for (String id : services) {
      if (List.of("redis", "api")
          .contains(
              cli.ask("Service.Name", "servicediscovery", "get-service", "--id", id).getFirst())) {
        demo.until(
            WITHIN,
            "its instances are gone",
            () ->
                each("Instances[].Id", "servicediscovery", "list-instances", "--service-id", id)
                    .isEmpty(),
            () -> "instances are deregistered");
        cli.run("servicediscovery", "delete-service", "--id", id);
      }
    }
    for (String id :
        each(
            "Namespaces[].Id",
            "servicediscovery",
            "list-namespaces",
            "--filters",
            "[{\"Name\":\"NAME\",\"Values\":[\"" + Demo.NAMESPACE + "\"]}]")) {
      if (each("Services[].Id", "servicediscovery", "list-services").isEmpty()) {
        cli.run("servicediscovery", "delete-namespace", "--id", id);
      }
    }
  }

  /** The groups name each other, so their rules go first. */
  private void groups() {
    String[] ours = {
      "ec2",
      "describe-security-groups",
      "--filters",
      "[{\"Name\":\"group-name\",\"Values\":[\"demo-*\"]}]"
    };
    for (String id : each("SecurityGroups[].GroupId", ours)) {
      List<String> rules =
          each(
              "SecurityGroupRules[].SecurityGroupRuleId",
              "ec2",
              "describe-security-group-rules",
              "--filters",
              "[{\"Name\":\"group-id\",\"Values\":[\"" + id + "\"]}]");
      for (String rule : rules) {
        boolean egress =
            cli.ask(
                    "SecurityGroupRules[0].IsEgress",
                    "ec2",
                    "describe-security-group-rules",
                    "--security-group-rule-ids",
                    rule)
                .equals(List.of("true"));
        cli.run(
            "ec2",
            egress ? "revoke-security-group-egress" : "revoke-security-group-ingress",
            "--group-id",
            id,
            "--security-group-rule-ids",
            rule);
      }
    }
    for (String id : each("SecurityGroups[].GroupId", ours)) {
      demo.until(
          WITHIN,
          "security group " + id + " is free",
          () ->
              each(
                      "NetworkInterfaces[].NetworkInterfaceId",
                      "ec2",
                      "describe-network-interfaces",
                      "--filters",
                      "[{\"Name\":\"group-id\",\"Values\":[\"" + id + "\"]}]")
                  .isEmpty(),
          () -> "its network interfaces are being removed");
      cli.run("ec2", "delete-security-group", "--group-id", id);
    }
  }

  private void rest() {
    if (!each("ARN", "secretsmanager", "describe-secret", "--secret-id", "demo/redis").isEmpty()) {
      cli.run(
          "secretsmanager",
          "delete-secret",
          "--secret-id",
          "demo/redis",
          "--force-delete-without-recovery");
    }
    if (!each("Parameter.Name", "ssm", "get-parameter", "--name", "/demo/greeting").isEmpty()) {
      cli.run("ssm", "delete-parameter", "--name", "/demo/greeting");
    }
    for (String role : each("Roles[].RoleName", "iam", "list-roles")) {
      if (role.startsWith("demo-")) {
        for (String policy :
            each("PolicyNames[]", "iam", "list-role-policies", "--role-name", role)) {
          cli.run("iam", "delete-role-policy", "--role-name", role, "--policy-name", policy);
        }
        for (String arn :
            each(
                "AttachedPolicies[].PolicyArn",
                "iam",
                "list-attached-role-policies",
                "--role-name",
                role)) {
          cli.run("iam", "detach-role-policy", "--role-name", role, "--policy-arn", arn);
        }
        cli.run("iam", "delete-role", "--role-name", role);
      }
    }
    for (String group :
        each(
            "logGroups[].logGroupName",
            "logs",
            "describe-log-groups",
            "--log-group-name-prefix",
            "/demo/")) {
      cli.run("logs", "delete-log-group", "--log-group-name", group);
    }
    for (String arn :
        each("taskDefinitionArns[]", "ecs", "list-task-definitions", "--status", "ACTIVE")) {
      if (arn.contains(":task-definition/demo-")) {
        cli.run("ecs", "deregister-task-definition", "--task-definition", arn);
      }
    }
  }

  /** What there is; what is not there any more is nothing. */
  private List<String> each(String query, String... words) {
    return orNothing(() -> cli.ask(query, words));
  }

  private static List<String> orNothing(Supplier<List<String>> asked) {
    try {
      return asked.get();
    } catch (AwsServiceException e) {
      String code = e.awsErrorDetails().errorCode();
      if (code.contains("NotFound") || code.contains("NoSuchEntity")) {
        return List.of();
      }
      throw e;
    }
  }
}
