package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.GroupSettings;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What stands in the access log of one request after the other. */
class AccessLogTest {

  private static final int RECEIVED = 10;
  private static final int SENT = 11;

  private World world;
  private Backend backend;

  @BeforeEach
  void begin() throws IOException {
    world = new World();
    backend = new Backend("a");
    world.settings = World.logging("bucket", null);
  }

  @AfterEach
  void end() {
    world.close();
    backend.close();
  }

  @Test
  void bytes_are_those_of_heads_and_bodies() throws IOException {
    world.group("tg", GroupSettings.DEFAULTS, backend).forwardAll("tg").apply().healthy(1);
    String request = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    int length;
    try (var talk = world.talk()) {
      World.Reply reply = talk.send(request).reply();
      length = reply.head().length() + reply.body().length();
    }
    String[] fields = world.logged("bucket").getFirst().split(" ", -1);
    assertThat(fields[RECEIVED]).isEqualTo(Integer.toString(request.length()));
    assertThat(fields[SENT]).isEqualTo(Integer.toString(length));
  }

  @Test
  void an_answer_of_the_balancers_own_is_counted_too() throws IOException {
    world.group("tg", GroupSettings.DEFAULTS).forwardAll("tg").apply();
    int length;
    try (var talk = world.talk()) {
      World.Reply reply = talk.get("/x");
      assertThat(reply.status()).isEqualTo(503);
      length = reply.head().length() + reply.body().length();
    }
    String line = world.logged("bucket").getFirst();
    assertThat(line).as("a trace id without a target").contains(" \"Root=1-");
    String[] fields = line.split(" ", -1);
    assertThat(fields[8]).isEqualTo("503");
    assertThat(fields[9]).isEqualTo("-");
    assertThat(fields[SENT]).isEqualTo(Integer.toString(length));
  }

  @Test
  void of_what_could_not_be_read_there_is_only_where_it_came_to() throws IOException {
    world.group("tg", GroupSettings.DEFAULTS, backend).forwardAll("tg").apply();
    try (var talk = world.talk()) {
      assertThat(talk.send("(nonsense)\r\n\r\n").reply().status()).isEqualTo(400);
    }
    try (var talk = world.talk()) {
      assertThat(talk.send("GET / HTTP/2.0\r\nHost: h\r\n\r\n").reply().status()).isEqualTo(505);
    }
    try (var talk = world.talk()) {
      assertThat(talk.send("CONNECT a:1 HTTP/1.1\r\nHost: h\r\n\r\n").reply().status())
          .isEqualTo(400);
    }
    List<String> lines = world.logged("bucket");
    assertThat(lines).allMatch(line -> line.startsWith("http "));
    assertThat(lines.get(1)).contains("/ -\" ");
    assertThat(lines.get(2)).contains("\"CONNECT http://h:" + world.port + "/ HTTP/1.1\"");
    assertThat(lines.getFirst())
        .contains("\"- http://w-1.us-east-1.elb.amazonaws.com:" + world.port + "- -\"");
  }
}
