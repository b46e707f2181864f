package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Failure;
import software.amazon.awssdk.services.ecs.model.GetTaskProtectionRequest;
import software.amazon.awssdk.services.ecs.model.GetTaskProtectionResponse;
import software.amazon.awssdk.services.ecs.model.ProtectedTask;
import software.amazon.awssdk.services.ecs.model.UpdateTaskProtectionRequest;
import software.amazon.awssdk.services.ecs.model.UpdateTaskProtectionResponse;

/** Scale-in protection, as tasks and people ask for it. */
final class TaskProtection {

  private static final int MAX_ASKED = 100;

  private final ServiceContext context;

  TaskProtection(ServiceContext context) {
    this.context = context;
  }

  UpdateTaskProtectionResponse update(UpdateTaskProtectionRequest request) {
    Scope scope = Caller.current().scope();
    if (request.tasks().isEmpty() || request.tasks().size() > 10) {
      throw EcsErrors.invalid("Tasks must have between 1 and 10 elements.");
    }
    if (request.protectionEnabled() == null) {
      throw EcsErrors.invalid("protectionEnabled can not be blank.");
    }
    int minutes = request.expiresInMinutes() == null ? 120 : request.expiresInMinutes();
    if (minutes < 1 || minutes > 2880) {
      throw EcsErrors.invalid("expiresInMinutes must be between 1 and 2880.");
    }
    boolean on = Boolean.TRUE.equals(request.protectionEnabled());
    Instant now = context.clock().instant();
    Instant until = on ? now.plus(Duration.ofMinutes(minutes)) : null;
    List<ProtectedTask> done = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    context
        .store()
        .write(
            tx -> {
              done.clear();
              failures.clear();
              String cluster = References.cluster(tx, scope, request.cluster()).clusterName();
              for (String reference : request.tasks()) {
                Key key = References.task(scope, cluster, reference);
                TaskRow row = tx.get(EcsTables.TASKS, key);
                if (row == null) {
                  failures.add(TaskQueries.missing(scope, cluster, reference));
                } else if (!isDirected(tx, scope, row) || row.isStopping()) {
                  failures.add(
                      Failure.builder()
                          .arn(row.arn())
                          .reason("TASK_NOT_VALID")
                          .detail(
                              "The task is not a running task of a service with the ECS deployment"
                                  + " controller.")
                          .build());
                } else if (on && blocked(tx, scope, row, now)) {
                  failures.add(
                      Failure.builder()
                          .arn(row.arn())
                          .reason("DEPLOYMENT_BLOCKED")
                          .detail(
                              "A deployment is in progress and the service has more protected tasks"
                                  + " than its desired count.")
                          .build());
                } else {
                  tx.put(EcsTables.TASKS, key, row.edit().protectedUntil(until).done());
                  done.add(shown(row, until));
                }
              }
              return done.size();
            });
    return UpdateTaskProtectionResponse.builder().protectedTasks(done).failures(failures).build();
  }

  /** Tasks of task sets are somebody else's to direct. */
  private static boolean isDirected(View view, Scope scope, TaskRow row) {
    ServiceRow owner =
        row.serviceName() == null
            ? null
            : view.get(EcsTables.SERVICES, scope.key(row.cluster() + "/" + row.serviceName()));
    return owner != null && !owner.isExternal();
  }

  private static boolean blocked(View view, Scope scope, TaskRow row, Instant now) {
    String service = row.cluster() + "/" + row.serviceName();
    ServiceRow owner = view.get(EcsTables.SERVICES, scope.key(service));
    return owner != null
        && owner.deployments().size() > 1
        && view.lookup(EcsTables.TASKS_OF_SERVICE, scope, service)
                .filter(each -> each.value().isProtected(now))
                .count()
            > owner.service().desiredCount();
  }

  private static ProtectedTask shown(TaskRow row, @Nullable Instant until) {
    return ProtectedTask.builder()
        .taskArn(row.arn())
        .protectionEnabled(until != null)
        .expirationDate(until)
        .build();
  }

  GetTaskProtectionResponse get(GetTaskProtectionRequest request) {
    Scope scope = Caller.current().scope();
    View view = context.store().snapshot();
    String cluster = References.cluster(view, scope, request.cluster()).clusterName();
    Instant now = context.clock().instant();
    if (request.tasks().size() > MAX_ASKED) {
      throw EcsErrors.invalid("Tasks cannot have more than " + MAX_ASKED + " elements.");
    }
    List<ProtectedTask> found = new ArrayList<>();
    List<Failure> failures = new ArrayList<>();
    for (String reference : request.tasks()) {
      TaskRow row = view.get(EcsTables.TASKS, References.task(scope, cluster, reference));
      if (row == null || row.isStopped()) {
        failures.add(TaskQueries.missing(scope, cluster, reference));
      } else if (row.serviceName() == null) {
        failures.add(
            Failure.builder()
                .arn(row.arn())
                .reason("TASK_NOT_VALID")
                .detail("The task is not a task of a service.")
                .build());
      } else {
        found.add(shown(row, row.isProtected(now) ? row.protectedUntil() : null));
      }
    }
    return GetTaskProtectionResponse.builder().protectedTasks(found).failures(failures).build();
  }
}
