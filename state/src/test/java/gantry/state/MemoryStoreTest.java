package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MemoryStoreTest {

  record Cluster(String name, @Nullable String status, List<String> tags) {}

  static final Table<Cluster> CLUSTERS = Table.of("test.clusters", Cluster.class);
  static final Index<Cluster> BY_STATUS = CLUSTERS.index("status", Cluster::status);
  static final Index<Cluster> BY_TAG = CLUSTERS.indexMany("tag", Cluster::tags);
  static final Scope HERE = new Scope("000000000000", "us-east-1");
  static final Scope THERE = new Scope("000000000000", "us-west-2");

  private final VirtualTime time = new VirtualTime();
  private final Store store = MemoryStore.of(time, CLUSTERS);

  private static Cluster cluster(String name, @Nullable String status, String... tags) {
    return new Cluster(name, status, List.of(tags));
  }

  private void put(Scope scope, Cluster cluster) {
    store.write(
        tx -> {
          tx.put(CLUSTERS, scope.key(cluster.name()), cluster);
          return "";
        });
  }

  private static List<String> names(java.util.stream.Stream<Row<Cluster>> rows) {
    return rows.map(row -> row.value().name()).toList();
  }

  @Test
  void rowsOfOneScopeStandInTheOrderOfTheirIds() {
    put(HERE, cluster("b", "ACTIVE"));
    put(THERE, cluster("x", "ACTIVE"));
    put(HERE, cluster("a", "INACTIVE"));
    put(HERE, cluster("c", null));

    View view = store.snapshot();
    assertThat(names(view.scan(CLUSTERS, HERE))).containsExactly("a", "b", "c");
    assertThat(names(view.scanAfter(CLUSTERS, HERE, "a"))).containsExactly("b", "c");
    assertThat(names(view.scanAfter(CLUSTERS, HERE, "aa"))).containsExactly("b", "c");
    assertThat(names(view.scanAll(CLUSTERS))).containsExactly("a", "b", "c", "x");
    assertThat(view.count(CLUSTERS, HERE)).isEqualTo(3);
    assertThat(view.revision()).isEqualTo(4);
  }

  @Test
  void indexesFollowTheRows() {
    put(HERE, cluster("a", "ACTIVE", "red", "blue"));
    put(HERE, cluster("b", "ACTIVE", "red", "red"));
    put(THERE, cluster("c", "ACTIVE", "blue"));
    put(HERE, cluster("b", null, "green"));

    View view = store.snapshot();
    assertThat(names(view.lookup(BY_STATUS, HERE, "ACTIVE"))).containsExactly("a");
    assertThat(names(view.lookupAll(BY_STATUS, "ACTIVE"))).containsExactly("a", "c");
    assertThat(names(view.lookup(BY_TAG, HERE, "red"))).containsExactly("a");
    assertThat(names(view.lookup(BY_TAG, HERE, "green"))).containsExactly("b");
  }

  @Test
  void aWriteThatThrowsChangesNothing() {
    put(HERE, cluster("a", "ACTIVE"));
    assertThatThrownBy(
            () ->
                store.write(
                    tx -> {
                      tx.delete(CLUSTERS, HERE.key("a"));
                      assertThat(tx.get(CLUSTERS, HERE.key("a"))).isNull();
                      throw new IllegalArgumentException("no");
                    }))
        .hasMessage("no");
    assertThat(store.snapshot().find(CLUSTERS, HERE.key("a"))).isPresent();
    assertThat(store.snapshot().revision()).isEqualTo(1);
  }

  @Test
  void aSnapshotNeverChanges() {
    put(HERE, cluster("a", "ACTIVE"));
    View before = store.snapshot();
    put(HERE, cluster("b", "ACTIVE"));
    assertThat(names(before.scan(CLUSTERS, HERE))).containsExactly("a");
    assertThat(names(before.lookupAll(BY_STATUS, "ACTIVE"))).containsExactly("a");
  }

  @Test
  void theFeedTellsThePastThenThePresentOnce() {
    put(HERE, cluster("a", "ACTIVE"));
    put(HERE, cluster("a", "INACTIVE"));
    List<Commit> seen = new ArrayList<>();
    Feed.Subscription subscription = store.feed().subscribe(1, seen::add);
    put(HERE, cluster("b", "ACTIVE"));
    subscription.close();
    put(HERE, cluster("c", "ACTIVE"));

    assertThat(seen).extracting(Commit::revision).containsExactly(2L, 3L);
    Change<?> change = seen.getFirst().changes().getFirst();
    assertThat(change.before()).isEqualTo(cluster("a", "ACTIVE"));
    assertThat(change.after()).isEqualTo(cluster("a", "INACTIVE"));
    assertThat(seen.getFirst().at()).isEqualTo(VirtualTime.START);
  }

  @Test
  void puttingARowAsItIsIsNoCommit() {
    put(HERE, cluster("a", "ACTIVE"));
    put(HERE, cluster("a", "ACTIVE"));
    assertThat(store.snapshot().revision()).isEqualTo(1);
  }

  @Test
  void writesInsideWritesAreRefused() {
    assertThatThrownBy(() -> store.write(tx -> store.write(inner -> "")))
        .hasMessageContaining("inside");
    assertThatThrownBy(() -> store.snapshot().get(Table.of("other", Cluster.class), HERE.key("a")))
        .hasMessageContaining("other");
    Tx[] kept = new Tx[1];
    store.write(tx -> kept[0] = tx);
    assertThatThrownBy(() -> kept[0].delete(CLUSTERS, HERE.key("a"))).hasMessageContaining("ended");
  }
}
