package gantry.services.logs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** A literal is found in exactly the messages that contain it, wherever it lies in them. */
class LiteralProperties {

  @Provide
  Arbitrary<List<String>> messages() {
    return Arbitraries.strings().withChars('a', 'b', 'ß').ofMinLength(1).ofMaxLength(30).list();
  }

  @Provide
  Arbitrary<String> literals() {
    return Arbitraries.strings().withChars('a', 'b', 'ß').ofMinLength(1).ofMaxLength(12);
  }

  @Property
  void findsWhatStringsFind(
      @ForAll("messages") List<String> messages, @ForAll("literals") String text) {
    Bytes all = new Bytes(16);
    int[] ends = new int[messages.size()];
    for (int i = 0; i < ends.length; i++) {
      byte[] bytes = messages.get(i).getBytes(UTF_8);
      all.put(bytes, 0, bytes.length);
      ends[i] = all.size();
    }
    Literal literal = new Literal(text.getBytes(UTF_8));
    int first = literal.next(all.array(), 0, all.size());
    assertThat(literal.rows(all.array(), first, ends))
        .isEqualTo(
            IntStream.range(0, ends.length)
                .filter(row -> messages.get(row).contains(text))
                .toArray());
  }
}
