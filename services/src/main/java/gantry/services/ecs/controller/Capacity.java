package gantry.services.ecs.controller;

import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.Candidate;
import gantry.services.ecs.placement.CapacityIndex;
import gantry.services.ecs.placement.Decision;
import gantry.services.ecs.placement.Lack;
import gantry.services.ecs.placement.PlacementRequest;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Change;
import gantry.state.Commit;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.DeploymentRolloutState;
import software.amazon.awssdk.services.ecs.model.Resource;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;

/**
 * The index of what is free, for every cluster and for the Fargate pool, kept from the change feed.
 * What {@link #reserve} gives is taken at once, so two tasks never get the same room; it lags
 * behind the tables only in what has become free, which is safe.
 */
public final class Capacity {

  private static final Scope EVERYWHERE = new Scope("", "");

  private record PoolKey(Scope scope, String cluster) {}

  private final Store store;
  private final Map<PoolKey, CapacityIndex> pools = new HashMap<>();
  private final Map<String, PoolKey> poolOfTask = new HashMap<>();
  private final SharedMachines machines = new SharedMachines();
  private boolean started;

  public Capacity(Store store) {
    this.store = store;
  }

  /** Decides and, when there is a place, takes it for the task. */
  public Decision reserve(Scope scope, String cluster, String taskArn, PlacementRequest request) {
    start();
    synchronized (this) {
      PoolKey key = key(scope, cluster);
      CapacityIndex index = pools.computeIfAbsent(key, each -> new CapacityIndex());
      Decision decision = index.place(request);
      if (decision instanceof Decision.Placed placed) {
        index.occupy(taskArn, placed.instanceId(), request.group(), request.demand());
        machines.occupy(taskArn, placed.instanceId(), request.demand());
        poolOfTask.put(taskArn, key);
      }
      return decision;
    }
  }

  /** Why no instance takes it; null when one does. Nothing is taken. */
  public @Nullable List<Lack> lacks(Scope scope, String cluster, PlacementRequest request) {
    start();
    synchronized (this) {
      CapacityIndex index = pools.get(key(scope, cluster));
      if (index == null) {
        return List.of();
      }
      return index.place(request) instanceof Decision.Placed ? null : index.lacks(request);
    }
  }

  /** The instances on which a daemon belongs. */
  public List<String> matching(Scope scope, String cluster, PlacementRequest request) {
    start();
    synchronized (this) {
      CapacityIndex index = pools.get(key(scope, cluster));
      return index == null ? List.of() : index.matching(request);
    }
  }

  public void release(String taskArn) {
    synchronized (this) {
      PoolKey key = poolOfTask.remove(taskArn);
      CapacityIndex index = key == null ? null : pools.get(key);
      if (index != null) {
        index.release(taskArn);
      }
      machines.release(taskArn);
    }
  }

  public boolean isEmpty(Scope scope, String cluster) {
    start();
    synchronized (this) {
      CapacityIndex index = pools.get(key(scope, cluster));
      return index == null || index.instances() == 0;
    }
  }

  private static PoolKey key(Scope scope, String cluster) {
    return cluster.equals(InstanceRow.FARGATE_POOL)
        ? new PoolKey(EVERYWHERE, cluster)
        : new PoolKey(scope, cluster);
  }

  private void start() {
    synchronized (this) {
      if (started) {
        return;
      }
      started = true;
      View view = store.snapshot();
      view.scanAll(EcsTables.INSTANCES).forEach(row -> instance(row.key().scope(), row.value()));
      view.scanAll(EcsTables.TASKS).forEach(row -> task(row.key().scope(), row.value()));
      view.scanAll(EcsTables.SERVICES)
          .forEach(row -> service(view, row.key().scope(), row.value()));
      store.feed().subscribe(view.revision(), this::apply);
    }
  }

  private synchronized void apply(Commit commit) {
    for (Change<?> change : commit.changes()) {
      if (change.table() == EcsTables.INSTANCES) {
        if (change.after() instanceof InstanceRow row) {
          instance(change.key().scope(), row);
        } else if (change.before() instanceof InstanceRow gone) {
          remove(change.key().scope(), gone);
        }
      } else if (change.table() == EcsTables.TASKS) {
        if (change.after() instanceof TaskRow row) {
          task(change.key().scope(), row);
        } else if (change.before() instanceof TaskRow gone) {
          release(gone.arn());
        }
      } else if (change.table() == EcsTables.SERVICES
          && change.after() instanceof ServiceRow row
          && row.isDaemon()) {
        service(store.snapshot(), change.key().scope(), row);
      }
    }
  }

  /** Room is kept for a daemon unless it has been given up. */
  private void service(View view, Scope scope, ServiceRow row) {
    if (!row.isDaemon()) {
      return;
    }
    PlacementRequest request = null;
    if (row.isActive() && row.primary().rolloutState() != DeploymentRolloutState.FAILED) {
      TaskDefinition definition = Deployments.definition(view, scope, row.primary().revision());
      if (definition != null) {
        Launcher.Order order =
            ServiceOrders.order(view, scope, row, row.primary(), definition, null);
        request =
            PlacementRequests.of(
                order, PlacementRequests.demand(definition, order.overrides(), false), Set.of(), 0);
      }
    }
    pools
        .computeIfAbsent(key(scope, row.cluster()), each -> new CapacityIndex())
        .daemon("service:" + row.name(), request);
  }

  private void instance(Scope scope, InstanceRow row) {
    if ("INACTIVE".equals(row.instance().status())) {
      remove(scope, row);
      return;
    }
    CapacityIndex index =
        pools.computeIfAbsent(key(scope, row.cluster()), each -> new CapacityIndex());
    index.upsert(candidate(row));
    machines.instance(row, index);
  }

  private void remove(Scope scope, InstanceRow row) {
    machines.gone(row.arn());
    CapacityIndex index = pools.get(key(scope, row.cluster()));
    if (index != null) {
      index.remove(row.arn());
    }
  }

  private void task(Scope scope, TaskRow row) {
    String instance = row.task().containerInstanceArn();
    if (instance == null || !row.holdsResources()) {
      release(row.arn());
      return;
    }
    boolean fargate = instance.contains("/" + InstanceRow.FARGATE_POOL + "/");
    PoolKey key = key(scope, fargate ? InstanceRow.FARGATE_POOL : row.cluster());
    poolOfTask.put(row.arn(), key);
    pools
        .computeIfAbsent(key, each -> new CapacityIndex())
        .occupy(row.arn(), instance, row.task().group(), row.demand());
    machines.occupy(row.arn(), instance, row.demand());
  }

  static Candidate candidate(InstanceRow row) {
    Map<String, String> attributes = new HashMap<>();
    for (Attribute attribute : row.instance().attributes()) {
      attributes.put(attribute.name(), attribute.value() == null ? "" : attribute.value());
    }
    if (row.instance().capacityProviderName() != null) {
      attributes.put("capacity-provider", row.instance().capacityProviderName());
    }
    String zone = attributes.get("ecs.availability-zone");
    return new Candidate(
        row.arn(),
        row.isActive(),
        row.isConnected(),
        integer(row, "CPU"),
        integer(row, "MEMORY"),
        strings(row, "GPU").size(),
        Integer.MAX_VALUE / 2,
        ports(row, "PORTS"),
        ports(row, "PORTS_UDP"),
        attributes,
        zone == null || zone.isEmpty() ? Set.of() : Set.of(zone),
        row.instance().versionInfo() == null ? null : row.instance().versionInfo().agentVersion(),
        row.instance().ec2InstanceId(),
        row.instance().registeredAt());
  }

  private static @Nullable Resource resource(InstanceRow row, String name) {
    for (Resource resource : row.instance().registeredResources()) {
      if (name.equals(resource.name())) {
        return resource;
      }
    }
    return null;
  }

  private static int integer(InstanceRow row, String name) {
    Resource resource = resource(row, name);
    return resource == null || resource.integerValue() == null ? 0 : resource.integerValue();
  }

  private static List<String> strings(InstanceRow row, String name) {
    Resource resource = resource(row, name);
    return resource == null ? List.of() : resource.stringSetValue();
  }

  private static Set<Integer> ports(InstanceRow row, String name) {
    Set<Integer> ports = new HashSet<>();
    for (String port : strings(row, name)) {
      ports.add(Integer.parseInt(port));
    }
    return ports;
  }
}
