package gantry.app;

import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.acm.Acm;
import gantry.services.cloudmap.CloudMap;
import gantry.services.cloudtrail.AuditTrail;
import gantry.services.cloudtrail.CloudTrail;
import gantry.services.ecs.EcsCore;
import gantry.services.elbv2.Elbv2;
import gantry.services.route53.Route53;
import gantry.services.ssm.SsmService;
import gantry.services.sts.Sts;
import java.util.List;

/** Every service that the program hosts: the one list. */
final class HostedServices {

  private HostedServices() {}

  static List<HostedService<?>> all(AuditTrail trail, SecretBox box) {
    return List.of(
        EcsCore.hosted(),
        Elbv2.hosted(),
        Acm.hosted(),
        SsmService.hosted(box),
        CloudMap.HOSTED,
        Route53.HOSTED,
        Sts.hosted(),
        CloudTrail.hosted(trail));
  }
}
