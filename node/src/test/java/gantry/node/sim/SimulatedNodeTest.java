package gantry.node.sim;

import static gantry.node.Payloads.bridge;
import static gantry.node.Payloads.shell;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import gantry.node.ControlPlane;
import gantry.node.NodeTimers;
import gantry.node.Payloads;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.HealthCheck;
import software.amazon.awssdk.services.ecs.model.SubmitTaskStateChangeRequest;

class SimulatedNodeTest {

  /** Time that moves when it is told to. */
  private static final class VirtualTime extends Clock implements NodeTimers {
    private record Due(Instant at, long order, Runnable task) {}

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private long order;
    private final PriorityQueue<Due> due =
        new PriorityQueue<>(java.util.Comparator.comparing(Due::at).thenComparing(Due::order));

    @Override
    public void after(Duration delay, Runnable task) {
      due.add(new Due(now.plus(delay), order++, task));
    }

    void pass(Duration time) {
      Instant end = now.plus(time);
      while (!due.isEmpty() && !due.peek().at().isAfter(end)) {
        Due next = due.remove();
        now = next.at();
        next.task().run();
      }
      now = end;
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  private final VirtualTime time = new VirtualTime();
  private final ControlPlane ecs = new ControlPlane();
  private final List<String> health = new ArrayList<>();

  private SimulatedNode node(long seed, Habits habits) {
    return new SimulatedNode(
        ecs,
        (task, name, status, since, output) -> health.add(name + " " + status),
        time,
        time,
        seed,
        habits);
  }

  private List<String> statuses(TaskPayload task) {
    return ecs.reports(task.taskArn()).stream()
        .map(SubmitTaskStateChangeRequest::status)
        .distinct()
        .toList();
  }

  @Test
  void livesATasksLife() {
    SimulatedNode node = node(1, Habits.good());
    TaskPayload task =
        bridge(
            shell(
                "a",
                "x",
                each -> each.healthCheck(HealthCheck.builder().command("CMD", "true").build())));
    node.assign(task);
    time.pass(Duration.ofSeconds(20));
    assertThat(statuses(task)).containsExactly("RUNNING");
    assertThat(health).containsExactly("a HEALTHY");
    node.assign(Payloads.stopped(task));
    time.pass(Duration.ofSeconds(20));
    assertThat(statuses(task)).containsExactly("RUNNING", "STOPPED");
    assertThat(node.taskCount()).isZero();
  }

  @Test
  void repeatsItselfFromItsSeed() {
    List<List<String>> histories = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      VirtualTime own = new VirtualTime();
      ControlPlane listener = new ControlPlane();
      SimulatedNode node =
          new SimulatedNode(listener, (a, b, c, d, e) -> {}, own, own, 42, Habits.bad());
      List<TaskPayload> tasks = new ArrayList<>();
      for (int n = 0; n < 40; n++) {
        tasks.add(bridge(shell("a", "x")));
        node.assign(tasks.getLast());
        own.pass(Duration.ofMillis(100));
      }
      own.pass(Duration.ofMinutes(20));
      histories.add(
          tasks.stream()
              .map(
                  each ->
                      listener.reports(each.taskArn()).stream()
                          .map(report -> report.status() + report.executionStoppedAt())
                          .toList()
                          .toString())
              .toList());
    }
    assertThat(histories.get(0)).isEqualTo(histories.get(1));
    assertThat(histories.get(0)).anyMatch(each -> each.contains("STOPPED"));
  }

  @Test
  void aLostNodeSaysNothingAndComesBackEmpty() {
    SimulatedNode node = node(3, Habits.good());
    TaskPayload task = bridge(shell("a", "x"));
    node.assign(task);
    time.pass(Duration.ofSeconds(20));
    node.lose();
    time.pass(Duration.ofHours(1));
    assertThat(statuses(task)).containsExactly("RUNNING");
    node.comeBack();
    assertThat(node.running()).isEmpty();
    node.retainOnly(Set.of());
    TaskPayload other = bridge(shell("a", "x"));
    node.assign(other);
    time.pass(Duration.ofSeconds(20));
    assertThat(node.running()).containsExactly(other.taskArn());
  }

  @Test
  void aSilentNodeTellsEverythingLater() {
    SimulatedNode node = node(4, Habits.good());
    TaskPayload task = bridge(shell("a", "x"));
    node.silence(true);
    node.assign(task);
    time.pass(Duration.ofSeconds(20));
    assertThat(ecs.reports(task.taskArn())).isEmpty();
    node.silence(false);
    assertThat(statuses(task)).containsExactly("RUNNING");
    assertThat(node.crash(task.taskArn(), "a", 9)).isTrue();
    time.pass(Duration.ofSeconds(1));
    assertThat(ControlPlane.container(ecs.await(task.taskArn(), "STOPPED"), "a").exitCode())
        .isEqualTo(9);
  }

  @Test
  void whatTheControlPlaneDidNotHearIsToldAgain() {
    SimulatedNode node = node(5, Habits.good());
    EniPayload eni =
        new EniPayload(
            "arn:aws:ecs:us-east-1:123456789012:attachment/1",
            "eni-1",
            "vpc-1",
            "subnet-1",
            "02:00:00:00:00:01",
            "10.0.0.4",
            "10.0.0.0/24",
            "ip-10-0-0-4.ec2.internal",
            null);
    TaskPayload task = Payloads.of(t -> t.networkMode("awsvpc"), eni, shell("a", "x"));
    ecs.away(true);
    node.assign(task);
    time.pass(Duration.ofSeconds(20));
    assertThat(ecs.attachments()).isEmpty();
    ecs.away(false);
    time.pass(Duration.ofSeconds(2));
    assertThat(ecs.attachments()).hasSize(1);
    assertThat(statuses(task)).containsExactly("RUNNING");
  }

  @Test
  void tenThousandNodesFitIntoOneProcess() {
    List<SimulatedNode> nodes = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      nodes.add(node(i, Habits.good()));
      nodes.getLast().assign(bridge(shell("a", "x")));
    }
    time.pass(Duration.ofSeconds(30));
    assertThat(nodes.stream().mapToInt(each -> each.running().size()).sum()).isEqualTo(10_000);
  }
}
