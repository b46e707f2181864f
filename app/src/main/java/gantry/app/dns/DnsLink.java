package gantry.app.dns;

import gantry.services.route53.Health;
import gantry.services.route53.Tables;
import gantry.services.route53.Tables.HealthStatusRow;
import gantry.services.route53.Tables.RecordRow;
import gantry.services.route53.Tables.ZoneRow;
import gantry.state.Change;
import gantry.state.Commit;
import gantry.state.Feed;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Store;
import gantry.traffic.dns.View;
import gantry.traffic.dns.Zone;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.route53.model.VPC;

/**
 * Keeps a {@link View} for each VPC, always of the newest commit. Only zones that a commit touched
 * are compiled anew; views are put together from compiled zones. Called on the feed, so an answer
 * follows its change at once.
 */
public final class DnsLink implements AutoCloseable {

  /** The view of askers outside of every VPC: public zones only. */
  public static final String HOST = "";

  private final Store store;
  private final OwnNames ownNames;
  private final Map<Key, Zone> zones = new HashMap<>();
  private final Map<String, View> views = new ConcurrentHashMap<>();
  private final String region;

  /** Zones with a record that follows some health. */
  private final Set<Key> followsHealth = new LinkedHashSet<>();

  private Feed.@Nullable Subscription subscription;

  /** The names that no hosted zone has: load balancers, interfaces, the addresses of a VPC. */
  public interface OwnNames {
    /** For the askers of one VPC, or of {@link #HOST}. */
    List<Zone> zones(gantry.state.View view, String vpcId);

    /** Whether a change may have changed any of them. */
    boolean concerns(Change<?> change);

    /** Whether the load balancer of this name can serve: for aliases that follow its health. */
    default boolean healthy(gantry.state.View view, String balancerName) {
      return true;
    }

    /** Whether a change may have changed the health of one of them. */
    default boolean concernsHealth(Change<?> change) {
      return false;
    }

    /** Every VPC that can ask. */
    List<String> vpcIds(gantry.state.View view);
  }

  public DnsLink(Store store, String region, OwnNames ownNames) {
    this.store = store;
    this.region = region;
    this.ownNames = ownNames;
  }

  public synchronized void start() {
    gantry.state.View now = store.snapshot();
    now.scanAll(Tables.ZONES).forEach(row -> compile(now, row.key()));
    assemble(now);
    subscription = store.feed().subscribe(now.revision(), this::apply);
  }

  /** The newest view of a VPC's askers. */
  public Supplier<View> view(String vpcId) {
    return () -> {
      View view = views.get(vpcId);
      return view == null ? views.getOrDefault(HOST, View.of(List.of(), region, true)) : view;
    };
  }

  /** Every view, by VPC, as it is now. */
  public java.util.TreeMap<String, View> views() {
    return new java.util.TreeMap<>(views);
  }

  /** Our own names changed by something that is no commit. */
  public synchronized void refresh() {
    if (subscription != null) {
      assemble(store.snapshot());
    }
  }

  private synchronized void apply(Commit commit) {
    Set<Key> touched = new LinkedHashSet<>();
    boolean own = false;
    for (Change<?> change : commit.changes()) {
      if (change.table() == Tables.ZONES) {
        touched.add(change.key());
      } else if (change.table() == Tables.RECORDS) {
        String id = change.key().id();
        touched.add(new Key(change.key().scope(), id.substring(0, id.indexOf('/'))));
      }
      own |= ownNames.concerns(change);
      if (!followsHealth.isEmpty() && (isHealth(change) || ownNames.concernsHealth(change))) {
        touched.addAll(followsHealth);
      }
    }
    if (touched.isEmpty() && !own) {
      return;
    }
    gantry.state.View now = store.snapshot();
    touched.forEach(key -> compile(now, key));
    assemble(now);
  }

  /** A check that only says again what it said changes nothing here. */
  private static boolean isHealth(Change<?> change) {
    return change.table() == Tables.HEALTH_CHECKS
        || change.table() == Tables.HEALTH_STATUS
            && !(change.before() instanceof HealthStatusRow before
                && change.after() instanceof HealthStatusRow after
                && before.healthy() == after.healthy());
  }

  private void compile(gantry.state.View now, Key key) {
    ZoneRow row = now.get(Tables.ZONES, key);
    if (row == null) {
      zones.remove(key);
      followsHealth.remove(key);
      return;
    }
    List<RecordRow> records =
        now.lookup(Tables.RECORDS_BY_ZONE, key.scope(), key.id()).map(Row::value).toList();
    RecordHealth health =
        new RecordHealth(
            records, id -> Health.of(now, key.scope(), id), name -> ownNames.healthy(now, name));
    zones.put(key, ZoneCompiler.compile(row, records, health::of));
    if (health.isFollowed()) {
      followsHealth.add(key);
    } else {
      followsHealth.remove(key);
    }
  }

  private void assemble(gantry.state.View now) {
    Map<String, List<Zone>> byVpc = new HashMap<>();
    Set<String> vpcIds = new LinkedHashSet<>(ownNames.vpcIds(now));
    vpcIds.add(HOST);
    List<Zone> everywhere = new ArrayList<>();
    now.scanAll(Tables.ZONES)
        .forEach(
            row -> {
              Zone zone = zones.get(row.key());
              if (zone == null) {
                return; // Made after the commit that is being applied; its own commit follows.
              }
              if (row.value().isPrivate()) {
                for (VPC vpc : row.value().vpcs()) {
                  byVpc.computeIfAbsent(vpc.vpcId(), absent -> new ArrayList<>()).add(zone);
                  vpcIds.add(vpc.vpcId());
                }
              } else {
                everywhere.add(zone);
              }
            });
    for (String vpcId : vpcIds) {
      // Of two zones with one name the private one is seen; then our own names, then public zones.
      List<Zone> all = new ArrayList<>(byVpc.getOrDefault(vpcId, List.of()));
      all.addAll(ownNames.zones(now, vpcId));
      all.addAll(everywhere);
      views.put(vpcId, View.of(all, region, true));
    }
    views.keySet().retainAll(vpcIds);
  }

  @Override
  public synchronized void close() {
    if (subscription != null) {
      subscription.close();
    }
  }
}
