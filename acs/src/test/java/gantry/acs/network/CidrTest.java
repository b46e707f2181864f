package gantry.acs.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {

  @Test
  void clears_the_bits_beyond_the_prefix() {
    assertThat(Cidr.parse("100.68.0.18/18")).hasToString("100.68.0.0/18");
  }

  @Test
  void knows_first_last_and_size() {
    Cidr block = Cidr.parse("172.31.16.0/20");
    assertThat(block.address(1)).isEqualTo("172.31.16.1");
    assertThat(Ipv4.text(block.last())).isEqualTo("172.31.31.255");
    assertThat(block.size()).isEqualTo(4096);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "10.0.0.0",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0/8",
        "10.0.0.0.0/8",
        "256.0.0.0/8",
        "10.0.0.0/008",
        "a.b.c.d/8",
        "10.0.0.01/8",
        "::/0",
        "10.0.0.0/-1",
        " 10.0.0.0/8"
      })
  void refuses_what_is_no_block(String text) {
    assertThatThrownBy(() -> Cidr.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void drops_blocks_within_others() {
    assertThat(
            Cidr.withoutNested(
                List.of(
                    Cidr.parse("10.1.0.0/16"), Cidr.parse("10.0.0.0/8"), Cidr.parse("11.0.0.0/8"))))
        .extracting(Cidr::toString)
        .containsExactly("10.0.0.0/8", "11.0.0.0/8");
  }

  @Property(tries = 300)
  void reads_what_it_writes(
      @ForAll @LongRange(min = 0, max = 0xFFFFFFFFL) long address,
      @ForAll @IntRange(min = 0, max = 32) int prefix) {
    Cidr block = Cidr.parse(Ipv4.text(address) + "/" + prefix);
    assertThat(Cidr.parse(block.toString())).isEqualTo(block);
    assertThat(block.contains(address)).isTrue();
    assertThat(block.contains(block.last())).isTrue();
    assertThat(block.last() == 0xFFFFFFFFL || !block.contains(block.last() + 1)).isTrue();
  }
}
