package gantry.node.task;

import static gantry.node.Payloads.bridge;
import static gantry.node.Payloads.shell;
import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.EniPayload;
import gantry.acs.TaskPayload;
import gantry.node.Payloads;
import gantry.node.task.ContainerSeen.Health;
import gantry.node.task.ContainerSeen.State;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.model.ContainerCondition;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.ContainerDependency;
import software.amazon.awssdk.services.ecs.model.ContainerRestartPolicy;
import software.amazon.awssdk.services.ecs.model.NetworkMode;

class TaskMachineTest {

  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  private static ContainerDependency on(String name, ContainerCondition condition) {
    return ContainerDependency.builder().containerName(name).condition(condition).build();
  }

  /** A machine under test: a Docker in which every step works at once. */
  private static final class World {
    TaskPayload task;
    Instant now = NOW;
    final Map<String, ContainerSeen> containers = new LinkedHashMap<>();
    Seen.Network network = Seen.Network.ABSENT;
    @Nullable String failure;
    boolean wasRunning;
    boolean acknowledged;
    final List<Step> steps = new ArrayList<>();

    World(TaskPayload task) {
      this.task = task;
      task.definition()
          .containerDefinitions()
          .forEach(each -> containers.put(each.name(), ContainerSeen.nothing(each.name())));
    }

    ContainerSeen one(String name) {
      return java.util.Objects.requireNonNull(containers.get(name));
    }

    Seen seen() {
      return new Seen(Map.copyOf(containers), network, failure, wasRunning, acknowledged);
    }

    Step next() {
      return TaskMachine.next(task, seen(), now);
    }

    void docker(String name, State state, @Nullable Integer code, Health health) {
      ContainerSeen it = one(name);
      Instant started = state.started() ? it.startedAt() == null ? now : it.startedAt() : null;
      containers.put(
          name,
          it.docker(
              state,
              "id-" + name,
              1L,
              code,
              false,
              now,
              started,
              state == State.EXITED ? now : null,
              health,
              now));
    }

    /** Does steps until there is nothing to do. */
    Step run() {
      for (int i = 0; i < 100; i++) {
        Step step = next();
        if (step instanceof Step.Wait) {
          return step;
        }
        step(step);
        if (step instanceof Step.Stopped || step instanceof Step.CleanUp) {
          return step;
        }
      }
      throw new AssertionError("no end: " + steps);
    }

    void step(Step step) {
      steps.add(step);
      switch (step) {
        case Step.Prepare it ->
            containers.put(it.container(), one(it.container()).image("sha256:1", null));
        case Step.StartPause it -> network = Seen.Network.PAUSED;
        case Step.AttachNetwork it -> network = Seen.Network.READY;
        case Step.Create it -> docker(it.container(), State.CREATED, null, Health.NONE);
        case Step.Start it -> docker(it.container(), State.RUNNING, null, Health.NONE);
        case Step.Restart it -> {
          ContainerSeen before = one(it.container()).restarted();
          containers.put(
              it.container(),
              before.docker(
                  State.RUNNING, before.id(), 1L, null, false, now, now, null, Health.NONE, now));
        }
        case Step.Fail it -> failure = it.reason();
        case Step.Signal it -> containers.put(it.container(), one(it.container()).signalled(now));
        case Step.Kill it -> docker(it.container(), State.EXITED, 137, Health.NONE);
        case Step.ReleaseNetwork it -> network = Seen.Network.ABSENT;
        case Step.Stopped it -> {}
        case Step.CleanUp it -> {}
        case Step.Wait it -> throw new AssertionError();
      }
      wasRunning |= TaskReport.allStarted(containers);
    }

    List<String> names() {
      return steps.stream().map(Step::toString).toList();
    }
  }

  @Test
  void startsADependencyFirst() {
    World world =
        new World(
            bridge(
                shell("app", "x", each -> each.dependsOn(on("db", ContainerCondition.START))),
                shell("db", "x")));
    assertThat(world.run()).isEqualTo(new Step.Wait("everything runs", null));
    assertThat(world.names())
        .containsExactly(
            "Prepare[container=app]",
            "Prepare[container=db]",
            "Create[container=db]",
            "Start[container=db]",
            "Create[container=app]",
            "Start[container=app]");
  }

  @Test
  void waitsForHealthAndGivesUpAfterStartTimeout() {
    World world =
        new World(
            bridge(
                shell("app", "x", each -> each.dependsOn(on("db", ContainerCondition.HEALTHY))),
                shell("db", "x", each -> each.startTimeout(10))));
    Step waits = world.run();
    assertThat(waits)
        .isEqualTo(new Step.Wait("app waits for db to be HEALTHY", NOW.plusSeconds(10)));
    world.docker("db", State.RUNNING, null, Health.HEALTHY);
    assertThat(world.next()).isEqualTo(new Step.Create("app"));

    world.docker("db", State.RUNNING, null, Health.STARTING);
    world.now = NOW.plusSeconds(10);
    assertThat(world.next()).isInstanceOf(Step.Fail.class);
    assertThat(((Step.Fail) world.next()).reason()).contains("startTimeout of 10 s");
  }

  @Test
  void succeedsOnlyAfterSuccess() {
    TaskPayload task =
        bridge(
            shell("app", "x", each -> each.dependsOn(on("init", ContainerCondition.SUCCESS))),
            shell("init", "x", each -> each.essential(false)));
    World world = new World(task);
    world.run();
    world.docker("init", State.EXITED, 0, Health.NONE);
    assertThat(world.next()).isEqualTo(new Step.Create("app"));
    world.docker("init", State.EXITED, 2, Health.NONE);
    assertThat(((Step.Fail) world.next()).reason())
        .startsWith("CannotStartContainerError")
        .contains("init exited with 2");
  }

  @Test
  void stopsDependentsBeforeWhatTheyDependOn() {
    World world =
        new World(
            bridge(
                shell("app", "x", each -> each.dependsOn(on("db", ContainerCondition.START))),
                shell("db", "x")));
    world.run();
    world.steps.clear();
    world.task = Payloads.stopped(world.task);
    assertThat(world.run()).isInstanceOf(Step.Wait.class);
    assertThat(world.names()).containsExactly("Signal[container=app]");
    world.docker("app", State.EXITED, 143, Health.NONE);
    world.run();
    assertThat(world.names()).containsExactly("Signal[container=app]", "Signal[container=db]");
    world.now = NOW.plusSeconds(3);
    world.run();
    assertThat(world.names()).endsWith("Kill[container=db]", "Stopped[]");
  }

  @Test
  void anEssentialContainersEndStopsTheOthers() {
    World world =
        new World(bridge(shell("a", "x"), shell("b", "x", each -> each.essential(false))));
    world.run();
    world.docker("b", State.EXITED, 1, Health.NONE);
    assertThat(world.next()).isInstanceOf(Step.Wait.class);
    world.docker("a", State.EXITED, 0, Health.NONE);
    assertThat(world.run()).isEqualTo(new Step.Stopped());
  }

  @Test
  void restartsByPolicyOnlyAfterThePeriod() {
    ContainerRestartPolicy policy =
        ContainerRestartPolicy.builder()
            .enabled(true)
            .ignoredExitCodes(7)
            .restartAttemptPeriod(60)
            .build();
    World world = new World(bridge(shell("a", "x", each -> each.restartPolicy(policy))));
    world.run();
    world.now = NOW.plusSeconds(61);
    world.docker("a", State.EXITED, 1, Health.NONE);
    assertThat(world.next()).isEqualTo(new Step.Restart("a"));
    world.run();
    world.docker("a", State.EXITED, 1, Health.NONE);
    assertThat(world.run()).isEqualTo(new Step.Stopped());

    World ignored = new World(bridge(shell("a", "x", each -> each.restartPolicy(policy))));
    ignored.run();
    ignored.now = NOW.plusSeconds(61);
    ignored.docker("a", State.EXITED, 7, Health.NONE);
    assertThat(ignored.run()).isEqualTo(new Step.Stopped());
  }

  @Test
  void goesOnAfterACrashWithoutStartingAnythingTwice() {
    TaskPayload task = bridge(shell("a", "x"), shell("b", "x"));
    World world = new World(task);
    world.run();
    // What a new program sees: Docker's containers, and nothing of its own.
    World after = new World(task);
    after.docker("a", State.RUNNING, null, Health.NONE);
    after.docker("b", State.CREATED, null, Health.NONE);
    after.run();
    assertThat(after.names()).containsExactly("Start[container=b]");
  }

  @Test
  void doesNotStartAgainWhatWasRunningAndVanished() {
    TaskPayload task = bridge(shell("a", "x"));
    World world = new World(Payloads.with(task, TaskPayload.Desired.RUNNING, "RUNNING"));
    assertThat(world.run()).isEqualTo(new Step.Stopped());
    assertThat(world.failure).startsWith("ContainerVanishedError");
  }

  @Test
  void anAwsvpcTaskHasItsNetworkBeforeItsContainers() {
    TaskPayload task =
        Payloads.of(
            each -> each.networkMode(NetworkMode.AWSVPC),
            new EniPayload(
                "arn",
                "eni-1",
                "vpc-1",
                "subnet-1",
                "0a:00:00:00:00:01",
                "10.0.0.9",
                "10.0.0.0/24",
                "ip-10-0-0-9.ec2.internal",
                null),
            shell("a", "x"));
    World world = new World(task);
    world.run();
    assertThat(world.names())
        .containsExactly(
            "Prepare[container=a]",
            "StartPause[]",
            "AttachNetwork[]",
            "Create[container=a]",
            "Start[container=a]");
    world.network = Seen.Network.LOST;
    assertThat(((Step.Fail) world.next()).reason()).startsWith("ContainerNetworkingError");
  }

  @Test
  void findsACircle() {
    TaskPayload task =
        bridge(
            shell("a", "x", each -> each.dependsOn(on("b", ContainerCondition.START))),
            shell("b", "x", each -> each.links("a:alias")));
    World world = new World(task);
    world.run();
    assertThat(world.failure)
        .startsWith("TaskDependencyError: Task dependencies cannot be resolved")
        .contains("a waits for b waits for a");
  }

  /**
   * Whatever containers do and whenever a stop is wanted, every task comes to an end, and never has
   * a container started before what it waits for.
   */
  @Property(tries = 300)
  void everyTaskEnds(@ForAll @IntRange(min = 1, max = 5) int count, @ForAll long seed) {
    java.util.Random chance = new java.util.Random(seed);
    List<ContainerDefinition> containers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int index = i;
      containers.add(
          shell(
              "c" + i,
              "x",
              each -> {
                each.essential(index == 0 || chance.nextBoolean());
                List<ContainerDependency> on = new ArrayList<>();
                for (int other = 0; other < index; other++) {
                  if (chance.nextInt(3) == 0) {
                    on.add(on("c" + other, ContainerCondition.values()[chance.nextInt(4)]));
                  }
                }
                each.dependsOn(on).startTimeout(30);
              }));
    }
    World world = new World(bridge(containers.toArray(ContainerDefinition[]::new)));
    Set<String> started = new HashSet<>();
    for (int round = 0; round < 200; round++) {
      Step step = world.next();
      if (step instanceof Step.Stopped) {
        assertThat(world.containers.values()).noneMatch(each -> each.state() == State.RUNNING);
        return;
      }
      if (step instanceof Step.Wait wait) {
        Instant until = wait.until();
        world.now =
            until != null && chance.nextBoolean() ? until : world.now.plus(Duration.ofSeconds(5));
        for (ContainerSeen each : List.copyOf(world.containers.values())) {
          if (each.state() == State.RUNNING && chance.nextInt(4) == 0) {
            world.docker(each.name(), State.EXITED, chance.nextInt(2), Health.NONE);
          } else if (each.state() == State.RUNNING && chance.nextInt(3) == 0) {
            world.docker(each.name(), State.RUNNING, null, Health.HEALTHY);
          }
        }
        if (round > 100) {
          world.task = Payloads.stopped(world.task);
        }
        continue;
      }
      if (step instanceof Step.Start start) {
        assertThat(started.add(start.container())).isTrue();
        for (ContainerDefinition each : containers) {
          if (each.name().equals(start.container())) {
            for (Order.Edge edge : Order.before(each)) {
              assertThat(started).contains(edge.on());
            }
          }
        }
      }
      world.step(step);
    }
    throw new AssertionError("it never ended: " + world.seen());
  }
}
