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
import gantry.state.Controller;
import gantry.state.ControllerRunner;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.model.Attribute;
import software.amazon.awssdk.services.ecs.model.Cluster;
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
  private final ControllerRunner controllers;

  /** What it registered as since it began. */
  private final Set<String> registered = ConcurrentHashMap.newKeySet();

  Membership(
      ServiceContext context,
      Scope home,
      String install,
      List<String> clusterNames,
      DockerEngine.Facts facts,
      NodeAgent agent,
      ControllerRunner controllers) {
    this.context = context;
    this.home = home;
    this.install = install;
    this.clusterNames = clusterNames;
    this.facts = facts;
    this.controllers = controllers;
    View view = context.store().snapshot();
    Set<String> instances = new HashSet<>(Set.of(poolArn()));
    now(pool());
    for (Row<Cluster> row : view.scanAll(EcsTables.CLUSTERS).toList()) {
      if (isOurs(row.value())) {
        // Where it cannot register again now, the tasks of the instance that it was stay.
        String arn = now(row.key());
        String before = arn == null ? before(view, row.key()) : arn;
        if (before != null) {
          instances.add(before);
        }
      }
    }
    this.link = NodeLink.connect(context.store(), instances, agent);
    controllers.add(new Joins());
  }

  /** Joins; the agent gets what is for this machine from then on. */
  static Membership join(
      ServiceContext context,
      Scope home,
      String install,
      List<String> clusterNames,
      DockerEngine.Facts facts,
      NodeAgent agent) {
    return new Membership(
        context,
        home,
        install,
        clusterNames,
        facts,
        agent,
        ControllerRunner.live(
            context.store(), context.timers(), context.ids(), ControllerRunner.Observer.NONE));
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

  /** Becomes a part of the pool and of each cluster of its names; who refuses is asked again. */
  private final class Joins implements Controller {
    @Override
    public String name() {
      return "joins clusters";
    }

    @Override
    public Stream<Key> wokenBy(Change<?> change) {
      return change.table() == EcsTables.CLUSTERS
              && change.after() instanceof Cluster cluster
              && isOurs(cluster)
          ? Stream.of(change.key())
          : Stream.empty();
    }

    @Override
    public Stream<Key> all(View view) {
      return Stream.concat(
          Stream.of(pool()),
          view.scanAll(EcsTables.CLUSTERS).filter(row -> isOurs(row.value())).map(Row::key));
    }

    @Override
    public Again reconcile(Key key) {
      Cluster cluster = context.store().snapshot().get(EcsTables.CLUSTERS, key);
      if (key.equals(pool()) || (cluster != null && isOurs(cluster))) {
        link.join(register(key));
      }
      return Again.WHEN_CHANGED;
    }
  }

  private boolean isOurs(Cluster cluster) {
    return clusterNames.contains(cluster.clusterName()) && "ACTIVE".equals(cluster.status());
  }

  /** The pool stands where clusters stand that no user can make. */
  private Key pool() {
    return home.key(InstanceRow.FARGATE_POOL);
  }

  /** Who asks right after the start finds the machine; null where that has to be tried again. */
  private @Nullable String now(Key cluster) {
    try {
      return register(cluster);
    } catch (RuntimeException e) {
      LOG.warn("this machine could not join {} and will try again", cluster.id(), e);
      return null;
    }
  }

  private String register(Key cluster) {
    boolean pool = cluster.equals(pool());
    String before = pool ? poolArn() : before(context.store().snapshot(), cluster);
    if (before != null && registered.contains(before)) {
      return before;
    }
    String arn =
        context
            .clients()
            .as(LocalMachine.PRINCIPAL, cluster.scope(), EcsClient.class)
            .registerContainerInstance(
                request(pool ? CPU_PROMISED_TIMES : 1)
                    .cluster(cluster.id())
                    .containerInstanceArn(before)
                    .build())
            .containerInstance()
            .containerInstanceArn();
    registered.add(arn);
    return arn;
  }

  /** The instance of a cluster that this machine is or was; null when it never was one. */
  private @Nullable String before(View view, Key cluster) {
    String prefix =
        "arn:aws:ecs:%s:%s:container-instance/%s/"
            .formatted(cluster.scope().region(), cluster.scope().account(), cluster.id());
    return known(view, install).stream()
        .filter(arn -> arn.startsWith(prefix))
        .reduce((first, last) -> last)
        .orElse(null);
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
    controllers.close();
    link.close();
  }
}
