package gantry.app.http;

import gantry.services.HttpExchange;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Tells programs from web pages. A browser carries any page's requests to this machine's loopback,
 * so a page of another origin could start containers. It cannot hide where it comes from, though:
 * browsers say so in {@code Origin}, {@code Sec-Fetch-Site} and {@code Referer}, and a page whose
 * name was made to point at us (DNS rebinding) says that name in {@code Host}. Programs send none
 * of these, or what fits.
 */
public final class FrontDoor {

  /** Names that nobody outside can make point at this machine. */
  private static final List<String> LOCAL_SUFFIXES =
      List.of(
          ".localhost",
          ".internal",
          ".local",
          ".amazonaws.com",
          ".aws",
          ".amazonaws.com.cn",
          ".on.aws");

  private final boolean onlyLoopback;

  /** With {@code onlyLoopback}, a request's Host must be one that leads to this machine anyway. */
  public FrontDoor(boolean onlyLoopback) {
    this.onlyLoopback = onlyLoopback;
  }

  /** Why the request is not let in, in one line; null when it is. */
  public @Nullable String refusal(HttpExchange exchange) {
    String host = exchange.host();
    if (onlyLoopback && !leadsHere(name(host))) {
      return "Host '"
          + shown(host)
          + "' is not a name of this machine (a web page may have made it point here); use"
          + " localhost, or start with --listen.";
    }
    String origin = exchange.header("origin");
    if (origin != null && !sameOrigin(origin, host)) {
      return "Origin '"
          + shown(origin)
          + "' is a web page's that is not ours; it may not call this.";
    }
    String site = exchange.header("sec-fetch-site");
    if (site != null
        && !site.equals("same-origin")
        && !site.equals("none")
        && !opensConsole(exchange)) {
      return "A web page of another origin (Sec-Fetch-Site: "
          + shown(site)
          + ") may not call this.";
    }
    String referer = exchange.header("referer");
    if (origin == null && site == null && referer != null && !sameOrigin(referer, host)) {
      return "Referer '"
          + shown(referer)
          + "' is a web page's that is not ours; it may not call this.";
    }
    return null;
  }

  /** Following a link to the console is no harm: a GET that changes nothing and shows a page. */
  private static boolean opensConsole(HttpExchange exchange) {
    return exchange.method().equals("GET")
        && "navigate".equals(exchange.header("sec-fetch-mode"))
        && exchange.query().isEmpty()
        && (exchange.path().equals("/") || exchange.path().startsWith("/_gantry/console"));
  }

  private static boolean leadsHere(String name) {
    if (name.isEmpty() || isAddress(name)) {
      return true; // an address cannot be rebound
    }
    int dots = 0;
    for (String suffix : LOCAL_SUFFIXES) {
      if (name.endsWith(suffix)
          || (name.length() == suffix.length() - 1 && suffix.endsWith(name))) {
        return true;
      }
    }
    for (int i = 0; i < name.length(); i++) {
      dots += name.charAt(i) == '.' ? 1 : 0;
    }
    return dots
        == 0; // a bare name is resolved on this machine or its network, as in docker-compose
  }

  private static boolean isAddress(String name) {
    if (name.startsWith("[")) {
      return true;
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if ((c < '0' || c > '9') && c != '.') {
        return false;
      }
    }
    return true;
  }

  /** Without the port, in lower case, without a dot at its end. */
  static String name(String host) {
    int end = host.startsWith("[") ? host.indexOf(']') + 1 : host.indexOf(':');
    String name = (end <= 0 ? host : host.substring(0, end)).toLowerCase(Locale.ROOT);
    return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
  }

  private static boolean sameOrigin(String url, String host) {
    int scheme = url.indexOf("://");
    if (scheme < 0) {
      return false; // "null": a file or a sandboxed frame
    }
    String authority = url.substring(scheme + 3);
    int slash = authority.indexOf('/');
    return (slash < 0 ? authority : authority.substring(0, slash)).equalsIgnoreCase(host);
  }

  private static String shown(String text) {
    return text.length() > 100 ? text.substring(0, 100) + "..." : text;
  }
}
