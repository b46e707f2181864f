package gantry.state;

import java.time.Clock;
import java.util.Collection;
import java.util.List;

/** A store that forgets everything when the program ends: for {@code --ephemeral} and for tests. */
public final class MemoryStore {

  private MemoryStore() {}

  public static Store of(Clock clock, Table<?>... tables) {
    return of(clock, List.of(tables));
  }

  /** The feed's consumers are called before {@code write} returns, by the writer's own thread. */
  public static Store of(Clock clock, Collection<? extends Table<?>> tables) {
    return new TableStore(new Catalog(tables), clock, null, () -> {});
  }
}
