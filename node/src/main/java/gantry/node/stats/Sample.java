package gantry.node.stats;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a container has used at one moment. Counters count from its start.
 *
 * @param systemCpuNanos what the whole machine used until then, idle time included
 * @param memoryBytes in use, without what is only cached files
 * @param memoryLimitBytes its own limit; {@link Long#MAX_VALUE} without one
 * @param networks by interface name; empty where they are not the container's own (host mode)
 */
public record Sample(
    Instant at,
    long cpuNanos,
    long cpuUserNanos,
    long cpuKernelNanos,
    long systemCpuNanos,
    int onlineCpus,
    long throttledPeriods,
    long throttledNanos,
    long memoryBytes,
    long memoryUsageBytes,
    long memoryMaxBytes,
    long cacheBytes,
    long memoryLimitBytes,
    long diskReadBytes,
    long diskWriteBytes,
    long processes,
    Map<String, Network> networks) {

  /** Of one interface. */
  public record Network(
      long rxBytes,
      long rxPackets,
      long rxErrors,
      long rxDropped,
      long txBytes,
      long txPackets,
      long txErrors,
      long txDropped) {}

  public long rxBytes() {
    return networks.values().stream().mapToLong(Network::rxBytes).sum();
  }

  public long txBytes() {
    return networks.values().stream().mapToLong(Network::txBytes).sum();
  }

  /** vCPUs in use between an earlier sample and this one; null without one. */
  public @Nullable Double cpus(@Nullable Sample before) {
    if (before == null) {
      return null;
    }
    long nanos = java.time.Duration.between(before.at(), at).toNanos();
    return nanos <= 0 ? null : (cpuNanos - before.cpuNanos()) / (double) nanos;
  }
}
