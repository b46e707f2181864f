package gantry.services.ecs;

import gantry.services.HostedService;
import gantry.services.ServiceContext;
import gantry.services.ecs.controller.Capacity;
import gantry.services.ecs.controller.ConnectController;
import gantry.services.ecs.controller.Deployments;
import gantry.services.ecs.controller.Explanation;
import gantry.services.ecs.controller.HousekeepingController;
import gantry.services.ecs.controller.InstanceController;
import gantry.services.ecs.controller.Launcher;
import gantry.services.ecs.controller.Networks;
import gantry.services.ecs.controller.NoPlace;
import gantry.services.ecs.controller.ServiceController;
import gantry.services.ecs.controller.TargetHealthController;
import gantry.services.ecs.controller.TaskController;
import gantry.services.ecs.controller.TrafficController;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Controller;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.EcsClient;

/** What the operations and the controllers of one program share. */
public final class EcsCore {

  private final ServiceContext context;
  private final Capacity capacity;
  private final Networks networks;
  private final Launcher launcher;
  private final Deployments deployments;
  private final ServiceController services;

  public EcsCore(ServiceContext context) {
    this.context = context;
    capacity = new Capacity(context.store());
    networks = new Networks(context.clients());
    launcher = new Launcher(context, capacity, networks);
    deployments = new Deployments(context);
    services = new ServiceController(context, capacity, launcher, networks, deployments);
  }

  /** ECS as the program hosts it. */
  public static HostedService<EcsClient> hosted() {
    IdentityHashMap<ServiceContext, EcsCore> cores = new IdentityHashMap<>();
    return new HostedService<>(
        EcsClient.class,
        context -> core(cores, context).client(),
        EcsTables.ALL,
        context -> core(cores, context).controllers(),
        context -> new Why(core(cores, context)));
  }

  private static EcsCore core(
      IdentityHashMap<ServiceContext, EcsCore> cores, ServiceContext context) {
    synchronized (cores) {
      return cores.computeIfAbsent(context, EcsCore::new);
    }
  }

  public Ecs client() {
    return new Ecs(this);
  }

  public List<Controller> controllers() {
    return List.of(
        new TaskController(context, networks, capacity, launcher),
        services,
        new TargetHealthController(context),
        new TrafficController(context),
        new InstanceController(context),
        new ConnectController(context),
        new HousekeepingController(context));
  }

  /** What a service's planner waits for now. */
  Explanation explain(View view, Scope scope, ServiceRow row, Instant now) {
    return services.explain(view, scope, row, now);
  }

  /** Why a task that waits for room finds none; null when there is some by now. */
  @Nullable NoPlace noPlace(View view, Scope scope, TaskRow row) {
    return launcher.noPlace(view, scope, row);
  }

  ServiceContext context() {
    return context;
  }

  Capacity capacity() {
    return capacity;
  }

  Networks networks() {
    return networks;
  }

  Launcher launcher() {
    return launcher;
  }

  Deployments deployments() {
    return deployments;
  }
}
