package gantry.app.dns;

import gantry.services.route53.Health;
import gantry.services.route53.Tables;
import gantry.state.Feed;
import gantry.state.Key;
import gantry.state.Store;
import gantry.traffic.dns.Lookup;
import gantry.traffic.dns.RecordType;
import gantry.traffic.dns.View;
import gantry.traffic.health.Endpoint;
import gantry.traffic.health.EndpointChecker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.model.HealthCheckConfig;
import software.amazon.awssdk.services.route53.model.HealthCheckType;

/**
 * Route 53's health checks, really made: from the tables to the checker, from what it finds to the
 * tables. They are made from this machine's own network.
 */
public final class HealthLink implements AutoCloseable {

  private final Store store;
  private final Clock clock;
  private final Supplier<View> names;
  private final EndpointChecker checker = new EndpointChecker(this::report, this::resolve);
  private final Map<String, Key> keys = new ConcurrentHashMap<>();
  private final Feed.Subscription subscription;

  /**
   * Begins to check.
   *
   * @param names what names of our own mean: those of load balancers
   */
  public HealthLink(Store store, Clock clock, Supplier<View> names) {
    this.store = store;
    this.clock = clock;
    this.names = names;
    gantry.state.View now = store.snapshot();
    update(now);
    this.subscription =
        store
            .feed()
            .subscribe(
                now.revision(),
                commit -> {
                  if (commit.changes().stream()
                      .anyMatch(change -> change.table() == Tables.HEALTH_CHECKS)) {
                    update(store.snapshot());
                  }
                });
  }

  private void update(gantry.state.View view) {
    List<Health.Endpoint> wanted = Health.endpoints(view);
    keys.keySet().retainAll(wanted.stream().map(one -> one.key().id()).toList());
    wanted.forEach(one -> keys.put(one.key().id(), one.key()));
    checker.update(wanted.stream().map(HealthLink::endpoint).toList());
  }

  private static Endpoint endpoint(Health.Endpoint one) {
    HealthCheckConfig config = one.config();
    HealthCheckType type = config.type();
    boolean secure = type == HealthCheckType.HTTPS || type == HealthCheckType.HTTPS_STR_MATCH;
    String address =
        config.ipAddress() != null ? config.ipAddress() : config.fullyQualifiedDomainName();
    return new Endpoint(
        one.key().id(),
        type == HealthCheckType.TCP ? Endpoint.Kind.TCP : Endpoint.Kind.HTTP,
        Objects.requireNonNull(address),
        config.port(),
        config.fullyQualifiedDomainName(),
        config.resourcePath() == null ? "/" : config.resourcePath(),
        secure,
        Boolean.TRUE.equals(config.enableSNI()),
        config.searchString(),
        Duration.ofSeconds(config.requestInterval()),
        config.failureThreshold());
  }

  private InetAddress resolve(String name) throws IOException {
    Lookup.Answer own = name.indexOf(':') >= 0 ? null : Lookup.ask(names.get(), name, RecordType.A);
    if (own == null) {
      return InetAddress.getByName(name);
    }
    for (Lookup.Found found : own.records()) {
      InetAddress address = found.address();
      if (address != null) {
        return address;
      }
    }
    throw new UnknownHostException(name);
  }

  private void report(
      Endpoint endpoint, @Nullable Boolean healthy, boolean succeeded, String status) {
    Key key = keys.get(endpoint.id());
    if (key != null) {
      Health.report(store, key, healthy, succeeded, status, clock.instant());
    }
  }

  @Override
  public void close() {
    subscription.close();
    checker.close();
  }
}
