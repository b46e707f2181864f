package gantry.app;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.acm.Acm;
import gantry.services.cloudmap.CloudMap;
import gantry.services.cloudtrail.AuditTrail;
import gantry.services.cloudtrail.CloudTrail;
import gantry.services.ec2.Ec2Service;
import gantry.services.ecr.EcrHost;
import gantry.services.ecrpublic.EcrPublic;
import gantry.services.ecs.EcsCore;
import gantry.services.elbv2.Elbv2;
import gantry.services.elbv2.LiveTraffic;
import gantry.services.iam.Iam;
import gantry.services.iam.IamAuthorizer;
import gantry.services.kms.Kms;
import gantry.services.logs.CloudWatchLogs;
import gantry.services.logs.MetricSink;
import gantry.services.route53.Route53;
import gantry.services.secretsmanager.SecretsManager;
import gantry.services.ssm.SsmService;
import gantry.services.sts.Sts;
import gantry.services.sts.WebKeys;
import java.util.List;
import java.util.function.Consumer;

/** Every service that the program hosts: the one list. */
final class HostedServices {

  private HostedServices() {}

  /**
   * All of them.
   *
   * @param iamMode whether refusals refuse
   * @param webKeys finds the keys of OpenID Connect issuers
   * @param logMetrics takes what the metric filters of log groups count
   * @param registry the registry, whose data plane the front serves too
   * @param publicPool where public addresses come from
   * @param lan private blocks beside the machine that internet gateways hand on to
   * @param networks takes each new plan of the VPCs
   * @param live what the load balancers' data plane sees
   */
  static List<HostedService<?>> all(
      AuditTrail trail,
      SecretBox box,
      IamAuthorizer.Mode iamMode,
      WebKeys webKeys,
      MetricSink logMetrics,
      EcrHost.Once registry,
      Cidr publicPool,
      List<Cidr> lan,
      Consumer<NetworkPlan> networks,
      LiveTraffic live) {
    return List.of(
        EcsCore.hosted(),
        registry.service(),
        EcrPublic.hosted(registry),
        Ec2Service.hosted(publicPool, lan, networks),
        Iam.hosted(box),
        Elbv2.hosted(live),
        Acm.hosted(),
        CloudWatchLogs.hosted(logMetrics),
        SsmService.hosted(box),
        CloudMap.HOSTED,
        Route53.HOSTED,
        Sts.hosted(box, webKeys),
        Kms.hosted(box, iamMode),
        SecretsManager.hosted(box),
        CloudTrail.hosted(trail));
  }
}
