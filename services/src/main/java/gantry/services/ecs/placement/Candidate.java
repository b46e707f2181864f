package gantry.services.ecs.placement;

import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An instance as placement sees it.
 *
 * @param id what the decision names
 * @param open ACTIVE, so that new tasks may come
 * @param attributes name to value, "" for one that is only a name
 * @param zones the zones whose tasks it takes; empty when it takes those of any
 * @param reservedTcp host ports that are taken before any task comes
 */
public record Candidate(
    String id,
    boolean open,
    boolean agentConnected,
    int cpu,
    int memory,
    int gpus,
    int enis,
    Set<Integer> reservedTcp,
    Set<Integer> reservedUdp,
    Map<String, String> attributes,
    Set<String> zones,
    @Nullable String agentVersion,
    @Nullable String ec2InstanceId,
    @Nullable Instant registeredAt) {}
