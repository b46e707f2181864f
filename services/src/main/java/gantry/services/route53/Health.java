package gantry.services.route53;

import gantry.services.route53.Tables.HealthCheckRow;
import gantry.services.route53.Tables.HealthStatusRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.model.HealthCheckConfig;
import software.amazon.awssdk.services.route53.model.HealthCheckType;

/**
 * Whether a health check is healthy: a function of the tables. A check that nobody has made yet
 * counts as healthy (inverted: as unhealthy), and so does one that does not exist any more.
 */
public final class Health {

  /** Calculated checks of calculated checks are refused, so this is deep enough. */
  private static final int DEPTH = 2;

  /** A check that says the same again is written down only so often. */
  private static final Duration REPEAT = Duration.ofMinutes(1);

  private Health() {}

  public static boolean of(View view, Scope scope, String id) {
    return of(view, scope, id, 0);
  }

  private static boolean of(View view, Scope scope, String id, int depth) {
    HealthCheckRow row = view.get(Tables.HEALTH_CHECKS, scope.key(id));
    if (row == null || depth > DEPTH) {
      return true;
    }
    HealthCheckConfig config = row.check().healthCheckConfig();
    boolean inverted = Boolean.TRUE.equals(config.inverted());
    if (Boolean.TRUE.equals(config.disabled())) {
      return !inverted;
    }
    boolean well;
    if (config.type() == HealthCheckType.CALCULATED) {
      long healthy =
          config.childHealthChecks().stream()
              .filter(child -> of(view, scope, child, depth + 1))
              .count();
      well = healthy >= config.healthThreshold();
    } else {
      HealthStatusRow status = view.get(Tables.HEALTH_STATUS, scope.key(id));
      well = status == null || status.healthy();
    }
    return well != inverted;
  }

  /** What somebody who checks is to look at, now. */
  public record Endpoint(Key key, HealthCheckConfig config) {}

  public static List<Endpoint> endpoints(View view) {
    List<Endpoint> endpoints = new ArrayList<>();
    view.scanAll(Tables.HEALTH_CHECKS)
        .forEach(
            row -> {
              HealthCheckConfig config = row.value().check().healthCheckConfig();
              if (config.type() != HealthCheckType.CALCULATED
                  && !Boolean.TRUE.equals(config.disabled())) {
                endpoints.add(new Endpoint(row.key(), config));
              }
            });
    return endpoints;
  }

  /**
   * Writes down what one check found; only what is news.
   *
   * @param healthy null while there were too few checks to say
   */
  public static void report(
      Store store,
      Key key,
      @Nullable Boolean healthy,
      boolean succeeded,
      String status,
      Instant at) {
    if (!news(
        store.read(view -> view.get(Tables.HEALTH_STATUS, key)), healthy, succeeded, status, at)) {
      return;
    }
    store.write(
        tx -> {
          HealthStatusRow old = tx.get(Tables.HEALTH_STATUS, key);
          if (tx.get(Tables.HEALTH_CHECKS, key) == null
              || !news(old, healthy, succeeded, status, at)) {
            return null;
          }
          boolean well = healthy != null ? healthy : old == null || old.healthy();
          tx.put(
              Tables.HEALTH_STATUS,
              key,
              new HealthStatusRow(
                  key.id(),
                  well,
                  status,
                  at,
                  succeeded ? old == null ? null : old.lastFailure() : status,
                  succeeded ? old == null ? null : old.lastFailureAt() : at));
          return null;
        });
  }

  private static boolean news(
      @Nullable HealthStatusRow old,
      @Nullable Boolean healthy,
      boolean succeeded,
      String status,
      Instant at) {
    return old == null
        || (healthy != null && healthy != old.healthy())
        || !old.status().equals(status)
        || !succeeded && old.lastFailureAt() == null
        || at.isAfter(old.checkedAt().plus(REPEAT));
  }
}
