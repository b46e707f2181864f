package gantry.services.ecs.controller;

import gantry.services.ServiceContext;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.planner.Waiting;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.ServiceEvents;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TrafficShift;
import gantry.services.ecs.rows.TrafficShift.Route;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;

/**
 * Tells the load balancer the weights that a deployment with two colours has come to, and notes
 * when it did. Telling it twice does no harm, so a restart in between does none.
 */
public final class TrafficController implements Controller {

  /** After a refusal: somebody has to put the rule right first. */
  static final Duration RETRY = Duration.ofSeconds(15);

  private final ServiceContext context;
  private final Listening listening;

  public TrafficController(ServiceContext context) {
    this.context = context;
    this.listening = new Listening(context.clients());
  }

  @Override
  public String name() {
    return "ecs.traffic";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.table() == EcsTables.SERVICES
            && change.after() instanceof ServiceRow after
            && pending(after) != null
            && !(change.before() instanceof ServiceRow before
                && Objects.equals(pending(before), pending(after)))
        ? Stream.of(change.key())
        : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(EcsTables.SERVICES)
        .filter(row -> pending(row.value()) != null)
        .map(Row::key);
  }

  /** The deployment whose weights the balancer has yet to hear of. */
  private static @Nullable DeploymentRow pending(ServiceRow row) {
    if (!row.isActive() || row.isExternal() || row.deployments().isEmpty()) {
      return null;
    }
    DeploymentRow primary = row.primary();
    return primary.inProgress() && primary.traffic() != null && primary.traffic().isPending()
        ? primary
        : null;
  }

  @Override
  public Again reconcile(Key key) {
    ServiceRow row = context.store().snapshot().get(EcsTables.SERVICES, key);
    DeploymentRow deployment = row == null ? null : pending(row);
    if (deployment == null) {
      return Again.WHEN_CHANGED;
    }
    TrafficShift shift = Objects.requireNonNull(deployment.traffic());
    String problem = null;
    for (Route route : shift.routes()) {
      if (problem == null) {
        problem = told(key, route, shift);
      }
    }
    String refusal = problem;
    context.store().write(tx -> note(tx, key, deployment.id(), shift, refusal));
    return problem == null ? Again.WHEN_CHANGED : Again.after(RETRY);
  }

  private @Nullable String told(Key key, Route route, TrafficShift shift) {
    try {
      return listening.set(key.scope(), route, shift.production(), shift.test());
    } catch (AwsServiceException refused) {
      if (refused.statusCode() >= 500) {
        throw refused;
      }
      return refused.awsErrorDetails() == null
          ? String.valueOf(refused.getMessage())
          : refused.awsErrorDetails().errorCode() + ": " + refused.awsErrorDetails().errorMessage();
    }
  }

  private boolean note(
      Tx tx, Key key, String deployment, TrafficShift told, @Nullable String problem) {
    ServiceRow row = tx.get(EcsTables.SERVICES, key);
    DeploymentRow current = row == null ? null : row.deployment(deployment);
    TrafficShift shift = current == null ? null : current.traffic();
    // Meanwhile another share may be wanted, or another deployment: that one is told next.
    if (row == null
        || current == null
        || shift == null
        || !current.primary()
        || !shift.isPending()
        || shift.production() != told.production()
        || shift.test() != told.test()) {
      return false;
    }
    if (problem != null && problem.equals(shift.problem())) {
      return false;
    }
    Instant now = context.clock().instant();
    TrafficShift next = shift.applied(problem == null ? now : null, problem);
    List<DeploymentRow> deployments = new ArrayList<>();
    for (DeploymentRow each : row.deployments()) {
      deployments.add(each.id().equals(deployment) ? each.edit().traffic(next).done() : each);
    }
    tx.put(EcsTables.SERVICES, key, row.with(deployments));
    String who = "(service " + row.name() + ") ";
    if (problem != null) {
      say(tx, key, row, who + "was unable to shift traffic. Reason: " + problem + ".", now);
    } else {
      say(
          tx,
          key,
          row,
          who
              + "(deployment "
              + deployment
              + ") has "
              + Waiting.percent(shift.production())
              + " percent of production traffic"
              + (shift.hasTest()
                  ? " and " + Waiting.percent(shift.test()) + " percent of test traffic."
                  : "."),
          now);
    }
    return true;
  }

  private void say(Tx tx, Key key, ServiceRow row, String message, Instant now) {
    ServiceEvents.say(
        tx, key.scope(), row.cluster(), row.name(), context.ids().uuid(), message, now);
  }
}
