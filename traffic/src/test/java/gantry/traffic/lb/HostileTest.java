package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.GroupSettings;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Messages whose end two readers could see in different places: answered, and never passed on. */
@SuppressWarnings("StringConcatToTextBlock") // bytes of the wire, line ends and all
class HostileTest {

  private static World world;
  private static Backend target;

  @BeforeAll
  static void begin() throws IOException {
    world = new World();
    target = new Backend("t");
    world.group("tg", GroupSettings.DEFAULTS, target).forwardAll("tg").apply().healthy(1);
  }

  @AfterAll
  static void end() {
    world.close();
    target.close();
  }

  static List<String> refused() {
    String post = "POST /evil HTTP/1.1\r\nHost: h\r\n";
    return List.of(
        post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        post + "Content-Length: 5, 5\r\n\r\nhello",
        post + "Content-Length: +5\r\n\r\nhello",
        post + "Content-Length: 0x5\r\n\r\nhello",
        post + "Content-Length: -1\r\n\r\n",
        post + "Content-Length: 5 5\r\n\r\nhello",
        post + "Content-Length:\r\n\r\n",
        post + "Content-Length: 99999999999999999999\r\n\r\n",
        post + "Content-Length : 5\r\n\r\nhello",
        post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding:\r\n\r\n0\r\n\r\n",
        post
            + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        post + "Host: other\r\n\r\n",
        post + " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        post + "X: y\r\n\tfolded\r\n\r\n",
        post + "Transfer-Encoding: \u000bchunked\r\n\r\n0\r\n\r\n",
        post + "Transfer-Encoding:\u0000chunked\r\n\r\n0\r\n\r\n",
        post + "X: a\rb\r\n\r\n",
        post + "X: a\nContent-Length: 5\r\n\r\nhello",
        post + "X: a\u0000b\r\n\r\n",
        post + "No-Colon\r\n\r\n",
        post + ": no name\r\n\r\n",
        post + "Bad Name: x\r\n\r\n",
        "POST /evil HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /evil\r\n\r\n",
        "GET  /evil HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /evil HTTP/1.1 \r\nHost: h\r\n\r\n",
        "GET /e vil HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /evil\u0000 HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /evil#x HTTP/1.1\r\nHost: h\r\n\r\n",
        "GE(T /evil HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET evil HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /evil HTTP/1.1\r\n\r\n",
        "GET /evil HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET /evil HTTP/1.1\r\nHost: a@b\r\n\r\n",
        "GET /evil HTTP/1.1\nHost: h\n\n",
        "GET /evil HTTP/1.1\r\nHost: h\r\nX: " + "y".repeat(17_000) + "\r\n\r\n",
        "GET /evil HTTP/1.1\r\nHost: h\r\n"
            + ("X: " + "y".repeat(8000) + "\r\n").repeat(9)
            + "\r\n");
  }

  @ParameterizedTest
  @MethodSource("refused")
  void is_refused_and_ends_the_connection(String message) throws IOException {
    int before = target.requests.size();
    try (var talk = world.talk()) {
      talk.send(message);
      var reply = talk.reply();
      assertThat(reply.status()).isEqualTo(400);
      assertThat(reply.header("Connection")).isEqualTo("close");
      assertThat(talk.closed()).isTrue();
    }
    assertThat(target.requests).hasSize(before);
  }

  @ParameterizedTest
  @CsvSource({
    "'GET /%s HTTP/2.0\r\nHost: h\r\n\r\n', 505",
    "'GET /%s HTTP/1.2\r\nHost: h\r\n\r\n', 505",
    "'TRACE / HTTP/1.1\r\nHost: h\r\n\r\n', 405",
    "'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 501",
    "'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n', 501",
    "'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n', 501",
  })
  void has_a_code_of_its_own(String message, int status) throws IOException {
    try (var talk = world.talk()) {
      assertThat(talk.send(message.replace("\\r\\n", "\r\n")).reply().status()).isEqualTo(status);
    }
  }

  @Test
  void too_long_a_url_is_414_and_too_many_forwarders_463() throws IOException {
    try (var talk = world.talk()) {
      assertThat(
              talk.send("GET /" + "x".repeat(17_000) + " HTTP/1.1\r\nHost: h\r\n\r\n")
                  .reply()
                  .status())
          .isEqualTo(414);
    }
    try (var talk = world.talk()) {
      assertThat(
              talk.send(
                      "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: "
                          + "1.1.1.1,".repeat(30)
                          + "1.1.1.1\r\n\r\n")
                  .reply()
                  .status())
          .isEqualTo(463);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'5\r\nhelloX0\r\n\r\n'",
    "'g\r\n'",
    "'5;\u0001x\r\nhello\r\n'",
    "'\r\n'",
    "'5\nhello\r\n0\r\n\r\n'",
    "'5 \r\nhello\r\n0\r\n\r\n'",
    "' 5\r\nhello\r\n0\r\n\r\n'",
    "'0x5\r\nhello\r\n0\r\n\r\n'",
    "'-5\r\nhello\r\n0\r\n\r\n'",
    "'5;a\nb\r\nhello\r\n0\r\n\r\n'",
    "'5\r\nhello\n0\r\n\r\n'",
    "'5\r\nhello\r0\r\n\r\n'",
    "'5\r\nhello\r\n0\n\r\n'",
    "'5\r\nhello\r\n0\r\n\n'",
    "'ffffffffffffffff\r\nhello\r\n'",
    "'0000000000000005\r\nhello\r\n0\r\n\r\n'",
    "'5\r\nhello\r\n0\r\nX\n\r\n'"
  })
  void a_bad_chunk_never_becomes_a_whole_request(String chunks) throws IOException {
    int before = target.requests.size();
    try (var talk = world.talk()) {
      talk.send("POST /evil HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
      assertThat(talk.reply().status()).isEqualTo(400);
    }
    assertThat(target.requests).hasSize(before);
  }

  @Test
  void both_lengths_pass_as_chunked_alone_and_end_both_connections() throws IOException {
    int before = target.requests.size();
    try (var talk = world.talk()) {
      talk.send(
          "POST /both HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
              + "5\r\nhello\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
      assertThat(talk.reply().header("Connection")).isEqualTo("close");
      assertThat(talk.closed()).isTrue();
    }
    assertThat(target.requests).hasSize(before + 1);
    var seen = target.requests.getLast();
    assertThat(seen.header("Content-Length")).isNull();
    assertThat(seen.body()).isEqualTo("hello");
  }

  @Test
  void what_a_target_sends_is_read_as_strictly() throws IOException {
    for (String answer :
        List.of(
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n X: y\r\n\r\n",
            "HTTP/2 200 OK\r\n\r\n",
            "nonsense\r\n\r\nnonsense",
            "HTTP/1.1 200 OK\r\nX: " + "y".repeat(40_000) + "\r\n\r\n")) {
      try (Backend bad = new Backend("bad");
          World alone = new World()) {
        bad.answer =
            (request, in, out) -> {
              Backend.write(out, answer);
              return false;
            };
        alone.group("tg", GroupSettings.DEFAULTS, bad).forwardAll("tg").apply().healthy(1);
        try (var talk = alone.talk()) {
          assertThat(talk.get("/").status()).as(answer).isEqualTo(502);
        }
      }
    }
  }
}
