package gantry.services.elbv2;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.elbv2.Rows.BalancerRow;
import gantry.services.elbv2.Rows.ListenerRow;
import gantry.services.elbv2.Rows.TargetRow;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.VirtualTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Action;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.ActionTypeEnum;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.Listener;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.LoadBalancer;

/** When a load balancer counts as healthy for the records that follow it. */
class BalancerHealthTest {

  private static final String PREFIX = "arn:aws:elasticloadbalancing:us-east-1:000000000000:";
  private static final Scope SCOPE = new Scope("000000000000", "us-east-1");
  private static final String NAME = "web-1.us-east-1.elb.amazonaws.com";

  private final VirtualTime time = new VirtualTime();
  private final Store store =
      MemoryStore.of(
          time, List.of(Rows.BALANCERS, Rows.LISTENERS, Rows.RULES, Rows.GROUPS, Rows.TARGETS));

  private void balancer(String... groups) {
    String arn = PREFIX + "loadbalancer/app/web/1";
    store.write(
        tx -> {
          tx.put(
              Rows.BALANCERS,
              SCOPE.key(arn),
              new BalancerRow(
                  LoadBalancer.builder().loadBalancerArn(arn).dnsName(NAME).build(),
                  Map.of(),
                  List.of(),
                  List.of()));
          for (String group : groups) {
            String listener = PREFIX + "listener/app/web/1/" + group;
            tx.put(
                Rows.LISTENERS,
                SCOPE.key(listener),
                new ListenerRow(
                    Listener.builder()
                        .listenerArn(listener)
                        .loadBalancerArn(arn)
                        .defaultActions(
                            Action.builder()
                                .type(ActionTypeEnum.FORWARD)
                                .targetGroupArn(group(group))
                                .build())
                        .build(),
                    listener + "/rule",
                    Map.of(),
                    List.of(),
                    List.of()));
          }
          return null;
        });
  }

  private static String group(String name) {
    return PREFIX + "targetgroup/" + name + "/1";
  }

  private void target(String group, String id, String state) {
    store.write(
        tx -> {
          tx.put(
              Rows.TARGETS,
              Rows.targetKey(SCOPE, group(group), id, 80),
              new TargetRow(
                  group(group), id, 80, null, id, state, null, null, null, time.instant()));
          return null;
        });
  }

  private boolean healthy() {
    return BalancerHealth.of(store.snapshot(), NAME + ".");
  }

  @Test
  void everyGroupNeedsAHealthyTarget() {
    balancer("a", "b");
    assertThat(healthy()).as("no targets at all").isFalse();
    target("a", "10.0.0.1", "healthy");
    assertThat(healthy()).as("one group has none").isFalse();
    target("b", "10.0.0.2", "unhealthy");
    assertThat(healthy()).isFalse();
    target("b", "10.0.0.3", "healthy");
    assertThat(healthy()).isTrue();
  }

  @Test
  void whoAnswersByItselfIsHealthyAndSoIsANameOfNobody() {
    balancer();
    assertThat(healthy()).isTrue();
    assertThat(BalancerHealth.of(store.snapshot(), "other.example.com.")).isTrue();
  }
}
