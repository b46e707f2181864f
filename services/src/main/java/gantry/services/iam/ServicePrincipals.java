package gantry.services.iam;

import gantry.services.iam.policy.Policy;
import gantry.services.iam.policy.PolicyKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a service of ours may do of its own accord. Where AWS has a service-linked role for it, that
 * is the role's policy, from the catalogue; beside it stands what AWS's service does where its
 * customers do not see it and ours does with the same API. A service that stands nowhere here may
 * only do what the policy of a resource lets it.
 */
final class ServicePrincipals {

  private ServicePrincipals() {}

  /** A service-linked role and its policy. */
  record Linked(String role, String policy) {
    String policyArn() {
      return "arn:aws:iam::aws:policy/aws-service-role/" + policy;
    }
  }

  private static final Map<String, Linked> LINKED =
      Map.of(
          "ecs.amazonaws.com", new Linked("AWSServiceRoleForECS", "AmazonECSServiceRolePolicy"),
          "ecs.application-autoscaling.amazonaws.com",
              new Linked(
                  "AWSServiceRoleForApplicationAutoScaling_ECSService",
                  "AWSApplicationAutoscalingECSServicePolicy"),
          "elasticloadbalancing.amazonaws.com",
              new Linked(
                  "AWSServiceRoleForElasticLoadBalancing",
                  "AWSElasticLoadBalancingServiceRolePolicy"),
          "autoscaling.amazonaws.com",
              new Linked("AWSServiceRoleForAutoScaling", "AutoScalingServiceRolePolicy"),
          "spot.amazonaws.com",
              new Linked("AWSServiceRoleForEC2Spot", "AWSEC2SpotServiceRolePolicy"),
          "replication.ecr.amazonaws.com",
              new Linked("AWSServiceRoleForECRReplication", "ECRReplicationServiceRolePolicy"),
          "pullthroughcache.ecr.amazonaws.com",
              new Linked(
                  "AWSServiceRoleForECRPullThroughCache",
                  "AWSECRPullThroughCache_ServiceRolePolicy"));

  /** The machine that we run on is ECS's own: it joins and reports as an instance's agent does. */
  private static final String OF_INSTANCES =
      "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role";

  /** Actions behind the curtain. */
  private static final Map<String, List<String>> OWN =
      Map.of(
          // Fargate's public addresses; Service Connect's namespaces and services.
          "ecs.amazonaws.com",
          List.of(
              "ec2:AllocateAddress",
              "ec2:AssociateAddress",
              "ec2:DisassociateAddress",
              "ec2:ReleaseAddress",
              "servicediscovery:CreateHttpNamespace",
              "servicediscovery:CreateService",
              "servicediscovery:DeleteService",
              "servicediscovery:DiscoverInstances"),
          // A listener's certificate must be one that is issued.
          "elasticloadbalancing.amazonaws.com",
          List.of("acm:DescribeCertificate"),
          // The zones and records of its namespaces.
          "servicediscovery.amazonaws.com",
          List.of(
              "route53:AssociateVPCWithHostedZone",
              "route53:ChangeResourceRecordSets",
              "route53:CreateHealthCheck",
              "route53:CreateHostedZone",
              "route53:DeleteHealthCheck",
              "route53:DeleteHostedZone",
              "route53:Get*",
              "route53:List*",
              "route53:UpdateHealthCheck",
              "route53:UpdateHostedZoneComment"));

  private static final Map<String, List<Policy>> POLICIES = new ConcurrentHashMap<>();

  /** Null for a service that has no such role. */
  static @Nullable Linked linked(String principal) {
    return LINKED.get(principal);
  }

  static List<Policy> policies(String principal) {
    List<Policy> known = POLICIES.get(principal);
    if (known != null) {
      return known;
    }
    // Only those that stand here are kept: a name that somebody thought of fills no memory.
    List<Policy> made = make(principal);
    if (!made.isEmpty()) {
      POLICIES.put(principal, made);
    }
    return made;
  }

  private static List<Policy> make(String principal) {
    List<Policy> all = new ArrayList<>();
    Linked linked = LINKED.get(principal);
    if (linked != null) {
      add(all, linked.policyArn());
    }
    if (principal.equals("ecs.amazonaws.com")) {
      add(all, OF_INSTANCES);
    }
    List<String> own = OWN.get(principal);
    if (own != null) {
      String text =
          "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":[\""
              + String.join("\",\"", own)
              + "\"],\"Resource\":\"*\"}}";
      all.add(
          new Policy(
              principal, Policy.Type.IDENTITY, Documents.compiled(text, PolicyKind.MANAGED)));
    }
    return List.copyOf(all);
  }

  private static void add(List<Policy> all, String arn) {
    String text = AwsManaged.text(arn);
    if (text != null) {
      all.add(new Policy(arn, Policy.Type.IDENTITY, Documents.compiled(text, PolicyKind.MANAGED)));
    }
  }
}
