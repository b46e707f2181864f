package gantry.services.ecs.planner;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How the tasks of each deployment went: failures, their cause, the throttle. */
final class Ledger {

  /** The longest pause between attempts. */
  static final Duration MAX_THROTTLE = Duration.ofMinutes(27);

  static final Duration FIRST_THROTTLE = Duration.ofMinutes(1);

  /** Rounds of failed starts before the throttle. */
  static final int FREE_ROUNDS = 2;

  /** Between the end of a task that had run and its replacement, from the second time on. */
  static final Duration CRASH_PAUSE = Duration.ofSeconds(15);

  private final Map<String, Book> books = new LinkedHashMap<>();

  /** The bookkeeping of one deployment, as it becomes. */
  static final class Book {
    final DeploymentView from;
    int failed;
    boolean ran;
    @Nullable String cause;
    int same;
    @Nullable Instant notBefore;
    boolean progressed;

    Book(DeploymentView from) {
      this.from = from;
      failed = from.failedTasks();
      ran = from.ran();
      cause = from.cause();
      same = from.sameCause();
      notBefore = from.notBefore();
    }

    boolean changed() {
      return progressed
          || failed != from.failedTasks()
          || ran != from.ran()
          || same != from.sameCause()
          || !Objects.equals(cause, from.cause())
          || !Objects.equals(notBefore, from.notBefore());
    }
  }

  Ledger(List<DeploymentView> deployments) {
    deployments.forEach(each -> books.put(each.id(), new Book(each)));
  }

  @Nullable Book book(String deployment) {
    return books.get(deployment);
  }

  Book of(DeploymentView deployment) {
    return Objects.requireNonNull(books.get(deployment.id()));
  }

  /** Takes notice of every task that has an outcome by now. */
  void settle(List<TaskView> tasks, int desired, Instant now, List<Step> steps) {
    for (TaskView task : tasks) {
      Book book = books.get(task.deployment());
      if (task.phase() == TaskView.Phase.STOPPED || task.phase() == TaskView.Phase.STOPPING) {
        // One that ended by itself counts at once: its replacement must not be started before.
        boolean over =
            task.phase() == TaskView.Phase.STOPPED
                || (task.end() != null && task.end().byItself());
        if (over && !task.settled()) {
          steps.add(new Step.Settle(task.id(), false));
          if (book != null) {
            ended(book, task, desired, now);
          }
        }
        continue;
      }
      if (book != null && task.phase() == TaskView.Phase.RUNNING) {
        book.ran = true;
      }
      if (!task.wellNoted() && task.isHealthy()) {
        steps.add(new Step.Settle(task.id(), true));
        if (book != null) {
          book.failed = 0;
          book.cause = null;
          book.same = 0;
          book.notBefore = null;
          book.progressed = true;
        }
      }
    }
  }

  private static void ended(Book book, TaskView task, int desired, Instant now) {
    TaskView.End end = task.end();
    book.progressed |= end == null || !end.byItself();
    if (end == null || !end.byItself() || task.wellNoted()) {
      return;
    }
    book.failed++;
    if (end.cause() != null && end.cause().equals(book.cause)) {
      book.same++;
    } else {
      book.cause = end.cause();
      book.same = end.cause() == null ? 0 : 1;
    }
    if (end.ran()) {
      if (book.failed > 1) {
        book.notBefore = later(book.notBefore, now.plus(CRASH_PAUSE));
      }
      return;
    }
    int rounds = Math.ceilDiv(book.failed, Math.max(1, desired));
    if (rounds > FREE_ROUNDS) {
      int doublings = Math.min(rounds - FREE_ROUNDS - 1, 10);
      Duration pause = FIRST_THROTTLE.multipliedBy(1L << doublings);
      book.notBefore =
          later(book.notBefore, now.plus(pause.compareTo(MAX_THROTTLE) > 0 ? MAX_THROTTLE : pause));
    }
  }

  private static Instant later(@Nullable Instant a, Instant b) {
    return a == null || a.isBefore(b) ? b : a;
  }

  void write(List<Step> steps) {
    for (Book book : books.values()) {
      if (book.changed()) {
        steps.add(
            new Step.Note(
                book.from.id(),
                book.failed,
                book.ran,
                book.cause,
                book.same,
                book.notBefore,
                book.progressed));
      }
    }
  }
}
