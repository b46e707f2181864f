package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.Decision;
import gantry.services.ecs.placement.PlacementRequest;
import gantry.services.ecs.placement.Refusal;
import gantry.services.ecs.placement.StrategySplit;
import gantry.services.ecs.planner.Plan;
import gantry.services.ecs.planner.ServicePlanner;
import gantry.services.ecs.planner.ServiceView;
import gantry.services.ecs.planner.Step;
import gantry.services.ecs.planner.TaskView;
import gantry.services.ecs.planner.Waiting;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceEvents;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.StopOrder;
import gantry.services.ecs.rows.TagsRow;
import gantry.services.ecs.rows.TargetRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.services.ecs.rows.TaskSetRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.CapacityProvider;
import software.amazon.awssdk.services.ecs.model.CapacityProviderStrategyItem;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.DeploymentRolloutState;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.ManagedScalingStatus;
import software.amazon.awssdk.services.ecs.model.PropagateTags;
import software.amazon.awssdk.services.ecs.model.Rollback;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentRollbackMonitorsStatus;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentStatus;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;
import software.amazon.awssdk.services.ecs.model.Tag;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskOverride;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;
import software.amazon.awssdk.services.ecs.model.VersionConsistency;

/**
 * Carries out what the service planner decides: each planning is written in one transaction, or not
 * at all when the service has changed meanwhile.
 */
public final class ServiceController implements Controller {

  /** When a service whose tasks found no place tries again though nothing was freed. */
  static final Duration PLACEMENT_RETRY = Duration.ofSeconds(15);

  /** The same event is not repeated within this time. */
  static final Duration REPEAT_EVENT = Duration.ofHours(6);

  /** Tasks of one service started in one go; the rest follows in the next. */
  static final int MAX_STARTS = 50;

  /** Task ids that one event names. */
  static final int IDS_IN_EVENT = 10;

  /** Tries to learn the digest of a tag before a deployment goes on without. */
  static final int DIGEST_TRIES = 3;

  private static final String TROUBLESHOOTING =
      " For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

  private final ServiceContext context;
  private final Capacity capacity;
  private final Launcher launcher;
  private final Networks networks;
  private final Deployments deployments;
  private final Set<Key> hungry = ConcurrentHashMap.newKeySet();

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
          row == null || row.serviceName() == null
              ? Stream.empty()
              : Stream.of(EcsTables.member(scope, row.cluster(), row.serviceName()));
      return freed ? Stream.concat(own, Set.copyOf(hungry).stream()).distinct() : own;
    }
    if (change.table() == EcsTables.TASK_SETS && change.after() instanceof TaskSetRow set) {
      return Stream.of(EcsTables.member(scope, set.cluster(), set.serviceName()));
    }
    if (change.table() == EcsTables.INSTANCES
        && change.after() instanceof InstanceRow instance
        && !same(change.before(), instance)) {
      return instance.isFargate()
          ? Set.copyOf(hungry).stream()
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
      return new TaskSetWork(context, this, view, key, row).run();
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
    List<TaskView> views =
        tasks.stream().map(each -> Views.task(view, scope, row, each.value(), now)).toList();
    List<String> instances =
        row.isDaemon() && row.isActive() ? daemonInstances(view, scope, row) : List.of();
    String last = null;
    if (!row.isDraining()) {
      DeploymentRow primary = row.primary();
      for (DeploymentRow each : row.deployments()) {
        if (!each.primary() && each.completed() && last == null) {
          last = each.id();
        }
      }
      if (last == null && primary.inProgress()) {
        ServiceRevision won =
            Deployments.lastWon(view, scope, row, primary.revision().serviceRevisionArn());
        last = won == null ? null : won.serviceRevisionArn();
      }
    }
    ServiceView service = Views.service(row, zones(scope, row), last);
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
    Plan plan = look(view, scope, row, now).plan();
    List<String> waiting = plan.waiting().stream().map(Waiting::text).toList();
    boolean starts = plan.steps().stream().anyMatch(Step.Start.class::isInstance);
    TaskDefinition definition = Deployments.definition(view, scope, row.primary().revision());
    if (!starts || definition == null) {
      return new Explanation(waiting, null);
    }
    String provider = provider(row.primary(), Views.tasks(view, scope, row), List.of());
    Launcher.Order order = order(view, scope, row, row.primary(), definition, provider);
    Decision decision =
        capacity.consider(
            scope,
            order.pool(),
            Launcher.request(
                order,
                Launcher.demand(definition, TaskOverride.builder().build(), order.isFargate()),
                Set.of(),
                0));
    if (!(decision instanceof Decision.Refused refused)) {
      return new Explanation(waiting, null);
    }
    Map<String, Integer> reasons = new LinkedHashMap<>();
    refused.counts().forEach((refusal, count) -> reasons.put(refusal.reason(), count));
    return new Explanation(waiting, reasons);
  }

  private List<String> daemonInstances(View view, Scope scope, ServiceRow row) {
    TaskDefinition definition = Deployments.definition(view, scope, row.primary().revision());
    if (definition == null) {
      return List.of();
    }
    Launcher.Order order = order(view, scope, row, row.primary(), definition, null);
    PlacementRequest request =
        Launcher.request(
            order, Launcher.demand(definition, TaskOverride.builder().build(), false), Set.of(), 0);
    return capacity.matching(scope, row.cluster(), request);
  }

  private Set<String> zones(Scope scope, ServiceRow row) {
    if (!"ENABLED".equals(row.service().availabilityZoneRebalancingAsString())
        || row.service().networkConfiguration() == null
        || row.service().networkConfiguration().awsvpcConfiguration() == null) {
      return Set.of();
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
                    new Writing(tx, key, row, look, ready, refused, now).run();
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
    TaskDefinition definition = Deployments.definition(view, scope, deployment.revision());
    if (definition == null) {
      throw new IllegalStateException(
          "task definition " + deployment.revision().taskDefinition() + " is gone");
    }
    String provider = provider(deployment, tasks, ready);
    Launcher.Order order =
        order(view, scope, row, deployment, definition, provider).at(instance, zone);
    return switch (launcher.prepare(order)) {
      case Launcher.Prepared.Ready one -> {
        ready.add(one);
        yield null;
      }
      case Launcher.Prepared.Nowhere none -> none.why();
    };
  }

  private static @Nullable String provider(
      DeploymentRow deployment, List<Row<TaskRow>> tasks, List<Launcher.Prepared.Ready> ready) {
    List<CapacityProviderStrategyItem> strategy = deployment.revision().capacityProviderStrategy();
    if (strategy.isEmpty()) {
      return null;
    }
    Map<String, Integer> running = new HashMap<>();
    Stream.concat(
            tasks.stream().map(Row::value).filter(each -> !each.isStopping()),
            ready.stream().map(Launcher.Prepared.Ready::row))
        .filter(each -> deployment.id().equals(each.deploymentId()))
        .map(each -> each.task().capacityProviderName())
        .filter(Objects::nonNull)
        .forEach(each -> running.merge(each, 1, Integer::sum));
    List<StrategySplit.Item> items =
        strategy.stream()
            .map(
                each ->
                    new StrategySplit.Item(
                        each.capacityProvider(),
                        each.weight() == null ? 0 : each.weight(),
                        each.base() == null ? 0 : each.base()))
            .toList();
    return StrategySplit.next(items, running, 1).getFirst();
  }

  private static Launcher.Order order(
      View view,
      Scope scope,
      ServiceRow row,
      DeploymentRow deployment,
      TaskDefinition definition,
      @Nullable String provider) {
    LaunchType type =
        provider == null
            ? Objects.requireNonNullElse(deployment.revision().launchType(), LaunchType.EC2)
            : provider.startsWith("FARGATE") ? LaunchType.FARGATE : LaunchType.EC2;
    CapacityProvider group =
        provider == null ? null : view.get(EcsTables.CAPACITY_PROVIDERS, scope.key(provider));
    boolean waits =
        group != null
            && group.autoScalingGroupProvider() != null
            && group.autoScalingGroupProvider().managedScaling() != null
            && group.autoScalingGroupProvider().managedScaling().status()
                == ManagedScalingStatus.ENABLED;
    return new Launcher.Order(
        scope,
        row.cluster(),
        definition,
        type,
        provider,
        waits,
        deployment.revision().platformVersion(),
        TaskOverride.builder().build(),
        "service:" + row.name(),
        deployment.id(),
        row.name(),
        deployment.id(),
        deployment.revision().networkConfiguration(),
        row.service().placementConstraints(),
        row.service().placementStrategy(),
        tags(view, scope, row, definition),
        Boolean.TRUE.equals(row.service().enableExecuteCommand()),
        deployment.digests(),
        null,
        null);
  }

  private static List<Tag> tags(View view, Scope scope, ServiceRow row, TaskDefinition definition) {
    Map<String, Tag> tags = new LinkedHashMap<>();
    if (Boolean.TRUE.equals(row.service().enableECSManagedTags())) {
      put(tags, "aws:ecs:clusterName", row.cluster());
      put(tags, "aws:ecs:serviceName", row.name());
    }
    PropagateTags from = row.service().propagateTags();
    String arn =
        from == PropagateTags.SERVICE
            ? row.service().serviceArn()
            : from == PropagateTags.TASK_DEFINITION ? definition.taskDefinitionArn() : null;
    TagsRow given = arn == null ? null : view.get(EcsTables.TAGS, scope.key(arn));
    if (given != null) {
      given.tags().forEach(tag -> tags.put(tag.key(), tag));
    }
    return List.copyOf(tags.values());
  }

  private static void put(Map<String, Tag> tags, String key, String value) {
    tags.put(key, Tag.builder().key(key).value(value).build());
  }

  /** What the task sets of a service need, in one transaction. */
  void writeTaskSets(
      Key key,
      List<Launcher.Prepared.Ready> ready,
      List<TaskView> stops,
      List<String> settled,
      List<Key> gone,
      Function<TaskRow, StopOrder> order,
      Instant now) {
    Scope scope = key.scope();
    boolean done = false;
    try {
      context
          .store()
          .write(
              tx -> {
                ServiceRow row = tx.get(EcsTables.SERVICES, key);
                if (row == null) {
                  throw new IllegalStateException("service " + key.id() + " is gone");
                }
                launcher.write(tx, scope, ready);
                for (TaskView stop : stops) {
                  Key taskKey = EcsTables.member(scope, row.cluster(), stop.id());
                  TaskRow task = tx.get(EcsTables.TASKS, taskKey);
                  if (task != null) {
                    Outbox.put(tx, taskKey, task, Stops.ordered(task, order.apply(task)), now);
                  }
                }
                for (String id : settled) {
                  Key taskKey = EcsTables.member(scope, row.cluster(), id);
                  TaskRow task = tx.get(EcsTables.TASKS, taskKey);
                  if (task != null) {
                    tx.put(
                        EcsTables.TASKS,
                        taskKey,
                        task.edit().counted(TaskRow.Outcome.FAILED).done());
                  }
                }
                gone.forEach(each -> tx.delete(EcsTables.TASK_SETS, each));
                return true;
              });
      done = true;
    } finally {
      if (done) {
        launcher.settled(ready);
      } else {
        launcher.forget(ready);
      }
    }
  }

  /** One plan being written. */
  private final class Writing {
    private final Tx tx;
    private final Key key;
    private final Scope scope;
    private final Look look;
    private final List<Launcher.Prepared.Ready> ready;
    private final Decision.@Nullable Refused refused;
    private final Instant now;
    private final ServiceRow before;
    private final Map<String, DeploymentRow> rows = new LinkedHashMap<>();
    private final Map<String, Instant> said;
    private ServiceRow row;
    private boolean steady;
    private boolean balancing;

    Writing(
        Tx tx,
        Key key,
        ServiceRow row,
        Look look,
        List<Launcher.Prepared.Ready> ready,
        Decision.@Nullable Refused refused,
        Instant now) {
      this.tx = tx;
      this.key = key;
      this.scope = key.scope();
      this.before = row;
      this.row = row;
      this.look = look;
      this.ready = ready;
      this.refused = refused;
      this.now = now;
      this.said = new HashMap<>(row.said());
      this.steady = row.steady();
      this.balancing = row.balancing();
      row.deployments().forEach(each -> rows.put(each.id(), each));
    }

    void run() {
      boolean quiet = true;
      for (Step step : look.plan().steps()) {
        switch (step) {
          case Step.Settle settle -> settle(settle);
          case Step.Note note -> note(note);
          case Step.Start start -> quiet = false;
          case Step.StartOn on -> quiet = false;
          case Step.Stop stop -> quiet = false;
          case Step.Complete complete -> complete(complete);
          case Step.Fail fail -> fail(fail);
          case Step.Drop drop -> rows.remove(drop.deployment());
          case Step.Steady none -> {}
          case Step.Rebalance rebalance -> rebalance(rebalance);
          case Step.Deactivate none -> {}
        }
      }
      starts();
      stops();
      placement();
      pin();
      boolean settled =
          look.plan().steps().stream().anyMatch(Step.Steady.class::isInstance) && quiet;
      if (settled) {
        steady();
      } else if ((!quiet || refused != null) && !onlyRebalances()) {
        steady = false;
      }
      reasons();
      if (row.isDaemon()
          && row.isActive()
          && row.service().desiredCount() != look.daemonInstances().size()) {
        row =
            row.with(row.service().toBuilder().desiredCount(look.daemonInstances().size()).build());
      }
      row = row.with(List.copyOf(rows.values())).withSteady(steady, balancing).withSaid(said);
      if (look.plan().steps().stream().anyMatch(Step.Deactivate.class::isInstance)) {
        row = row.inactive(row.service().toBuilder().status("INACTIVE").build(), now);
      }
      if (!row.equals(before)) {
        tx.put(EcsTables.SERVICES, key, row);
      }
    }

    private void say(String message) {
      ServiceEvents.say(
          tx,
          scope,
          row.cluster(),
          row.name(),
          context.ids().uuid(),
          "(service " + row.name() + ") " + message,
          now);
    }

    /** True when this kind of event is due; it is then remembered. */
    private boolean due(String kind) {
      Instant last = said.get(kind);
      if (last != null && now.isBefore(last.plus(REPEAT_EVENT))) {
        return false;
      }
      said.put(kind, now);
      return true;
    }

    private void action(String type, String name, Map<String, Object> more) {
      Outbox.serviceAction(
          tx, scope, row.service().serviceArn(), row.service().clusterArn(), type, name, more, now);
    }

    private void settle(Step.Settle settle) {
      Key taskKey = EcsTables.member(scope, row.cluster(), settle.task());
      TaskRow task = tx.get(EcsTables.TASKS, taskKey);
      if (task != null) {
        tx.put(
            EcsTables.TASKS,
            taskKey,
            task.edit()
                .counted(settle.healthy() ? TaskRow.Outcome.HEALTHY : TaskRow.Outcome.FAILED)
                .done());
      }
    }

    private void note(Step.Note note) {
      DeploymentRow old = rows.get(note.deployment());
      if (old == null) {
        return;
      }
      DeploymentRow.Edit edit =
          old.edit()
              .failures(note.failedTasks(), note.cause(), note.sameCause())
              .ran(note.ran())
              .notBefore(note.notBefore())
              .updatedAt(now);
      if (note.progressed()) {
        edit.progressAt(now);
      }
      rows.put(old.id(), edit.done());
      if (note.failedTasks() != old.failedTasks()) {
        Deployments.record(
            tx,
            scope,
            old.serviceDeploymentArn(),
            each ->
                each.toBuilder()
                    .updatedAt(now)
                    .deploymentCircuitBreaker(
                        each.deploymentCircuitBreaker().toBuilder()
                            .failureCount(note.failedTasks())
                            .build())
                    .build());
      }
    }

    private void starts() {
      if (ready.isEmpty()) {
        return;
      }
      List<TaskRow> written = launcher.write(tx, scope, ready);
      String zone = null;
      for (Step.Start start : look.plan().steps(Step.Start.class)) {
        zone = start.zone() == null ? zone : start.zone();
      }
      if (zone != null) {
        say(
            "has started "
                + written.size()
                + " tasks in AZ to AZ Rebalance: "
                + ids(written)
                + ".");
      } else {
        say("has started " + written.size() + " tasks: " + ids(written) + ".");
      }
      action("INFO", "TASKS_STARTED", Map.of());
      said.remove("placement");
    }

    private static String ids(List<TaskRow> tasks) {
      return tasks.stream()
          .limit(IDS_IN_EVENT)
          .map(each -> "(task " + each.id() + ")")
          .collect(Collectors.joining(" "));
    }

    private void stops() {
      List<TaskRow> running = new ArrayList<>();
      int pending = 0;
      boolean balance = false;
      for (Step.Stop stop : look.plan().steps(Step.Stop.class)) {
        Key taskKey = EcsTables.member(scope, row.cluster(), stop.task());
        TaskRow task = tx.get(EcsTables.TASKS, taskKey);
        if (task == null || task.isStopping()) {
          continue;
        }
        if (task.isRunning()) {
          running.add(task);
        } else {
          pending++;
        }
        balance |= stop.why() == Step.Why.REBALANCE;
        Outbox.put(tx, taskKey, task, Stops.ordered(task, order(task, stop)), now);
      }
      if (!running.isEmpty()) {
        say(
            "has stopped "
                + running.size()
                + " running tasks"
                + (balance ? " in AZ due to AZ rebalancing" : "")
                + ": "
                + ids(running)
                + ".");
      }
      if (pending > 0) {
        say("stopped " + pending + " pending tasks.");
      }
      if (pending > 0 || !running.isEmpty()) {
        action("INFO", "TASKS_STOPPED", Map.of());
      }
    }

    private StopOrder order(TaskRow task, Step.Stop stop) {
      String reason = "Scaling activity initiated by (deployment " + task.deploymentId() + ")";
      if (stop.why() == Step.Why.UNHEALTHY) {
        reason = "Task failed container health checks";
        if (task.task().healthStatus() != HealthStatus.UNHEALTHY) {
          for (TargetRow target : task.targets()) {
            if (target.state().equals("unhealthy")) {
              reason =
                  "Task failed ELB health checks in (target-group " + target.targetGroupArn() + ")";
            }
          }
        }
      }
      return new StopOrder(TaskStopCode.SERVICE_SCHEDULER_INITIATED, reason, now);
    }

    private void placement() {
      if (refused == null || onlyRebalances()) {
        return;
      }
      String message = placementEvent(refused);
      if (due("placement")) {
        say(message);
        Refusal closest = refused.closestRefusal();
        action(
            "ERROR",
            "SERVICE_TASK_PLACEMENT_FAILURE",
            Map.of(
                "reason",
                isFargate()
                    ? "RESOURCE:FARGATE"
                    : closest == null ? "NO ACTIVE INSTANCES" : closest.reason()));
      }
    }

    private boolean isFargate() {
      ServiceRevision revision = row.primary().revision();
      return revision.launchType() == LaunchType.FARGATE
          || revision.capacityProviderStrategy().stream()
              .anyMatch(each -> each.capacityProvider().startsWith("FARGATE"));
    }

    private String placementEvent(Decision.Refused why) {
      if (isFargate()) {
        return "was unable to place a task. Reason: Capacity is unavailable at this time. Please try"
            + " again later or in a different availability zone."
            + TROUBLESHOOTING;
      }
      String start =
          "was unable to place a task because no container instance met all of its requirements.";
      Refusal closest = why.closestRefusal();
      if (closest == null || why.closest() == null) {
        return start
            + " Reason: No Container Instances were found in your cluster."
            + TROUBLESHOOTING;
      }
      return start
          + " The closest matching (container-instance "
          + why.closest().substring(why.closest().lastIndexOf('/') + 1)
          + ") "
          + closest.words()
          + "."
          + TROUBLESHOOTING;
    }

    private void complete(Step.Complete complete) {
      DeploymentRow old = rows.get(complete.deployment());
      if (old == null) {
        return;
      }
      String reason = "ECS deployment " + old.id() + " completed.";
      rows.put(
          old.id(),
          old.edit()
              .rollout(DeploymentRolloutState.COMPLETED, reason)
              .completed(true)
              .rollsBack(null)
              .updatedAt(now)
              .done());
      String repaired = old.rollsBack();
      boolean back = repaired != null;
      Deployments.record(
          tx,
          scope,
          repaired != null ? repaired : old.serviceDeploymentArn(),
          each ->
              each.toBuilder()
                  .status(
                      back
                          ? ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL
                          : ServiceDeploymentStatus.SUCCESSFUL)
                  .finishedAt(now)
                  .updatedAt(now)
                  .deploymentCircuitBreaker(
                      each.deploymentCircuitBreaker().status()
                              == ServiceDeploymentRollbackMonitorsStatus.MONITORING
                          ? each.deploymentCircuitBreaker().toBuilder()
                              .status(ServiceDeploymentRollbackMonitorsStatus.MONITORING_COMPLETE)
                              .build()
                          : each.deploymentCircuitBreaker())
                  .build());
      say("(deployment " + old.id() + ") deployment completed.");
      Outbox.deployment(
          tx,
          scope,
          row.service().serviceArn(),
          "INFO",
          "SERVICE_DEPLOYMENT_COMPLETED",
          old.id(),
          reason,
          now);
      said.remove("configuration");
      said.remove("start");
    }

    private void fail(Step.Fail fail) {
      DeploymentRow failed = rows.get(fail.deployment());
      if (failed == null) {
        return;
      }
      DeploymentRow target = rollbackTarget(fail);
      String reason =
          target != null
              ? "ECS deployment circuit breaker: rolling back to deploymentId " + target.id() + "."
              : fail.failure() == Step.Failure.CIRCUIT_BREAKER
                  ? "ECS deployment circuit breaker: tasks failed to start."
                  : "ECS deployment failed: " + fail.cause() + ".";
      rows.put(
          failed.id(),
          failed
              .edit()
              .rollout(DeploymentRolloutState.FAILED, reason)
              .primary(target == null)
              .updatedAt(now)
              .done());
      say("(deployment " + failed.id() + ") deployment failed: tasks failed to start.");
      Outbox.deployment(
          tx,
          scope,
          row.service().serviceArn(),
          "ERROR",
          "SERVICE_DEPLOYMENT_FAILED",
          failed.id(),
          reason,
          now);
      String statusReason =
          fail.failure() == Step.Failure.CIRCUIT_BREAKER ? reason + " " + fail.cause() : reason;
      Deployments.record(
          tx,
          scope,
          failed.serviceDeploymentArn(),
          each -> {
            var record =
                each.toBuilder()
                    .updatedAt(now)
                    .statusReason(statusReason)
                    .status(
                        failed.rollsBack() != null
                            ? ServiceDeploymentStatus.ROLLBACK_FAILED
                            : target == null
                                ? ServiceDeploymentStatus.STOPPED
                                : ServiceDeploymentStatus.ROLLBACK_IN_PROGRESS);
            if (fail.failure() == Step.Failure.CIRCUIT_BREAKER) {
              record.deploymentCircuitBreaker(
                  each.deploymentCircuitBreaker().toBuilder()
                      .status(ServiceDeploymentRollbackMonitorsStatus.TRIGGERED)
                      .build());
            }
            if (target == null) {
              record.stoppedAt(now).finishedAt(now);
            } else {
              record.rollback(
                  Rollback.builder()
                      .reason(reason)
                      .startedAt(now)
                      .serviceRevisionArn(target.revision().serviceRevisionArn())
                      .build());
            }
            return record.build();
          });
      if (target != null) {
        DeploymentRow again =
            target
                .edit()
                .primary(true)
                .rollout(DeploymentRolloutState.IN_PROGRESS, reason)
                .failures(0, null, 0)
                .notBefore(null)
                .progressAt(now)
                .updatedAt(now)
                .rollsBack(failed.serviceDeploymentArn())
                .done();
        rows.remove(target.id());
        Map<String, DeploymentRow> rest = new LinkedHashMap<>(rows);
        rows.clear();
        rows.put(again.id(), again);
        rows.putAll(rest);
        row =
            row.with(
                row.service().toBuilder()
                    .taskDefinition(again.revision().taskDefinition())
                    .build());
        say("rolling back to deployment " + again.id() + ".");
      }
    }

    /** The deployment that won last: still in the list, or made again from its revision. */
    private @Nullable DeploymentRow rollbackTarget(Step.Fail fail) {
      if (fail.rollbackTo() == null) {
        return null;
      }
      DeploymentRow listed = rows.get(fail.rollbackTo());
      if (listed != null) {
        return listed;
      }
      ServiceRevision revision = tx.get(EcsTables.SERVICE_REVISIONS, scope.key(fail.rollbackTo()));
      if (revision == null) {
        return null;
      }
      return new DeploymentRow(
          deployments.newId(),
          true,
          revision,
          row.primary().serviceDeploymentArn(),
          now,
          now,
          DeploymentRolloutState.IN_PROGRESS,
          "",
          0,
          false,
          false,
          null,
          0,
          null,
          now,
          true,
          digests(revision),
          null,
          null);
    }

    private static Map<String, String> digests(ServiceRevision revision) {
      Map<String, String> digests = new HashMap<>();
      revision
          .containerImages()
          .forEach(
              each -> {
                if (each.imageDigest() != null) {
                  digests.put(each.containerName(), each.imageDigest());
                }
              });
      return digests;
    }

    /** The first task that knows its images decides for all that follow. */
    private void pin() {
      for (DeploymentRow deployment : List.copyOf(rows.values())) {
        if (deployment.pinned()) {
          continue;
        }
        if (deployment.failedTasks() >= DIGEST_TRIES) {
          rows.put(deployment.id(), deployment.edit().pinned(true, Map.of()).done());
          continue;
        }
        for (int i = 0; i < look.views().size(); i++) {
          TaskView view = look.views().get(i);
          if (view.deployment().equals(deployment.id()) && view.isLive() && view.digestKnown()) {
            pin(deployment, look.tasks().get(i).value());
            break;
          }
        }
      }
    }

    private void pin(DeploymentRow deployment, TaskRow task) {
      TaskDefinition definition = Deployments.definition(tx, scope, deployment.revision());
      Map<String, String> digests = new HashMap<>();
      for (Container container : task.task().containers()) {
        if (container.imageDigest() != null && isConsistent(definition, container.name())) {
          digests.put(container.name(), container.imageDigest());
        }
      }
      ServiceRevision revision =
          deployment.revision().toBuilder()
              .containerImages(
                  deployment.revision().containerImages().stream()
                      .map(
                          each ->
                              each.toBuilder()
                                  .imageDigest(digests.get(each.containerName()))
                                  .build())
                      .toList())
              .build();
      tx.put(EcsTables.SERVICE_REVISIONS, scope.key(revision.serviceRevisionArn()), revision);
      DeploymentRow current = Objects.requireNonNull(rows.get(deployment.id()));
      rows.put(deployment.id(), current.edit().pinned(true, digests).revision(revision).done());
    }

    private static boolean isConsistent(@Nullable TaskDefinition definition, String name) {
      if (definition == null) {
        return true;
      }
      for (ContainerDefinition container : definition.containerDefinitions()) {
        if (container.name().equals(name)) {
          return container.versionConsistency() != VersionConsistency.DISABLED;
        }
      }
      return true;
    }

    private void steady() {
      said.remove("placement");
      said.remove("configuration");
      if (!steady || due("steady")) {
        said.put("steady", now);
        say("has reached a steady state.");
        action("INFO", "SERVICE_STEADY_STATE", Map.of());
      }
      steady = true;
    }

    /** The one start that a poor zone is to get; without a place for it nothing else changes. */
    private boolean onlyRebalances() {
      return look.plan().steps(Step.Rebalance.class).stream().anyMatch(Step.Rebalance::begins);
    }

    private void rebalance(Step.Rebalance rebalance) {
      if (rebalance.begins() && refused != null) {
        if (due("rebalance")) {
          say(
              "was unable to AZ Rebalance because (reason no place for a task in the zone with the"
                  + " fewest)");
          action("ERROR", "SERVICE_REBALANCING_FAILED", Map.of());
        }
        return;
      }
      said.remove("rebalance");
      balancing = rebalance.begins();
      Map<String, Integer> zones = new LinkedHashMap<>();
      for (TaskView task : look.views()) {
        if (task.isLive()) {
          zones.merge(task.zone(), 1, Integer::sum);
        }
      }
      String counts =
          zones.entrySet().stream()
              .sorted(Map.Entry.comparingByKey())
              .map(each -> each.getValue() + " tasks in " + each.getKey())
              .collect(Collectors.joining(", "));
      say(
          rebalance.begins()
              ? "is not AZ balanced with " + counts + ". AZ Rebalancing in progress."
              : "is AZ balanced with " + counts + ".");
      action(
          "INFO",
          rebalance.begins() ? "SERVICE_REBALANCING_STARTED" : "SERVICE_REBALANCING_COMPLETED",
          Map.of());
    }

    private void reasons() {
      Set<String> seen = new HashSet<>();
      for (Waiting waiting : look.plan().waiting()) {
        switch (waiting) {
          case Waiting.Configuration none -> {
            seen.add("configuration");
            if (due("configuration")) {
              say(
                  "was unable to stop or start tasks during a deployment because of the service"
                      + " deployment configuration. Update the minimumHealthyPercent or"
                      + " maximumPercent value and try again.");
            }
          }
          case Waiting.Throttled none -> {
            seen.add("start");
            if (due("start")) {
              say("is unable to consistently start tasks successfully." + TROUBLESHOOTING);
              action("WARN", "SERVICE_TASK_START_IMPAIRED", Map.of());
            }
          }
          case Waiting.Guarded guarded -> {
            seen.add("guarded");
            if (due("guarded")) {
              say(
                  "was unable to reach steady state because (taskSet "
                      + guarded.deployment()
                      + ") was unable to scale in due to (reason "
                      + guarded.tasks()
                      + " tasks under protection)");
            }
          }
          default -> {}
        }
      }
      for (String kind : List.of("configuration", "start", "guarded")) {
        if (!seen.contains(kind)) {
          said.remove(kind);
        }
      }
    }
  }
}
