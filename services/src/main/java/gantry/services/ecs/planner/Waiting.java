package gantry.services.ecs.planner;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Why nothing happens: a value, so that the event, the explanation and the test say the same. */
public sealed interface Waiting {

  /** Nothing may be started and nothing stopped. */
  record Configuration(int desired, int lower, int upper, int live) implements Waiting {}

  record Throttled(String deployment, Instant until, int failures, @Nullable String cause)
      implements Waiting {}

  record Guarded(String deployment, int tasks) implements Waiting {}

  record Health(List<String> tasks) implements Waiting {}

  record Starting(List<String> tasks) implements Waiting {}

  record Stopping(List<String> tasks) implements Waiting {}

  /** The first task has to tell which image the tag means. */
  record Digest(String deployment) implements Waiting {}

  record Failed(String deployment, @Nullable String cause) implements Waiting {}

  default String text() {
    return switch (this) {
      case Configuration it ->
          "nothing may start or stop: %d desired, at least %d healthy, at most %d in all, %d there"
              .formatted(it.desired, it.lower, it.upper, it.live);
      case Throttled it ->
          "throttled until %s after %d failed starts%s"
              .formatted(it.until, it.failures, it.cause == null ? "" : ": " + it.cause);
      case Guarded it -> it.tasks + " tasks of " + it.deployment + " are protected from scale-in";
      case Health it -> "waiting for " + it.tasks.size() + " tasks to be healthy";
      case Starting it -> "waiting for " + it.tasks.size() + " tasks to start";
      case Stopping it -> "waiting for " + it.tasks.size() + " tasks to end";
      case Digest it -> "the first task of " + it.deployment + " resolves the image digest";
      case Failed it ->
          "deployment %s failed%s; update the service to try again"
              .formatted(it.deployment, it.cause == null ? "" : ": " + it.cause);
    };
  }
}
