package gantry.app.ask;

import gantry.services.HttpHandler;
import java.nio.charset.StandardCharsets;

/**
 * The program's own pages take no signature, so what they tell or do is for its own machine only.
 */
public final class FromHere {

  private FromHere() {}

  /** Hands on what is asked on this machine with that method, and refuses the rest. */
  public static HttpHandler only(String method, HttpHandler page) {
    return exchange -> {
      String address = exchange.remoteAddress();
      if (!address.startsWith("127.")
          && !address.equals("::1")
          && !address.equals("0:0:0:0:0:0:0:1")) {
        exchange.setHeader("content-type", "text/plain");
        exchange.respond(403, bytes("Only from the machine that the program runs on.\n"));
      } else if (!exchange.method().equals(method)) {
        exchange.setHeader("allow", method);
        exchange.setHeader("content-type", "text/plain");
        exchange.respond(405, bytes("This page wants a " + method + ".\n"));
      } else {
        page.handle(exchange);
      }
    };
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
