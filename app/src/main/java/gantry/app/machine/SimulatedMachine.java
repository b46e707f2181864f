package gantry.app.machine;

import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.app.balancer.BalancerLink;
import gantry.node.sim.Habits;
import gantry.node.sim.SimulatedNode;
import gantry.node.vpc.VpcSettings;
import gantry.services.ServiceContext;
import gantry.services.ecs.TaskReports;
import gantry.services.ecs.controller.NodeLink;
import gantry.state.Scope;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.EcsClient;

/**
 * Where no container can run: tasks start, live and stop as on a well-behaved node, in the tables
 * only.
 */
final class SimulatedMachine implements Machine {

  private final String install;
  private @Nullable ServiceContext context;
  private @Nullable Scope home;
  private @Nullable SimulatedNode node;
  private @Nullable NodeLink link;

  SimulatedMachine(String install) {
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
  public synchronized void start(
      ServiceContext given, Scope pool, int tasksPort, Path folder, byte[] key) {
    context = given;
    home = pool;
    join(given, pool);
  }

  private void join(ServiceContext given, Scope pool) {
    EcsClient ecs = given.clients().as(LocalMachine.PRINCIPAL, pool, EcsClient.class);
    String instance = Registration.register(ecs, pool, install);
    SimulatedNode made =
        new SimulatedNode(
            ecs,
            new TaskReports(given)::containerHealth,
            (delay, task) -> given.timers().after(delay, task),
            given.clock(),
            given.ids().below(Integer.MAX_VALUE),
            Habits.good());
    node = made;
    link = NodeLink.connect(given.store(), instance, made);
  }

  /** Simulated tasks answer nobody, so nothing is carried to them. */
  @Override
  public @Nullable BalancerLink balancers() {
    return null;
  }

  @Override
  public synchronized void reset() {
    close();
    if (context != null && home != null) {
      join(context, home);
    }
  }

  @Override
  public void removeEverything() {
    close();
  }

  @Override
  public synchronized void close() {
    if (link != null) {
      link.close();
    }
    if (node != null) {
      node.close();
    }
  }
}
