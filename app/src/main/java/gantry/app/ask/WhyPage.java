package gantry.app.ask;

import gantry.services.Explainer;
import gantry.services.HttpHandler;
import gantry.services.Reason;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** {@code /_gantry/why?NAME}: the reasons as text, a tree for each thing of that name. */
public final class WhyPage {

  public static final String PATH = "/_gantry/why";

  private WhyPage() {}

  public static HttpHandler of(Explainer explainer) {
    return FromHere.only(
        "GET",
        exchange -> {
          String about = URLDecoder.decode(exchange.query(), StandardCharsets.UTF_8);
          List<Reason> reasons = about.isBlank() ? List.of() : explainer.why(about);
          StringBuilder out = new StringBuilder();
          reasons.forEach(reason -> out.append(reason.print()));
          if (reasons.isEmpty()) {
            out.append("nothing here goes by the name '").append(about).append("'\n");
          }
          exchange.setHeader("content-type", "text/plain; charset=utf-8");
          exchange.respond(
              reasons.isEmpty() ? 404 : 200, out.toString().getBytes(StandardCharsets.UTF_8));
        });
  }
}
