package gantry.services.ecs.planner;

import gantry.services.ecs.planner.Step.Why;
import gantry.services.ecs.planner.TaskView.Phase;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Rolling deployments, and everything else that keeps a service at its desired count: replacement,
 * draining, scaling in, rebalancing.
 */
final class RollingPlanner {

  private final Work work;

  RollingPlanner(Work work) {
    this.work = work;
  }

  Plan plan() {
    work.ledger.settle(work.tasks, work.service.desired(), work.now, work.steps);
    boolean failing = work.verdict();
    if (!failing) {
      boolean rolling = work.primary.state() != DeploymentView.State.FAILED;
      pendingOnDraining();
      if (rolling) {
        work.start(work.primary, work.missing(work.primary));
      }
      keepBase(rolling);
      stopLeaving(rolling);
      replaceUnhealthy();
      scaleIn();
      if (rolling) {
        work.start(work.primary, work.missing(work.primary));
      }
      work.drop();
      finish();
    }
    work.explain();
    work.ledger.write(work.steps);
    return new Plan(List.copyOf(work.steps), List.copyOf(work.waiting), work.lookAgain);
  }

  /**
   * Until the new revision carries the work.service, the last good one is kept up to the lower
   * bound; after a failure without a way back, up to what is desired.
   */
  private void keepBase(boolean rolling) {
    if (work.base == null) {
      return;
    }
    int floor = rolling ? work.service.lower() : work.service.desired();
    int there =
        (int)
            work.count(
                task ->
                    work.serves(task)
                        || (work.isOf(task, work.base)
                            && task.phase() == Phase.STARTING
                            && !task.instanceDraining()));
    int inPlace =
        rolling ? 0 : (int) work.count(task -> work.isOf(task, work.primary) && !task.isHealthy());
    work.start(work.base, floor - there - inPlace);
  }

  private void pendingOnDraining() {
    for (TaskView task : work.tasks) {
      if (work.live(task) && task.phase() == Phase.STARTING && task.instanceDraining()) {
        work.stop(task, Why.INSTANCE_DRAINING);
      }
    }
  }

  /** Old revisions go as far as the lower bound lets; what serves nobody goes at once. */
  private void stopLeaving(boolean rolling) {
    int guarded = 0;
    List<TaskView> serving = new ArrayList<>();
    for (TaskView task : work.tasks) {
      if (!work.live(task) || !work.leaving(task)) {
        continue;
      }
      boolean old = !work.isOf(task, work.primary);
      if (old && !task.instanceDraining() && !rolling) {
        continue;
      }
      if (old && task.guarded() && !task.instanceDraining()) {
        guarded++;
        continue;
      }
      if (work.serves(task)) {
        serving.add(task);
      } else if (task.isUnhealthy() || !old || !keepsStarting(task)) {
        work.stop(task, old ? Why.DEPLOYMENT : Why.INSTANCE_DRAINING);
      }
    }
    for (TaskView task : spare(serving, work.serving() - work.service.lower())) {
      work.stop(task, work.isOf(task, work.primary) ? Why.INSTANCE_DRAINING : Why.DEPLOYMENT);
    }
    if (guarded > 0) {
      work.waiting.add(new Waiting.Guarded(work.primary.id(), guarded));
    }
  }

  /**
   * As many of these as may go: first those that do not serve yet, then healthy ones as far as the
   * healthy that stay are enough without any help of those that do not.
   */
  private List<TaskView> spare(List<TaskView> from, int count) {
    List<TaskView> unsure = from.stream().filter(task -> !task.isHealthy()).toList();
    List<TaskView> chosen = new ArrayList<>(ScaleIn.choose(unsure, count));
    int healthy = (int) work.count(TaskView::isHealthy) - work.service.lower();
    List<TaskView> sure = from.stream().filter(TaskView::isHealthy).toList();
    chosen.addAll(ScaleIn.choose(sure, Math.min(count - chosen.size(), healthy)));
    return chosen;
  }

  /** A replacement of the last good revision that is coming up is let be while it is needed. */
  private boolean keepsStarting(TaskView task) {
    return work.base != null && work.isOf(task, work.base) && work.serving() < work.service.lower();
  }

  /** An unhealthy task goes when a healthy one stands in for it, or to make room for that one. */
  private void replaceUnhealthy() {
    List<TaskView> unhealthy =
        work.tasks.stream()
            .filter(task -> work.live(task) && work.isOf(task, work.primary) && task.isUnhealthy())
            .toList();
    if (unhealthy.isEmpty()) {
      return;
    }
    int healthy = (int) work.count(task -> work.isOf(task, work.primary) && task.isHealthy());
    boolean full = work.liveInAll() >= work.service.upper();
    int going = 0;
    if (healthy >= work.service.desired()) {
      going = unhealthy.size();
    } else if (full
        && work.startedInAll() == 0
        && work.count(
                task -> task.phase() == Phase.STARTING || task.health() == TaskView.Health.WAITING)
            == 0) {
      going = 1;
    } else if (healthy + unhealthy.size() > work.service.desired()) {
      going = healthy + unhealthy.size() - work.service.desired();
    }
    for (int i = 0; i < going; i++) {
      work.stop(unhealthy.get(i), Why.UNHEALTHY);
    }
  }

  private void scaleIn() {
    List<TaskView> own =
        work.tasks.stream()
            .filter(
                task ->
                    work.live(task) && work.isOf(task, work.primary) && !task.instanceDraining())
            .toList();
    // Unhealthy ones have their replacement beside them; they leave by their own rule.
    long counted = own.stream().filter(task -> !task.isUnhealthy()).count();
    int excess = (int) counted - work.service.desired();
    if (excess <= 0) {
      if (work.service.balancing() && own.size() == work.service.desired()) {
        work.steps.add(new Step.Rebalance(false));
      }
      return;
    }
    if (work.service.balancing() && own.stream().anyMatch(task -> !task.isHealthy())) {
      return;
    }
    List<TaskView> chosen = spare(own, excess);
    for (TaskView task : chosen) {
      work.stop(task, work.service.balancing() ? Why.REBALANCE : Why.SCALE_IN);
    }
    if (chosen.size() < excess) {
      work.waiting.add(new Waiting.Guarded(work.primary.id(), excess - chosen.size()));
    }
  }

  private void finish() {
    boolean others =
        work.tasks.stream()
            .anyMatch(task -> !work.isOf(task, work.primary) && task.phase() != Phase.STOPPED);
    boolean stopping =
        !work.stopped.isEmpty()
            || work.tasks.stream().anyMatch(task -> task.phase() == Phase.STOPPING);
    long healthy = work.count(task -> work.isOf(task, work.primary) && task.isHealthy());
    boolean full = healthy == work.service.desired() && work.liveInAll() == work.service.desired();
    if (!full || others || work.startedInAll() > 0) {
      return;
    }
    if (work.primary.state() == DeploymentView.State.IN_PROGRESS) {
      work.steps.add(new Step.Complete(work.primary.id()));
      if (work.base != null) {
        work.steps.add(new Step.Drop(work.base.id()));
      }
    }
    if (work.primary.state() != DeploymentView.State.FAILED && !stopping) {
      work.steps.add(new Step.Steady());
      rebalance();
    }
  }

  /** A task too many in the poor zone first; the rich one loses one when that is healthy. */
  private void rebalance() {
    if (!work.service.rebalance()
        || work.service.balancing()
        || work.service.zones().size() < 2
        || work.service.upper() <= work.service.desired()) {
      return;
    }
    Map<String, Integer> zones = new LinkedHashMap<>();
    work.service.zones().stream().sorted().forEach(zone -> zones.put(zone, 0));
    for (TaskView task : work.tasks) {
      if (work.live(task)) {
        zones.merge(task.zone(), 1, Integer::sum);
      }
    }
    String poor = null;
    int least = Integer.MAX_VALUE;
    int most = 0;
    for (var zone : zones.entrySet()) {
      if (zone.getValue() < least && work.service.zones().contains(zone.getKey())) {
        least = zone.getValue();
        poor = zone.getKey();
      }
      most = Math.max(most, zone.getValue());
    }
    if (poor != null && most - least > 1) {
      work.steps.add(new Step.Rebalance(true));
      work.steps.add(new Step.Start(work.primary.id(), 1, poor));
    }
  }
}
