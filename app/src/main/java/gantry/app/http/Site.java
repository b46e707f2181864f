package gantry.app.http;

import gantry.services.HttpExchange;
import gantry.services.HttpHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Who answers what at the one address: load balancers by their Host names, then by path the
 * registry, the console and the program's own pages, and everything else is an AWS API.
 */
public final class Site implements QuickHandler {

  private record ByHost(Predicate<String> host, HttpHandler handler) {}

  private record ByPath(String prefix, HttpHandler handler) {}

  private final FrontDoor door;
  private final HttpHandler api;
  private final List<ByHost> hosts = new CopyOnWriteArrayList<>();
  private final List<ByPath> paths = new CopyOnWriteArrayList<>();

  public Site(FrontDoor door, HttpHandler api) {
    this.door = door;
    this.api = api;
  }

  /**
   * Hands requests for some Host names on, such as {@code *.elb.localhost}. What stands there is
   * the users' own and open to browsers, so the front door is not asked.
   *
   * @param host sees the name in lower case, without a port
   */
  public void forHost(Predicate<String> host, HttpHandler handler) {
    hosts.add(new ByHost(host, handler));
  }

  /** Hands requests for a path on: {@code /x} itself, or all below it if it ends with a slash. */
  public void forPath(String prefix, HttpHandler handler) {
    paths.add(new ByPath(prefix, handler));
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    if (!hosts.isEmpty()) {
      String name = FrontDoor.name(exchange.host());
      for (ByHost one : hosts) {
        if (one.host.test(name)) {
          one.handler.handle(exchange);
          return;
        }
      }
    }
    String refusal = door.refusal(exchange);
    if (refusal != null) {
      exchange.setHeader("content-type", "text/plain; charset=utf-8");
      exchange.respond(403, (refusal + "\n").getBytes(StandardCharsets.UTF_8));
      return;
    }
    HttpHandler handler = byPath(exchange.path());
    (handler == null ? api : handler).handle(exchange);
  }

  @Override
  public boolean quick(HttpExchange exchange) {
    if (!hosts.isEmpty()) {
      String name = FrontDoor.name(exchange.host());
      for (ByHost one : hosts) {
        if (one.host.test(name)) {
          return false;
        }
      }
    }
    return api instanceof QuickHandler quick
        && byPath(exchange.path()) == null
        && quick.quick(exchange);
  }

  private @Nullable HttpHandler byPath(String path) {
    for (ByPath one : paths) {
      boolean here =
          one.prefix.endsWith("/")
              ? path.startsWith(one.prefix)
                  || (path.length() + 1 == one.prefix.length() && one.prefix.startsWith(path))
              : path.equals(one.prefix);
      if (here) {
        return one.handler;
      }
    }
    return null;
  }
}
