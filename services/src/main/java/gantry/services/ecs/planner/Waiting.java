package gantry.services.ecs.planner;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
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

  /** The balancer has not taken the weights yet. */
  record Traffic(String stage, double production, double test, @Nullable String problem)
      implements Waiting {}

  /** A pause between steps, or the bake time. */
  record Baking(String stage, double production, double test, Instant until) implements Waiting {}

  default String text() {
    return switch (this) {
      case Configuration it ->
          String.format(
              Locale.ROOT,
              "nothing may start or stop: %d desired, at least %d healthy, at most %d in all, %d there",
              it.desired,
              it.lower,
              it.upper,
              it.live);
      case Throttled it ->
          String.format(
              Locale.ROOT,
              "throttled until %s after %d failed starts%s",
              it.until,
              it.failures,
              it.cause == null ? "" : ": " + it.cause);
      case Guarded it -> it.tasks + " tasks of " + it.deployment + " are protected from scale-in";
      case Health it -> "waiting for " + it.tasks.size() + " tasks to be healthy";
      case Starting it -> "waiting for " + it.tasks.size() + " tasks to start";
      case Stopping it -> "waiting for " + it.tasks.size() + " tasks to end";
      case Digest it -> "the first task of " + it.deployment + " resolves the image digest";
      case Traffic it ->
          "waiting for the listener rules to send %s %% of production and %s %% of test traffic to the new revision%s"
              .formatted(
                  percent(it.production),
                  percent(it.test),
                  it.problem == null ? "" : ": " + it.problem);
      case Baking it ->
          "%s with %s %% of production and %s %% of test traffic on the new revision until %s"
              .formatted(it.stage, percent(it.production), percent(it.test), it.until);
      case Failed it ->
          "deployment %s failed%s; update the service to try again"
              .formatted(it.deployment, it.cause == null ? "" : ": " + it.cause);
    };
  }

  /** 10, or 0.5. */
  static String percent(double value) {
    return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
  }
}
