package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.controller.Deployments;
import gantry.services.ecs.controller.Shifts;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.ServiceEvents;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.ConflictException;
import software.amazon.awssdk.services.ecs.model.DeploymentRolloutState;
import software.amazon.awssdk.services.ecs.model.DescribeServiceDeploymentsRequest;
import software.amazon.awssdk.services.ecs.model.DescribeServiceDeploymentsResponse;
import software.amazon.awssdk.services.ecs.model.DescribeServiceRevisionsRequest;
import software.amazon.awssdk.services.ecs.model.DescribeServiceRevisionsResponse;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.ListServiceDeploymentsRequest;
import software.amazon.awssdk.services.ecs.model.ListServiceDeploymentsResponse;
import software.amazon.awssdk.services.ecs.model.Rollback;
import software.amazon.awssdk.services.ecs.model.ServiceDeployment;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentBrief;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentNotFoundException;
import software.amazon.awssdk.services.ecs.model.ServiceDeploymentStatus;
import software.amazon.awssdk.services.ecs.model.ServiceRevision;
import software.amazon.awssdk.services.ecs.model.ServiceRevisionSummary;
import software.amazon.awssdk.services.ecs.model.StopServiceDeploymentRequest;
import software.amazon.awssdk.services.ecs.model.StopServiceDeploymentResponse;
import software.amazon.awssdk.services.ecs.model.StopServiceDeploymentStopType;

/** Service deployments and revisions: the record of each, and stopping one. */
final class ServiceDeployments {

  private static final int MAX_DESCRIBED = 20;
  private static final Set<ServiceDeploymentStatus> STOPPABLE =
      Set.of(
          ServiceDeploymentStatus.PENDING,
          ServiceDeploymentStatus.IN_PROGRESS,
          ServiceDeploymentStatus.STOP_REQUESTED,
          ServiceDeploymentStatus.ROLLBACK_REQUESTED,
          ServiceDeploymentStatus.ROLLBACK_IN_PROGRESS);

  private final ServiceContext context;

  ServiceDeployments(ServiceContext context) {
    this.context = context;
  }

  DescribeServiceDeploymentsResponse describe(DescribeServiceDeploymentsRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    count(request.serviceDeploymentArns().size(), "serviceDeploymentArns");
    List<ServiceDeployment> found = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    for (String arn : request.serviceDeploymentArns()) {
      Row<ServiceDeployment> row = Deployments.find(view, scope, arn);
      if (row == null) {
        failures.add(Failure.builder().arn(arn).reason("MISSING").build());
      } else {
        found.add(counted(view, scope, row.value()));
      }
    }
    return DescribeServiceDeploymentsResponse.builder()
        .serviceDeployments(found)
        .failures(failures)
        .build();
  }

  private static void count(int size, String member) {
    if (size < 1 || size > MAX_DESCRIBED) {
      throw EcsErrors.invalid(member + " must have between 1 and " + MAX_DESCRIBED + " elements.");
    }
  }

  /** The counts as they are now, while the service is there. */
  private static ServiceDeployment counted(View view, Scope scope, ServiceDeployment deployment) {
    Arns.Parts arn = Arns.parse(deployment.serviceArn());
    ServiceRow row = arn == null ? null : view.get(EcsTables.SERVICES, scope.key(arn.path()));
    if (row == null) {
      return deployment;
    }
    return deployment.toBuilder()
        .targetServiceRevision(counted(view, scope, row, deployment.targetServiceRevision()))
        .sourceServiceRevisions(
            deployment.sourceServiceRevisions().stream()
                .map(each -> counted(view, scope, row, each))
                .toList())
        .build();
  }

  private static ServiceRevisionSummary counted(
      View view, Scope scope, ServiceRow row, ServiceRevisionSummary summary) {
    int running = 0;
    int pending = 0;
    int requested = 0;
    List<TaskRow> live =
        view.lookup(EcsTables.TASKS_OF_SERVICE, scope, row.cluster() + "/" + row.name())
            .map(Row::value)
            .filter(each -> !each.isStopped())
            .toList();
    for (DeploymentRow each : row.deployments()) {
      if (each.revision().serviceRevisionArn().equals(summary.arn())) {
        running += ShownServices.count(live, each.id(), true);
        pending += ShownServices.count(live, each.id(), false);
        requested += each.primary() ? row.service().desiredCount() : running + pending;
      }
    }
    return summary.toBuilder()
        .requestedTaskCount(requested)
        .runningTaskCount(running)
        .pendingTaskCount(pending)
        .build();
  }

  DescribeServiceRevisionsResponse revisions(DescribeServiceRevisionsRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    count(request.serviceRevisionArns().size(), "serviceRevisionArns");
    List<ServiceRevision> found = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    for (String arn : request.serviceRevisionArns()) {
      ServiceRevision row = view.get(EcsTables.SERVICE_REVISIONS, scope.key(arn));
      if (row == null) {
        failures.add(Failure.builder().arn(arn).reason("MISSING").build());
      } else {
        found.add(row);
      }
    }
    return DescribeServiceRevisionsResponse.builder()
        .serviceRevisions(found)
        .failures(failures)
        .build();
  }

  ListServiceDeploymentsResponse list(ListServiceDeploymentsRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    String cluster = References.cluster(view, scope, request.cluster()).clusterName();
    Key service = References.service(scope, cluster, String.valueOf(request.service()));
    if (view.get(EcsTables.SERVICES, service) == null) {
      throw EcsErrors.serviceNotFound();
    }
    EcsErrors.eachOneOf("status", request.statusAsStrings(), ServiceDeploymentStatus.knownValues());
    String prefix = service.id() + "/";
    var page =
        Paging.<Row<ServiceDeployment>>page(
            "deployments|"
                + service.id()
                + "|"
                + request.statusAsStrings()
                + "|"
                + request.createdAt(),
            request.nextToken(),
            Paging.limit(request.maxResults(), 100, 20),
            after ->
                view.scanAfter(
                        EcsTables.SERVICE_DEPLOYMENTS, scope, after.isEmpty() ? prefix : after)
                    .takeWhile(row -> row.key().id().startsWith(prefix))
                    .filter(
                        row ->
                            request.status().isEmpty()
                                || request.status().contains(row.value().status()))
                    .filter(row -> within(row.value().createdAt(), request)),
            row -> row.key().id());
    return ListServiceDeploymentsResponse.builder()
        .serviceDeployments(page.items().stream().map(row -> brief(row.value())).toList())
        .nextToken(page.nextToken())
        .build();
  }

  private static boolean within(Instant at, ListServiceDeploymentsRequest request) {
    return request.createdAt() == null
        || ((request.createdAt().after() == null || !at.isBefore(request.createdAt().after()))
            && (request.createdAt().before() == null || !at.isAfter(request.createdAt().before())));
  }

  private static ServiceDeploymentBrief brief(ServiceDeployment deployment) {
    return ServiceDeploymentBrief.builder()
        .serviceDeploymentArn(deployment.serviceDeploymentArn())
        .serviceArn(deployment.serviceArn())
        .clusterArn(deployment.clusterArn())
        .startedAt(deployment.startedAt())
        .createdAt(deployment.createdAt())
        .finishedAt(deployment.finishedAt())
        .targetServiceRevisionArn(deployment.targetServiceRevision().arn())
        .status(deployment.status())
        .statusReason(deployment.statusReason())
        .build();
  }

  /** ROLLBACK goes back to the revision that won last; ABORT leaves what runs as it is. */
  StopServiceDeploymentResponse stop(StopServiceDeploymentRequest request) {
    Scope scope = Caller.current().scope();
    String arn = String.valueOf(request.serviceDeploymentArn());
    Instant now = context.clock().instant();
    EcsErrors.oneOf(
        "stopType", request.stopTypeAsString(), StopServiceDeploymentStopType.knownValues());
    boolean abort = request.stopType() == StopServiceDeploymentStopType.ABORT;
    context
        .store()
        .write(
            tx -> {
              Row<ServiceDeployment> record = Deployments.find(tx, scope, arn);
              if (record == null) {
                throw ServiceDeploymentNotFoundException.builder()
                    .message("The service deployment " + arn + " was not found.")
                    .build();
              }
              if (!STOPPABLE.contains(record.value().status())) {
                throw ConflictException.builder()
                    .message(
                        "The service deployment is "
                            + record.value().statusAsString()
                            + " and cannot be stopped.")
                    .build();
              }
              Arns.Parts parts = Arns.parse(record.value().serviceArn());
              Key key = scope.key(parts == null ? "" : parts.path());
              ServiceRow row = tx.get(EcsTables.SERVICES, key);
              if (row == null || !row.isActive()) {
                throw EcsErrors.serviceNotActive();
              }
              if (row.primary().serviceDeploymentArn().equals(arn)) {
                Stopped stopped = stopped(row, abort, now);
                tx.put(EcsTables.SERVICES, key, stopped.row());
                tx.put(
                    EcsTables.SERVICE_DEPLOYMENTS,
                    record.key(),
                    recorded(record.value(), stopped.target(), now));
                Shifts.record(tx, scope, stopped.row().primary(), now);
                ServiceEvents.say(
                    tx,
                    scope,
                    row.cluster(),
                    row.name(),
                    context.ids().uuid(),
                    "(service "
                        + row.name()
                        + ") (deployment "
                        + row.primary().id()
                        + ") deployment stopped by user.",
                    now);
              }
              return true;
            });
    return StopServiceDeploymentResponse.builder().serviceDeploymentArn(arn).build();
  }

  private record Stopped(ServiceRow row, @Nullable DeploymentRow target) {}

  private static Stopped stopped(ServiceRow row, boolean abort, Instant now) {
    DeploymentRow primary = row.primary();
    DeploymentRow target = null;
    for (DeploymentRow each : row.deployments()) {
      if (!abort && !each.primary() && each.completed() && target == null) {
        target = each;
      }
    }
    List<DeploymentRow> next = new ArrayList<>();
    DeploymentRow back = null;
    if (target != null) {
      back =
          target
              .edit()
              .primary(true)
              .rollout(
                  DeploymentRolloutState.IN_PROGRESS,
                  "ECS deployment rolling back to deploymentId " + target.id() + ".")
              .failures(0, null, 0)
              .notBefore(null)
              .progressAt(now)
              .updatedAt(now)
              .rollsBack(primary.serviceDeploymentArn())
              .traffic(Shifts.back(primary, target, true, now))
              .done();
      next.add(back);
    }
    for (DeploymentRow each : row.deployments()) {
      if (each.id().equals(primary.id())) {
        next.add(
            each.edit()
                .primary(target == null)
                .rollout(DeploymentRolloutState.FAILED, "ECS deployment stopped by user.")
                .updatedAt(now)
                .done());
      } else if (target == null || !each.id().equals(target.id())) {
        next.add(each);
      }
    }
    ServiceRow changed = row.with(next);
    if (back != null) {
      changed =
          changed.with(
              changed.service().toBuilder()
                  .taskDefinition(back.revision().taskDefinition())
                  .build());
    }
    return new Stopped(changed, back);
  }

  private static ServiceDeployment recorded(
      ServiceDeployment record, @Nullable DeploymentRow target, Instant now) {
    if (target == null) {
      return record.toBuilder()
          .status(ServiceDeploymentStatus.STOPPED)
          .statusReason("Service deployment stopped by user.")
          .stoppedAt(now)
          .finishedAt(now)
          .updatedAt(now)
          .build();
    }
    return record.toBuilder()
        .status(ServiceDeploymentStatus.ROLLBACK_IN_PROGRESS)
        .statusReason("Service deployment rolled back because of StopServiceDeployment API.")
        .updatedAt(now)
        .rollback(
            Rollback.builder()
                .reason("Service deployment rolled back because of StopServiceDeployment API.")
                .startedAt(now)
                .serviceRevisionArn(target.revision().serviceRevisionArn())
                .build())
        .build();
  }
}
