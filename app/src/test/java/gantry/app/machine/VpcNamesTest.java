package gantry.app.machine;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.network.NetworkPlan;
import gantry.app.dns.DnsLink;
import gantry.services.elbv2.Rows;
import gantry.state.MemoryStore;
import gantry.state.Store;
import gantry.state.VirtualTime;
import gantry.traffic.dns.Lookup;
import gantry.traffic.dns.RecordType;
import gantry.traffic.dns.View;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The names that nobody registers. */
class VpcNamesTest {

  @Test
  void theRegistryOfEveryAccountStandsAtTheTasksDoor() {
    VpcNames names = new VpcNames();
    names.update(
        new NetworkPlan(
            new TreeMap<>(
                Map.of(
                    "vpc-1",
                    new NetworkPlan.Vpc(
                        "vpc-1",
                        "000000000000",
                        "eu-west-1",
                        List.of(),
                        null,
                        new TreeMap<>(),
                        new TreeMap<>(),
                        new TreeMap<>(),
                        new TreeMap<>(),
                        new TreeMap<>(),
                        new TreeMap<>(),
                        new TreeMap<>(),
                        List.of()))),
            new TreeMap<>(),
            new TreeMap<>()));
    try (Store store = MemoryStore.of(new VirtualTime(), Rows.BALANCERS)) {
      View inside = View.of(names.zones(store.snapshot(), "vpc-1"), "eu-west-1", true);
      for (String account : List.of("000000000000", "111122223333")) {
        String name = account + ".dkr.ecr.eu-west-1.amazonaws.com";
        assertThat(addresses(inside, name)).containsExactly("169.254.170.2");
      }
      // What is AWS's own stays AWS's.
      assertThat(Lookup.ask(inside, "api.ecr.eu-west-1.amazonaws.com", RecordType.A)).isNull();
      assertThat(names.zones(store.snapshot(), DnsLink.HOST)).isEmpty();
    }
  }

  private static List<String> addresses(View view, String name) {
    Lookup.Answer answer = Objects.requireNonNull(Lookup.ask(view, name, RecordType.A));
    return answer.records().stream()
        .map(found -> Objects.requireNonNull(found.address()).getHostAddress())
        .toList();
  }
}
