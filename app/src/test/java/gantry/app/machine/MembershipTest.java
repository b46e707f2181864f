package gantry.app.machine;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.acs.NodeAgent;
import gantry.acs.TaskPayload;
import gantry.node.docker.DockerEngine;
import gantry.services.FixedClients;
import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.placement.Demand;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.ControllerRunner;
import gantry.state.MemoryStore;
import gantry.state.Scope;
import gantry.state.SeededIds;
import gantry.state.Store;
import gantry.state.VirtualTime;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.ContainerInstance;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceRequest;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceResponse;
import software.amazon.awssdk.services.ecs.model.ServerException;
import software.amazon.awssdk.services.ecs.model.Task;

class MembershipTest {

  private static final Scope SCOPE = new Scope("111122223333", "us-east-1");
  private static final String INSTALL = "0a";
  private static final String ARN = "arn:aws:ecs:us-east-1:111122223333:";
  private static final String BEFORE = ARN + "container-instance/default/before";

  private final VirtualTime time = new VirtualTime();
  private final List<RegisterContainerInstanceRequest> asked = new ArrayList<>();
  private final Told told = new Told();
  private int refusals;
  private Store store;
  private Membership membership;

  /** Registers, but refuses so many times. */
  private final EcsClient ecs =
      new EcsClient() {
        @Override
        public RegisterContainerInstanceResponse registerContainerInstance(
            RegisterContainerInstanceRequest request) {
          asked.add(request);
          if (refusals-- > 0) {
            throw ServerException.builder().message("No space left on device").build();
          }
          String given = request.containerInstanceArn();
          return RegisterContainerInstanceResponse.builder()
              .containerInstance(
                  b -> b.containerInstanceArn(given == null ? BEFORE + "-not" : given))
              .build();
        }

        @Override
        public String serviceName() {
          return "ecs";
        }

        @Override
        public void close() {}
      };

  /** What an agent was told. */
  private static final class Told implements NodeAgent {
    private Set<String> retained = Set.of();
    private final List<String> assigned = new ArrayList<>();

    @Override
    public void assign(TaskPayload task) {
      assigned.add(task.taskArn());
    }

    @Override
    public void retainOnly(Set<String> taskArns) {
      retained = taskArns;
    }

    @Override
    public void close() {}
  }

  @BeforeEach
  void open() {
    store = MemoryStore.of(time, EcsTables.ALL);
  }

  @AfterEach
  void close() {
    membership.close();
    store.close();
  }

  private void join() {
    ServiceContext context =
        new ServiceContext(
            store,
            time,
            time,
            new SeededIds(1),
            FixedClients.of(ecs),
            Path.of("unused"),
            new ServiceContext.Endpoint("localhost", 4566));
    membership =
        new Membership(
            context,
            SCOPE,
            INSTALL,
            List.of("default"),
            new DockerEngine.Facts(
                false, "linux", "amd64", "simulated", false, 2, "", false, Set.of()),
            told,
            ControllerRunner.virtual(store, time, new SeededIds(1)));
    time.runUntilIdle(Duration.ZERO);
  }

  private void cluster(String name) {
    store.write(
        tx -> {
          tx.put(
              EcsTables.CLUSTERS,
              SCOPE.key(name),
              Cluster.builder()
                  .clusterName(name)
                  .clusterArn(ARN + "cluster/" + name)
                  .status("ACTIVE")
                  .build());
          return true;
        });
    time.runUntilIdle(Duration.ZERO);
  }

  private List<String> asked() {
    List<String> clusters =
        asked.stream().map(RegisterContainerInstanceRequest::cluster).sorted().toList();
    asked.clear();
    return clusters;
  }

  @Test
  void aClusterThatRefusesIsAskedAgain() {
    join();
    assertThat(asked()).containsExactly(InstanceRow.FARGATE_POOL);
    refusals = 2;
    cluster("other");
    assertThat(asked()).isEmpty();
    cluster("default");
    assertThat(asked()).containsExactly("default");
    time.advance(Duration.ofSeconds(2));
    assertThat(asked()).containsExactly("default", "default");
    time.advance(Duration.ofMinutes(5));
    assertThat(asked()).isEmpty();
  }

  /** A machine that starts again without room on its disk does not end what runs on it. */
  @Test
  void tasksOfAnInstanceThatCannotRegisterAgainStay() {
    refusals = 2;
    cluster("default");
    store.write(
        tx -> {
          tx.put(
              EcsTables.INSTANCES,
              SCOPE.key("default/before"),
              new InstanceRow(
                  ContainerInstance.builder()
                      .containerInstanceArn(BEFORE)
                      .status("ACTIVE")
                      .attributes(
                          Attribute.builder().name(InstanceRow.MACHINE).value(INSTALL).build())
                      .build(),
                  "default",
                  null,
                  null));
          tx.put(EcsTables.TASKS, SCOPE.key("default/t1"), task());
          return true;
        });
    join();
    assertThat(told.retained).containsExactly(ARN + "task/default/t1");
    time.advance(Duration.ofSeconds(2));
    assertThat(asked.stream().filter(each -> each.cluster().equals("default")).toList())
        .hasSize(2)
        .allSatisfy(each -> assertThat(each.containerInstanceArn()).isEqualTo(BEFORE));
    assertThat(asked()).hasSize(4).contains(InstanceRow.FARGATE_POOL);
  }

  private static TaskRow task() {
    return new TaskRow(
        Task.builder()
            .taskArn(ARN + "task/default/t1")
            .taskDefinitionArn(ARN + "task-definition/web:1")
            .containerInstanceArn(BEFORE)
            .lastStatus("RUNNING")
            .desiredStatus("RUNNING")
            .build(),
        "default",
        null,
        null,
        Demand.of(1, 1),
        null,
        null,
        Map.of(),
        null,
        TaskRow.NodeWish.RUN,
        1,
        false,
        List.of(),
        List.of(),
        null,
        null,
        Map.of(),
        Map.of(),
        TaskRow.Outcome.OPEN,
        null,
        List.of(),
        List.of());
  }
}
