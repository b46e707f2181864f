package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Action;
import gantry.traffic.lb.RoutingTable.BalancerSettings;
import gantry.traffic.lb.RoutingTable.Desync;
import gantry.traffic.lb.RoutingTable.Stickiness;
import gantry.traffic.lb.RoutingTable.Version;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What becomes of a request: an answer of the balancer's own, or a target group and cookies. */
final class Decision {

  private static final int MAX_FORWARDED_FOR = 30;
  private static final int MAX_LOCATION = 8192;

  private Decision() {}

  static void make(Exchange x, Worker worker, Compiled c) {
    Head head = x.head();
    Account account = x.account;
    BalancerSettings settings = c.balancer.settings();
    if (head.desync != 0) {
      account.counters.nonCompliant++;
      if (settings.desync() == Desync.STRICTEST) {
        x.closeBoth();
        x.own(400);
        return;
      }
      if (head.desync == HeadParser.AMBIGUOUS && settings.desync() == Desync.DEFENSIVE) {
        x.closeBoth();
      }
    }
    if (tooManyForwarded(head)) {
      x.own(463);
      return;
    }
    Compiled.Rule matched = c.match(head, x.front().client(), account.counters);
    account.rule = matched;
    if (matched == null) {
      x.own(503);
      return;
    }
    switch (matched.spec.action()) {
      case Action.Fixed fixed -> {
        account.actions = "fixed-response";
        account.counters.fixedResponses++;
        x.reply(
            fixed.status(),
            fixed.contentType(),
            fixed.body().getBytes(StandardCharsets.UTF_8),
            null);
      }
      case Action.Redirect redirect -> redirect(x, redirect);
      case Action.Forward forward -> {
        account.actions = "forward";
        if (matched.transform != null && !matched.transform.apply(x)) {
          x.own(500);
          return;
        }
        forward(x, worker, matched, forward);
      }
    }
  }

  private static boolean tooManyForwarded(Head head) {
    int addresses = 0;
    for (int i = 0; i < head.count; i++) {
      if (head.known(i) == Head.FORWARDED_FOR) {
        addresses++;
        for (int k = head.valueStart(i); k < head.valueEnd(i); k++) {
          if (head.bytes[k] == ',') {
            addresses++;
          }
        }
      }
    }
    return addresses > MAX_FORWARDED_FOR;
  }

  private static void redirect(Exchange x, Action.Redirect redirect) {
    Account account = x.account;
    account.actions = "redirect";
    String location = Redirects.location(redirect, x.head(), x.front().client(), account.port);
    account.redirectUrl = location;
    if (location.length() > MAX_LOCATION) {
      x.own(500);
    } else {
      account.counters.redirects++;
      x.reply(redirect.status(), "text/html", Replies.body(redirect.status()), location);
    }
  }

  private static void forward(
      Exchange x, Worker worker, Compiled.Rule matched, Action.Forward action) {
    Head head = x.head();
    GroupState chosen = null;
    Sticky sticky = null;
    if (action.stickiness() != null) {
      sticky = worker.sticky();
      chosen = head.find(Head.COOKIE) < 0 ? null : sticky.group(head, matched, action.stickiness());
    }
    if (chosen == null) {
      chosen = matched.pick(worker.chance);
    }
    if (chosen == null) {
      x.own(503);
      return;
    }
    x.account.group = chosen;
    if (!speaks(x, head, chosen.spec.version())) {
      x.own(464);
      return;
    }
    TargetState stuck = null;
    Stickiness stickiness = chosen.spec.settings().stickiness();
    if (stickiness == Stickiness.LB_COOKIE || stickiness == Stickiness.APP_COOKIE) {
      sticky = worker.sticky();
      stuck = sticky.target(head, chosen);
      if (stuck == null) {
        x.account.counters.nonSticky++;
      }
    }
    Sticky.@Nullable Cookies cookies =
        sticky == null
            ? null
            : new Sticky.Cookies(
                sticky, action.stickiness() == null ? null : chosen, stickiness, stuck != null);
    x.forward(chosen, stuck, cookies);
  }

  /** Whether the request is one that targets of that version can be given. */
  private static boolean speaks(Exchange x, Head head, Version version) {
    if (version == Version.HTTP1 && head.version != 20) {
      return true;
    }
    boolean grpc = Grpc.is(head);
    if (version == Version.HTTP1 && !grpc) {
      return true;
    }
    if (!Grpc.admits(head, version)) {
      return false;
    }
    if (grpc) {
      x.account.counters.grpcRequests++;
    }
    return true;
  }
}
