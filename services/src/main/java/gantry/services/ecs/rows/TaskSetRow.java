package gantry.services.ecs.rows;

import software.amazon.awssdk.services.ecs.model.TaskSet;

/**
 * A task set of a service whose deployments somebody else directs.
 *
 * @param set as described, without what is computed
 * @param deployment how its tasks fare: the same bookkeeping as that of a deployment
 * @param draining it is deleted, and gone when its last task is
 */
public record TaskSetRow(
    TaskSet set, String cluster, String serviceName, DeploymentRow deployment, boolean draining) {}
