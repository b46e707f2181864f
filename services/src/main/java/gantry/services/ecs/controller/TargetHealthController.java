package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.ServiceEvents;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TargetRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import software.amazon.awssdk.services.elasticloadbalancingv2.model.TargetHealthDescription;

/** Asks the load balancer how the targets of each service are, and writes down what changed. */
public final class TargetHealthController implements Controller {

  /** While a target is not settled. */
  static final Duration SOON = Duration.ofSeconds(1);

  /** While all are healthy. */
  static final Duration LATER = Duration.ofSeconds(5);

  private final ServiceContext context;
  private final Routing routing;

  public TargetHealthController(ServiceContext context) {
    this.context = context;
    this.routing = new Routing(context.clients());
  }

  @Override
  public String name() {
    return "ecs.target-health";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.table() == EcsTables.TASKS
            && change.after() instanceof TaskRow row
            && row.serviceName() != null
            && row.isRunning()
            && row.targets().stream().anyMatch(each -> each.state().equals(TargetRow.REGISTERING))
        ? Stream.of(EcsTables.member(change.key().scope(), row.cluster(), row.serviceName()))
        : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(EcsTables.SERVICES).filter(row -> row.value().isActive()).map(Row::key);
  }

  @Override
  public Again reconcile(Key key) {
    View view = context.store().snapshot();
    ServiceRow service = view.get(EcsTables.SERVICES, key);
    if (service == null || !service.isActive()) {
      return Again.WHEN_CHANGED;
    }
    List<Row<TaskRow>> routed =
        view.lookup(EcsTables.TASKS_OF_SERVICE, key.scope(), key.id())
            .filter(row -> row.value().isRunning() && !row.value().isStopping())
            .filter(row -> !row.value().targets().isEmpty())
            .toList();
    if (routed.isEmpty()) {
      return Again.WHEN_CHANGED;
    }
    Map<String, Map<String, TargetHealthDescription>> health = new HashMap<>();
    boolean settled = true;
    for (Row<TaskRow> row : routed) {
      List<TargetRow> next = new ArrayList<>();
      for (TargetRow target : row.value().targets()) {
        var group =
            health.computeIfAbsent(
                target.targetGroupArn(), arn -> routing.health(key.scope(), arn));
        TargetRow seen = Routing.seen(target, group);
        next.add(seen);
        settled &= seen.isHealthy();
      }
      if (!next.equals(row.value().targets())) {
        write(row.key(), service, next);
      }
    }
    return Again.after(settled ? LATER : SOON);
  }

  private void write(Key key, ServiceRow service, List<TargetRow> next) {
    Instant now = context.clock().instant();
    context
        .store()
        .write(
            tx -> {
              TaskRow current = tx.get(EcsTables.TASKS, key);
              if (current == null
                  || current.isStopping()
                  || current.targets().size() != next.size()) {
                return false;
              }
              for (int i = 0; i < next.size(); i++) {
                TargetRow target = next.get(i);
                if (target.state().equals("unhealthy")
                    && !current.targets().get(i).state().equals("unhealthy")) {
                  ServiceEvents.say(
                      tx,
                      key.scope(),
                      service.cluster(),
                      service.name(),
                      context.ids().uuid(),
                      "(service "
                          + service.name()
                          + ") (task "
                          + current.id()
                          + ") (port "
                          + target.port()
                          + ") is unhealthy in (target-group "
                          + target.targetGroupArn()
                          + ") due to (reason "
                          + (target.description() == null
                              ? "Health checks failed"
                              : target.description())
                          + ").",
                      now);
                }
              }
              tx.put(EcsTables.TASKS, key, current.edit().targets(next).done());
              return true;
            });
  }
}
