package gantry.services.cloudmap;

import gantry.services.ServiceContext;
import gantry.services.cloudmap.Tables.OperationRow;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.util.Comparator;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.servicediscovery.model.DuplicateRequestException;
import software.amazon.awssdk.services.servicediscovery.model.Operation;
import software.amazon.awssdk.services.servicediscovery.model.OperationStatus;
import software.amazon.awssdk.services.servicediscovery.model.OperationType;

/** The record of what was asked for: kept, so that GetOperation answers after a restart too. */
final class Operations {

  private final ServiceContext context;

  Operations(ServiceContext context) {
    this.context = context;
  }

  /**
   * Records an operation in the transaction that does it. {@code done} where no zone has to follow.
   */
  String begin(
      Tx tx,
      Scope scope,
      String id,
      OperationType type,
      String concerns,
      Map<String, String> targets,
      boolean done) {
    Operation operation =
        Operation.builder()
            .id(id)
            .type(type)
            .status(done ? OperationStatus.SUCCESS : OperationStatus.PENDING)
            .createDate(context.clock().instant())
            .updateDate(context.clock().instant())
            .targetsWithStrings(targets)
            .build();
    tx.put(Tables.OPERATIONS, scope.key(id), new OperationRow(operation, concerns));
    return id;
  }

  void succeed(Tx tx, Scope scope, OperationRow row) {
    end(tx, scope, row, row.operation().toBuilder().status(OperationStatus.SUCCESS).build());
  }

  void fail(Tx tx, Scope scope, OperationRow row, String code, String message) {
    end(
        tx,
        scope,
        row,
        row.operation().toBuilder()
            .status(OperationStatus.FAIL)
            .errorCode(code)
            .errorMessage(message)
            .build());
  }

  private void end(Tx tx, Scope scope, OperationRow row, Operation ended) {
    tx.put(
        Tables.OPERATIONS,
        scope.key(ended.id()),
        new OperationRow(
            ended.toBuilder().updateDate(context.clock().instant()).build(), row.concerns()));
  }

  /** The newest operation on a namespace or service. */
  String lastOf(View view, Scope scope, String concerns) {
    return view.scan(Tables.OPERATIONS, scope)
        .map(row -> row.value())
        .filter(row -> row.concerns().equals(concerns))
        .max(Comparator.comparing(row -> row.operation().createDate()))
        .map(row -> row.operation().id())
        .orElseThrow(() -> new IllegalStateException(concerns + " was made without an operation"));
  }

  /** One operation at a time on a namespace, a service or (where given) an instance. */
  void checkIdle(View view, Scope scope, String concerns, @Nullable String instanceId) {
    view.lookup(Tables.PENDING_BY_SUBJECT, scope, concerns)
        .map(row -> row.value().operation())
        .filter(o -> instanceId == null || instanceId.equals(o.targetsAsStrings().get("INSTANCE")))
        .findFirst()
        .ifPresent(
            pending -> {
              throw DuplicateRequestException.builder()
                  .message(
                      "Another operation of type "
                          + pending.typeAsString()
                          + " and id "
                          + pending.id()
                          + " is in progress")
                  .duplicateOperationId(pending.id())
                  .build();
            });
  }
}
