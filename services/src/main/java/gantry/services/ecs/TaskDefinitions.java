package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.rows.FamilyRow;
import gantry.services.ecs.rows.TaskDefinitionRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Compatibility;
import software.amazon.awssdk.services.ecs.model.ContainerDefinition;
import software.amazon.awssdk.services.ecs.model.DeleteTaskDefinitionsRequest;
import software.amazon.awssdk.services.ecs.model.DeleteTaskDefinitionsResponse;
import software.amazon.awssdk.services.ecs.model.DeregisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.DeregisterTaskDefinitionResponse;
import software.amazon.awssdk.services.ecs.model.DescribeTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.DescribeTaskDefinitionResponse;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.HealthCheck;
import software.amazon.awssdk.services.ecs.model.ListTaskDefinitionFamiliesRequest;
import software.amazon.awssdk.services.ecs.model.ListTaskDefinitionFamiliesResponse;
import software.amazon.awssdk.services.ecs.model.ListTaskDefinitionsRequest;
import software.amazon.awssdk.services.ecs.model.ListTaskDefinitionsResponse;
import software.amazon.awssdk.services.ecs.model.NetworkMode;
import software.amazon.awssdk.services.ecs.model.PortMapping;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionRequest;
import software.amazon.awssdk.services.ecs.model.RegisterTaskDefinitionResponse;
import software.amazon.awssdk.services.ecs.model.SortOrder;
import software.amazon.awssdk.services.ecs.model.Tag;
import software.amazon.awssdk.services.ecs.model.TaskDefinition;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionFamilyStatus;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionField;
import software.amazon.awssdk.services.ecs.model.TaskDefinitionStatus;
import software.amazon.awssdk.services.ecs.model.TransportProtocol;

/**
 * Task definitions: families, revisions and their states. What was registered is answered as it
 * came, with only the members that ECS itself adds; nothing else is filled in, so that a client
 * that compares finds no difference.
 */
final class TaskDefinitions {

  static final int MAX_DELETED = 10;

  private final ServiceContext context;

  TaskDefinitions(ServiceContext context) {
    this.context = context;
  }

  RegisterTaskDefinitionResponse register(RegisterTaskDefinitionRequest given) {
    RegisterTaskDefinitionRequest request = withoutBlanks(given);
    TaskDefinitionRules.check(request);
    Tags.check(request.tags());
    int length = EcsJson.write(request).getBytes(StandardCharsets.UTF_8).length;
    if (length > TaskDefinitionRules.MAX_BYTES) {
      throw EcsErrors.client(
          "Actual length: '"
              + length
              + "'. Max allowed length is '"
              + TaskDefinitionRules.MAX_BYTES
              + "' bytes.");
    }
    List<Compatibility> compatibilities = TaskDefinitionRules.compatibilities(request);
    for (Compatibility required : request.requiresCompatibilities()) {
      if (required == Compatibility.FARGATE) {
        String refusal = FargateRules.refusal(request);
        if (refusal != null) {
          throw EcsErrors.client(refusal);
        }
      } else if (required == Compatibility.MANAGED_INSTANCES) {
        throw EcsErrors.client(
            "The MANAGED_INSTANCES compatibility is not supported: there are no managed instances"
                + " here.");
      } else if (!compatibilities.contains(required)) {
        throw EcsErrors.client(
            "Network mode '"
                + request.networkModeAsString()
                + "' is not supported with "
                + required
                + ".");
      }
    }
    Caller caller = Caller.current();
    Scope scope = caller.scope();
    Instant now = context.clock().instant();
    TaskDefinition registered =
        context
            .store()
            .write(
                tx -> {
                  FamilyRow family = tx.get(EcsTables.FAMILIES, scope.key(request.family()));
                  int revision = family == null ? 1 : family.lastRevision() + 1;
                  TaskDefinition made =
                      made(scope, request, compatibilities, revision, now, caller);
                  tx.put(
                      EcsTables.FAMILIES,
                      scope.key(request.family()),
                      new FamilyRow(request.family(), revision));
                  tx.put(
                      EcsTables.TASK_DEFINITIONS,
                      EcsTables.taskDefinition(scope, request.family(), revision),
                      new TaskDefinitionRow(made, null));
                  Tags.put(tx, scope, made.taskDefinitionArn(), request.tags());
                  return made;
                });
    return RegisterTaskDefinitionResponse.builder()
        .taskDefinition(registered)
        .tags(request.tags())
        .build();
  }

  /** Clients send "" where they mean nothing. */
  private static RegisterTaskDefinitionRequest withoutBlanks(RegisterTaskDefinitionRequest given) {
    RegisterTaskDefinitionRequest.Builder request = given.toBuilder();
    request.taskRoleArn(blankToNull(given.taskRoleArn()));
    request.executionRoleArn(blankToNull(given.executionRoleArn()));
    request.networkMode(blankToNull(given.networkModeAsString()));
    request.pidMode(blankToNull(given.pidModeAsString()));
    request.ipcMode(blankToNull(given.ipcModeAsString()));
    request.cpu(blankToNull(given.cpu()));
    request.memory(blankToNull(given.memory()));
    return request.build();
  }

  private static @Nullable String blankToNull(@Nullable String text) {
    return text == null || text.isBlank() ? null : text;
  }

  private static TaskDefinition made(
      Scope scope,
      RegisterTaskDefinitionRequest request,
      List<Compatibility> compatibilities,
      int revision,
      Instant now,
      Caller caller) {
    TaskDefinition.Builder made =
        TaskDefinition.builder()
            .taskDefinitionArn(Arns.taskDefinition(scope, request.family(), revision))
            .family(request.family())
            .revision(revision)
            .status(TaskDefinitionStatus.ACTIVE)
            .containerDefinitions(
                request.containerDefinitions().stream().map(each -> filled(request, each)).toList())
            .volumes(List.copyOf(request.volumes()))
            .placementConstraints(List.copyOf(request.placementConstraints()))
            .requiresAttributes(RequiredAttributes.of(request))
            .compatibilities(compatibilities)
            .taskRoleArn(request.taskRoleArn())
            .executionRoleArn(request.executionRoleArn())
            .networkMode(request.networkModeAsString())
            .pidMode(request.pidModeAsString())
            .ipcMode(request.ipcModeAsString())
            .runtimePlatform(request.runtimePlatform())
            .proxyConfiguration(request.proxyConfiguration())
            .ephemeralStorage(request.ephemeralStorage())
            .enableFaultInjection(request.enableFaultInjection())
            .registeredAt(now)
            .registeredBy(caller.arn());
    if (request.cpu() != null) {
      made.cpu(TaskDefinitionRules.text(TaskDefinitionRules.cpu(request.cpu())));
    }
    if (request.memory() != null) {
      made.memory(TaskDefinitionRules.text(TaskDefinitionRules.memory(request.memory())));
    }
    if (request.hasRequiresCompatibilities()) {
      made.requiresCompatibilities(request.requiresCompatibilities());
    }
    if (request.hasInferenceAccelerators()) {
      made.inferenceAccelerators(request.inferenceAccelerators());
    }
    return made.build();
  }

  /** The members that an answer always has. */
  private static ContainerDefinition filled(
      RegisterTaskDefinitionRequest request, ContainerDefinition container) {
    ContainerDefinition.Builder filled =
        container.toBuilder()
            .cpu(container.cpu() == null ? 0 : container.cpu())
            .essential(TaskDefinitionRules.isEssential(container))
            .environment(List.copyOf(container.environment()))
            .mountPoints(List.copyOf(container.mountPoints()))
            .volumesFrom(List.copyOf(container.volumesFrom()))
            .systemControls(List.copyOf(container.systemControls()))
            .portMappings(
                container.portMappings().stream().map(each -> filled(request, each)).toList());
    if (container.healthCheck() != null) {
      filled.healthCheck(filled(container.healthCheck()));
    }
    return filled.build();
  }

  /** ECS answers what it will do; clients that compare know it. */
  private static HealthCheck filled(HealthCheck check) {
    return check.toBuilder()
        .interval(Objects.requireNonNullElse(check.interval(), 30))
        .timeout(Objects.requireNonNullElse(check.timeout(), 5))
        .retries(Objects.requireNonNullElse(check.retries(), 3))
        .build();
  }

  private static PortMapping filled(RegisterTaskDefinitionRequest request, PortMapping port) {
    PortMapping.Builder filled = port.toBuilder();
    if (port.protocolAsString() == null || port.protocolAsString().isEmpty()) {
      filled.protocol(TransportProtocol.TCP);
    }
    if (port.appProtocolAsString() != null && port.appProtocolAsString().isEmpty()) {
      filled.appProtocol((String) null);
    }
    boolean fixed =
        request.networkMode() == NetworkMode.AWSVPC || request.networkMode() == NetworkMode.HOST;
    if (fixed
        && port.containerPort() != null
        && (port.hostPort() == null || port.hostPort() == 0)) {
      filled.hostPort(port.containerPort());
    }
    return filled.build();
  }

  DescribeTaskDefinitionResponse describe(DescribeTaskDefinitionRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    if (request.taskDefinition() == null || request.taskDefinition().isEmpty()) {
      throw EcsErrors.client("TaskDefinition can not be blank.");
    }
    TaskDefinitionRow row = References.findDefinition(view, scope, request.taskDefinition());
    if (row == null) {
      throw EcsErrors.client("Unable to describe task definition.");
    }
    EcsErrors.eachOneOf("include", request.includeAsStrings(), TaskDefinitionField.knownValues());
    List<Tag> tags =
        request.include().contains(TaskDefinitionField.TAGS)
            ? Tags.of(view, scope, row.definition().taskDefinitionArn())
            : List.of();
    return DescribeTaskDefinitionResponse.builder()
        .taskDefinition(row.definition())
        .tags(tags)
        .build();
  }

  DeregisterTaskDefinitionResponse deregister(DeregisterTaskDefinitionRequest request) {
    Scope scope = Caller.current().scope();
    if (request.taskDefinition() == null || request.taskDefinition().isEmpty()) {
      throw EcsErrors.client("TaskDefinition can not be blank.");
    }
    References.Revision wanted = References.Revision.parse(request.taskDefinition());
    if (wanted.revision() == 0) {
      throw EcsErrors.client("Revision is missing.");
    }
    Instant now = context.clock().instant();
    Key key = EcsTables.taskDefinition(scope, wanted.family(), wanted.revision());
    TaskDefinition gone =
        context
            .store()
            .write(
                tx -> {
                  TaskDefinitionRow row = tx.get(EcsTables.TASK_DEFINITIONS, key);
                  if (row == null) {
                    throw EcsErrors.client("Unable to describe task definition.");
                  }
                  if (row.definition().status() == TaskDefinitionStatus.DELETE_IN_PROGRESS) {
                    throw EcsErrors.client("The specified task definition is being deleted.");
                  }
                  if (row.definition().status() == TaskDefinitionStatus.INACTIVE) {
                    return row.definition();
                  }
                  TaskDefinition next =
                      row.definition().toBuilder()
                          .status(TaskDefinitionStatus.INACTIVE)
                          .deregisteredAt(now)
                          .build();
                  tx.put(EcsTables.TASK_DEFINITIONS, key, new TaskDefinitionRow(next, null));
                  return next;
                });
    return DeregisterTaskDefinitionResponse.builder().taskDefinition(gone).build();
  }

  DeleteTaskDefinitionsResponse delete(DeleteTaskDefinitionsRequest request) {
    Scope scope = Caller.current().scope();
    if (request.taskDefinitions().isEmpty()) {
      throw EcsErrors.invalid("TaskDefinition references list cannot be empty");
    }
    if (request.taskDefinitions().size() > MAX_DELETED) {
      throw EcsErrors.invalid(
          "Size of TaskDefinition references list cannot exceed " + MAX_DELETED);
    }
    Instant now = context.clock().instant();
    List<TaskDefinition> deleted = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    context
        .store()
        .write(
            tx -> {
              deleted.clear();
              failures.clear();
              for (String reference : request.taskDefinitions()) {
                Key key = exactKey(scope, reference);
                TaskDefinitionRow row =
                    key == null ? null : tx.get(EcsTables.TASK_DEFINITIONS, key);
                if (key == null || row == null) {
                  failures.add(
                      Failure.builder()
                          .arn(reference)
                          .reason(
                              "The specified task definition identifier is invalid. Specify a valid"
                                  + " name or ARN and try again.")
                          .build());
                } else if (row.definition().status() == TaskDefinitionStatus.ACTIVE) {
                  failures.add(
                      Failure.builder()
                          .arn(row.definition().taskDefinitionArn())
                          .reason(
                              "The specified task definition is still in ACTIVE status. Please"
                                  + " deregister the target and try again.")
                          .build());
                } else {
                  TaskDefinition next =
                      row.definition().toBuilder()
                          .status(TaskDefinitionStatus.DELETE_IN_PROGRESS)
                          .build();
                  tx.put(EcsTables.TASK_DEFINITIONS, key, new TaskDefinitionRow(next, now));
                  deleted.add(next);
                }
              }
              return deleted.size();
            });
    return DeleteTaskDefinitionsResponse.builder()
        .taskDefinitions(deleted)
        .failures(failures)
        .build();
  }

  private static @Nullable Key exactKey(Scope scope, String reference) {
    if (!reference.contains(":") || reference.endsWith(":")) {
      return null;
    }
    References.Revision wanted = References.Revision.parse(reference);
    return wanted.revision() == 0
        ? null
        : EcsTables.taskDefinition(scope, wanted.family(), wanted.revision());
  }

  ListTaskDefinitionsResponse list(ListTaskDefinitionsRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    TaskDefinitionStatus status =
        Objects.requireNonNullElse(request.status(), TaskDefinitionStatus.ACTIVE);
    EcsErrors.oneOf("status", request.statusAsString(), TaskDefinitionStatus.knownValues());
    EcsErrors.oneOf("sort", request.sortAsString(), SortOrder.knownValues());
    boolean descending = request.sort() == SortOrder.DESC;
    String family = blankToNull(request.familyPrefix());
    var page =
        Paging.<Row<TaskDefinitionRow>>page(
            "definitions|" + family + "|" + status + "|" + descending,
            request.nextToken(),
            Paging.limit(request.maxResults(), 100, 100),
            after -> listed(view, scope, family, status, descending, after),
            row -> row.key().id());
    return ListTaskDefinitionsResponse.builder()
        .taskDefinitionArns(
            page.items().stream().map(row -> row.value().definition().taskDefinitionArn()).toList())
        .nextToken(page.nextToken())
        .build();
  }

  private static Stream<Row<TaskDefinitionRow>> listed(
      View view,
      Scope scope,
      @Nullable String family,
      TaskDefinitionStatus status,
      boolean descending,
      String after) {
    Stream<Row<TaskDefinitionRow>> rows;
    if (!descending && !after.isEmpty()) {
      rows = view.scanAfter(EcsTables.TASK_DEFINITIONS, scope, after);
    } else if (family != null) {
      rows = EcsTables.under(view, EcsTables.TASK_DEFINITIONS, scope, family + " ");
    } else {
      rows = view.scan(EcsTables.TASK_DEFINITIONS, scope);
    }
    rows =
        rows.filter(row -> row.value().definition().status() == status)
            .filter(row -> family == null || row.value().definition().family().equals(family));
    if (!descending) {
      return rows;
    }
    List<Row<TaskDefinitionRow>> all = new ArrayList<>(rows.toList());
    Collections.reverse(all);
    return all.stream().filter(row -> after.isEmpty() || row.key().id().compareTo(after) < 0);
  }

  ListTaskDefinitionFamiliesResponse families(ListTaskDefinitionFamiliesRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    String prefix = request.familyPrefix() == null ? "" : request.familyPrefix();
    TaskDefinitionFamilyStatus status =
        Objects.requireNonNullElse(request.status(), TaskDefinitionFamilyStatus.ALL);
    EcsErrors.oneOf("status", request.statusAsString(), TaskDefinitionFamilyStatus.knownValues());
    var page =
        Paging.<Row<FamilyRow>>page(
            "families|" + prefix + "|" + status,
            request.nextToken(),
            Paging.limit(request.maxResults(), 100, 100),
            after ->
                view.scanAfter(EcsTables.FAMILIES, scope, after)
                    .filter(row -> row.key().id().startsWith(prefix))
                    .filter(row -> has(view, scope, row.key().id(), status)),
            row -> row.key().id());
    return ListTaskDefinitionFamiliesResponse.builder()
        .families(page.items().stream().map(row -> row.value().family()).toList())
        .nextToken(page.nextToken())
        .build();
  }

  private static boolean has(
      View view, Scope scope, String family, TaskDefinitionFamilyStatus status) {
    if (status == TaskDefinitionFamilyStatus.ALL) {
      return true;
    }
    boolean active =
        EcsTables.under(view, EcsTables.TASK_DEFINITIONS, scope, family + " ")
            .anyMatch(row -> row.value().definition().status() == TaskDefinitionStatus.ACTIVE);
    return active == (status == TaskDefinitionFamilyStatus.ACTIVE);
  }
}
