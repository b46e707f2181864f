package gantry.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.CreateClusterRequest;

class PageTest {

  private static final Table<String> NOTES = Table.of("test.notes", String.class);
  private static final ClientTokens TOKENS = ClientTokens.of("test.tokens", Duration.ofHours(8));
  private static final Scope HERE = new Scope("000000000000", "us-east-1");

  private final Store store = MemoryStore.of(new VirtualTime(), NOTES, TOKENS.table());

  private void put(String id) {
    store.write(
        tx -> {
          tx.put(NOTES, HERE.key(id), id);
          return "";
        });
  }

  @Test
  void pagesSurviveWhatChangesBetweenThem() {
    List.of("a", "b", "c", "d", "e").forEach(this::put);
    List<String> seen = new ArrayList<>();
    String token = null;
    int pages = 0;
    do {
      String after = PageToken.lastId("List", token);
      Page<Row<String>> page =
          Page.cut(
              store.snapshot().scanAfter(NOTES, HERE, after), 2, row -> row.key().id(), "List");
      page.items().forEach(row -> seen.add(row.value()));
      token = page.nextToken();
      if (++pages == 1) {
        put("aa"); // before the mark: not shown
        put("cc"); // after it: shown
        store.write(
            tx -> {
              tx.delete(NOTES, HERE.key("b")); // the mark itself
              return "";
            });
      }
    } while (token != null);
    assertThat(seen).containsExactly("a", "b", "c", "cc", "d", "e");
    assertThat(pages).isEqualTo(3);
  }

  @Property(tries = 300)
  void onlyOurOwnTokensAreTaken(@ForAll String id, @ForAll String garbage, @ForAll byte flip) {
    String valid =
        new String(
            id.getBytes(java.nio.charset.StandardCharsets.UTF_8),
            java.nio.charset.StandardCharsets.UTF_8);
    String token = PageToken.of("ListTasks/a", valid);
    assertThat(PageToken.lastId("ListTasks/a", token)).isEqualTo(valid);
    refused("ListTasks/b", token);
    refused("ListTasks/a", token + "AAAA");
    refused("ListTasks/a", token.substring(1));
    int at = Math.floorMod(flip, token.length());
    char other = token.charAt(at) == 'Q' ? 'g' : 'Q';
    String changed = token.substring(0, at) + other + token.substring(at + 1);
    if (at < token.length() - 1) { // the last digit may carry no information
      refused("ListTasks/a", changed);
    }
    if (!garbage.isEmpty()) {
      refused("ListTasks/a", garbage);
    }
  }

  private static void refused(String listing, String token) {
    assertThatThrownBy(() -> PageToken.lastId(listing, token))
        .isInstanceOf(PageToken.Invalid.class);
  }

  @Test
  void aClientTokenGivesTheEarlierResultWithinItsWindow() {
    Instant now = VirtualTime.START;
    String one = ClientTokens.fingerprint(CreateClusterRequest.builder().clusterName("a").build());
    String same = ClientTokens.fingerprint(CreateClusterRequest.builder().clusterName("a").build());
    String two = ClientTokens.fingerprint(CreateClusterRequest.builder().clusterName("b").build());
    assertThat(one).isEqualTo(same).isNotEqualTo(two);
    store.write(
        tx -> {
          assertThat(TOKENS.earlier(tx, HERE, "RunTask", "t", one, now)).isEmpty();
          TOKENS.remember(tx, HERE, "RunTask", "t", one, "arn:1", now);
          return "";
        });
    View view = store.snapshot();
    Instant later = now.plus(Duration.ofHours(7));
    assertThat(TOKENS.earlier(view, HERE, "RunTask", "t", same, later)).contains("arn:1");
    assertThat(TOKENS.earlier(view, HERE, "CreateService", "t", two, later)).isEmpty();
    assertThatThrownBy(() -> TOKENS.earlier(view, HERE, "RunTask", "t", two, later))
        .isInstanceOf(ClientTokens.Mismatch.class);
    Instant muchLater = now.plus(Duration.ofHours(8));
    assertThat(TOKENS.earlier(view, HERE, "RunTask", "t", two, muchLater)).isEmpty();

    store.write(
        tx -> {
          TOKENS.remember(tx, HERE, "RunTask", "other", two, "arn:2", muchLater);
          return "";
        });
    assertThat(store.snapshot().count(TOKENS.table(), HERE)).isEqualTo(2);
  }
}
