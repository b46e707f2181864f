package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.Condition;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Conditions against a plain reference: regular expressions over whole strings. */
class RuleMatchingTest {

  @Provide
  Arbitrary<String> patterns() {
    return Arbitraries.strings().withChars("abAB/.?*-").ofMinLength(1).ofMaxLength(10);
  }

  @Provide
  Arbitrary<String> words() {
    return Arbitraries.strings().withChars("abAB/.-").ofMaxLength(12);
  }

  private static boolean reference(String pattern, String text, boolean foldCase) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote("" + c));
    }
    return Pattern.compile(regex.toString(), foldCase ? Pattern.CASE_INSENSITIVE : 0)
        .matcher(text)
        .matches();
  }

  @Property
  void wildcards_match_as_the_regular_expression_does(
      @ForAll("patterns") String pattern, @ForAll("words") String text, @ForAll boolean foldCase) {
    byte[] bytes = ("__" + text + "__").getBytes(StandardCharsets.US_ASCII);
    assertThat(new Wildcard(pattern, foldCase, false).matches(bytes, 2, bytes.length - 2))
        .isEqualTo(reference(pattern, text, foldCase));
  }

  @Provide
  Arbitrary<String> regexes() {
    Arbitrary<String> atom =
        Arbitraries.of("a", "A", "b", "\\/", "[ab]", "(a|b)", ".", "\\.", "[^A]");
    Arbitrary<String> piece =
        Combinators.combine(atom, Arbitraries.of("", "", "+", "*", "?", "{1,2}"))
            .as((a, often) -> a + often);
    return Combinators.combine(
            Arbitraries.of("", "^"),
            piece.list().ofMinSize(1).ofMaxSize(4),
            Arbitraries.of("", "$"))
        .as((start, pieces, end) -> start + String.join("", pieces) + end);
  }

  @Property
  void a_regular_expression_holds_where_it_is_found(
      @ForAll("regexes") String regex, @ForAll("words") String text, @ForAll boolean foldCase) {
    byte[] bytes = ("__" + text + "__").getBytes(StandardCharsets.US_ASCII);
    assertThat(new Regex(regex, foldCase).matches(bytes, 2, bytes.length - 2))
        .isEqualTo(
            Pattern.compile(regex, foldCase ? Pattern.CASE_INSENSITIVE : 0).matcher(text).find());
  }

  record Request(String method, String host, String path, String query, String header) {}

  @Provide
  Arbitrary<Request> requests() {
    Arbitrary<String> word = Arbitraries.strings().withChars("abAB").ofMinLength(1).ofMaxLength(3);
    return Combinators.combine(
            Arbitraries.of("GET", "POST", "PURGE"),
            Combinators.combine(word, word).as((x, y) -> x + "." + y),
            Combinators.combine(word, word).as((x, y) -> "/" + x + "/" + y),
            Arbitraries.of("", "?a=b", "?a=A&b", "?b=ab&a", "?ab"),
            word)
        .as(Request::new);
  }

  @Provide
  Arbitrary<Condition> conditions() {
    Arbitrary<List<String>> values =
        Arbitraries.strings()
            .withChars("ab*?A")
            .ofMinLength(1)
            .ofMaxLength(4)
            .list()
            .ofMinSize(1)
            .ofMaxSize(3);
    return Arbitraries.oneOf(
        values.map(list -> new Condition.Path(list.stream().map(v -> "/" + v + "/*").toList())),
        values.map(list -> new Condition.Host(list.stream().map(v -> v + ".*").toList())),
        values.map(list -> new Condition.Header("x-Test", list)),
        Arbitraries.of("GET", "POST", "get").list().ofMinSize(1).map(Condition.Method::new),
        Combinators.combine(
                Arbitraries.of("a", "b", "*").injectNull(0.3), Arbitraries.of("b", "*", "a?", ""))
            .as((k, v) -> new Condition.Query(List.of(new Condition.Query.Pair(k, v)))));
  }

  private static boolean reference(Condition condition, Request r) {
    return switch (condition) {
      case Condition.Path c -> c.values().stream().anyMatch(v -> reference(v, r.path, false));
      case Condition.Host c -> c.values().stream().anyMatch(v -> reference(v, r.host, true));
      case Condition.Header c -> c.values().stream().anyMatch(v -> reference(v, r.header, true));
      case Condition.Method c -> c.values().contains(r.method);
      case Condition.Query c ->
          !r.query.isEmpty()
              && List.of(r.query.substring(1).split("&", -1)).stream()
                  .anyMatch(
                      item -> {
                        var pair = c.values().getFirst();
                        int equals = item.indexOf('=');
                        String key = equals < 0 ? item : item.substring(0, equals);
                        if (pair.key() == null) {
                          return reference(
                              pair.value(), equals < 0 ? item : item.substring(equals + 1), true);
                        }
                        return reference(pair.key(), key, true)
                            && reference(
                                pair.value(), equals < 0 ? "" : item.substring(equals + 1), true);
                      });
      case Condition.SourceIp c -> throw new IllegalStateException("of its own");
    };
  }

  @Property
  void conditions_hold_as_the_plain_reading_says(
      @ForAll("conditions") Condition condition, @ForAll("requests") Request r) {
    String text =
        r.method
            + " "
            + r.path
            + r.query
            + " HTTP/1.1\r\nHost: "
            + r.host
            + ":8080\r\nX-TEST: "
            + r.header
            + "\r\n\r\n";
    Head head = new Head();
    head.clear();
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, head.bytes, 0, bytes.length);
    assertThat(HeadParser.request(head, bytes.length)).isEqualTo(bytes.length);
    Client client =
        new Client(new InetSocketAddress(InetAddress.getLoopbackAddress(), 1), false, null);
    assertThat(Compiled.compile(condition).holds(head, client)).isEqualTo(reference(condition, r));
  }

  @Property
  void a_block_holds_the_addresses_that_share_its_first_bits(
      @ForAll int network,
      @ForAll int address,
      @net.jqwik.api.constraints.IntRange(min = 0, max = 32) @ForAll int bits)
      throws UnknownHostException {
    int near =
        bits == 0 ? address : (network & (-1 << (32 - bits))) | (bits == 32 ? 0 : address >>> bits);
    for (int one : new int[] {address, near, network}) {
      boolean expected = bits == 0 || (network >>> (32 - bits)) == (one >>> (32 - bits));
      assertThat(Compiled.Cidr.parse(text(network) + "/" + bits).contains(bytes(one)))
          .isEqualTo(expected);
    }
  }

  private static byte[] bytes(int value) {
    return new byte[] {
      (byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value
    };
  }

  private static String text(int value) throws UnknownHostException {
    return InetAddress.getByAddress(bytes(value)).getHostAddress();
  }
}
