package gantry.traffic.lb;

import org.jspecify.annotations.Nullable;

/**
 * What the data plane found out about one target, told whenever it changes.
 *
 * @param state as DescribeTargetHealth spells it: initial, healthy, unhealthy
 * @param reason {@code Target.Timeout} and the like, null when healthy
 */
public record TargetHealthReport(
    String targetGroupArn,
    String targetId,
    int port,
    String state,
    @Nullable String reason,
    @Nullable String description) {}
