package gantry.app.machine;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.app.Options;
import gantry.app.balancer.BalancerLink;
import gantry.node.vpc.DropCounters;
import gantry.services.Reason;
import gantry.services.ServiceContext;
import gantry.state.Scope;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What runs tasks and carries traffic for this program. */
public interface Machine extends AutoCloseable {

  static Machine of(Options options, String install) {
    return switch (options.engine()) {
      case DOCKER -> new LocalMachine(options, install);
      case SIMULATED -> new SimulatedMachine(options, install);
    };
  }

  /** Where public addresses come from. */
  Cidr publicPool();

  /** Takes each new plan of the networks, and returns at once. */
  Consumer<NetworkPlan> plans();

  /** The kinds of packets that were refused in a VPC within the last hour. */
  List<DropCounters.Denied> denied(String vpcId);

  /** What is wrong with this machine or, on it, with the thing of that id. */
  List<String> problems(String about);

  /**
   * Joins the pool of {@code home}, once the API answers.
   *
   * @param tasksPort where, on loopback, tasks' calls are answered
   * @param folder for what is kept beside the tables
   * @param key 32 secret bytes, the same after a restart
   */
  void start(ServiceContext context, Scope home, int tasksPort, Path folder, byte[] key);

  /** What carries load balancers' traffic; null until the machine joined, or where nothing does. */
  @Nullable BalancerLink balancers();

  /** All tables were emptied: nothing is to run, and the machine joins anew. */
  void reset();

  /** What this machine itself knows of something: how a name resolves here. */
  default List<Reason> why(String about) {
    return List.of();
  }

  /** What its data planes counted, in Prometheus's text format. */
  default void writeMetrics(StringBuilder out) {}

  /** Leaves the machine as it was. */
  void removeEverything();

  /** Stops following; what runs runs on, to be adopted. */
  @Override
  void close();
}
