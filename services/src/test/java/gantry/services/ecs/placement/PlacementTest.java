package gantry.services.ecs.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PlacementTest {

  private final CapacityIndex index = new CapacityIndex();
  private int tasks;

  private void instance(String id, int cpu, int memory, String zone) {
    index.upsert(
        new Candidate(
            id,
            true,
            true,
            cpu,
            memory,
            0,
            100,
            Set.of(22),
            Set.of(),
            Map.of("ecs.availability-zone", zone, "ecs.instance-type", "t2." + id),
            Set.of(zone),
            "1.14.0",
            id,
            Instant.EPOCH));
  }

  private String place(PlacementRequest request) {
    Decision decision = index.place(request);
    assertThat(decision).isInstanceOf(Decision.Placed.class);
    String instance = ((Decision.Placed) decision).instanceId();
    index.occupy("t" + tasks++, instance, request.group(), request.demand());
    return instance;
  }

  private static PlacementRequest request(Strategy... strategies) {
    return PlacementRequest.of("service:web", Demand.of(100, 100), List.of(strategies));
  }

  @Test
  void binpackTakesTheFullestThatFits() {
    instance("a", 1000, 1000, "z1");
    instance("b", 1000, 500, "z1");
    instance("c", 1000, 50, "z1");
    assertThat(place(request(new Strategy.Binpack(true)))).isEqualTo("b");
    assertThat(place(request(new Strategy.Binpack(true)))).isEqualTo("b");
  }

  @Test
  void spreadOverZonesThenBinpack() {
    instance("a1", 1000, 1000, "z1");
    instance("a2", 1000, 600, "z1");
    instance("b1", 1000, 1000, "z2");
    Strategy[] chain = {new Strategy.Spread("ecs.availability-zone"), new Strategy.Binpack(true)};
    assertThat(place(request(chain))).isEqualTo("a2");
    assertThat(place(request(chain))).isEqualTo("b1");
    assertThat(place(request(chain))).isEqualTo("a2");
    assertThat(place(request(chain))).isEqualTo("b1");
  }

  @Test
  void spreadOverInstancesLooksAtTheGroupOnly() {
    instance("a", 1000, 1000, "z1");
    instance("b", 1000, 900, "z1");
    index.occupy("other", "b", "service:other", Demand.of(10, 10));
    assertThat(place(request(new Strategy.Spread("instanceId")))).isEqualTo("a");
    assertThat(place(request(new Strategy.Spread("instanceId")))).isEqualTo("b");
    assertThat(place(request(new Strategy.Spread("instanceId")))).isIn("a", "b");
  }

  @Test
  void portsAreHeldAndReservedOnesNeverGiven() {
    instance("a", 1000, 1000, "z1");
    Demand port = new Demand(1, 1, 0, List.of(80), List.of(), 0);
    PlacementRequest request = PlacementRequest.of("g", port, List.of());
    assertThat(place(request)).isEqualTo("a");
    assertThat(refusal(request)).isEqualTo(Refusal.PORTS);
    assertThat(
            refusal(
                PlacementRequest.of(
                    "g", new Demand(1, 1, 0, List.of(22), List.of(), 0), List.of())))
        .isEqualTo(Refusal.PORTS);
    index.release("t0");
    assertThat(place(request)).isEqualTo("a");
  }

  @Test
  void distinctInstance() {
    instance("a", 1000, 1000, "z1");
    instance("b", 1000, 1000, "z1");
    PlacementRequest distinct =
        new PlacementRequest(
            "g", Demand.of(1, 1), Map.of(), List.of(), true, Set.of(), List.of(), 0, null);
    assertThat(Set.of(place(distinct), place(distinct))).containsExactlyInAnyOrder("a", "b");
    assertThat(refusal(distinct)).isEqualTo(Refusal.DISTINCT_INSTANCE);
  }

  @Test
  void everyInstanceLeavesItsReason() {
    instance("a", 50, 1000, "z1");
    instance("b", 1000, 50, "z1");
    Decision.Refused refused = (Decision.Refused) index.place(request());
    assertThat(refused.byInstance())
        .containsEntry("a", Refusal.CPU)
        .containsEntry("b", Refusal.MEMORY);
    assertThat(refused.closest()).isEqualTo("b");
  }

  private @Nullable Refusal refusal(PlacementRequest request) {
    return ((Decision.Refused) index.place(request)).closestRefusal();
  }

  @Test
  void theQueryLanguage() {
    instance("micro", 1000, 1000, "us-east-1a");
    index.occupy("t", "micro", "service:production", Demand.of(1, 1));
    index.occupy("u", "micro", "service:other", Demand.of(1, 1));
    for (String yes :
        List.of(
            "attribute:ecs.instance-type =~ t2.*",
            "attribute:ecs.availability-zone in [us-east-1a, us-east-1b]",
            "task:group == service:production",
            "not(task:group == database)",
            "(runningTasksCount > 1) and (attribute:ecs.availability-zone == us-east-1a)",
            "attribute:stack !exists",
            "attribute:stack != x",
            "ec2InstanceId in ['micro', 'i-wxyx7890']",
            "agentVersion >= 1.9.0",
            "agentConnected == true && !(registeredAt > 2020-01-01)",
            "attribute:a exists or registeredAt < 2020-01-01T00:00:00Z")) {
      assertThat(matches(yes)).as(yes).isTrue();
    }
    for (String no :
        List.of(
            "attribute:stack exists",
            "attribute:stack == x",
            "attribute:stack in [x]",
            "task:group == database",
            "ec2InstanceId not_in [micro]",
            "agentVersion greater_than 1.14.0")) {
      assertThat(matches(no)).as(no).isFalse();
    }
    for (String bad :
        List.of(
            "",
            "attribute:",
            "x == y",
            "attribute:a ==",
            "(attribute:a exists",
            "runningTasksCount > many",
            "attribute:a =~ [")) {
      assertThatThrownBy(() -> ClusterQuery.parse(bad))
          .as(bad)
          .isInstanceOf(ClusterQuery.Malformed.class);
    }
  }

  private boolean matches(String expression) {
    return index.place(
            new PlacementRequest(
                "g",
                Demand.of(1, 1),
                Map.of(),
                List.of(ClusterQuery.parse(expression)),
                false,
                Set.of(),
                List.of(),
                0,
                null))
        instanceof Decision.Placed;
  }
}
