package gantry.node.vpc;

import gantry.acs.EniPayload;
import gantry.acs.network.Cidr;
import gantry.acs.network.NetworkPlan;
import gantry.acs.network.NetworkPlan.Endpoint;
import gantry.acs.network.NetworkPlan.Vpc;
import gantry.acs.network.Reachability;
import gantry.node.TaskNetwork;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
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

  /** How often the kernel is compared with the plan though nothing has changed. */
  private static final Duration AUDIT_EVERY = Duration.ofMinutes(1);

  /** How long a task waits for the plan that knows its interface. */
  private static final Duration PLAN_PATIENCE = Duration.ofSeconds(15);

  /** An address that nobody has (RFC 5737): only the way to it matters. */
  private static final String SOMEWHERE_ON_THE_INTERNET = "203.0.113.1";

  private static final int TCP = 6;
  private static final int HTTPS = 443;

  private static final long RETRY_FIRST_MILLIS = 100;
  private static final long RETRY_LIMIT_MILLIS = 10_000;

  private final VpcSettings settings;
  private final VpcReconciler reconciler;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guards what comes in only, so that whoever brings a plan never waits for the kernel. */
  private final ReentrantLock inbox = new ReentrantLock();

  private final Condition arrived = inbox.newCondition();
  private final Thread worker;

  private @Nullable NetworkPlan next;
  private NetworkPlan current;
  private long updates;
  private long applied;
  private @Nullable String failure;
  private boolean closed;

  /** Everything was taken away, and nothing is made again before a new plan comes. */
  private boolean removed;

  /** Told when the kernel has other VPCs than before. */
  private final Runnable otherVpcs;

  public VpcNetwork(VpcSettings settings) {
    this(settings, () -> {});
  }

  /**
   * @param otherVpcs run, on the thread that makes the kernel follow, whenever VPCs have come or
   *     gone there: it returns at once
   */
  public VpcNetwork(VpcSettings settings, Runnable otherVpcs) {
    this.otherVpcs = otherVpcs;
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
    inbox.lock();
    try {
      next = plan;
      updates++;
      arrived.signalAll();
    } finally {
      inbox.unlock();
    }
  }

  /** Waits until the first plan is in the kernel. */
  public boolean awaitFirst(Duration patience) throws InterruptedException {
    return awaitApplied(1, patience);
  }

  /** Waits until every plan handed over before is in the kernel. */
  public boolean awaitApplied(Duration patience) throws InterruptedException {
    return awaitApplied(updates(), patience);
  }

  private boolean awaitApplied(long wanted, Duration patience) throws InterruptedException {
    lock.lock();
    try {
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

  private long updates() {
    inbox.lock();
    try {
      return updates;
    } finally {
      inbox.unlock();
    }
  }

  /** Waits until the VPC's router stands. */
  boolean awaitVpc(String vpc) throws InterruptedException {
    lock.lock();
    try {
      long left = PLAN_PATIENCE.toNanos();
      while (!current.vpcs().containsKey(vpc)) {
        if (left <= 0 || closed) {
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

  /**
   * Why nothing gets out of the machine or in from the host, though everything inside works; null
   * when all is well.
   */
  public @Nullable String egressProblem() {
    lock.lock();
    try {
      return reconciler.egressProblem();
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

  @Override
  public Optional<String> noWayToRegistry(EniPayload eni, String registryHost) {
    if (settings.relaxed()) {
      return Optional.empty();
    }
    NetworkPlan now = plan();
    Reachability.Answer internet =
        Reachability.ask(now, eni.eniId(), SOMEWHERE_ON_THE_INTERNET, TCP, HTTPS);
    if (!(internet instanceof Reachability.Answer.Stopped(_, _, _, String why))) {
      return Optional.empty();
    }
    Vpc vpc = now.vpcs().get(eni.vpcId());
    String noEndpoint = eni.vpcId() + " has no endpoint for ecr.dkr.";
    if (vpc != null) {
      for (Endpoint endpoint : vpc.endpoints().values()) {
        if (endpoint.service().endsWith(".ecr.dkr")) {
          for (Cidr address : endpoint.cidrs()) {
            switch (Reachability.ask(now, eni.eniId(), address.address(0), TCP, HTTPS)) {
              case Reachability.Answer.Allowed _ -> {
                return Optional.empty();
              }
              case Reachability.Answer.Stopped(_, _, _, String closed) ->
                  noEndpoint = "Endpoint " + endpoint.id() + " is not reached: " + closed;
            }
          }
        }
      }
    }
    return Optional.of(
        "no way from %s to %s: %s %s Any of three would do: a public address in a public subnet, a"
                .formatted(
                    eni.subnetId(),
                    registryHost,
                    why.replace(SOMEWHERE_ON_THE_INTERNET, "the internet"),
                    noEndpoint)
            + " route to a NAT gateway, or an interface endpoint for ecr.dkr.");
  }

  /** Leaves the machine as it was: for {@code gantry down}, not for a stop. */
  public void removeEverything() {
    inbox.lock();
    try {
      next = null;
    } finally {
      inbox.unlock();
    }
    lock.lock();
    try {
      removed = true;
      reconciler.removeEverything();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes away what a program left that runs no more.
   *
   * @return how many networks there were: routers, gateways, the edge
   * @throws IllegalStateException when it may not, or cannot
   */
  public static int removeOfDead(VpcSettings settings) {
    int found = standing(settings);
    try {
      new VpcReconciler(settings).removeEverything();
    } catch (CommandFailed e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
    return found;
  }

  /** How many networks of an installation stand in this kernel, whoever made them. */
  public static int standing(VpcSettings settings) {
    return new KernelReader(new Commands()).namespaces(settings.names().prefix()).size();
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

  /** Somebody may have removed a link or a rule behind our back. */
  private void auditQuietly() {
    try {
      reconciler.audit();
    } catch (CommandFailed e) {
      log.warn("the network could not be audited: {}", e.getMessage());
    } catch (RuntimeException e) {
      // A mistake of ours: thrown on, it would end the thread, and no plan would be followed again.
      log.error("the network could not be audited", e);
    }
  }

  /** What has arrived last, with its number; null when nothing has for a while. */
  private @Nullable Arrival take(Duration patience) throws InterruptedException {
    inbox.lock();
    try {
      long left = patience.toNanos();
      while (next == null && left > 0) {
        left = arrived.awaitNanos(left);
      }
      NetworkPlan plan = next;
      next = null;
      return plan == null ? null : new Arrival(plan, updates);
    } finally {
      inbox.unlock();
    }
  }

  private record Arrival(NetworkPlan plan, long number) {}

  private void work() {
    long retryMillis = RETRY_FIRST_MILLIS;
    Arrival again = null;
    try {
      while (!Thread.currentThread().isInterrupted()) {
        Arrival fresh = take(again == null ? AUDIT_EVERY : Duration.ofMillis(retryMillis));
        Arrival arrival = fresh == null ? again : fresh;
        lock.lock();
        try {
          if (closed) {
            return;
          }
          if (removed && fresh == null) {
            again = null;
            continue;
          }
          removed = false;
          if (arrival == null) {
            if (applied > 0) {
              auditQuietly();
            }
            continue;
          }
          reconciler.apply(arrival.plan());
          boolean others = !current.vpcs().keySet().equals(arrival.plan().vpcs().keySet());
          current = arrival.plan();
          applied = arrival.number();
          if (others) {
            otherVpcs.run();
          }
          failure = null;
          again = null;
          retryMillis = RETRY_FIRST_MILLIS;
        } catch (RuntimeException e) {
          if (e instanceof CommandFailed) {
            log.warn("the network plan is not in the kernel yet: {}", e.getMessage());
          } else {
            log.error("the network plan is not in the kernel yet", e); // a mistake of ours
          }
          failure = e.getMessage() == null ? e.toString() : e.getMessage();
          again = arrival;
          retryMillis = Math.min(RETRY_LIMIT_MILLIS, retryMillis * 2);
        } finally {
          changed.signalAll();
          lock.unlock();
        }
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
