package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.Decision;
import gantry.services.ecs.planner.Plan;
import gantry.services.ecs.planner.ServicePlanner;
import gantry.services.ecs.planner.ServiceView;
import gantry.services.ecs.planner.Step;
import gantry.services.ecs.planner.TaskView;
import gantry.services.ecs.planner.Waiting;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.ecs.rows.TaskSetRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Controller.Again;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.DeploymentRolloutState;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;

/**
 * Carries out what the service planner decides: each planning is written in one transaction, or not
 * at all when the service has changed meanwhile.
 */
public final class ServiceController implements Controller {

  /** When a service whose tasks found no place tries again though nothing was freed. */
  static final Duration PLACEMENT_RETRY = Duration.ofSeconds(15);

  /** Task sets have no plan that names the time at which it changes. */
  private static final Duration TASK_SETS_AGAIN = Duration.ofSeconds(30);

  /** Tasks of one service started in one go; the rest follows in the next. */
  static final int MAX_STARTS = 50;

  private final ServiceContext context;
  private final Capacity capacity;
  private final Launcher launcher;
  private final Networks networks;
  private final Deployments deployments;

  /** In the order of the keys, so that a history is the same each time that it is played. */
  private final Set<Key> hungry = new ConcurrentSkipListSet<>();

  public ServiceController(
      ServiceContext context,
      Capacity capacity,
      Launcher launcher,
      Networks networks,
      Deployments deployments) {
    this.context = context;
    this.capacity = capacity;
    this.launcher = launcher;
    this.networks = networks;
    this.deployments = deployments;
  }

  @Override
  public String name() {
    return "ecs.services";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    Scope scope = change.key().scope();
    if (change.table() == EcsTables.SERVICES) {
      return change.after() == null ? Stream.empty() : Stream.of(change.key());
    }
    if (change.table() == EcsTables.TASKS) {
      TaskRow row =
          change.after() instanceof TaskRow after
              ? after
              : change.before() instanceof TaskRow before ? before : null;
      boolean freed =
          change.before() instanceof TaskRow before
              && before.holdsResources()
              && !(change.after() instanceof TaskRow after && after.holdsResources());
      Stream<Key> own =
          row == null || row.serviceName() == null || Views.same(change.before(), change.after())
              ? Stream.empty()
              : Stream.of(EcsTables.member(scope, row.cluster(), row.serviceName()));
      return freed ? Stream.concat(own, hungry.stream()).distinct() : own;
    }
    if (change.table() == EcsTables.TASK_SETS && change.after() instanceof TaskSetRow set) {
      return Stream.of(EcsTables.member(scope, set.cluster(), set.serviceName()));
    }
    if (change.table() == EcsTables.INSTANCES
        && change.after() instanceof InstanceRow instance
        && !same(change.before(), instance)) {
      return instance.isFargate()
          ? hungry.stream()
          : EcsTables.inCluster(
                  context.store().snapshot(), EcsTables.SERVICES, scope, instance.cluster(), "")
              .map(Row::key);
    }
    return Stream.empty();
  }

  private static boolean same(@Nullable Object before, InstanceRow after) {
    return before instanceof InstanceRow old
        && Objects.equals(old.instance().status(), after.instance().status())
        && old.isConnected() == after.isConnected()
        && old.instance().attributes().equals(after.instance().attributes())
        && old.instance().registeredResources().equals(after.instance().registeredResources());
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(EcsTables.SERVICES)
        .filter(row -> row.value().isActive() || row.value().isDraining())
        .map(Row::key);
  }

  @Override
  public Again reconcile(Key key) {
    View view = context.store().snapshot();
    ServiceRow row = view.get(EcsTables.SERVICES, key);
    if (row == null || !(row.isActive() || row.isDraining())) {
      hungry.remove(key);
      return Again.WHEN_CHANGED;
    }
    if (row.isExternal() && !row.isDraining()) {
      return taskSets(key, view, row);
    }
    Instant now = context.clock().instant();
    Look look = look(view, key.scope(), row, now);
    return carryOut(key, row, look, now);
  }

  /** Everything the planner is given, and what it answers. */
  record Look(
      List<Row<TaskRow>> tasks, List<TaskView> views, List<String> daemonInstances, Plan plan) {}

  /** Plans without doing: for the controller, and for whoever asks why. */
  Look look(View view, Scope scope, ServiceRow row, Instant now) {
    List<Row<TaskRow>> tasks = Views.tasks(view, scope, row);
    List<TaskView> views = new TaskViews(view, scope, row, now).of(tasks);
    List<String> instances =
        row.isDaemon() && row.isActive() ? instances(view, scope, row) : List.of();
    String last = null;
    if (!row.isDraining()) {
      DeploymentRow primary = row.primary();
      for (DeploymentRow each : row.deployments()) {
        boolean failed = each.rolloutState() == DeploymentRolloutState.FAILED;
        if (!each.primary() && each.completed() && !failed && last == null) {
          last = each.id();
        }
      }
      if (last == null && primary.inProgress()) {
        ServiceRevision won =
            Deployments.lastWon(view, scope, row, primary.revision().serviceRevisionArn());
        last = won == null ? null : won.serviceRevisionArn();
      }
    }
    ServiceView service = Views.service(row, zones(view, scope, row), last);
    if (row.isDaemon()) {
      service =
          new ServiceView(
              service.name(),
              true,
              instances.size(),
              service.minimumHealthyPercent(),
              service.maximumPercent(),
              service.breaker(),
              service.deleting(),
              false,
              false,
              Set.of(),
              last,
              service.deadline());
    }
    Plan plan =
        ServicePlanner.plan(
            service,
            row.deployments().stream().map(Views::deployment).toList(),
            views,
            instances,
            now);
    return new Look(tasks, views, instances, plan);
  }

  /** The same planning, without doing: for whoever asks why. */
  public Explanation explain(View view, Scope scope, ServiceRow row, Instant now) {
    if (row.isExternal()) {
      return new Explanation(List.of(), new TaskSetWork(this, view, scope, row, now).noPlace());
    }
    Look look = look(view, scope, row, now);
    List<NoPlace> nowhere = new ArrayList<>();
    for (Step step : look.plan().steps()) {
      NoPlace none =
          switch (step) {
            case Step.Start start ->
                noPlace(
                    view,
                    scope,
                    row,
                    row.deployment(start.deployment()),
                    null,
                    start.zone(),
                    look.tasks());
            case Step.StartOn on ->
                noPlace(
                    view,
                    scope,
                    row,
                    row.deployment(on.deployment()),
                    on.instance(),
                    null,
                    look.tasks());
            default -> null;
          };
      if (none != null && !nowhere.contains(none)) {
        nowhere.add(none);
      }
    }
    return new Explanation(
        look.plan().waiting().stream().map(Waiting::text).toList(), List.copyOf(nowhere));
  }

  @Nullable NoPlace noPlace(
      View view,
      Scope scope,
      ServiceRow row,
      @Nullable DeploymentRow deployment,
      @Nullable String instance,
      @Nullable String zone,
      List<Row<TaskRow>> tasks) {
    return deployment == null
        ? null
        : launcher.noPlace(order(view, scope, row, deployment, instance, zone, tasks, List.of()));
  }

  /** The instances that the service may use. */
  private List<String> instances(View view, Scope scope, ServiceRow row) {
    TaskDefinition definition = Deployments.definition(view, scope, row.primary().revision());
    if (definition == null) {
      return List.of();
    }
    Launcher.Order order = ServiceOrders.order(view, scope, row, row.primary(), definition, null);
    return capacity.matching(scope, row.cluster(), launcher.asked(order));
  }

  /** Where tasks may run: by their subnets, or by the instances that they may stand on. */
  private Set<String> zones(View view, Scope scope, ServiceRow row) {
    if (!"ENABLED".equals(row.service().availabilityZoneRebalancingAsString())) {
      return Set.of();
    }
    if (row.service().networkConfiguration() == null
        || row.service().networkConfiguration().awsvpcConfiguration() == null) {
      return instances(view, scope, row).stream()
          .map(arn -> TaskController.instance(view, scope, arn))
          .filter(Objects::nonNull)
          .map(instance -> instance.attribute("ecs.availability-zone"))
          .filter(Objects::nonNull)
          .collect(Collectors.toCollection(TreeSet::new));
    }
    return networks
        .subnets(scope, row.service().networkConfiguration().awsvpcConfiguration().subnets())
        .stream()
        .map(Networks.SubnetFacts::zone)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  // ---- carrying out

  private Again carryOut(Key key, ServiceRow row, Look look, Instant now) {
    Plan plan = look.plan();
    Scope scope = key.scope();
    View view = context.store().snapshot();
    List<Launcher.Prepared.Ready> ready = new ArrayList<>();
    Decision.Refused nowhere = null;
    int starts = 0;
    boolean more = false;
    for (Step step : plan.steps()) {
      if (step instanceof Step.Start start) {
        for (int i = 0; i < start.count() && nowhere == null; i++) {
          if (starts++ >= MAX_STARTS) {
            more = true;
            break;
          }
          nowhere = prepare(view, scope, row, start.deployment(), null, start.zone(), look, ready);
        }
      } else if (step instanceof Step.StartOn on) {
        Decision.Refused refused =
            prepare(view, scope, row, on.deployment(), on.instance(), null, look, ready);
        nowhere = refused == null ? nowhere : refused;
      }
    }
    Decision.Refused refused = nowhere;
    boolean done = false;
    try {
      done =
          context
              .store()
              .write(
                  tx -> {
                    ServiceRow current = tx.get(EcsTables.SERVICES, key);
                    if (!row.equals(current)) {
                      return false;
                    }
                    new PlanWriting(
                            context, launcher, deployments, tx, key, row, look, ready, refused, now)
                        .run();
                    return true;
                  });
    } finally {
      if (done) {
        launcher.settled(ready);
      } else {
        launcher.forget(ready);
      }
    }
    if (!done || more) {
      return Again.after(Duration.ZERO);
    }
    if (refused != null) {
      hungry.add(key);
      return Again.after(PLACEMENT_RETRY);
    }
    hungry.remove(key);
    Instant next = soonest(row, look, now);
    if (next != null) {
      Duration wait = Duration.between(now, next);
      return Again.after(wait.isNegative() ? Duration.ZERO : wait);
    }
    return Again.WHEN_CHANGED;
  }

  /**
   * When time alone changes the answer: what the planner named, a protection or a grace that ends.
   */
  private static @Nullable Instant soonest(ServiceRow row, Look look, Instant now) {
    Instant next = look.plan().lookAgain();
    Integer grace = row.service().healthCheckGracePeriodSeconds();
    for (Row<TaskRow> each : look.tasks()) {
      TaskRow task = each.value();
      if (task.isProtected(now)) {
        next = earlier(next, task.protectedUntil());
      }
      if (grace != null && task.isRunning() && task.task().startedAt() != null) {
        Instant end = task.task().startedAt().plusSeconds(grace);
        if (end.isAfter(now)) {
          next = earlier(next, end);
        }
      }
    }
    return next;
  }

  private static @Nullable Instant earlier(@Nullable Instant a, @Nullable Instant b) {
    if (a == null || b == null) {
      return a == null ? b : a;
    }
    return a.isBefore(b) ? a : b;
  }

  /** Null when the task got a place. */
  private Decision.@Nullable Refused prepare(
      View view,
      Scope scope,
      ServiceRow row,
      String deploymentId,
      @Nullable String instance,
      @Nullable String zone,
      Look look,
      List<Launcher.Prepared.Ready> ready) {
    DeploymentRow deployment = Objects.requireNonNull(row.deployment(deploymentId));
    return prepare(view, scope, row, deployment, instance, zone, look.tasks(), ready);
  }

  Decision.@Nullable Refused prepare(
      View view,
      Scope scope,
      ServiceRow row,
      DeploymentRow deployment,
      @Nullable String instance,
      @Nullable String zone,
      List<Row<TaskRow>> tasks,
      List<Launcher.Prepared.Ready> ready) {
    return switch (launcher.prepare(
        order(view, scope, row, deployment, instance, zone, tasks, ready))) {
      case Launcher.Prepared.Ready one -> {
        ready.add(one);
        if (one.row().task().containerInstanceArn() == null
            && Launcher.tooManyWait(view, scope, row.cluster(), ready)) {
          ready.removeLast();
          launcher.forget(List.of(one));
          yield Decision.Refused.tooManyWait();
        }
        yield null;
      }
      case Launcher.Prepared.Nowhere none -> none.why();
    };
  }

  Launcher.Order order(
      View view,
      Scope scope,
      ServiceRow row,
      DeploymentRow deployment,
      @Nullable String instance,
      @Nullable String zone,
      List<Row<TaskRow>> tasks,
      List<Launcher.Prepared.Ready> ready) {
    TaskDefinition definition = Deployments.definition(view, scope, deployment.revision());
    if (definition == null) {
      throw new IllegalStateException(
          "task definition " + deployment.revision().taskDefinition() + " is gone");
    }
    String provider = ServiceOrders.provider(deployment, tasks, ready);
    return ServiceOrders.order(view, scope, row, deployment, definition, provider)
        .at(instance, zone);
  }

  private Again taskSets(Key key, View view, ServiceRow row) {
    Instant now = context.clock().instant();
    TaskSetWork.Due due = new TaskSetWork(this, view, key.scope(), row, now).due();
    if (!new TaskSetWriting(context, launcher).write(key, row, due, now)) {
      return Again.after(Duration.ZERO);
    }
    if (due.refused() != null) {
      hungry.add(key);
      return Again.after(PLACEMENT_RETRY);
    }
    hungry.remove(key);
    return Again.after(TASK_SETS_AGAIN);
  }
}
