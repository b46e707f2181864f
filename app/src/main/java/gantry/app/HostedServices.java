package gantry.app;

import gantry.services.HostedService;
import gantry.services.cloudtrail.AuditTrail;
import gantry.services.cloudtrail.CloudTrail;
import gantry.services.cloudmap.CloudMap;
import gantry.services.ecs.Ecs;
import gantry.services.ecs.EcsTables;
import gantry.services.route53.Route53;
import gantry.services.sts.Sts;
import gantry.state.Table;
import software.amazon.awssdk.services.ecs.EcsClient;
import java.util.List;

/** Every service that the program hosts: the one list. */
final class HostedServices {

  private HostedServices() {}

  static List<HostedService<?>> all(AuditTrail trail) {
    return List.of(
        HostedService.of(EcsClient.class, Ecs::new, EcsTables.ALL.toArray(Table<?>[]::new)),
        Sts.hosted(),
        CloudMap.HOSTED,
        Route53.HOSTED,
        CloudTrail.hosted(trail));
  }
}
