package gantry.app.machine;

import gantry.acs.NodeAgent;
import gantry.node.Registration;
import gantry.node.docker.DockerEngine;
import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.TaskReports;
import gantry.services.ecs.controller.NodeLink;
import gantry.services.ecs.rows.InstanceRow;
import gantry.state.Change;
import gantry.state.Commit;
import gantry.state.Feed;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.EcsException;
import software.amazon.awssdk.services.ecs.model.RegisterContainerInstanceRequest;
import software.amazon.awssdk.services.ecs.model.Resource;

/**
 * What this machine is a member of. It is the Fargate pool, which serves every account and region;
 * and it is a container instance of each cluster that goes by one of the names it was given, in
 * every account and region, from the moment there is such a cluster. However many instances it is,
 * it has one agent, and {@link InstanceRow#MACHINE} says that they share what it has.
 */
final class Membership implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);

  /**
   * Fargate tasks name sizes that fit Amazon's machines and mostly idle on a developer's, so a
   * processor is promised to them several times; memory, which cannot be shared, only once.
   */
  static final int CPU_PROMISED_TIMES = 8;

  /** What the program and the machine keep for themselves. */
  static final double MEMORY_SHARE = 0.85;

  private final ServiceContext context;
  private final Scope home;
  private final String install;
  private final List<String> clusterNames;
  private final DockerEngine.Facts facts;
  private final NodeLink link;
  private final Feed.Subscription clusters;
  private final Set<String> instances = ConcurrentHashMap.newKeySet();
  private final ExecutorService joiner =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("joins clusters").factory());

  private Membership(
      ServiceContext context,
      Scope home,
      String install,
      List<String> clusterNames,
      DockerEngine.Facts facts,
      NodeAgent agent) {
    this.context = context;
    this.home = home;
    this.install = install;
    this.clusterNames = clusterNames;
    this.facts = facts;
    instances.add(joinPool());
    View view = context.store().snapshot();
    for (Row<Cluster> row : view.scanAll(EcsTables.CLUSTERS).toList()) {
      if (isOurs(row.value())) {
        String instance = join(row.key().scope(), row.value());
        if (instance != null) {
          instances.add(instance);
        }
      }
    }
    this.link = NodeLink.connect(context.store(), instances, agent);
    this.clusters = context.store().feed().subscribe(view.revision(), this::changed);
  }

  /** Joins; the agent gets what is for this machine from then on. */
  static Membership join(
      ServiceContext context,
      Scope home,
      String install,
      List<String> clusterNames,
      DockerEngine.Facts facts,
      NodeAgent agent) {
    return new Membership(context, home, install, clusterNames, facts, agent);
  }

  /** Every instance that an installation's machine is, as the tables have it. */
  static List<String> known(View view, String install) {
    List<String> arns = new ArrayList<>();
    for (Row<InstanceRow> row : view.scanAll(EcsTables.INSTANCES).toList()) {
      if (install.equals(row.value().attribute(InstanceRow.MACHINE))
          && !"INACTIVE".equals(row.value().instance().status())) {
        arns.add(row.value().arn());
      }
    }
    return arns;
  }

  /** Its agent, which is one for all of them, came or went. */
  static void connected(ServiceContext context, String install, boolean now) {
    TaskReports reports = new TaskReports(context);
    known(context.store().snapshot(), install).forEach(arn -> reports.agentConnected(arn, now));
  }

  private void changed(Commit commit) {
    for (Change<?> change : commit.changes()) {
      if (change.table() == EcsTables.CLUSTERS
          && change.after() instanceof Cluster cluster
          && isOurs(cluster)) {
        Key key = change.key();
        // The feed must not be kept; and to join is to write.
        joiner.execute(
            () -> {
              String instance = join(key.scope(), cluster);
              if (instance != null && instances.add(instance)) {
                link.join(instance);
              }
            });
      }
    }
  }

  private boolean isOurs(Cluster cluster) {
    return clusterNames.contains(cluster.clusterName()) && "ACTIVE".equals(cluster.status());
  }

  private String joinPool() {
    EcsClient ecs = context.clients().as(LocalMachine.PRINCIPAL, home, EcsClient.class);
    return ecs.registerContainerInstance(
            request(CPU_PROMISED_TIMES)
                .cluster(InstanceRow.FARGATE_POOL)
                .containerInstanceArn(poolArn())
                .build())
        .containerInstance()
        .containerInstanceArn();
  }

  private @Nullable String join(Scope scope, Cluster cluster) {
    String name = cluster.clusterName();
    String before = null;
    for (String arn : known(context.store().snapshot(), install)) {
      if (arn.startsWith("arn:aws:ecs:" + scope.region() + ":" + scope.account() + ":")
          && arn.contains(":container-instance/" + name + "/")) {
        before = arn;
      }
    }
    if (before != null && instances.contains(before)) {
      return before;
    }
    try {
      String arn =
          context
              .clients()
              .as(LocalMachine.PRINCIPAL, scope, EcsClient.class)
              .registerContainerInstance(
                  request(1).cluster(name).containerInstanceArn(before).build())
              .containerInstance()
              .containerInstanceArn();
      return arn;
    } catch (EcsException e) {
      LOG.warn("this machine could not join {}: {}", cluster.clusterArn(), e.getMessage());
      return null;
    }
  }

  private RegisterContainerInstanceRequest.Builder request(int cpuTimes) {
    RegisterContainerInstanceRequest said = Registration.of(facts, true, true).build();
    List<Resource> resources =
        said.totalResources().stream()
            .map(
                each ->
                    switch (each.name()) {
                      case "CPU" ->
                          each.toBuilder().integerValue(each.integerValue() * cpuTimes).build();
                      case "MEMORY" ->
                          each.toBuilder()
                              .integerValue((int) (each.integerValue() * MEMORY_SHARE))
                              .build();
                      default -> each;
                    })
            .toList();
    Map<String, Attribute> attributes = new TreeMap<>();
    said.attributes().forEach(each -> attributes.put(each.name(), each));
    attributes.put(
        InstanceRow.MACHINE, Attribute.builder().name(InstanceRow.MACHINE).value(install).build());
    return said.toBuilder().totalResources(resources).attributes(attributes.values());
  }

  /** The same after every start, so that tasks stay where they are. */
  private String poolArn() {
    String id = "%032x".formatted(new BigInteger(1, install.getBytes(StandardCharsets.UTF_8)));
    return "arn:aws:ecs:"
        + home.region()
        + ":"
        + home.account()
        + ":container-instance/"
        + InstanceRow.FARGATE_POOL
        + "/"
        + id.substring(id.length() - 32);
  }

  @Override
  public void close() {
    clusters.close();
    joiner.shutdown();
    link.close();
  }
}
