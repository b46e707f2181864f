package gantry.app.balancer;

import gantry.services.HttpExchange;
import gantry.services.HttpHandler;
import gantry.traffic.lb.Call;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Load balancers by their names at the API's own port: for a host where a listener's port is taken,
 * or needs rights that we lack.
 */
public final class BalancerSite implements HttpHandler {

  private static final String SUFFIX = ".elb.localhost";

  private final Supplier<@Nullable BalancerLink> link;

  /** The link comes once the machine has joined, and never where nothing carries traffic. */
  public BalancerSite(Supplier<@Nullable BalancerLink> link) {
    this.link = link;
  }

  /** Is it a load balancer's name? */
  public static boolean isName(String host) {
    return host.endsWith(SUFFIX);
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    String name = exchange.host().toLowerCase(Locale.ROOT);
    int colon = name.indexOf(':');
    BalancerLink to = link.get();
    if (to == null) {
      exchange.setHeader("content-type", "text/plain; charset=utf-8");
      exchange.respond(
          503,
          "No load balancer carries traffic here: the program starts, or its engine is simulated.\n"
              .getBytes(StandardCharsets.UTF_8));
      return;
    }
    to.serve(colon < 0 ? name : name.substring(0, colon), new Passed(exchange));
  }

  private record Passed(HttpExchange exchange) implements Call {

    @Override
    public String method() {
      return exchange.method();
    }

    @Override
    public String target() {
      return exchange.query().isEmpty()
          ? exchange.path()
          : exchange.path() + "?" + exchange.query();
    }

    @Override
    public List<Map.Entry<String, String>> headers() {
      List<Map.Entry<String, String>> all = new ArrayList<>();
      all.add(Map.entry("host", exchange.host()));
      for (String name : exchange.headerNames()) {
        if (!name.equals("host") && !name.startsWith(":")) {
          exchange.headers(name).forEach(value -> all.add(Map.entry(name, value)));
        }
      }
      return all;
    }

    @Override
    public String remoteAddress() {
      return exchange.remoteAddress();
    }

    @Override
    public InputStream body() {
      return exchange.body();
    }

    @Override
    public OutputStream begin(int status, List<Map.Entry<String, String>> headers)
        throws IOException {
      say(headers);
      return exchange.respond(status);
    }

    @Override
    public Tunnel upgrade(List<Map.Entry<String, String>> headers) throws IOException {
      say(headers);
      HttpExchange.Tunnel through = exchange.upgrade();
      return new Tunnel(through.in(), through.out());
    }

    private void say(List<Map.Entry<String, String>> headers) {
      Set<String> said = new HashSet<>();
      for (Map.Entry<String, String> header : headers) {
        if (said.add(header.getKey().toLowerCase(Locale.ROOT))) {
          exchange.setHeader(header.getKey(), header.getValue());
        } else {
          exchange.addHeader(header.getKey(), header.getValue());
        }
      }
    }
  }
}
