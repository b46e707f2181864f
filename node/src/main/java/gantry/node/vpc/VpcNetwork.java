package gantry.node.vpc;

import gantry.acs.EniPayload;
import gantry.acs.network.NetworkPlan;
import gantry.node.TaskNetwork;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The networks of this node. {@link #update} takes the newest plan and returns at once; a thread of
 * its own makes the kernel follow, newest plan first, and tries again after a failure. Tasks get
 * their interfaces through {@link TaskNetwork}.
 */
public final class VpcNetwork implements TaskNetwork, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(VpcNetwork.class);

  /** How long a task waits for the plan that knows its interface. */
  private static final Duration PLAN_PATIENCE = Duration.ofSeconds(15);

  private static final long RETRY_FIRST_MILLIS = 100;
  private static final long RETRY_LIMIT_MILLIS = 10_000;

  private final VpcSettings settings;
  private final VpcReconciler reconciler;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Thread worker;

  private @Nullable NetworkPlan next;
  private NetworkPlan current;
  private long updates;
  private long applied;
  private @Nullable String failure;
  private boolean closed;

  public VpcNetwork(VpcSettings settings) {
    this.settings = settings;
    this.reconciler = new VpcReconciler(settings);
    this.current =
        new NetworkPlan(
            new java.util.TreeMap<>(), new java.util.TreeMap<>(), new java.util.TreeMap<>());
    this.worker = Thread.ofVirtual().name("vpc-reconciler").start(this::work);
  }

  public VpcSettings settings() {
    return settings;
  }

  /** Takes the newest plan; any that was not begun yet is skipped. */
  public void update(NetworkPlan plan) {
    lock.lock();
    try {
      next = plan;
      updates++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until every plan handed over before is in the kernel. */
  public boolean awaitApplied(Duration patience) throws InterruptedException {
    lock.lock();
    try {
      long wanted = updates;
      long left = patience.toNanos();
      while (applied < wanted) {
        if (left <= 0) {
          return false;
        }
        left = changed.awaitNanos(left);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The plan that the kernel follows. */
  public NetworkPlan plan() {
    lock.lock();
    try {
      return current;
    } finally {
      lock.unlock();
    }
  }

  /** Why the newest plan is not in the kernel; null when it is or is on its way. */
  public @Nullable String failure() {
    lock.lock();
    try {
      return failure;
    } finally {
      lock.unlock();
    }
  }

  /** What security groups and network ACLs have refused. */
  public DropCounters dropCounters() {
    return new DropCounters(settings.names(), plan());
  }

  /** Compares the kernel with the plan and repairs what differs. */
  public void audit() {
    lock.lock();
    try {
      reconciler.audit();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void attach(String taskArn, EniPayload eni, long pausePid) throws Unavailable {
    lock.lock();
    try {
      long left = PLAN_PATIENCE.toNanos();
      while (!reconciler.knows(eni.vpcId(), eni.eniId())) {
        if (left <= 0) {
          throw new Unavailable(
              "Timeout waiting for network interface provisioning to complete: "
                  + eni.eniId()
                  + " of "
                  + eni.vpcId()
                  + (failure == null ? " is not known on this node" : ": " + failure));
        }
        left = changed.awaitNanos(left);
      }
      reconciler.attach(eni, pausePid);
    } catch (CommandFailed e) {
      throw new Unavailable("cannot attach " + eni.eniId() + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Unavailable("interrupted while attaching " + eni.eniId(), e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void detach(String eniId) {
    lock.lock();
    try {
      reconciler.detach(eniId);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void retainOnly(Set<String> eniIds) {
    lock.lock();
    try {
      reconciler.retainOnly(eniIds);
    } finally {
      lock.unlock();
    }
  }

  /** Leaves the machine as it was: for {@code gantry down}, not for a stop. */
  public void removeEverything() {
    lock.lock();
    try {
      next = null;
      reconciler.removeEverything();
    } finally {
      lock.unlock();
    }
  }

  /** Stops following; what stands keeps standing, so tasks keep their network. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    worker.interrupt();
    try {
      worker.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void work() {
    long retryMillis = RETRY_FIRST_MILLIS;
    lock.lock();
    try {
      while (!closed) {
        NetworkPlan plan = next;
        if (plan == null) {
          changed.await();
          continue;
        }
        long number = updates;
        next = null;
        try {
          reconciler.apply(plan);
          current = plan;
          applied = number;
          failure = null;
          retryMillis = RETRY_FIRST_MILLIS;
        } catch (CommandFailed e) {
          log.warn("the network plan is not in the kernel yet: {}", e.getMessage());
          failure = e.getMessage();
          next = plan;
          changed.await(retryMillis, TimeUnit.MILLISECONDS);
          retryMillis = Math.min(RETRY_LIMIT_MILLIS, retryMillis * 2);
        }
        changed.signalAll();
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }
}
