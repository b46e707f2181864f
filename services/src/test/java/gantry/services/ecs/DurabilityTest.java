package gantry.services.ecs;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.ecs.rows.TaskRow;
import gantry.state.Row;
import gantry.state.Schema;
import gantry.state.SqliteStore;
import gantry.state.Store;
import gantry.state.Table;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ecs.model.HealthStatus;
import software.amazon.awssdk.services.ecs.model.LoadBalancer;

/** Every row that ECS writes comes back from the durable log as it was. */
@SuppressWarnings("unchecked")
class DurabilityTest {

  @TempDir Path directory;

  @Test
  void rowsSurviveAStart() {
    World world = new World();
    world.cluster();
    world.fargateNode(8192, 16_384);
    world.instance(1024, 2048, "us-east-1a");
    world.definition("web", "app:1");
    world.definition("bad", "exit-1");
    world.service(
        "web",
        "web",
        2,
        r -> {
          World.fargate(r);
          r.tags(t -> t.key("team").value("x"));
          r.loadBalancers(
              LoadBalancer.builder()
                  .targetGroupArn(PretendedBalancer.GROUP)
                  .containerName("app")
                  .containerPort(8080)
                  .build());
        });
    world.service("bad", "bad", 1, World::fargate);
    world.balancer.rules();
    world.service(
        "colours",
        "web",
        1,
        r -> {
          World.fargate(r);
          r.deploymentConfiguration(c -> c.strategy("CANARY").bakeTimeInMinutes(5));
          r.loadBalancers(ShiftsTest.balancer());
        });
    world.call(ecs -> ecs.putAccountSetting(r -> r.name("containerInsights").value("enabled")));
    world.run(Duration.ofSeconds(40));
    world.call(ecs -> ecs.updateService(r -> r.service("colours").forceNewDeployment(true)));
    world.run(Duration.ofSeconds(5));
    assertThat(world.store.snapshot().scanAll(EcsTables.SERVICES).toList().toString())
        .contains("TrafficShift[")
        .contains("stage=SCALE_UP")
        .contains("Route[");
    TaskRow running = world.rows().getFirst();
    world
        .ecs
        .reports()
        .containerHealth(running.arn(), "app", HealthStatus.HEALTHY, world.time.instant(), "ok");
    world.ecs.reports().containerOutput(running.arn(), "app", List.of("one", "two"));
    world.run(Duration.ofSeconds(1));
    try (Store durable = SqliteStore.open(directory, world.time, Schema.FIRST, EcsTables.ALL)) {
      durable.write(
          tx -> {
            EcsTables.ALL.forEach(table -> copy(world, table, tx));
            return true;
          });
    }
    try (Store durable = SqliteStore.open(directory, world.time, Schema.FIRST, EcsTables.ALL)) {
      for (Table<?> table : EcsTables.ALL) {
        List<? extends Row<?>> there = world.store.snapshot().scanAll(table).toList();
        List<? extends Row<?>> back = durable.snapshot().scanAll(table).toList();
        assertThat(back.toString()).as(table.name()).isEqualTo(there.toString());
      }
      assertThat(durable.snapshot().scanAll(EcsTables.TASKS)).isNotEmpty();
      assertThat(durable.snapshot().scanAll(EcsTables.EVENTS)).isNotEmpty();
    }
  }

  private static <V> void copy(World world, Table<V> table, gantry.state.Tx tx) {
    world.store.snapshot().scanAll(table).forEach(row -> tx.put(table, row.key(), row.value()));
  }

  @Test
  void whySaysTheDecidingFact() {
    World world = new World();
    world.cluster();
    world.fargateNode(8192, 16_384);
    world.definition("web", "missing:1");
    world.service("web", "web", 1, World::fargate);
    world.run(Duration.ofSeconds(60));
    String why = new Why(world.core).why("web").getFirst().print();
    assertThat(why)
        .startsWith("service web is ACTIVE: 0 of 1 running")
        .contains("update the service to try again")
        .contains("CannotPullContainerError")
        .contains("not found");
  }

  @Test
  void whySaysThatNoInstanceFits() {
    World world = new World();
    world.cluster();
    world.instance(1024, 2048, "us-east-1a");
    world.bridge("web", "app", 2048, 64);
    world.service("web", "web", 1, r -> {});
    world.run(Duration.ofSeconds(30));
    assertThat(new Why(world.core).why("web").getFirst().print())
        .contains("no instance can take a task of 2048 CPU units, 64 MiB: 1 instance was looked at")
        .contains("RESOURCE:CPU (1)");
  }

  /** Describe shows an hour of stopped tasks, as ECS; the explanation has all that is kept. */
  @Test
  void whyTellsOfATaskThatEndedDaysAgo() {
    World world = new World();
    world.cluster();
    world.fargateNode(8192, 16_384);
    world.definition("job", "crash-20");
    String arn =
        world
            .call(
                ecs ->
                    ecs.runTask(
                        r ->
                            r.taskDefinition("job")
                                .launchType("FARGATE")
                                .networkConfiguration(
                                    n -> n.awsvpcConfiguration(v -> v.subnets("subnet-a")))))
            .tasks()
            .getFirst()
            .taskArn();
    world.run(Duration.ofSeconds(15));
    TaskReports reports = new TaskReports(world.context);
    reports.containerHealth(
        arn, "app", HealthStatus.UNHEALTHY, world.time.instant(), "connection refused");
    reports.containerOutput(arn, "app", List.of("out of coffee"));
    world.run(Duration.ofDays(3));
    assertThat(world.call(ecs -> ecs.describeTasks(r -> r.tasks(arn))).failures()).hasSize(1);
    assertThat(new Why(world.core).why(arn).getFirst().print())
        .contains("is STOPPED")
        .contains("Essential container in task exited")
        .contains("connection refused")
        .contains("out of coffee")
        .contains("exit code 1");
  }
}
