package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ControllerRunnerTest {

  /** A thing that should grow to {@code wanted}, one at a time. */
  record Grower(int wanted, int have) {}

  private static final Table<Grower> GROWERS = Table.of("test.growers", Grower.class);
  private static final Scope HERE = new Scope("000000000000", "us-east-1");

  private final VirtualTime time = new VirtualTime();
  private final Store store = MemoryStore.of(time, GROWERS);
  private final List<String> calls = new ArrayList<>();

  private record Growing(Function<Key, Controller.Again> work) implements Controller {
    @Override
    public String name() {
      return "growing";
    }

    @Override
    public Stream<Key> wokenBy(Change<?> change) {
      return change.table() == GROWERS ? Stream.of(change.key()) : Stream.empty();
    }

    @Override
    public Stream<Key> all(View view) {
      return view.scanAll(GROWERS).map(Row::key);
    }

    @Override
    public Again reconcile(Key key) {
      return work.apply(key);
    }
  }

  private void want(String id, int wanted) {
    store.write(
        tx -> {
          tx.put(GROWERS, HERE.key(id), new Grower(wanted, 0));
          return "";
        });
  }

  private Controller.Again grow(Key key) {
    return store.write(
        tx -> {
          Grower grower = tx.get(GROWERS, key);
          if (grower != null && grower.have < grower.wanted) {
            tx.put(GROWERS, key, new Grower(grower.wanted, grower.have + 1));
          }
          return Controller.Again.WHEN_CHANGED;
        });
  }

  private String since(Instant start) {
    return Duration.between(start, time.instant()).toMillis() + " ms";
  }

  @Test
  void whatIsBecomesWhatShouldBe() {
    want("before", 3);
    try (ControllerRunner runner = ControllerRunner.virtual(store, time, new SeededIds(1))) {
      runner.add(new Growing(this::grow));
      want("after", 2);
      assertThat(store.snapshot().get(GROWERS, HERE.key("after"))).isEqualTo(new Grower(2, 0));
      time.runUntilIdle();
      assertThat(store.snapshot().get(GROWERS, HERE.key("before"))).isEqualTo(new Grower(3, 3));
      assertThat(store.snapshot().get(GROWERS, HERE.key("after"))).isEqualTo(new Grower(2, 2));
      // Two steps and one that finds nothing to do; each wake-up by its own write is one call.
      assertThat(runner.stats())
          .containsExactly(new ControllerRunner.Stats("growing", 0, 0, 0, 0, 7, 0));
    }
    assertThat(time.pending()).isZero();
  }

  @Test
  void wakeUpsBecomeOne() {
    try (ControllerRunner runner = ControllerRunner.virtual(store, time, new SeededIds(1))) {
      runner.add(
          new Growing(
              key -> {
                calls.add(key.id());
                return Controller.Again.WHEN_CHANGED;
              }));
      want("a", 1);
      want("a", 2);
      want("b", 1);
      want("a", 3);
      time.runUntilIdle();
      assertThat(calls).containsExactly("a", "b", "a");
    }
  }

  @Test
  void aFailureIsTriedAgainAfterAGrowingWhileAndAChangeShortensIt() {
    Instant start = time.instant();
    try (ControllerRunner runner = ControllerRunner.virtual(store, time, new SeededIds(3))) {
      AtomicInteger failures = new AtomicInteger(12);
      List<Duration> gaps = new ArrayList<>();
      Instant[] last = {start};
      runner.add(
          new Growing(
              key -> {
                gaps.add(Duration.between(last[0], time.instant()));
                last[0] = time.instant();
                if (failures.getAndDecrement() > 0) {
                  throw new IllegalStateException("not yet");
                }
                return Controller.Again.WHEN_CHANGED;
              }));
      want("a", 1);
      time.runUntilIdle();
      assertThat(runner.failing("growing").get(HERE.key("a"))).hasMessage("not yet");
      time.advance(Duration.ofSeconds(40));
      int before = gaps.size();
      assertThat(gaps.get(1)).isBetween(Duration.ofMillis(50), Duration.ofMillis(100));
      assertThat(gaps.get(4)).isBetween(Duration.ofMillis(400), Duration.ofMillis(800));
      assertThat(before).isBetween(8, 11);

      want("a", 2);
      want("a", 3);
      time.advance(ControllerRunner.WOKEN_BACKOFF);
      assertThat(gaps).hasSize(before + 1);
      time.advance(Duration.ofMinutes(10));
      assertThat(gaps).hasSize(13);
      assertThat(gaps.subList(before + 1, 13))
          .allSatisfy(
              gap ->
                  assertThat(gap).isBetween(Duration.ofSeconds(25), ControllerRunner.MAX_BACKOFF));
      assertThat(runner.failing("growing")).isEmpty();
      assertThat(runner.stats().getFirst().errors()).isEqualTo(12);
    }
  }

  @Test
  void aKeyIsLookedAtAgainWhenItAskedToBe() {
    Instant start = time.instant();
    try (ControllerRunner runner = ControllerRunner.virtual(store, time, new SeededIds(3))) {
      runner.add(
          new Growing(
              key -> {
                calls.add(since(start));
                return Controller.Again.after(Duration.ofSeconds(10));
              }));
      want("a", 1);
      time.advance(Duration.ofSeconds(15));
      want("a", 2);
      time.advance(Duration.ofSeconds(12));
      // The change at 15 s takes the place of the call that was due at 20 s.
      assertThat(calls).containsExactly("0 ms", "10000 ms", "15000 ms", "25000 ms");
    }
    time.advance(Duration.ofHours(1));
    assertThat(calls).hasSize(4);
  }

  @Test
  void theSameSeedIsTheSameHistory() {
    assertThat(history(5)).isEqualTo(history(5)).isNotEqualTo(history(6));
  }

  private static List<String> history(long seed) {
    VirtualTime time = new VirtualTime();
    Store store = MemoryStore.of(time, GROWERS);
    SeededIds ids = new SeededIds(seed);
    List<String> history = new ArrayList<>();
    try (ControllerRunner runner = ControllerRunner.virtual(store, time, ids)) {
      runner.add(
          new Growing(
              key -> {
                history.add(key.id() + " at " + time.instant());
                if (ids.below(3) == 0) {
                  throw new IllegalStateException("chance");
                }
                return Controller.Again.after(Duration.ofMillis(ids.below(1000) + 1));
              }));
      for (int i = 0; i < 20; i++) {
        String id = "k" + i;
        store.write(
            tx -> {
              tx.put(GROWERS, HERE.key(id), new Grower(1, 0));
              return "";
            });
      }
      time.advance(Duration.ofSeconds(20));
    }
    return history;
  }

  @Test
  void onManyThreadsNoKeyIsWorkedOnTwiceAtOnceAndNoWakeUpIsLost() throws Exception {
    int keys = 40;
    int wanted = 25;
    Set<Key> working = ConcurrentHashMap.newKeySet();
    AtomicInteger overlaps = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch grown = new CountDownLatch(keys);
    try (SystemTime timers = new SystemTime();
        ControllerRunner runner =
            ControllerRunner.live(store, timers, new RandomIds(), ControllerRunner.Observer.NONE)) {
      runner.add(
          new Growing(
              key -> {
                if (!working.add(key)) {
                  overlaps.incrementAndGet();
                }
                most.accumulateAndGet(working.size(), Math::max);
                Controller.Again again = grow(key);
                working.remove(key);
                return again;
              }));
      store
          .feed()
          .subscribe(
              0,
              commit ->
                  commit
                      .changes()
                      .forEach(
                          change -> {
                            if (change.after() instanceof Grower(int want, int have)
                                && want == have) {
                              grown.countDown();
                            }
                          }));
      for (int i = 0; i < keys; i++) {
        want("k" + i, wanted);
      }
      assertThat(grown.await(60, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(overlaps).hasValue(0);
    assertThat(most.get()).isBetween(1, ControllerRunner.MAX_PARALLEL);
    assertThat(store.snapshot().scanAll(GROWERS).map(row -> row.value().have()))
        .hasSize(keys)
        .containsOnly(wanted);
  }
}
