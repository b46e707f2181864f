package gantry.services.ecs.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PrimitiveIterator;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SortedNumbersTest {

  @Test
  void isWhatATreeWouldBe() {
    for (long seed = 1; seed <= 10; seed++) {
      SplittableRandom chance = new SplittableRandom(seed);
      SortedNumbers numbers = new SortedNumbers();
      TreeSet<Long> tree = new TreeSet<>();
      int span = 50 << chance.nextInt(8);
      // It grows over several blocks, then shrinks to nothing.
      for (int step = 0; step < 6_000 || !tree.isEmpty(); step++) {
        long number = chance.nextLong(-span, span);
        boolean grow = step < 3_000 ? chance.nextInt(4) > 0 : chance.nextInt(4) == 0;
        if (grow && step < 6_000) {
          if (tree.add(number)) {
            numbers.add(number);
          }
        } else if (!tree.isEmpty()) {
          Long gone = tree.ceiling(number);
          gone = gone == null ? tree.last() : gone;
          tree.remove(gone);
          numbers.remove(gone);
        }
        if (step % 200 == 0) {
          assertThat(list(numbers.from(number))).containsExactlyElementsOf(tree.tailSet(number));
          assertThat(list(numbers.downwards())).containsExactlyElementsOf(tree.descendingSet());
          assertThat(numbers.isEmpty()).isEqualTo(tree.isEmpty());
        }
      }
      assertThat(numbers.isEmpty()).isTrue();
    }
  }

  private static List<Long> list(PrimitiveIterator.OfLong numbers) {
    List<Long> list = new ArrayList<>();
    numbers.forEachRemaining((long each) -> list.add(each));
    return list;
  }

  @Test
  void refusesWhatIsThereAndWhatIsNot() {
    SortedNumbers numbers = new SortedNumbers();
    assertThatThrownBy(() -> numbers.remove(1)).isInstanceOf(NoSuchElementException.class);
    numbers.add(1);
    assertThatThrownBy(() -> numbers.add(1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> numbers.remove(2)).isInstanceOf(NoSuchElementException.class);
  }
}
