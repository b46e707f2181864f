package gantry.app.connect;

import gantry.acs.EniPayload;
import gantry.node.TaskNetwork;
import gantry.node.vpc.CommandFailed;
import gantry.node.vpc.TaskNamespaces;
import gantry.services.ecs.controller.ConnectPlan;
import gantry.services.ecs.controller.ConnectPlan.Member;
import gantry.state.Feed;
import gantry.state.Store;
import gantry.state.View;
import gantry.traffic.lb.LoadBalancers;
import gantry.traffic.lb.SocketRooms;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The proxies of Service Connect. It stands between the node and its network, so that it knows each
 * task's namespace before any container starts in it: by then the names resolve and the proxy
 * listens. Afterwards it follows the tables: a task that comes, goes or is about to go is known to
 * every proxy of its namespace at once.
 */
public final class ConnectLink implements TaskNetwork, AutoCloseable {

  private static final long RETRY_SECONDS = 2;

  private final Store store;
  private final TaskNetwork network;
  private final Path logs;
  private final TaskNamespaces namespaces = new TaskNamespaces();
  private final Map<String, Present> present = new HashMap<>();
  private final Map<String, Present> rooms = new ConcurrentHashMap<>();
  private final Semaphore due = new Semaphore(0);
  private final Feed.Subscription subscription;
  private final Thread follower;
  private @Nullable LoadBalancers proxies;
  private volatile boolean incomplete;
  private Map<String, String> labels = Map.of();
  private volatile boolean closed;

  /** A task that is on this machine, and what was last set up in it. */
  private static final class Present {
    final String eniId;
    final long pid;
    ConnectTables.@Nullable Inside inside;
    @Nullable String problem;

    Present(String eniId, long pid) {
      this.eniId = eniId;
      this.pid = pid;
    }
  }

  /**
   * Begins to follow.
   *
   * @param network what really gives tasks their interfaces
   */
  public ConnectLink(Store store, TaskNetwork network, Path logs) {
    this.store = store;
    this.network = network;
    this.logs = logs;
    this.subscription =
        store
            .feed()
            .subscribe(
                store.snapshot().revision(),
                commit -> {
                  if (commit.changes().stream().anyMatch(ConnectPlan::concerns)) {
                    due.release();
                  }
                });
    this.follower = Thread.ofPlatform().daemon().name("connect").start(this::follow);
  }

  // ---- as the node's network

  @Override
  public void attach(String taskArn, EniPayload eni, long pausePid) throws Unavailable {
    network.attach(taskArn, eni, pausePid);
    synchronized (this) {
      Present before = present.get(taskArn);
      if (before != null && before.pid != pausePid) {
        namespaces.forget(before.pid);
      }
      if (before == null || before.pid != pausePid) {
        Present now = new Present(eni.eniId(), pausePid);
        present.put(taskArn, now);
        rooms.put(ConnectTables.room(taskArn), now);
      }
      apply();
    }
  }

  @Override
  public void detach(String eniId) {
    leave(present -> present.eniId.equals(eniId));
    network.detach(eniId);
  }

  @Override
  public void retainOnly(Set<String> eniIds) {
    leave(present -> !eniIds.contains(present.eniId));
    network.retainOnly(eniIds);
  }

  @Override
  public Optional<String> noWayToRegistry(EniPayload eni, String registryHost) {
    return network.noWayToRegistry(eni, registryHost);
  }

  private synchronized void leave(java.util.function.Predicate<Present> who) {
    Set<Long> gone = new HashSet<>();
    present
        .values()
        .removeIf(
            one -> {
              if (who.test(one)) {
                gone.add(one.pid);
                return true;
              }
              return false;
            });
    if (!gone.isEmpty()) {
      rooms.values().removeIf(one -> gone.contains(one.pid));
      apply();
      gone.forEach(namespaces::forget);
    }
  }

  // ---- following the tables

  private void follow() {
    while (!closed) {
      try {
        boolean asked = due.tryAcquire(RETRY_SECONDS, TimeUnit.SECONDS);
        due.drainPermits();
        synchronized (this) {
          if (!closed && (asked || incomplete)) {
            apply();
          }
        }
      } catch (InterruptedException stopped) {
        return;
      } catch (RuntimeException e) {
        // The proxies go on with what they know; whatever is wrong, it is tried again.
        incomplete = true;
        Log.LOG.error("Service Connect could not follow; again in {} s", RETRY_SECONDS, e);
      }
    }
  }

  /** What stands now, for the tasks that are here. */
  private synchronized void apply() {
    if (closed || (present.isEmpty() && proxies == null)) {
      return;
    }
    View view = store.snapshot();
    if (proxies == null && !ConnectPlan.isUsed(view)) {
      return;
    }
    ConnectPlan plan = ConnectPlan.of(view);
    boolean any = plan.members().stream().anyMatch(one -> present.containsKey(one.taskArn()));
    LoadBalancers balancers = proxies;
    if (balancers == null) {
      if (!any) {
        return;
      }
      balancers =
          new LoadBalancers(
              new LoadBalancers.Config(0, this::room, null, logs, new byte[32], "", report -> {}));
      proxies = balancers;
    }
    balancers.apply(ConnectTables.table(view.revision(), plan, present.keySet()));
    boolean failed = !balancers.problems().isEmpty();
    labels = ConnectMetrics.labels(plan, present.keySet());
    for (Member member : plan.members()) {
      Present here = present.get(member.taskArn());
      if (here != null) {
        failed |= !setUp(here, member);
      }
    }
    incomplete = failed;
  }

  private boolean setUp(Present here, Member member) {
    ConnectTables.Inside wanted = ConnectTables.inside(member);
    if (wanted.equals(here.inside)) {
      return true;
    }
    try {
      if (here.inside == null || !wanted.redirects().equals(here.inside.redirects())) {
        namespaces.redirect(here.pid, wanted.redirects());
      }
      namespaces.hosts(here.pid, wanted.hosts());
      here.inside = wanted;
      return true;
    } catch (IOException | CommandFailed notYet) {
      String problem = notYet.toString();
      if (!problem.equals(here.problem)) {
        here.problem = problem;
        Log.LOG.warn(
            "Service Connect could not be set up in task {}: {}", member.taskArn(), problem);
      }
      return false;
    } catch (RuntimeException e) {
      // A mistake of ours in one task must not keep the others from theirs.
      Log.LOG.error("Service Connect could not be set up in task {}", member.taskArn(), e);
      return false;
    }
  }

  private SocketRooms.@Nullable Room room(String name) {
    // Asked by the proxies' own threads, also while a table is applied: never waits for that.
    Present here = rooms.get(name);
    if (here == null) {
      return null;
    }
    return new SocketRooms.Room() {
      @Override
      public <T> T make(Supplier<T> maker) {
        try {
          return namespaces.in(here.pid, maker::get);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  /**
   * What the proxies counted, by the names that CloudWatch has for it; of each service that asks
   * and each name that is asked for.
   */
  public void writeMetrics(StringBuilder out) {
    LoadBalancers balancers;
    Map<String, String> labels;
    synchronized (this) {
      balancers = proxies;
      labels = Map.copyOf(this.labels);
    }
    if (balancers != null) {
      ConnectMetrics.write(out, balancers.metrics(), labels);
    }
  }

  @Override
  public void close() {
    closed = true;
    subscription.close();
    follower.interrupt();
    synchronized (this) {
      LoadBalancers balancers = proxies;
      if (balancers != null) {
        balancers.close();
      }
      namespaces.close();
    }
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(ConnectLink.class);
  }
}
