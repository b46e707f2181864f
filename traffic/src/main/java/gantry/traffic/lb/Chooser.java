package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.GroupSettings;
import org.jspecify.annotations.Nullable;

/** The algorithms of a target group. */
final class Chooser {

  private Chooser() {}

  /**
   * @param not a target that just failed this request: taken only when there is no other
   */
  static @Nullable TargetState choose(
      GroupState group, TargetState[] among, Chance chance, long now, @Nullable TargetState not) {
    int n = among.length;
    if (n == 0) {
      return null;
    }
    if (n == 1) {
      return among[0];
    }
    GroupSettings settings = group.spec.settings();
    return switch (settings.algorithm()) {
      case ROUND_ROBIN -> roundRobin(group, among, settings, chance, now, not);
      case LEAST_OUTSTANDING_REQUESTS -> leastOutstanding(group, among, not);
      case WEIGHTED_RANDOM -> weighted(among, chance, not);
    };
  }

  private static TargetState roundRobin(
      GroupState group,
      TargetState[] among,
      GroupSettings settings,
      Chance chance,
      long now,
      @Nullable TargetState not) {
    long ramp = settings.slowStart().toNanos();
    TargetState target = among[0];
    for (int tries = 0; tries <= 2 * among.length; tries++) {
      target = among[(group.turn.getAndIncrement() & Integer.MAX_VALUE) % among.length];
      if (target == not) {
        continue;
      }
      long from = target.slowStartFrom;
      if (ramp == 0 || from == 0) {
        return target;
      }
      long age = now - from;
      // Linear: a quarter of the way through it takes its turn one time in four.
      if (age >= ramp || chance.below(1 << 20) < (age << 20) / ramp) {
        return target;
      }
    }
    return target;
  }

  private static TargetState leastOutstanding(
      GroupState group, TargetState[] among, @Nullable TargetState not) {
    int start = (group.turn.getAndIncrement() & Integer.MAX_VALUE) % among.length;
    TargetState best = among[start];
    int least = Integer.MAX_VALUE;
    for (int k = 0; k < among.length; k++) {
      TargetState target = among[(start + k) % among.length];
      int outstanding = target.inFlight.get();
      if (target != not && outstanding < least) {
        least = outstanding;
        best = target;
      }
    }
    return best;
  }

  private static TargetState weighted(
      TargetState[] among, Chance chance, @Nullable TargetState not) {
    int total = 0;
    for (TargetState target : among) {
      total += target == not ? 0 : target.share;
    }
    if (total == 0) {
      return among[chance.below(among.length)];
    }
    int point = chance.below(total);
    for (TargetState target : among) {
      point -= target == not ? 0 : target.share;
      if (point < 0) {
        return target;
      }
    }
    return among[among.length - 1];
  }
}
