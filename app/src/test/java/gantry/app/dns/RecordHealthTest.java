package gantry.app.dns;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.route53.Tables.RecordRow;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.route53.model.RRType;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;

/** What a record's health follows from. */
class RecordHealthTest {

  private static final ResourceRecordSet TO_BALANCER = alias("www.x.", "dualstack.lb.test.", true);
  private static final ResourceRecordSet TO_RECORD = alias("a.x.", "b.x.", true);
  private static final ResourceRecordSet BLIND = alias("c.x.", "dualstack.lb.test.", false);
  private static final ResourceRecordSet ONE = checked("b.x.", "one");
  private static final ResourceRecordSet TWO = checked("b.x.", "two");

  private static ResourceRecordSet alias(String name, String to, boolean evaluates) {
    return ResourceRecordSet.builder()
        .name(name)
        .type(RRType.A)
        .aliasTarget(a -> a.dnsName(to).hostedZoneId("Z").evaluateTargetHealth(evaluates))
        .build();
  }

  private static ResourceRecordSet checked(String name, String check) {
    return ResourceRecordSet.builder().name(name).type(RRType.A).healthCheckId(check).build();
  }

  private static RecordHealth health(Set<String> ill) {
    return new RecordHealth(
        List.of(TO_BALANCER, TO_RECORD, BLIND, ONE, TWO).stream()
            .map(set -> new RecordRow("Z", set))
            .toList(),
        id -> !ill.contains(id),
        name -> !ill.contains(name));
  }

  @Test
  void anAliasFollowsItsBalancer() {
    assertThat(health(Set.of()).of(TO_BALANCER)).isTrue();
    assertThat(health(Set.of("lb.test.")).of(TO_BALANCER)).isFalse();
    assertThat(health(Set.of("lb.test.")).of(BLIND)).as("not evaluated").isTrue();
  }

  @Test
  void anAliasFollowsTheRecordsThatItLeadsTo() {
    assertThat(health(Set.of("one")).of(TO_RECORD)).as("one of two is enough").isTrue();
    assertThat(health(Set.of("one", "two")).of(TO_RECORD)).isFalse();
    assertThat(health(Set.of("one")).of(ONE)).isFalse();
  }

  @Test
  void aCircleEnds() {
    ResourceRecordSet self = alias("s.x.", "s.x.", true);
    assertThat(
            new RecordHealth(List.of(new RecordRow("Z", self)), id -> true, name -> true).of(self))
        .isTrue();
  }
}
