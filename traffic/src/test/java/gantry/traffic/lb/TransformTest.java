package gantry.traffic.lb;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.BalancerSettings;
import gantry.traffic.lb.RoutingTable.Condition;
import gantry.traffic.lb.RoutingTable.GroupSettings;
import gantry.traffic.lb.RoutingTable.Rewrite;
import gantry.traffic.lb.RoutingTable.Rule;
import gantry.traffic.lb.RoutingTable.Transforms;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a target sees of a request whose rule rewrites it, and what the log says of that. */
class TransformTest {

  private World world;
  private Backend target;

  @BeforeEach
  void begin() throws IOException {
    world = new World();
    world.settings = World.logging("bucket", null);
    target = new Backend("a");
    world.group("tg", GroupSettings.DEFAULTS, target);
  }

  @AfterEach
  void end() {
    world.close();
    target.close();
  }

  private void rule(@Nullable Rewrite host, @Nullable Rewrite url, Condition... conditions)
      throws IOException {
    world.rules.add(
        new Rule(
            "rule/1", 1, List.of(conditions), Action.Forward.to("tg"), new Transforms(host, url)));
    world.apply().healthy(1);
  }

  /** What the target got of it: its line and its host. */
  private String seen(String path, String host) throws IOException {
    int before = target.requests.size();
    try (var talk = world.talk()) {
      talk.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
      assertThat(talk.reply().status()).isEqualTo(200);
    }
    var request = target.requests.get(before);
    return request.line().split(" ", -1)[1] + " " + request.header("Host");
  }

  private int status(String path, String host) throws IOException {
    try (var talk = world.talk()) {
      return talk.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n").reply().status();
    }
  }

  @Test
  void host_and_url_are_rewritten_after_the_rule_was_chosen() throws IOException {
    rule(
        new Rewrite("^mywebsite-(.+)\\.com$", "internal.dev.$1.myweb.com"),
        new Rewrite("^/dp/([A-Za-z0-9]+)/?$", "/product.php?id=$1"),
        new Condition.Host(List.of("^mywebsite-.+\\.com$"), true));
    String port = ":" + world.port;
    assertThat(seen("/dp/B09G3HRMW", "MyWebsite-Example.com"))
        .isEqualTo("/product.php?id=B09G3HRMW internal.dev.Example.myweb.com" + port);
    assertThat(seen("/else?x=1", "mywebsite-a.com:81"))
        .isEqualTo("/else?x=1 internal.dev.a.myweb.com:81");
    assertThat(status("/dp/1", "other.com")).as("no rule is for it").isEqualTo(404);
    List<String> lines = world.logged("bucket");
    assertThat(lines.getFirst())
        .contains("\"GET http://MyWebsite-Example.com" + port + "/dp/B09G3HRMW HTTP/1.1\"")
        .endsWith(
            " \"internal.dev.Example.myweb.com\" \"/product.php?id=B09G3HRMW\""
                + " \"TransformSuccess\"");
    assertThat(lines.get(1)).endsWith(" \"internal.dev.a.myweb.com\" \"-\" \"TransformSuccess\"");
    assertThat(lines.get(2)).endsWith(" \"-\" \"-\" \"-\"");
  }

  @Test
  void the_query_is_part_of_what_is_rewritten_and_the_rest_stays() throws IOException {
    rule(null, new Rewrite("v1", "v2"), new Condition.Path(List.of("^/api/"), true));
    assertThat(seen("/api/v1/x?next=v1", "h.example"))
        .isEqualTo("/api/v2/x?next=v1 h.example:" + world.port);
    assertThat(seen("/api/x?next=v1", "h.example"))
        .isEqualTo("/api/x?next=v2 h.example:" + world.port);
    assertThat(seen("/api/x", "h.example")).isEqualTo("/api/x h.example:" + world.port);
  }

  @Test
  void a_preserved_host_header_is_replaced_too() throws IOException {
    BalancerSettings d = BalancerSettings.DEFAULTS;
    world.settings =
        new BalancerSettings(
            d.idleTimeout(),
            d.clientKeepAlive(),
            d.desync(),
            false,
            true,
            false,
            false,
            d.forwardedFor(),
            true,
            true,
            null,
            null);
    rule(new Rewrite("^a\\.", "b."), null, new Condition.Path(List.of("/*")));
    assertThat(seen("/", "a.example")).isEqualTo("/ b.example");
    assertThat(seen("/", "a.example:7")).isEqualTo("/ b.example:7");
    assertThat(seen("/", "c.example:7")).isEqualTo("/ c.example:7");
  }

  @Test
  void what_comes_to_no_host_or_no_url_is_a_500_and_reaches_no_target() throws IOException {
    rule(
        new Rewrite("^bad$", "not a host"),
        new Rewrite("^/(no|\\.|long)(.*)", "$1$2"),
        new Condition.Path(List.of("/*")));
    assertThat(status("/no", "h")).isEqualTo(500);
    assertThat(status("/", "bad")).isEqualTo(500);
    assertThat(status("/", "good")).isEqualTo(200);
    assertThat(target.requests).hasSize(1);
    List<String> lines = world.logged("bucket");
    assertThat(lines.get(0)).contains(" 500 - ").endsWith(" \"TransformInvalidPath\"");
    assertThat(lines.get(1)).contains(" 500 - ").endsWith(" \"TransformInvalidHost\"");
  }

  @Test
  void a_rewriting_that_grows_without_measure_is_stopped() throws IOException {
    String[] much = new String[1000];
    java.util.Arrays.fill(much, "$1");
    rule(null, new Rewrite("^(/.*)$", String.join("", much)), new Condition.Path(List.of("/*")));
    assertThat(status("/" + "x".repeat(100), "h")).isEqualTo(500);
    assertThat(world.logged("bucket").getFirst()).endsWith(" \"TransformBufferTooSmall\"");
  }

  @Test
  void a_hostile_expression_takes_no_more_than_linear_time() throws IOException {
    rule(
        null,
        new Rewrite("^/(a+)+$", "/found"),
        new Condition.Path(List.of("^/(a|aa)+$", "^/(.*a){12}$"), true));
    assertThat(status("/" + "a".repeat(5_000) + "!", "h")).isEqualTo(404);
    assertThat(seen("/aaaa", "h")).startsWith("/found ");
  }
}
