package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Algorithm;
import gantry.traffic.lb.RoutingTable.BalancerSettings;
import gantry.traffic.lb.RoutingTable.Desync;
import gantry.traffic.lb.RoutingTable.ForwardedFor;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Stickiness;
import java.time.Duration;

/** The defaults with a few fields changed, by name. */
final class Settings {

  private Settings() {}

  /** Of a target group. */
  static final class Group {
    Stickiness stickiness = Stickiness.NONE;
    String cookie = "";
    Algorithm algorithm = Algorithm.ROUND_ROBIN;
    boolean mitigation;
    Duration slowStart = Duration.ZERO;
    boolean terminate;
    boolean proxy;
    boolean terminateUnhealthy = true;
    Duration unhealthyDraining = Duration.ZERO;

    GroupSettings made() {
      return new GroupSettings(
          Duration.ofMinutes(5),
          stickiness,
          Duration.ofHours(1),
          cookie,
          algorithm,
          mitigation,
          slowStart,
          null,
          1,
          0,
          terminate,
          proxy,
          terminateUnhealthy,
          unhealthyDraining,
          false);
    }
  }

  /** Of a balancer. */
  static final class Balancer {
    Duration idle = Duration.ofMinutes(1);
    Duration keepAlive = Duration.ofHours(1);
    Desync desync = Desync.DEFENSIVE;
    boolean dropInvalid;
    boolean preserveHost;
    boolean clientPort;
    ForwardedFor forwardedFor = ForwardedFor.APPEND;

    BalancerSettings made() {
      return new BalancerSettings(
          idle,
          keepAlive,
          desync,
          dropInvalid,
          preserveHost,
          false,
          clientPort,
          forwardedFor,
          true,
          true,
          null,
          null);
    }
  }
}
