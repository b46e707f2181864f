package gantry.services.ecs;

import gantry.services.Caller;
import gantry.services.ServiceContext;
import gantry.services.ecs.rows.ServiceRow;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import software.amazon.awssdk.services.ecs.model.Cluster;
import software.amazon.awssdk.services.ecs.model.DeleteServiceRequest;
import software.amazon.awssdk.services.ecs.model.DeleteServiceResponse;

/** Deleting a service: from now on it is DRAINING, and INACTIVE when its last task has ended. */
final class ServiceDeletion {

  private final ServiceContext context;

  ServiceDeletion(ServiceContext context) {
    this.context = context;
  }

  DeleteServiceResponse delete(DeleteServiceRequest request) {
    Scope scope = Caller.current().scope();
    ServiceRow gone =
        context
            .store()
            .write(
                tx -> {
                  Cluster cluster = References.cluster(tx, scope, request.cluster());
                  Key key =
                      References.service(
                          scope, cluster.clusterName(), String.valueOf(request.service()));
                  ServiceRow row = tx.get(EcsTables.SERVICES, key);
                  if (row == null) {
                    throw EcsErrors.serviceNotFound();
                  }
                  if (!row.isActive()) {
                    return row;
                  }
                  boolean force = Boolean.TRUE.equals(request.force());
                  boolean running =
                      tx.lookup(EcsTables.TASKS_OF_SERVICE, scope, key.id())
                          .anyMatch(each -> !each.value().isStopping());
                  if (!force && !row.isDaemon() && (row.service().desiredCount() > 0 || running)) {
                    throw EcsErrors.invalid(
                        "The service cannot be stopped while it is scaled above 0.");
                  }
                  ServiceRow next =
                      row.with(
                          row.service().toBuilder().status("DRAINING").desiredCount(0).build());
                  tx.put(EcsTables.SERVICES, key, next);
                  endSets(tx, scope, row);
                  return next;
                });
    return DeleteServiceResponse.builder()
        .service(ShownServices.shown(context.store().snapshot(), scope, gone, false))
        .build();
  }

  private static void endSets(Tx tx, Scope scope, ServiceRow row) {
    EcsTables.under(tx, EcsTables.TASK_SETS, scope, row.cluster() + "/" + row.name() + "/")
        .map(Row::key)
        .toList()
        .forEach(key -> tx.delete(EcsTables.TASK_SETS, key));
  }
}
