package gantry.services.ecs.planner;

import gantry.services.ecs.planner.Step.Why;
import gantry.services.ecs.planner.TaskView.Phase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One task on each instance that matches: first to come, last to leave. A deployment replaces them
 * instance by instance, the old one first, as far as minimumHealthyPercent lets.
 */
final class DaemonPlanner {

  private final Work work;
  private final List<String> instances;

  DaemonPlanner(Work work, List<String> instances) {
    this.work = work;
    this.instances = instances;
  }

  Plan plan() {
    work.ledger.settle(work.tasks, instances.size(), work.now, work.steps);
    if (!work.verdict()) {
      boolean rolling = work.primary.state() != DeploymentView.State.FAILED;
      Set<String> wanted = new HashSet<>(instances);
      leaveOthers(wanted);
      if (rolling) {
        replaceOld(wanted);
        fill();
      }
      work.drop();
      finish();
    }
    work.explain();
    work.ledger.write(work.steps);
    return new Plan(List.copyOf(work.steps), List.copyOf(work.waiting), work.lookAgain);
  }

  /** From an instance that is being emptied the daemon goes when the others have gone. */
  private void leaveOthers(Set<String> wanted) {
    Map<String, Integer> kept = new HashMap<>();
    for (TaskView task : work.tasks) {
      if (!work.live(task)) {
        continue;
      }
      if (!wanted.contains(task.instance())) {
        if (!task.instanceDraining() || task.othersOnInstance() == 0) {
          work.stop(task, task.instanceDraining() ? Why.INSTANCE_DRAINING : Why.SCALE_IN);
        }
      } else if (task.isUnhealthy()) {
        work.stop(task, Why.UNHEALTHY);
      } else if (work.isOf(task, work.primary)
          && kept.merge(task.instance(), 1, Integer::sum) > 1) {
        work.stop(task, Why.SCALE_IN);
      }
    }
  }

  private void replaceOld(Set<String> wanted) {
    int lower = Math.ceilDiv(instances.size() * work.service.minimumHealthyPercent(), 100);
    List<TaskView> old = new ArrayList<>();
    int serving = 0;
    for (TaskView task : work.tasks) {
      if (!work.live(task) || !wanted.contains(task.instance())) {
        continue;
      }
      boolean runs = task.phase() == Phase.RUNNING && !task.isUnhealthy();
      if (!work.isOf(task, work.primary)) {
        old.add(task);
        serving += runs ? 1 : 0;
      } else if (task.isHealthy()) {
        serving++;
      }
    }
    for (TaskView task : old) {
      boolean runs = task.phase() == Phase.RUNNING;
      if (!runs || serving - 1 >= lower) {
        work.stop(task, Why.DEPLOYMENT);
        serving -= runs ? 1 : 0;
      }
    }
  }

  /** An instance whose former daemon is not gone yet still has its ports and memory. */
  private void fill() {
    Set<String> taken = new HashSet<>();
    for (TaskView task : work.tasks) {
      if (task.phase() != Phase.STOPPED) {
        taken.add(task.instance());
      }
    }
    Ledger.Book book = work.ledger.of(work.primary);
    for (String instance : instances) {
      if (taken.contains(instance)) {
        continue;
      }
      if (book.notBefore != null && work.now.isBefore(book.notBefore)) {
        work.again(book.notBefore);
        work.waiting.add(
            new Waiting.Throttled(work.primary.id(), book.notBefore, book.failed, book.cause));
        return;
      }
      if (!work.primary.pinned()
          && (work.startedInAll() > 0 || work.count(task -> work.isOf(task, work.primary)) > 0)) {
        // Its first task resolves the tags for all of them.
        work.waiting.add(new Waiting.Digest(work.primary.id()));
        return;
      }
      work.started.merge(work.primary.id(), 1, Integer::sum);
      work.steps.add(new Step.StartOn(work.primary.id(), instance));
    }
  }

  private void finish() {
    boolean others =
        work.tasks.stream()
            .anyMatch(task -> !work.isOf(task, work.primary) && task.phase() != Phase.STOPPED);
    long healthy =
        work.count(
            task ->
                work.isOf(task, work.primary)
                    && task.isHealthy()
                    && instances.contains(task.instance()));
    if (others || work.startedInAll() > 0 || healthy != instances.size()) {
      return;
    }
    if (work.primary.state() == DeploymentView.State.IN_PROGRESS) {
      work.steps.add(new Step.Complete(work.primary.id()));
      if (work.base != null) {
        work.steps.add(new Step.Drop(work.base.id()));
      }
    }
    if (work.primary.state() != DeploymentView.State.FAILED && work.stopped.isEmpty()) {
      work.steps.add(new Step.Steady());
    }
  }
}
