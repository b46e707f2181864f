package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class SortedTreeTest {

  /** A positive number is put, a negative one removed. */
  @Property(tries = 300)
  void itIsASortedMapAndStaysBalanced(
      @ForAll @Size(max = 400) List<@IntRange(min = -60, max = 60) Integer> steps,
      @ForAll @IntRange(min = 0, max = 60) int from,
      @ForAll @IntRange(min = 0, max = 60) int to) {
    TreeMap<Integer, Integer> model = new TreeMap<>();
    SortedTree<Integer, Integer> tree = SortedTree.empty();
    int number = 0;
    for (int step : steps) {
      SortedTree<Integer, Integer> before = tree;
      int size = before.size();
      if (step >= 0) {
        tree = tree.with(step, ++number);
        model.put(step, number);
      } else {
        tree = tree.without(-step);
        model.remove(-step);
      }
      assertThat(before.size()).isEqualTo(size);
      assertThat(tree.isBalanced()).isTrue();
      assertThat(tree.size()).isEqualTo(model.size());
      assertThat(tree.get(Math.abs(step))).isEqualTo(model.get(Math.abs(step)));
    }
    int low = Math.min(from, to);
    int high = Math.max(from, to);
    java.util.function.ToIntFunction<Integer> where = key -> key < low ? -1 : key > high ? 1 : 0;
    assertThat(tree.range(where).map(SortedTree.Entry::value))
        .containsExactlyElementsOf(model.subMap(low, true, high, true).values());
    assertThat(tree.sizeOf(where)).isEqualTo(model.subMap(low, true, high, true).size());
  }

  @Property(tries = 20)
  void aTreeMadeOfSortedEntriesIsTheSame(@ForAll @IntRange(min = 0, max = 3000) int size) {
    SortedTree.Sorted<Integer, String> sorted = new SortedTree.Sorted<>();
    for (int i = 0; i < size; i++) {
      sorted.add(i, "v" + i);
    }
    SortedTree<Integer, String> tree = sorted.tree();
    assertThat(tree.size()).isEqualTo(size);
    assertThat(tree.isBalanced()).isTrue();
    assertThat(tree.range(key -> 0).map(SortedTree.Entry::key))
        .containsExactlyElementsOf(java.util.stream.IntStream.range(0, size).boxed().toList());
  }
}
