package gantry.traffic.dns;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.dns.RecordSet.Routing;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Each of Route 53's policies, and what health does to it. */
class RoutingTest {

  private static RecordSet set(String address, Routing routing, boolean healthy) {
    return new RecordSet("x.e.", RecordType.A, 5, List.of(address), null, routing, healthy);
  }

  private static List<String> once(Asking asking) throws IOException {
    return asking.ask("x.e.", Type.A).getSection(Section.ANSWER).stream()
        .map(Record::rdataToString)
        .toList();
  }

  private static Map<String, Integer> often(RecordSet... sets) throws IOException {
    Asking asking = Asking.of(Asking.zone("e.", sets));
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 2_000; i++) {
      once(asking).forEach(address -> counts.merge(address, 1, Integer::sum));
    }
    return counts;
  }

  @Test
  void multivalueGivesEightOfTheHealthyAndOtherOnesEachTime() throws IOException {
    List<RecordSet> sets = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      sets.add(set("10.0.0." + i, new Routing.Multivalue(), i < 12));
    }
    Asking asking = Asking.of(Asking.zone("e.", sets.toArray(RecordSet[]::new)));
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      List<String> answer = once(asking);
      assertThat(answer).hasSize(8).doesNotHaveDuplicates();
      seen.addAll(answer);
    }
    assertThat(seen).hasSize(12);
  }

  @Test
  void weightsAreKept() throws IOException {
    Map<String, Integer> counts =
        often(
            set("10.0.0.1", new Routing.Weighted(3), true),
            set("10.0.0.2", new Routing.Weighted(1), true),
            set("10.0.0.3", new Routing.Weighted(0), true));
    assertThat(counts).containsOnlyKeys("10.0.0.1", "10.0.0.2");
    assertThat(counts.get("10.0.0.1")).isBetween(1_350, 1_650);
  }

  @Test
  void allWeightsZeroIsAllTheSame() throws IOException {
    assertThat(
            often(
                set("10.0.0.1", new Routing.Weighted(0), true),
                set("10.0.0.2", new Routing.Weighted(0), true)))
        .containsOnlyKeys("10.0.0.1", "10.0.0.2");
  }

  @Test
  void theUnhealthyIsLeftOutUnlessAllAre() throws IOException {
    assertThat(
            often(
                set("10.0.0.1", new Routing.Weighted(9), false),
                set("10.0.0.2", new Routing.Weighted(1), true)))
        .containsOnlyKeys("10.0.0.2");
    assertThat(
            often(
                set("10.0.0.1", new Routing.Weighted(1), false),
                set("10.0.0.2", new Routing.Weighted(1), false)))
        .containsOnlyKeys("10.0.0.1", "10.0.0.2");
  }

  @Test
  void failover() throws IOException {
    for (boolean primary : new boolean[] {true, false}) {
      for (boolean secondary : new boolean[] {true, false}) {
        assertThat(
                often(
                    set("10.0.0.1", new Routing.Failover(true), primary),
                    set("10.0.0.2", new Routing.Failover(false), secondary)))
            .containsOnlyKeys(!primary && secondary ? "10.0.0.2" : "10.0.0.1");
      }
    }
  }

  @Test
  void latencyIsTheSameRegionFirst() throws IOException {
    assertThat(
            often(
                set("10.0.0.1", new Routing.Latency("us-east-1"), true),
                set("10.0.0.2", new Routing.Latency("eu-west-1"), true),
                set("10.0.0.3", new Routing.Latency("eu-west-2"), true)))
        .containsOnlyKeys("10.0.0.2");
    assertThat(
            often(
                set("10.0.0.1", new Routing.Latency("us-east-1"), true),
                set("10.0.0.2", new Routing.Latency("eu-west-1"), false),
                set("10.0.0.3", new Routing.Latency("eu-west-2"), true)))
        .containsOnlyKeys("10.0.0.3");
  }

  @Test
  void geolocationIsTheNearestPlaceThatCovers() throws IOException {
    assertThat(
            often(
                set("10.0.0.1", new Routing.Geolocation("NA"), true),
                set("10.0.0.2", new Routing.Geolocation("EU"), true),
                set("10.0.0.3", new Routing.Geolocation("*"), true)))
        .containsOnlyKeys("10.0.0.2");
    assertThat(
            often(
                set("10.0.0.1", new Routing.Geolocation("NA"), true),
                set("10.0.0.3", new Routing.Geolocation("*"), true)))
        .containsOnlyKeys("10.0.0.3");
    assertThat(often(set("10.0.0.1", new Routing.Geolocation("NA"), true))).isEmpty();
  }
}
