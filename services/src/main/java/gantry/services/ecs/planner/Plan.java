package gantry.services.ecs.planner;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What to do now, what is waited for, and when to look again though nothing changed. */
public record Plan(List<Step> steps, List<Waiting> waiting, @Nullable Instant lookAgain) {

  public <S extends Step> List<S> steps(Class<S> kind) {
    List<S> found = new ArrayList<>();
    for (Step step : steps) {
      if (kind.isInstance(step)) {
        found.add(kind.cast(step));
      }
    }
    return found;
  }

  public boolean has(Class<? extends Step> kind) {
    for (Step step : steps) {
      if (kind.isInstance(step)) {
        return true;
      }
    }
    return false;
  }
}
