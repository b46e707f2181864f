package gantry.app;

import gantry.app.api.AuditLog;
import gantry.app.api.CallMetrics;
import gantry.app.ask.FromHere;
import gantry.app.balancer.LiveBalancers;
import gantry.services.HttpExchange;
import gantry.services.HttpHandler;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** The program's own pages: health, reset, metrics. */
final class OwnPages {

  private final CallMetrics calls;
  private final LogMetrics logs;
  private final AuditLog audit;
  private final LiveBalancers balancers;
  private final BooleanSupplier ready;
  private final Runnable reset;

  OwnPages(
      CallMetrics calls,
      LogMetrics logs,
      AuditLog audit,
      LiveBalancers balancers,
      BooleanSupplier ready,
      Runnable reset) {
    this.calls = calls;
    this.logs = logs;
    this.audit = audit;
    this.balancers = balancers;
    this.ready = ready;
    this.reset = reset;
  }

  /** Made at the first scrape: most programs are never scraped. */
  private static final class Jvm {
    static final PrometheusMeterRegistry REGISTRY =
        new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

    static {
      new JvmMemoryMetrics().bindTo(REGISTRY);
      new JvmThreadMetrics().bindTo(REGISTRY);
      new ProcessorMetrics().bindTo(REGISTRY);
      new UptimeMetrics().bindTo(REGISTRY);
      new FileDescriptorMetrics().bindTo(REGISTRY);
      @SuppressWarnings("resource") // lives as long as the program
      JvmGcMetrics gc = new JvmGcMetrics();
      gc.bindTo(REGISTRY);
    }
  }

  HttpHandler health() {
    return exchange -> {
      boolean up = ready.getAsBoolean();
      text(
          exchange,
          up ? 200 : 503,
          "application/json",
          "{\"status\":\"" + (up ? "ready" : "starting") + "\"}\n");
    };
  }

  HttpHandler reset() {
    return FromHere.only(
        "POST",
        exchange -> {
          reset.run();
          text(exchange, 200, "application/json", "{\"status\":\"reset\"}\n");
        });
  }

  /** Leaves the machine as it was; what comes next is the end of the program. */
  HttpHandler down(Runnable remove) {
    return FromHere.only(
        "POST",
        exchange -> {
          remove.run();
          text(exchange, 200, "application/json", "{\"status\":\"removed\"}\n");
        });
  }

  /**
   * The program's own counts, and those of its data planes.
   *
   * @param more writes the latter
   */
  HttpHandler metrics(Consumer<StringBuilder> more) {
    return exchange -> {
      StringBuilder out = new StringBuilder(16 * 1024);
      calls.write(out);
      logs.write(out);
      out.append("# TYPE gantry_audit_left_out_total counter\n");
      out.append("gantry_audit_left_out_total ").append(audit.leftOut()).append('\n');
      out.append("# TYPE gantry_audit_failed_total counter\n");
      out.append("gantry_audit_failed_total ").append(audit.failed()).append('\n');
      balancers.write(out);
      more.accept(out);
      out.append(Jvm.REGISTRY.scrape());
      text(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", out.toString());
    };
  }

  HttpHandler unknown() {
    return exchange -> text(exchange, 404, "text/plain", "There is nothing here.\n");
  }

  private static void text(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    exchange.setHeader("content-type", type);
    exchange.respond(status, text.getBytes(StandardCharsets.UTF_8));
  }
}
