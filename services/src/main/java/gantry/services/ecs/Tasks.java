package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.controller.Capacity;
import gantry.services.ecs.controller.Launcher;
import gantry.services.ecs.controller.NoPlace;
import gantry.services.ecs.controller.Outbox;
import gantry.services.ecs.controller.Stops;
import gantry.services.ecs.placement.Decision;
import gantry.services.ecs.placement.StrategySplit;
import gantry.services.ecs.rows.ClientTokenRow;
import gantry.services.ecs.rows.InstanceRow;
import gantry.services.ecs.rows.StopOrder;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.ConflictException;
import software.amazon.awssdk.services.ecs.model.ExecuteCommandRequest;
import software.amazon.awssdk.services.ecs.model.ExecuteCommandResponse;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkConfiguration;
import software.amazon.awssdk.services.ecs.model.PropagateTags;
import software.amazon.awssdk.services.ecs.model.RunTaskRequest;
import software.amazon.awssdk.services.ecs.model.RunTaskResponse;
import software.amazon.awssdk.services.ecs.model.StartTaskRequest;
import software.amazon.awssdk.services.ecs.model.StartTaskResponse;
import software.amazon.awssdk.services.ecs.model.StopTaskRequest;
import software.amazon.awssdk.services.ecs.model.StopTaskResponse;
import software.amazon.awssdk.services.ecs.model.Tag;
import software.amazon.awssdk.services.ecs.model.Task;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskOverride;
import software.amazon.awssdk.services.ecs.model.TaskStopCode;

/** Tasks: run, start, stop. */
final class Tasks {

  private static final int MAX_COUNT = 10;
  private static final int MAX_REASON = 8192;
  private static final int MAX_STARTED_BY = 128;
  private static final int MAX_STARTED_BY_START = 36;
  private static final int MAX_GROUP = 255;
  private static final int MAX_TOKEN = 64;
  private static final Pattern STARTED_BY = Pattern.compile("[a-zA-Z0-9_/-]*");

  private final ServiceContext context;
  private final Launcher launcher;
  private final Capacity capacity;
  private final LaunchRules rules;

  Tasks(ServiceContext context, Launcher launcher, Capacity capacity, LaunchRules rules) {
    this.context = context;
    this.launcher = launcher;
    this.capacity = capacity;
    this.rules = rules;
  }

  RunTaskResponse run(RunTaskRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    Cluster cluster = References.cluster(view, scope, request.cluster());
    int count = request.count() == null ? 1 : request.count();
    if (count < 1 || count > MAX_COUNT) {
      throw EcsErrors.invalid("Count must be between 1 and " + MAX_COUNT + ".");
    }
    if (!request.volumeConfigurations().isEmpty()) {
      throw EcsErrors.unsupported("Volumes configured at launch (Amazon EBS) are not supported.");
    }
    if (request.propagateTags() == PropagateTags.SERVICE) {
      throw EcsErrors.invalid("Propagating tags from a service is not supported by RunTask.");
    }
    EcsErrors.oneOf("launchType", request.launchTypeAsString(), LaunchType.knownValues());
    EcsErrors.oneOf("propagateTags", request.propagateTagsAsString(), PropagateTags.knownValues());
    startedBy(request.startedBy(), MAX_STARTED_BY);
    group(request.group());
    Tags.check(request.tags());
    IdempotencyTokens.check(request.clientToken(), MAX_TOKEN);
    PlacementRules.check(request.placementConstraints(), request.placementStrategy());
    String fingerprint = IdempotencyTokens.fingerprint(request);
    String token = request.clientToken();
    RunTaskResponse before = repeated(view, scope, cluster.clusterName(), token, fingerprint);
    if (before != null) {
      return before;
    }
    TaskDefinition definition =
        References.activeDefinition(view, scope, request.taskDefinition(), EcsErrors::invalid)
            .definition();
    PlacementRules.total(definition, request.placementConstraints());
    TaskOverride overrides = LaunchRules.overrides(definition, request.overrides());
    List<StrategySplit.Item> strategy =
        LaunchRules.strategy(
            view, scope, cluster, request.launchTypeAsString(), request.capacityProviderStrategy());
    NetworkConfiguration network = LaunchRules.network(definition, request.networkConfiguration());
    List<String> providers =
        strategy.isEmpty() ? List.of() : StrategySplit.next(strategy, Map.of(), count);
    List<Launcher.Prepared.Ready> ready = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String provider = providers.isEmpty() ? null : providers.get(i);
      LaunchType type = LaunchRules.launchType(request.launchTypeAsString(), provider);
      rules.checkCompatible(definition, type, network, request.platformVersion());
      if (type == LaunchType.FARGATE
          && !(request.placementConstraints().isEmpty() && request.placementStrategy().isEmpty())) {
        throw EcsErrors.invalid(
            "Placement constraints and strategies are not supported with launch type FARGATE.");
      }
      boolean waits = LaunchRules.waits(view, scope, provider);
      if (type != LaunchType.FARGATE && !waits && capacity.isEmpty(scope, cluster.clusterName())) {
        launcher.forget(ready);
        throw EcsErrors.invalid("No Container Instances were found in your cluster.");
      }
      Launcher.Order order =
          new Launcher.Order(
              scope,
              cluster.clusterName(),
              definition,
              type,
              provider,
              waits,
              request.platformVersion(),
              overrides,
              request.group() == null || request.group().isEmpty()
                  ? "family:" + definition.family()
                  : request.group(),
              request.startedBy(),
              null,
              null,
              network,
              request.placementConstraints(),
              request.placementStrategy(),
              LaunchRules.tags(
                  view,
                  scope,
                  cluster.clusterName(),
                  definition,
                  request.propagateTags(),
                  Boolean.TRUE.equals(request.enableECSManagedTags()),
                  request.tags()),
              Boolean.TRUE.equals(request.enableExecuteCommand()),
              Map.of(),
              null,
              null);
      switch (launcher.prepare(order)) {
        case Launcher.Prepared.Ready one -> ready.add(one);
        case Launcher.Prepared.Nowhere nowhere -> failures.addAll(failures(nowhere.why(), order));
      }
    }
    List<TaskRow> written = write(scope, ready, cluster.clusterName(), token, fingerprint);
    return RunTaskResponse.builder()
        .tasks(
            written.stream()
                .map(row -> row.shown().toBuilder().tags(tagsOf(ready, row)).build())
                .toList())
        .failures(failures.stream().distinct().toList())
        .build();
  }

  private static List<Tag> tagsOf(List<Launcher.Prepared.Ready> ready, TaskRow row) {
    for (Launcher.Prepared.Ready each : ready) {
      if (each.row().arn().equals(row.arn())) {
        return each.tags();
      }
    }
    return List.of();
  }

  private List<TaskRow> write(
      Scope scope,
      List<Launcher.Prepared.Ready> ready,
      String cluster,
      @Nullable String token,
      String fingerprint) {
    boolean kept = false;
    try {
      List<TaskRow> rows =
          context
              .store()
              .write(
                  tx -> {
                    if (Launcher.tooManyWait(tx, scope, cluster, ready)) {
                      throw EcsErrors.client("The tasks provisioning capacity limit was exceeded.");
                    }
                    List<TaskRow> written = launcher.write(tx, scope, ready);
                    IdempotencyTokens.put(
                        tx,
                        scope,
                        "RunTask",
                        cluster,
                        token,
                        new ClientTokenRow(
                            fingerprint,
                            context.clock().instant(),
                            written.stream().map(TaskRow::arn).toList()));
                    return written;
                  });
      kept = true;
      launcher.settled(ready);
      return rows;
    } finally {
      if (!kept) {
        launcher.forget(ready);
      }
    }
  }

  /** What the call with the same token did, while any of its tasks can still be described. */
  private @Nullable RunTaskResponse repeated(
      View view, Scope scope, String cluster, @Nullable String token, String fingerprint) {
    ClientTokenRow known =
        IdempotencyTokens.known(view, scope, "RunTask", cluster, token, context.clock().instant());
    if (known == null
        || (!known.resourceIds().isEmpty()
            && known.resourceIds().stream()
                .allMatch(arn -> isForgotten(view, scope, cluster, arn)))) {
      return null;
    }
    if (!known.fingerprint().equals(fingerprint)) {
      throw ConflictException.builder()
          .message(
              "The request with the same client token but different parameters was already made.")
          .resourceIds(known.resourceIds())
          .build();
    }
    List<Task> tasks = new ArrayList<>();
    for (String arn : known.resourceIds()) {
      TaskRow row = view.get(EcsTables.TASKS, References.task(scope, cluster, arn));
      if (row != null) {
        tasks.add(
            row.isStopped()
                ? Task.builder().taskArn(arn).lastStatus("STOPPED").build()
                : row.shown());
      }
    }
    return RunTaskResponse.builder().tasks(tasks).failures(List.of()).build();
  }

  private static void group(@Nullable String group) {
    if (group != null && group.length() > MAX_GROUP) {
      throw EcsErrors.invalid("Group cannot be longer than " + MAX_GROUP + " characters.");
    }
  }

  private static void startedBy(@Nullable String startedBy, int most) {
    if (startedBy != null
        && (startedBy.length() > most || !STARTED_BY.matcher(startedBy).matches())) {
      throw EcsErrors.invalid("Invalid startedBy: " + startedBy);
    }
  }

  private List<Failure> failures(Decision.Refused refused, Launcher.Order order) {
    if (order.launchType() == LaunchType.FARGATE) {
      return List.of(
          Failure.builder()
              .reason(
                  "Capacity is unavailable at this time. Please try again later or in a different"
                      + " availability zone.")
              .detail(fargateDetail(refused))
              .build());
    }
    Map<String, String> details = new HashMap<>();
    NoPlace none = launcher.noPlace(order);
    if (none != null) {
      none.lacks().forEach(each -> details.put(each.instance(), each.words()));
    }
    List<Failure> failures = new ArrayList<>();
    refused
        .byInstance()
        .forEach(
            (arn, why) ->
                failures.add(
                    Failure.builder()
                        .arn(arn)
                        .reason(why.reason())
                        .detail(details.get(arn))
                        .build()));
    return failures;
  }

  /** Users do not see the nodes, but they may know what was lacking. */
  static String fargateDetail(Decision.Refused refused) {
    if (refused.byInstance().isEmpty()) {
      return "RESOURCE:FARGATE: no node has joined the Fargate pool";
    }
    return "RESOURCE:FARGATE: " + refused.counts();
  }

  StartTaskResponse start(StartTaskRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    Cluster cluster = References.cluster(view, scope, request.cluster());
    if (request.containerInstances().isEmpty()) {
      throw EcsErrors.client("Container Instances cannot be empty.");
    }
    if (request.containerInstances().size() > MAX_COUNT) {
      throw EcsErrors.invalid("Container Instances cannot have more than 10 elements.");
    }
    if (!request.volumeConfigurations().isEmpty()) {
      throw EcsErrors.unsupported("Volumes configured at launch (Amazon EBS) are not supported.");
    }
    if (request.propagateTags() == PropagateTags.SERVICE) {
      throw EcsErrors.invalid("Propagating tags from a service is not supported by StartTask.");
    }
    EcsErrors.oneOf("propagateTags", request.propagateTagsAsString(), PropagateTags.knownValues());
    startedBy(request.startedBy(), MAX_STARTED_BY_START);
    group(request.group());
    Tags.check(request.tags());
    TaskDefinition definition =
        References.activeDefinition(view, scope, request.taskDefinition(), EcsErrors::invalid)
            .definition();
    TaskOverride overrides = LaunchRules.overrides(definition, request.overrides());
    NetworkConfiguration network = LaunchRules.network(definition, request.networkConfiguration());
    List<Launcher.Prepared.Ready> ready = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    for (String reference : request.containerInstances()) {
      InstanceRow instance = References.findInstance(view, scope, cluster.clusterName(), reference);
      if (instance == null) {
        failures.add(
            Failure.builder()
                .arn(
                    reference.startsWith("arn:")
                        ? reference
                        : Arns.containerInstance(scope, cluster.clusterName(), reference))
                .reason("MISSING")
                .build());
        continue;
      }
      if (!instance.isActive()) {
        failures.add(Failure.builder().arn(instance.arn()).reason("INACTIVE").build());
        continue;
      }
      LaunchType type =
          instance.attribute("ecs.capability.external") != null
              ? LaunchType.EXTERNAL
              : LaunchType.EC2;
      rules.checkCompatible(definition, type, network, null);
      Launcher.Order order =
          new Launcher.Order(
              scope,
              cluster.clusterName(),
              definition,
              type,
              null,
              false,
              null,
              overrides,
              request.group() == null || request.group().isEmpty()
                  ? "family:" + definition.family()
                  : request.group(),
              request.startedBy(),
              null,
              null,
              network,
              List.of(),
              List.of(),
              LaunchRules.tags(
                  view,
                  scope,
                  cluster.clusterName(),
                  definition,
                  request.propagateTags(),
                  Boolean.TRUE.equals(request.enableECSManagedTags()),
                  request.tags()),
              Boolean.TRUE.equals(request.enableExecuteCommand()),
              Map.of(),
              instance.arn(),
              null);
      switch (launcher.prepare(order)) {
        case Launcher.Prepared.Ready one -> ready.add(one);
        case Launcher.Prepared.Nowhere nowhere -> failures.addAll(failures(nowhere.why(), order));
      }
    }
    List<TaskRow> written = write(scope, ready, cluster.clusterName(), null, "");
    return StartTaskResponse.builder()
        .tasks(
            written.stream()
                .map(row -> row.shown().toBuilder().tags(tagsOf(ready, row)).build())
                .toList())
        .failures(failures)
        .build();
  }

  StopTaskResponse stop(StopTaskRequest request) {
    Scope scope = Caller.current().scope();
    Instant now = context.clock().instant();
    if (request.reason() != null && request.reason().length() > MAX_REASON) {
      throw EcsErrors.invalid("The reason is longer than " + MAX_REASON + " characters.");
    }
    String reason =
        TaskDefinitionRules.given(request.reason()) ? request.reason() : "Task stopped by user";
    TaskRow stopped =
        context
            .store()
            .write(
                tx -> {
                  String cluster = References.cluster(tx, scope, request.cluster()).clusterName();
                  Key key = References.task(scope, cluster, String.valueOf(request.task()));
                  TaskRow row = tx.get(EcsTables.TASKS, key);
                  if (row == null || TaskQueries.isForgotten(row, context.clock().instant())) {
                    throw EcsErrors.invalid("The referenced task was not found.");
                  }
                  TaskRow ordered =
                      Stops.ordered(row, new StopOrder(TaskStopCode.USER_INITIATED, reason, now));
                  return ordered.equals(row) ? row : Outbox.put(tx, key, row, ordered, now);
                });
    View view = context.store().snapshot();
    return StopTaskResponse.builder()
        .task(stopped.shown().toBuilder().tags(Tags.of(view, scope, stopped.arn())).build())
        .build();
  }

  private boolean isForgotten(View view, Scope scope, String cluster, String arn) {
    TaskRow row = view.get(EcsTables.TASKS, References.task(scope, cluster, arn));
    return row == null || TaskQueries.isForgotten(row, context.clock().instant());
  }

  /** The session protocol behind it is Systems Manager's, which is not here yet. */
  ExecuteCommandResponse execute(ExecuteCommandRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    String cluster = References.cluster(view, scope, request.cluster()).clusterName();
    TaskRow row =
        view.get(EcsTables.TASKS, References.task(scope, cluster, String.valueOf(request.task())));
    if (row == null || TaskQueries.isForgotten(row, context.clock().instant())) {
      throw EcsErrors.invalid("The referenced task was not found.");
    }
    if (!Boolean.TRUE.equals(row.task().enableExecuteCommand()) || !row.isRunning()) {
      throw EcsErrors.invalid(
          "The execute command failed because execute command was not enabled when the task was run"
              + " or the execute command agent isn’t running. Wait and try again or run a new task"
              + " with execute command enabled and try again.");
    }
    throw EcsErrors.invalid(
        "ExecuteCommand is not supported: its sessions need the message channel of AWS Systems"
            + " Manager.");
  }
}
