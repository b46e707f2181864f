package gantry.node;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.ContainerStateChange;
import software.amazon.awssdk.services.ecs.model.EcsException;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesRequest;
import software.amazon.awssdk.services.ecs.model.SubmitAttachmentStateChangesResponse;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeResponse;

/** A control plane that only listens, and can be away for a while. */
public final class ControlPlane implements EcsClient {

  /** So long anything may take on a machine that has much else to do. */
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final long LOOK_AGAIN_NANOS = 10_000_000;

  private final List<SubmitTaskStateChangeRequest> reports = new CopyOnWriteArrayList<>();
  private final List<SubmitAttachmentStateChangesRequest> attachments =
      new CopyOnWriteArrayList<>();
  private volatile boolean away;

  @Override
  public SubmitTaskStateChangeResponse submitTaskStateChange(SubmitTaskStateChangeRequest report) {
    throwIfAway();
    synchronized (reports) {
      reports.add(report);
      reports.notifyAll();
    }
    return SubmitTaskStateChangeResponse.builder().acknowledgment("ok").build();
  }

  @Override
  public SubmitAttachmentStateChangesResponse submitAttachmentStateChanges(
      SubmitAttachmentStateChangesRequest request) {
    throwIfAway();
    attachments.add(request);
    return SubmitAttachmentStateChangesResponse.builder().acknowledgment("ok").build();
  }

  private void throwIfAway() {
    if (away) {
      throw EcsException.builder().message("away").statusCode(503).build();
    }
  }

  public void away(boolean now) {
    away = now;
  }

  public List<SubmitTaskStateChangeRequest> reports(String task) {
    return reports.stream().filter(each -> each.task().equals(task)).toList();
  }

  public List<SubmitAttachmentStateChangesRequest> attachments() {
    return new ArrayList<>(attachments);
  }

  public Optional<SubmitTaskStateChangeRequest> newest(String task) {
    List<SubmitTaskStateChangeRequest> all = reports(task);
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
  }

  /** The first report of this status; fails when it does not come in time. */
  public SubmitTaskStateChangeRequest await(String task, String status) {
    return await(task, status, each -> true);
  }

  public SubmitTaskStateChangeRequest await(
      String task, String status, Predicate<SubmitTaskStateChangeRequest> condition) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    synchronized (reports) {
      while (true) {
        for (SubmitTaskStateChangeRequest each : reports(task)) {
          if (each.status().equals(status) && condition.test(each)) {
            return each;
          }
          if (each.status().equals("STOPPED") && !status.equals("STOPPED")) {
            throw new AssertionError("stopped before it was " + status + ": " + each);
          }
        }
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          throw new AssertionError(
              task + " was not " + status + " within " + LIMIT + "; it was: " + reports(task));
        }
        try {
          reports.wait(left);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new AssertionError(e);
        }
      }
    }
  }

  public static ContainerStateChange container(SubmitTaskStateChangeRequest report, String name) {
    return report.containers().stream()
        .filter(each -> each.containerName().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no container " + name + " in " + report));
  }

  /** Waits for what nobody tells of, such as what Docker knows: looks at it again and again. */
  public static void until(String what, BooleanSupplier holds) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("not within " + LIMIT + ": " + what);
      }
      LockSupport.parkNanos(LOOK_AGAIN_NANOS);
    }
  }

  @Override
  public @Nullable String serviceName() {
    return "ecs";
  }

  @Override
  public void close() {}
}
