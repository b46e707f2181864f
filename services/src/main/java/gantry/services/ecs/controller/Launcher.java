package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.Arns;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.Decision;
import gantry.services.ecs.placement.Demand;
import gantry.services.ecs.placement.Lack;
import gantry.services.ecs.placement.PlacementRequest;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.TagsRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkConfiguration;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.PlacementStrategy;
import software.amazon.awssdk.services.ecs.model.Tag;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskOverride;

/** Makes tasks: decides where, takes the room, writes the row. Who asks does not matter to it. */
public final class Launcher {

  /** Tasks of a cluster that may be PROVISIONING for want of room. */
  static final int MAX_WAITING = 500;

  private final ServiceContext context;
  private final Capacity capacity;
  private final Networks networks;
  private final NewTasks made;

  public Launcher(ServiceContext context, Capacity capacity, Networks networks) {
    this.context = context;
    this.capacity = capacity;
    this.networks = networks;
    this.made = new NewTasks(context);
  }

  /**
   * Everything that is the same for the tasks of one call or deployment.
   *
   * @param waits a managed-scaling provider: without room the task waits in PROVISIONING
   * @param instance the one instance it must run on; null when placement chooses
   * @param zone the zone it should run in; null when placement chooses
   */
  public record Order(
      Scope scope,
      String cluster,
      TaskDefinition definition,
      LaunchType launchType,
      @Nullable String capacityProvider,
      boolean waits,
      @Nullable String platformVersion,
      TaskOverride overrides,
      String group,
      @Nullable String startedBy,
      @Nullable String serviceName,
      @Nullable String deploymentId,
      @Nullable NetworkConfiguration network,
      List<PlacementConstraint> constraints,
      List<PlacementStrategy> strategies,
      List<Tag> tags,
      boolean executeCommand,
      Map<String, String> digests,
      @Nullable String instance,
      @Nullable String zone) {

    boolean isFargate() {
      return launchType == LaunchType.FARGATE;
    }

    boolean isAwsvpc() {
      return definition.networkMode() == NetworkMode.AWSVPC;
    }

    String pool() {
      return isFargate() ? InstanceRow.FARGATE_POOL : cluster;
    }

    public Order at(@Nullable String newInstance, @Nullable String newZone) {
      return new Order(
          scope,
          cluster,
          definition,
          launchType,
          capacityProvider,
          waits,
          platformVersion,
          overrides,
          group,
          startedBy,
          serviceName,
          deploymentId,
          network,
          constraints,
          strategies,
          tags,
          executeCommand,
          digests,
          newInstance,
          newZone);
    }
  }

  /** What was asked for a task that waits for room. */
  static Order waiting(Scope scope, TaskRow row, TaskDefinition definition) {
    return new Order(
        scope,
        row.cluster(),
        definition,
        row.task().launchType(),
        row.task().capacityProviderName(),
        true,
        null,
        row.task().overrides(),
        row.task().group(),
        null,
        row.serviceName(),
        row.deploymentId(),
        row.network(),
        row.constraints(),
        row.strategies(),
        List.of(),
        false,
        Map.of(),
        null,
        null);
  }

  /** A task with its place, not yet written. */
  public sealed interface Prepared {
    record Ready(TaskRow row, List<Tag> tags) implements Prepared {}

    record Nowhere(Decision.Refused why) implements Prepared {}
  }

  /** Takes room for one task. Whoever does not {@link #write} it must {@link #forget} it. */
  public Prepared prepare(Order order) {
    String id = context.ids().hex(32);
    String arn = Arns.task(order.scope(), order.cluster(), id);
    Demand demand =
        PlacementRequests.demand(order.definition(), order.overrides(), order.isFargate());
    Set<String> zones = zones(order);
    Decision decision =
        capacity.reserve(
            order.scope(),
            order.pool(),
            arn,
            PlacementRequests.of(order, demand, zones, context.ids().below(1 << 30)));
    String instance = null;
    String zone = null;
    if (decision instanceof Decision.Placed placed) {
      instance = placed.instanceId();
      zone = placed.zone();
    } else if (decision instanceof Decision.Refused refused && !order.waits()) {
      return new Prepared.Nowhere(refused);
    }
    if (zone == null) {
      zone = zone(order, zones);
    }
    return new Prepared.Ready(made.row(order, id, arn, demand, instance, zone), order.tags());
  }

  /** Takes room for a task that has waited for it. */
  Decision place(Order order, TaskRow waiting) {
    return capacity.reserve(
        order.scope(),
        order.pool(),
        waiting.arn(),
        PlacementRequests.of(order, waiting.demand(), zones(order), 0));
  }

  /** What placement would be asked, for whoever only wants to know. */
  PlacementRequest asked(Order order) {
    return PlacementRequests.of(
        order,
        PlacementRequests.demand(order.definition(), order.overrides(), order.isFargate()),
        zones(order),
        0);
  }

  /** Why no instance would take such a task; null when one would. */
  public @Nullable NoPlace noPlace(Order order) {
    PlacementRequest request = asked(order);
    List<Lack> lacks = capacity.lacks(order.scope(), order.pool(), request);
    return lacks == null ? null : new NoPlace(request.demand(), order.zone(), lacks);
  }

  /** Why a task that waits for room finds none; null when there is some by now. */
  public @Nullable NoPlace noPlace(View view, Scope scope, TaskRow row) {
    TaskDefinition definition = TaskPayloads.definition(view, scope, row);
    return definition == null ? null : noPlace(waiting(scope, row, definition));
  }

  /** Where it may run: in the zones of its subnets, if it has any, or in the one that is asked. */
  private Set<String> zones(Order order) {
    Set<String> zones = new HashSet<>();
    if (order.isAwsvpc() && order.network() != null) {
      networks
          .subnets(order.scope(), order.network().awsvpcConfiguration().subnets())
          .forEach(subnet -> zones.add(subnet.zone()));
    }
    return order.zone() != null && (zones.isEmpty() || zones.contains(order.zone()))
        ? Set.of(order.zone())
        : zones;
  }

  /** The zone of a task that no instance's decides about. */
  private @Nullable String zone(Order order, Set<String> zones) {
    if (order.zone() != null) {
      return order.zone();
    }
    if (zones.isEmpty()) {
      return null;
    }
    // Fargate spreads over the zones of the subnets: the one with the fewest tasks of the group.
    Map<String, Integer> counts = new LinkedHashMap<>();
    zones.stream().sorted().forEach(zone -> counts.put(zone, 0));
    context
        .store()
        .snapshot()
        .lookup(EcsTables.LIVE_TASKS, order.scope(), order.cluster())
        .map(row -> row.value())
        .filter(row -> order.group().equals(row.task().group()) && !row.isStopping())
        .forEach(
            row ->
                counts.computeIfPresent(
                    String.valueOf(row.task().availabilityZone()), (zone, count) -> count + 1));
    synchronized (justGiven) {
      String chosen = null;
      int fewest = Integer.MAX_VALUE;
      for (var entry : counts.entrySet()) {
        int count =
            entry.getValue() + justGiven.getOrDefault(order.group() + " " + entry.getKey(), 0);
        if (count < fewest) {
          fewest = count;
          chosen = entry.getKey();
        }
      }
      justGiven.merge(order.group() + " " + chosen, 1, Integer::sum);
      return chosen;
    }
  }

  /** Zones given to tasks that are prepared and not yet written. */
  private final Map<String, Integer> justGiven = new HashMap<>();

  /** Writes prepared tasks, all in the one transaction. */
  public List<TaskRow> write(Tx tx, Scope scope, List<Prepared.Ready> tasks) {
    Instant now = context.clock().instant();
    List<TaskRow> written = new ArrayList<>();
    for (Prepared.Ready ready : tasks) {
      TaskRow row = Gpus.given(tx, scope, ready.row());
      written.add(Outbox.put(tx, EcsTables.member(scope, row.cluster(), row.id()), null, row, now));
      if (!ready.tags().isEmpty()) {
        tx.put(EcsTables.TAGS, scope.key(row.arn()), new TagsRow(row.arn(), ready.tags()));
      }
    }
    return written;
  }

  /** To be called after {@link #write} has been made durable, or failed. */
  public void settled(List<Prepared.Ready> tasks) {
    synchronized (justGiven) {
      for (Prepared.Ready ready : tasks) {
        justGiven.computeIfPresent(
            ready.row().task().group() + " " + ready.row().task().availabilityZone(),
            (key, count) -> count == 1 ? null : count - 1);
      }
    }
  }

  /** Whether the tasks of a cluster that wait for room, with those that begin to, are too many. */
  public static boolean tooManyWait(
      View view, Scope scope, String cluster, List<Prepared.Ready> beginning) {
    long more = beginning.stream().filter(each -> waits(each.row())).count();
    return more > 0
        && more
                + view.lookup(EcsTables.LIVE_TASKS, scope, cluster)
                    .filter(row -> waits(row.value()))
                    .count()
            > MAX_WAITING;
  }

  private static boolean waits(TaskRow row) {
    return row.task().containerInstanceArn() == null;
  }

  /** Gives the room of tasks back that will not be written. */
  public void forget(List<Prepared.Ready> tasks) {
    tasks.forEach(ready -> capacity.release(ready.row().arn()));
    settled(tasks);
  }
}
