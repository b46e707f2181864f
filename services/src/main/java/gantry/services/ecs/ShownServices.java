package gantry.services.ecs;

import gantry.services.ecs.rows.ConnectRow;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.ServiceEvents;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Deployment;
import software.amazon.awssdk.services.ecs.model.ResourceManagementType;
import software.amazon.awssdk.services.ecs.model.Service;
import software.amazon.awssdk.services.ecs.model.ServiceConnectConfiguration;
import software.amazon.awssdk.services.ecs.model.ServiceConnectServiceResource;
import software.amazon.awssdk.services.ecs.model.ServiceCurrentRevisionSummary;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;

/** Services as they are described. */
final class ShownServices {

  private static final Set<String> PENDING = Set.of("PROVISIONING", "PENDING", "ACTIVATING");

  private ShownServices() {}

  /** The service with counts, deployments, events. */
  static Service shown(View view, Scope scope, ServiceRow row, boolean tags) {
    List<TaskRow> live =
        view.lookup(EcsTables.TASKS_OF_SERVICE, scope, row.cluster() + "/" + row.name())
            .map(Row::value)
            .filter(each -> !each.isStopped())
            .toList();
    List<Deployment> shown = new ArrayList<>();
    List<ServiceCurrentRevisionSummary> revisions = new ArrayList<>();
    String current = null;
    ConnectRow made =
        view.get(EcsTables.CONNECT, EcsTables.member(scope, row.cluster(), row.name()));
    for (DeploymentRow each : row.deployments()) {
      int running = count(live, each.id(), true);
      int pending = count(live, each.id(), false);
      int desired = each.primary() ? row.service().desiredCount() : running + pending;
      shown.add(deployment(made, each, desired, running, pending));
      revisions.add(
          ServiceCurrentRevisionSummary.builder()
              .arn(each.revision().serviceRevisionArn())
              .requestedTaskCount(desired)
              .runningTaskCount(running)
              .pendingTaskCount(pending)
              .build());
      if (each.primary() && each.inProgress()) {
        // A rollback is the end of the deployment that failed, not one of its own.
        current = each.rollsBack() == null ? each.serviceDeploymentArn() : each.rollsBack();
      }
    }
    Service.Builder service =
        row.service().toBuilder()
            .capacityProviderStrategy(
                row.service().capacityProviderStrategy().isEmpty()
                    ? null
                    : row.service().capacityProviderStrategy())
            .runningCount(count(live, null, true))
            .pendingCount(count(live, null, false))
            .deployments(shown)
            .currentServiceRevisions(revisions)
            .currentServiceDeployment(current)
            .events(ServiceEvents.of(view, scope, row.cluster(), row.name()))
            .resourceManagementType(ResourceManagementType.CUSTOMER);
    if (row.isExternal()) {
      service.taskSets(
          EcsTables.under(view, EcsTables.TASK_SETS, scope, row.cluster() + "/" + row.name() + "/")
              .map(each -> TaskSets.shown(view, scope, row, each.value()))
              .toList());
    }
    service.tags(tags ? Tags.of(view, scope, row.service().serviceArn()) : List.of());
    return service.build();
  }

  static int count(List<TaskRow> live, @Nullable String deployment, boolean running) {
    return (int)
        live.stream()
            .filter(each -> deployment == null || deployment.equals(each.deploymentId()))
            .filter(each -> running ? each.isRunning() : PENDING.contains(each.task().lastStatus()))
            .filter(each -> !each.isStopping() || each.isRunning())
            .count();
  }

  private static Deployment deployment(
      @Nullable ConnectRow made, DeploymentRow each, int desired, int running, int pending) {
    ServiceRevision revision = each.revision();
    return Deployment.builder()
        .id(each.id())
        .status(each.primary() ? "PRIMARY" : "ACTIVE")
        .taskDefinition(revision.taskDefinition())
        .desiredCount(desired)
        .runningCount(running)
        .pendingCount(pending)
        .failedTasks(each.failedTasks())
        .createdAt(each.createdAt())
        .updatedAt(each.updatedAt())
        .launchType(revision.launchTypeAsString())
        .capacityProviderStrategy(
            revision.capacityProviderStrategy().isEmpty()
                ? null
                : revision.capacityProviderStrategy())
        .platformVersion(
            "LATEST".equals(revision.platformVersion()) ? "1.4.0" : revision.platformVersion())
        .platformFamily(revision.platformFamily())
        .networkConfiguration(revision.networkConfiguration())
        .rolloutState(each.rolloutState())
        .rolloutStateReason(each.rolloutStateReason())
        .serviceConnectConfiguration(revision.serviceConnectConfiguration())
        .serviceConnectResources(resources(revision, made))
        .build();
  }

  /** Of everything that was made for the service: what this revision's names are. */
  private static @Nullable List<ServiceConnectServiceResource> resources(
      ServiceRevision revision, @Nullable ConnectRow made) {
    ServiceConnectConfiguration connect = revision.serviceConnectConfiguration();
    if (made == null || connect == null || !ServiceConnect.isOn(connect)) {
      return null;
    }
    return made.resources().stream()
        .filter(
            each ->
                connect.services().stream()
                    .anyMatch(one -> each.discoveryName().equals(one.discoveryName())))
        .toList();
  }
}
