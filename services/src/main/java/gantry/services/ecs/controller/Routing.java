package gantry.services.ecs.controller;

import gantry.services.Clients;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.TargetRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Scope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.LoadBalancer;
import software.amazon.awssdk.services.ecs.model.NetworkBinding;
import software.amazon.awssdk.services.elasticloadbalancingv2.ElasticLoadBalancingV2Client;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.InvalidTargetException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetDescription;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetGroupNotFoundException;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealthDescription;

/** A task's places in target groups, through the load balancer's own API. */
final class Routing {

  private final Clients clients;

  Routing(Clients clients) {
    this.clients = clients;
  }

  private ElasticLoadBalancingV2Client balancers(Scope scope) {
    return clients.as(Networks.PRINCIPAL, scope, ElasticLoadBalancingV2Client.class);
  }

  /** Where the task is to be registered, by the rules of its network mode. */
  static List<TargetRow> targets(
      DeploymentRow deployment, TaskRow task, @Nullable InstanceRow instance) {
    List<TargetRow> targets = new ArrayList<>();
    List<LoadBalancer> balancers = deployment.revision().loadBalancers();
    for (int i = 0; i < balancers.size(); i++) {
      LoadBalancer balancer = balancers.get(i);
      String group = balancer.targetGroupArn();
      if (deployment.traffic() != null && i < deployment.traffic().targetGroups().size()) {
        group = deployment.traffic().targetGroups().get(i);
      }
      if (group == null) {
        continue;
      }
      String id;
      Integer port;
      if (task.eni() != null) {
        id = task.eni().privateIp();
        port = balancer.containerPort();
      } else {
        id = instance == null ? null : instance.instance().ec2InstanceId();
        port = hostPort(task, balancer.containerName(), balancer.containerPort());
      }
      if (id != null && port != null) {
        targets.add(new TargetRow(group, id, port, TargetRow.REGISTERING, null, null));
      }
    }
    return targets;
  }

  static @Nullable Integer hostPort(
      TaskRow task, @Nullable String containerName, @Nullable Integer containerPort) {
    for (Container container : task.task().containers()) {
      if (container.name().equals(containerName)) {
        for (NetworkBinding binding : container.networkBindings()) {
          if (binding.containerPort() != null && binding.containerPort().equals(containerPort)) {
            return binding.hostPort();
          }
        }
      }
    }
    return null;
  }

  void register(Scope scope, List<TargetRow> targets) {
    for (TargetRow target : targets) {
      balancers(scope)
          .registerTargets(
              r -> r.targetGroupArn(target.targetGroupArn()).targets(description(target)));
    }
  }

  /** Asks the balancer to let go. What is not there any more is let go already. */
  boolean deregister(Scope scope, TargetRow target) {
    try {
      balancers(scope)
          .deregisterTargets(
              r -> r.targetGroupArn(target.targetGroupArn()).targets(description(target)));
      return true;
    } catch (TargetGroupNotFoundException | InvalidTargetException gone) {
      return false;
    }
  }

  private static TargetDescription description(TargetRow target) {
    return TargetDescription.builder().id(target.targetId()).port(target.port()).build();
  }

  /**
   * What the balancer says of the targets of a group, by {@code id:port}; empty without a group.
   */
  Map<String, TargetHealthDescription> health(Scope scope, String targetGroupArn) {
    Map<String, TargetHealthDescription> health = new HashMap<>();
    try {
      balancers(scope)
          .describeTargetHealth(r -> r.targetGroupArn(targetGroupArn))
          .targetHealthDescriptions()
          .forEach(each -> health.put(each.target().id() + ":" + each.target().port(), each));
    } catch (TargetGroupNotFoundException gone) {
      return Map.of();
    }
    return health;
  }

  static TargetRow seen(TargetRow target, Map<String, TargetHealthDescription> health) {
    TargetHealthDescription found = health.get(target.targetId() + ":" + target.port());
    if (found == null) {
      return target.state().equals("draining")
          ? target.with(TargetRow.GONE, null, null)
          : target.with("unused", "Target.NotRegistered", "Target is not registered");
    }
    return target.with(
        found.targetHealth().stateAsString(),
        found.targetHealth().reasonAsString(),
        found.targetHealth().description());
  }
}
