package gantry.services.ecs.planner;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What to do now, what is waited for, and when to look again though nothing changed. */
public record Plan(List<Step> steps, List<Waiting> waiting, @Nullable Instant lookAgain) {

  public <S extends Step> List<S> steps(Class<S> kind) {
    return steps.stream().filter(kind::isInstance).map(kind::cast).toList();
  }
}
