package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeadlinesTest {

  record Thing(@Nullable Instant end) {}

  private static final Table<Thing> THINGS = Table.of("test.things", Thing.class);
  private static final Scope SCOPE = new Scope("111122223333", "eu-west-1");

  private final VirtualTime time = new VirtualTime();
  private final Store store = MemoryStore.of(time, THINGS);
  private final ControllerRunner runner = ControllerRunner.virtual(store, time, new SeededIds(1));

  @BeforeEach
  void begin() {
    put("before", Duration.ofMinutes(1)); // it was there when the program started
    runner.add(Deadlines.deleting("test", store, time, THINGS, Thing::end));
  }

  @AfterEach
  void end() {
    assertThat(runner.failing("test")).isEmpty();
    runner.close();
  }

  private void put(String id, @Nullable Duration from) {
    Instant end = from == null ? null : time.instant().plus(from);
    store.write(
        tx -> {
          tx.put(THINGS, SCOPE.key(id), new Thing(end));
          return id;
        });
  }

  private List<String> left() {
    return store.snapshot().scanAll(THINGS).map(row -> row.key().id()).toList();
  }

  @Test
  void rowsEndAtTheirTime() {
    put("hour", Duration.ofHours(1));
    put("never", null);
    time.advance(Duration.ofSeconds(59));
    assertThat(left()).containsExactly("before", "hour", "never");
    time.advance(Duration.ofSeconds(1));
    assertThat(left()).containsExactly("hour", "never");
    time.advance(Duration.ofDays(1));
    assertThat(left()).containsExactly("never");
  }

  @Test
  void aTimeCanBeMoved() {
    put("before", Duration.ofHours(1));
    put("sooner", Duration.ofDays(1));
    put("sooner", Duration.ofMinutes(2));
    put("spared", Duration.ofMinutes(2));
    put("spared", null);
    time.advance(Duration.ofMinutes(30));
    assertThat(left()).containsExactly("before", "spared");
    time.advance(Duration.ofMinutes(31));
    assertThat(left()).containsExactly("spared");
  }
}
