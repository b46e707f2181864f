package gantry.app.dns;

import gantry.services.route53.Tables.RecordRow;
import java.util.List;
import java.util.function.Predicate;
import software.amazon.awssdk.services.route53.model.AliasTarget;
import software.amazon.awssdk.services.route53.model.ResourceRecordSet;

/**
 * Whether a record set of a zone is healthy: by its health check, and, for an alias that evaluates
 * its target, by the load balancer or the records that it leads to.
 */
final class RecordHealth {

  /** Aliases that lead to aliases: more than so many are a loop. */
  private static final int DEPTH = 8;

  private final List<ResourceRecordSet> zone;
  private final Predicate<String> checks;
  private final Predicate<String> balancers;

  /**
   * For one zone.
   *
   * @param checks whether a health check is healthy, by id
   * @param balancers whether the load balancer of a name is
   */
  RecordHealth(List<RecordRow> zone, Predicate<String> checks, Predicate<String> balancers) {
    this.zone = zone.stream().map(RecordRow::set).toList();
    this.checks = checks;
    this.balancers = balancers;
  }

  /** Whether any record follows anything's health at all. */
  boolean isFollowed() {
    return zone.stream().anyMatch(set -> set.healthCheckId() != null || evaluates(set));
  }

  private static boolean evaluates(ResourceRecordSet set) {
    return set.aliasTarget() != null
        && Boolean.TRUE.equals(set.aliasTarget().evaluateTargetHealth());
  }

  boolean of(ResourceRecordSet set) {
    return of(set, 0);
  }

  private boolean of(ResourceRecordSet set, int depth) {
    if (set.healthCheckId() != null && !checks.test(set.healthCheckId())) {
      return false;
    }
    if (!evaluates(set) || depth == DEPTH) {
      return true;
    }
    AliasTarget target = set.aliasTarget();
    List<ResourceRecordSet> here =
        zone.stream()
            .filter(each -> each.name().equals(target.dnsName()) && each.type() == set.type())
            .toList();
    if (!here.isEmpty()) {
      return here.stream().anyMatch(each -> of(each, depth + 1));
    }
    String name = target.dnsName();
    return balancers.test(
        name.startsWith("dualstack.") ? name.substring("dualstack.".length()) : name);
  }
}
