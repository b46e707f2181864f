package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import software.amazon.awssdk.services.ecs.model.DescribeTasksRequest;
import software.amazon.awssdk.services.ecs.model.DescribeTasksResponse;
import software.amazon.awssdk.services.ecs.model.DesiredStatus;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.ListTasksRequest;
import software.amazon.awssdk.services.ecs.model.ListTasksResponse;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.TaskField;

/** Tasks described and listed. */
final class TaskQueries {

  /** How long a stopped task is still described. */
  static final Duration DESCRIBED = Duration.ofHours(1);

  private static final int MAX_DESCRIBED = 100;

  private final ServiceContext context;

  TaskQueries(ServiceContext context) {
    this.context = context;
  }

  /** Kept for the explanations, but no longer answered. */
  static boolean isForgotten(TaskRow row, Instant now) {
    return row.isStopped()
        && row.task().stoppedAt() != null
        && row.task().stoppedAt().plus(DESCRIBED).isBefore(now);
  }

  DescribeTasksResponse describe(DescribeTasksRequest request) {
    Scope scope = Caller.current().scope();
    Instant now = context.clock().instant();
    View view = context.store().snapshot();
    String cluster = References.cluster(view, scope, request.cluster()).clusterName();
    if (request.tasks().isEmpty()) {
      throw EcsErrors.invalid("Tasks cannot be empty.");
    }
    if (request.tasks().size() > MAX_DESCRIBED) {
      throw EcsErrors.invalid("Tasks cannot have more than " + MAX_DESCRIBED + " elements.");
    }
    EcsErrors.eachOneOf("include", request.includeAsStrings(), TaskField.knownValues());
    List<Task> found = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    for (String reference : request.tasks()) {
      TaskRow row = view.get(EcsTables.TASKS, References.task(scope, cluster, reference));
      if (row == null || isForgotten(row, now)) {
        failures.add(missing(scope, cluster, reference));
      } else {
        found.add(
            row.shown().toBuilder()
                .tags(
                    request.include().contains(TaskField.TAGS)
                        ? Tags.of(view, scope, row.arn())
                        : List.of())
                .build());
      }
    }
    return DescribeTasksResponse.builder().tasks(found).failures(failures).build();
  }

  static Failure missing(Scope scope, String cluster, String reference) {
    return Failure.builder()
        .arn(reference.startsWith("arn:") ? reference : Arns.task(scope, cluster, reference))
        .reason("MISSING")
        .build();
  }

  ListTasksResponse list(ListTasksRequest request) {
    Scope scope = Caller.current().scope();
    Instant now = context.clock().instant();
    View view = context.store().snapshot();
    String cluster = References.cluster(view, scope, request.cluster()).clusterName();
    EcsErrors.oneOf("desiredStatus", request.desiredStatusAsString(), DesiredStatus.knownValues());
    EcsErrors.oneOf("launchType", request.launchTypeAsString(), LaunchType.knownValues());
    if (TaskDefinitionRules.given(request.startedBy())
        && (request.family() != null
            || request.serviceName() != null
            || request.containerInstance() != null)) {
      throw EcsErrors.invalid("When using startedBy, it must be the only filter.");
    }
    String service = null;
    if (TaskDefinitionRules.given(request.serviceName())) {
      Key key = References.service(scope, cluster, request.serviceName());
      ServiceRow row = view.get(EcsTables.SERVICES, key);
      if (row == null) {
        throw EcsErrors.serviceNotFound();
      }
      service = row.name();
    }
    String instance =
        TaskDefinitionRules.given(request.containerInstance())
            ? References.id(request.containerInstance(), "container-instance")
            : null;
    String serviceName = service;
    DesiredStatus desired =
        Objects.requireNonNullElse(request.desiredStatus(), DesiredStatus.RUNNING);
    var page =
        Paging.<Row<TaskRow>>page(
            "tasks|"
                + cluster
                + "|"
                + service
                + "|"
                + instance
                + "|"
                + request.family()
                + "|"
                + request.startedBy()
                + "|"
                + desired
                + "|"
                + request.launchTypeAsString(),
            request.nextToken(),
            Paging.limit(request.maxResults(), 100, 100),
            after ->
                EcsTables.inCluster(view, EcsTables.TASKS, scope, cluster, after)
                    .filter(row -> desired.toString().equals(row.value().task().desiredStatus()))
                    .filter(row -> !isForgotten(row.value(), now))
                    .filter(
                        row -> serviceName == null || serviceName.equals(row.value().serviceName()))
                    .filter(
                        row ->
                            instance == null
                                || (row.value().task().containerInstanceArn() != null
                                    && row.value()
                                        .task()
                                        .containerInstanceArn()
                                        .endsWith("/" + instance)))
                    .filter(
                        row ->
                            !TaskDefinitionRules.given(request.family())
                                || row.value()
                                    .task()
                                    .taskDefinitionArn()
                                    .contains("/" + request.family() + ":"))
                    .filter(
                        row ->
                            !TaskDefinitionRules.given(request.startedBy())
                                || request.startedBy().equals(row.value().task().startedBy()))
                    .filter(
                        row ->
                            !TaskDefinitionRules.given(request.launchTypeAsString())
                                || request.launchType() == row.value().task().launchType()),
            row -> row.key().id());
    return ListTasksResponse.builder()
        .taskArns(page.items().stream().map(row -> row.value().arn()).toList())
        .nextToken(page.nextToken())
        .build();
  }
}
