package gantry.app.machine;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.app.Options;
import gantry.app.balancer.BalancerLink;
import gantry.node.docker.DockerEngine;
import gantry.node.sim.Habits;
import gantry.node.sim.SimulatedNode;
import gantry.node.vpc.DropCounters;
import gantry.node.vpc.VpcSettings;
import gantry.services.ServiceContext;
import gantry.services.ecs.TaskReports;
import gantry.state.Scope;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.EcsClient;

/**
 * Where no container can run: tasks start, live and stop as on a well-behaved node, in the tables
 * only.
 */
final class SimulatedMachine implements Machine {

  /** A Docker that there is none of: what a machine like this one would say. */
  private static final DockerEngine.Facts FACTS =
      new DockerEngine.Facts(
          false,
          "linux",
          System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64",
          "simulated",
          false,
          2,
          "",
          false,
          Set.of("awslogs", "json-file", "none", "syslog", "journald", "gelf", "fluentd"));

  private final Options options;
  private final String install;
  private @Nullable ServiceContext context;
  private @Nullable Scope home;
  private @Nullable SimulatedNode node;
  private @Nullable Membership membership;
  private boolean closed;

  SimulatedMachine(Options options, String install) {
    this.options = options;
    this.install = install;
  }

  @Override
  public Cidr publicPool() {
    return VpcSettings.of(install).publicPool();
  }

  @Override
  public Consumer<NetworkPlan> plans() {
    return plan -> {};
  }

  @Override
  public List<DropCounters.Denied> denied(String vpcId) {
    return List.of();
  }

  @Override
  public List<String> problems(String about) {
    return List.of();
  }

  @Override
  public synchronized void start(
      ServiceContext given, Scope pool, int tasksPort, Path folder, byte[] key) {
    if (closed) {
      return; // the program ended before it came to this
    }
    context = given;
    home = pool;
    join(given, pool);
  }

  private void join(ServiceContext given, Scope pool) {
    EcsClient ecs = given.clients().as(LocalMachine.PRINCIPAL, pool, EcsClient.class);
    SimulatedNode made =
        new SimulatedNode(
            ecs,
            new TaskReports(given)::containerHealth,
            (delay, task) -> given.timers().after(delay, task),
            given.clock(),
            given.ids().below(Integer.MAX_VALUE),
            Habits.good());
    node = made;
    membership = Membership.join(given, pool, install, options.clusters(), FACTS, made);
  }

  /** Simulated tasks answer nobody, so nothing is carried to them. */
  @Override
  public @Nullable BalancerLink balancers() {
    return null;
  }

  @Override
  public synchronized void reset() {
    leave();
    if (context != null && home != null) {
      join(context, home);
    }
  }

  @Override
  public synchronized void removeEverything() {
    leave();
  }

  @Override
  public synchronized void close() {
    closed = true;
    leave();
  }

  private void leave() {
    if (membership != null) {
      membership.close();
    }
    if (node != null) {
      node.close();
    }
  }
}
