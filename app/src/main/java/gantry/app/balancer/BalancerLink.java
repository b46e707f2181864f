package gantry.app.balancer;

import gantry.services.acm.Acm;
import gantry.services.acm.Pem;
import gantry.services.elbv2.BalancerPlan;
import gantry.services.elbv2.RoutingTables;
import gantry.services.elbv2.TargetHealthReport;
import gantry.state.Feed;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import gantry.traffic.lb.Call;
import gantry.traffic.lb.LoadBalancers;
import gantry.traffic.lb.Metrics;
import gantry.traffic.lb.RoutingTable;
import gantry.traffic.lb.RoutingTable.Certificate;
import gantry.traffic.lb.SocketRooms;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the tables, hands the data plane a new routing table whenever one is due, and writes the
 * targets' health back. Changes that come together make one table.
 */
public final class BalancerLink implements AutoCloseable {

  private static final int MAX_REPORTS = 65_536;
  private static final int MAX_BATCH = 1000;

  /** How often a socket that could not be opened is tried again. */
  private static final long RETRY_SECONDS = 2;

  private final Store store;
  private final LoadBalancers balancers;
  private final PlanConverter converter;
  private final Semaphore due = new Semaphore(1);
  private final ArrayBlockingQueue<TargetHealthReport> reports =
      new ArrayBlockingQueue<>(MAX_REPORTS);
  private final Feed.Subscription subscription;
  private final Thread applier;
  private final Thread reporter;
  private volatile boolean closed;

  /**
   * Starts the load balancers.
   *
   * @param rooms the VPCs' networks, by VPC id
   * @param edgeAddress where the host reaches load balancers, usually {@code 127.0.0.1}; null:
   *     nowhere
   * @param logs folder of access logs
   * @param cookieKey 32 bytes, the same after a restart
   * @param apiPort of the API, where their names are answered too
   * @param workers event loops; 0: one for each processor
   */
  public BalancerLink(
      Store store,
      SocketRooms rooms,
      @Nullable String edgeAddress,
      Path logs,
      byte[] cookieKey,
      int apiPort,
      int workers) {
    this.store = store;
    this.converter = new PlanConverter(rooms);
    this.balancers =
        new LoadBalancers(
            new LoadBalancers.Config(
                workers, rooms, edgeAddress, logs, cookieKey, "port " + apiPort, this::report));
    this.subscription =
        store
            .feed()
            .subscribe(
                store.snapshot().revision(),
                commit -> {
                  if (commit.changes().stream()
                      .anyMatch(
                          change ->
                              RoutingTables.concerns(change)
                                  || change.table() == Acm.CERTIFICATES)) {
                    wake();
                  }
                });
    this.applier = Thread.ofPlatform().daemon().name("lb-tables").start(this::applyAll);
    this.reporter = Thread.ofVirtual().name("lb-reports").start(this::reportAll);
  }

  private void wake() {
    due.drainPermits();
    due.release();
  }

  /** Looks at everything anew: for a network that has come or gone. */
  public void refresh() {
    wake();
  }

  private void applyAll() {
    boolean failed = false;
    while (!closed) {
      try {
        boolean asked = due.tryAcquire(RETRY_SECONDS, TimeUnit.SECONDS);
        if (asked || failed || !balancers.problems().isEmpty()) {
          failed = true;
          applyNow();
          failed = false;
        }
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        // The old table goes on serving; whatever is wrong with the new one, it is tried again.
        Log.LOG.error(
            "The load balancers could not take over their new settings; again in {} s",
            RETRY_SECONDS,
            e);
      }
    }
  }

  private void applyNow() {
    View view = store.snapshot();
    BalancerPlan plan = RoutingTables.plan(view);
    RoutingTable table = converter.convert(plan, certificates(view, plan));
    balancers.apply(table);
  }

  private static List<Certificate> certificates(View view, BalancerPlan plan) {
    List<Certificate> out = new ArrayList<>();
    for (String arn : plan.certificateArns()) {
      String[] parts = arn.split(":", 6);
      Acm.CertificateRow row = view.get(Acm.CERTIFICATES, new Scope(parts[4], parts[3]).key(arn));
      if (row != null) {
        List<X509Certificate> chain = new ArrayList<>(Pem.chain(row.body()));
        if (!row.chain().isEmpty()) {
          chain.addAll(Pem.chain(row.chain()));
        }
        out.add(new Certificate(arn, Pem.key(row.privateKey()), chain));
      }
    }
    return out;
  }

  private void report(gantry.traffic.lb.TargetHealthReport r) {
    var report =
        new TargetHealthReport(
            r.targetGroupArn(), r.targetId(), r.port(), r.state(), r.reason(), r.description());
    if (!reports.offer(report)) {
      Log.LOG.warn("A health report was lost: {}", report);
    }
  }

  private void reportAll() {
    List<TargetHealthReport> batch = new ArrayList<>();
    while (!closed) {
      try {
        if (batch.isEmpty()) {
          batch.add(reports.take());
          reports.drainTo(batch, MAX_BATCH);
        }
        TargetHealthReport.write(store, batch);
        batch.clear();
      } catch (InterruptedException e) {
        return;
      } catch (RuntimeException e) {
        // The store cannot write now (a full disk, say). Newer reports wait in the queue.
        Log.LOG.error("Health reports could not be written; again in {} s", RETRY_SECONDS, e);
        try {
          TimeUnit.SECONDS.sleep(RETRY_SECONDS);
        } catch (InterruptedException closing) {
          return;
        }
      }
    }
  }

  public Metrics metrics() {
    return balancers.metrics();
  }

  List<Metrics.Target> compared(String groupArn) {
    return balancers.compared(groupArn);
  }

  /** Serves a request by the name of a load balancer that came to the API's port. */
  void serve(String name, Call call) throws IOException {
    balancers.serve(name, call);
  }

  /** Sockets that could not be opened, each with its reason. */
  public List<LoadBalancers.Problem> problems() {
    return balancers.problems();
  }

  @Override
  public void close() {
    closed = true;
    subscription.close();
    applier.interrupt();
    reporter.interrupt();
    balancers.close();
  }

  /** Logging begins with the first line that there is to log. */
  private static final class Log {
    static final Logger LOG = LoggerFactory.getLogger(BalancerLink.class);
  }
}
