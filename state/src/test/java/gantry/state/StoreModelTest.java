package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/**
 * The store against a plain map: random transactions, some refused halfway, some by the log; and
 * after each, everything that can be asked is asked of both.
 */
class StoreModelTest {

  record Thing(@Nullable String colour, List<String> tags, int number) {}

  private static final Table<Thing> THINGS = Table.of("model.things", Thing.class);
  private static final Index<Thing> BY_COLOUR = THINGS.index("colour", Thing::colour);
  private static final Index<Thing> BY_TAG = THINGS.indexMany("tag", Thing::tags);
  private static final Table<Thing> OTHERS = Table.of("model.others", Thing.class);

  private static final List<Scope> SCOPES =
      List.of(
          new Scope("111111111111", "eu-west-1"),
          new Scope("111111111111", "us-east-1"),
          Scope.global("222222222222"));
  private static final List<String> IDS =
      List.of("", "a", "ab", "b", "z\uD83D\uDE00", "\uFFFD", "é");
  private static final List<String> COLOURS = List.of("red", "blue", "");

  record Put(boolean other, Key key, @Nullable Thing thing) {}

  enum Ending {
    KEPT,
    REFUSED,
    LOG_FAILS
  }

  record Action(List<Put> puts, Ending ending) {}

  @Provide
  Arbitrary<List<Action>> actions() {
    Arbitrary<Key> keys =
        Combinators.combine(Arbitraries.of(SCOPES), Arbitraries.of(IDS)).as(Scope::key);
    Arbitrary<Thing> things =
        Combinators.combine(
                Arbitraries.of(COLOURS).injectNull(0.3),
                Arbitraries.of("x", "y", "z").list().ofMaxSize(3),
                Arbitraries.integers().between(0, 3))
            .as(Thing::new);
    Arbitrary<Put> puts =
        Combinators.combine(Arbitraries.of(true, false), keys, things.injectNull(0.3)).as(Put::new);
    Arbitrary<Ending> endings =
        Arbitraries.of(Ending.KEPT, Ending.KEPT, Ending.KEPT, Ending.REFUSED, Ending.LOG_FAILS);
    return Combinators.combine(puts.list().ofMaxSize(6), endings)
        .as(Action::new)
        .list()
        .ofMaxSize(40);
  }

  private static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  @Property(tries = 300)
  void theStoreIsAMap(@ForAll("actions") List<Action> actions) {
    MemoryLog log = new MemoryLog();
    Map<Table<?>, Map<Key, Thing>> model = emptyModel();
    List<Commit> feed = new ArrayList<>();
    try (Store store = open(log)) {
      store.feed().subscribe(0, feed::add);
      View oldView = store.snapshot();
      Map<Table<?>, Map<Key, Thing>> oldModel = copy(model);
      for (Action action : actions) {
        long before = store.snapshot().revision();
        Map<Table<?>, Map<Key, Thing>> next = copy(model);
        log.failing = action.ending == Ending.LOG_FAILS;
        boolean changes;
        try {
          store.write(
              tx -> {
                for (Put put : action.puts) {
                  apply(tx, next, put);
                  same(tx, next);
                }
                if (action.ending == Ending.REFUSED) {
                  throw new Refused();
                }
                return "";
              });
          changes = !next.equals(model);
          model = next;
        } catch (Refused e) {
          changes = false;
        } catch (Store.LogUnavailable e) {
          assertThat(action.ending).isEqualTo(Ending.LOG_FAILS);
          changes = false;
        }
        log.failing = false;
        same(store.snapshot(), model);
        assertThat(store.snapshot().revision()).isEqualTo(before + (changes ? 1 : 0));
      }
      same(oldView, oldModel);
    }
    theFeedTells(feed, model);
    try (Store again = open(log)) {
      same(again.snapshot(), model);
      assertThat(again.snapshot().revision()).isEqualTo(feed.size());
    }
  }

  private static Store open(Log log) {
    return new TableStore(new Catalog(List.of(THINGS, OTHERS)), new VirtualTime(), log, () -> {});
  }

  private static Map<Table<?>, Map<Key, Thing>> emptyModel() {
    Map<Table<?>, Map<Key, Thing>> model = new HashMap<>();
    model.put(THINGS, new HashMap<>());
    model.put(OTHERS, new HashMap<>());
    return model;
  }

  private static Map<Table<?>, Map<Key, Thing>> copy(Map<Table<?>, Map<Key, Thing>> model) {
    Map<Table<?>, Map<Key, Thing>> copy = new HashMap<>();
    model.forEach((table, rows) -> copy.put(table, new HashMap<>(rows)));
    return copy;
  }

  private static void apply(Tx tx, Map<Table<?>, Map<Key, Thing>> model, Put put) {
    Table<Thing> table = put.other ? OTHERS : THINGS;
    Map<Key, Thing> rows = model.getOrDefault(table, Map.of());
    if (put.thing == null) {
      tx.delete(table, put.key);
      rows.remove(put.key);
    } else {
      tx.put(table, put.key, put.thing);
      rows.put(put.key, put.thing);
    }
  }

  /** Replaying the feed makes the same rows, and each change tells truly what was before. */
  private static void theFeedTells(List<Commit> feed, Map<Table<?>, Map<Key, Thing>> model) {
    Map<Table<?>, Map<Key, Thing>> replayed = emptyModel();
    long revision = 0;
    for (Commit commit : feed) {
      assertThat(commit.revision()).isEqualTo(++revision);
      assertThat(commit.changes()).isNotEmpty();
      for (Change<?> change : commit.changes()) {
        Map<Key, Thing> rows = replayed.getOrDefault(change.table(), Map.of());
        assertThat(change.before()).isEqualTo(rows.get(change.key()));
        assertThat(change.after()).isNotEqualTo(change.before());
        if (change.after() instanceof Thing thing) {
          rows.put(change.key(), thing);
        } else {
          rows.remove(change.key());
        }
      }
    }
    assertThat(replayed).isEqualTo(model);
  }

  private static void same(View view, Map<Table<?>, Map<Key, Thing>> model) {
    for (Table<Thing> table : List.of(THINGS, OTHERS)) {
      TreeMap<Key, Thing> rows = new TreeMap<>(model.getOrDefault(table, Map.of()));
      assertThat(keyed(view.scanAll(table))).containsExactlyElementsOf(rows.entrySet());
      for (Scope scope : SCOPES) {
        List<Map.Entry<Key, Thing>> inScope =
            rows.entrySet().stream().filter(e -> e.getKey().scope().equals(scope)).toList();
        assertThat(keyed(view.scan(table, scope))).isEqualTo(inScope);
        assertThat(view.count(table, scope)).isEqualTo(inScope.size());
        for (String id : IDS) {
          assertThat(view.get(table, scope.key(id))).isEqualTo(rows.get(scope.key(id)));
          assertThat(keyed(view.scanAfter(table, scope, id)))
              .isEqualTo(inScope.stream().filter(e -> e.getKey().id().compareTo(id) > 0).toList());
          List<Thing> shown = new ArrayList<>();
          view.each(table, scope, id, shown::add);
          assertThat(shown)
              .isEqualTo(
                  inScope.stream()
                      .filter(e -> e.getKey().id().startsWith(id))
                      .map(Map.Entry::getValue)
                      .toList());
        }
      }
    }
    TreeMap<Key, Thing> things = new TreeMap<>(model.getOrDefault(THINGS, Map.of()));
    for (String colour : COLOURS) {
      List<Map.Entry<Key, Thing>> matching =
          things.entrySet().stream().filter(e -> colour.equals(e.getValue().colour())).toList();
      assertThat(keyed(view.lookupAll(BY_COLOUR, colour))).isEqualTo(matching);
      assertThat(keyed(view.lookup(BY_COLOUR, SCOPES.get(1), colour)))
          .isEqualTo(
              matching.stream().filter(e -> e.getKey().scope().equals(SCOPES.get(1))).toList());
      List<Thing> shown = new ArrayList<>();
      view.each(BY_COLOUR, SCOPES.get(1), colour, shown::add);
      assertThat(shown)
          .isEqualTo(view.lookup(BY_COLOUR, SCOPES.get(1), colour).map(Row::value).toList());
    }
    for (String tag : List.of("x", "y", "q")) {
      assertThat(keyed(view.lookupAll(BY_TAG, tag)))
          .isEqualTo(
              things.entrySet().stream().filter(e -> e.getValue().tags().contains(tag)).toList());
    }
  }

  private static List<Map.Entry<Key, Thing>> keyed(Stream<Row<Thing>> rows) {
    return rows.map(row -> Map.entry(row.key(), row.value())).toList();
  }
}
