package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class UrandomTest {

  @Test
  void bytesNeitherRepeatNorStayEmptyAcrossItsReads() {
    Assumptions.assumeTrue(Files.isReadable(Urandom.DEVICE));
    Urandom random = new Urandom();
    Set<Long> seen = new HashSet<>();
    for (int i = 0; i < 2_000; i++) {
      seen.add(random.nextLong());
    }
    byte[] many = new byte[1_500];
    random.nextBytes(many);
    int zeros = 0;
    for (byte one : many) {
      zeros += one == 0 ? 1 : 0;
    }

    assertThat(seen).hasSize(2_000);
    assertThat(zeros).isLessThan(60); // 6 are to be expected
  }

  @Test
  void numbersStayBelowTheirBoundAndReachAllOfIt() {
    RandomIds ids = new RandomIds();
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      seen.add(ids.below(10));
    }

    assertThat(seen).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  }
}
