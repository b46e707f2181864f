package gantry.node.sim;

import gantry.acs.TaskPayload;
import java.time.Duration;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;

/**
 * How a simulated machine behaves: latencies, and how often which thing goes wrong.
 *
 * @param pull the usual time of a pull; each takes between half and twice of it
 * @param start the usual time of a container's start, likewise
 * @param stop how long a container needs to end after its stop signal, likewise
 * @param slowPulls the share of pulls that take twenty times as long
 * @param failingPulls the share of pulls that fail
 * @param failingStarts the share of starts that fail
 * @param deafContainers the share of containers that only SIGKILL ends
 * @param program what runs in a container
 */
public record Habits(
    Duration pull,
    Duration start,
    Duration stop,
    double slowPulls,
    double failingPulls,
    double failingStarts,
    double deafContainers,
    Program program) {

  static final int SLOW_FACTOR = 20;

  /** Everything works. */
  public static Habits good() {
    return new Habits(
        Duration.ofSeconds(2),
        Duration.ofMillis(400),
        Duration.ofMillis(300),
        0,
        0,
        0,
        0,
        (task, container, chance) -> Course.FOREVER);
  }

  /** A machine of a bad week. */
  public static Habits bad() {
    return new Habits(
        Duration.ofSeconds(3),
        Duration.ofMillis(800),
        Duration.ofSeconds(1),
        0.05,
        0.02,
        0.01,
        0.05,
        (task, container, chance) ->
            chance.nextInt(10) == 0
                ? new Course(Duration.ofSeconds(1 + chance.nextInt(600)), 1, Duration.ofSeconds(5))
                : Course.FOREVER);
  }

  public Habits with(Program other) {
    return new Habits(
        pull, start, stop, slowPulls, failingPulls, failingStarts, deafContainers, other);
  }

  /** The same machine, repaired: it refuses nothing any more. */
  public Habits repaired() {
    return new Habits(pull, start, stop, slowPulls, 0, 0, deafContainers, program);
  }

  /** What runs in a container: asked at each of its starts. */
  public interface Program {
    Course course(TaskPayload task, ContainerDefinition container, RandomGenerator chance);

    /** What the registry says of an image that it does not have; null for one that it has. */
    default @Nullable String cannotPull(ContainerDefinition container) {
      return null;
    }

    /** The digest that the image's tag stands for at the moment; null when nobody cares. */
    default @Nullable String digest(ContainerDefinition container, RandomGenerator chance) {
      return null;
    }
  }

  /**
   * One run of a program.
   *
   * @param runsFor null for until it is stopped
   * @param healthyAfter when its health check, if there is one, first succeeds; null for never
   */
  public record Course(@Nullable Duration runsFor, int exitCode, @Nullable Duration healthyAfter) {
    public static final Course FOREVER = new Course(null, 0, Duration.ofSeconds(5));
  }
}
