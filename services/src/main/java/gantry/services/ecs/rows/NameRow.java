package gantry.services.ecs.rows;

/**
 * A task's registration in a Cloud Map service; the instance is the task's id.
 *
 * @param serviceId of Cloud Map
 * @param custom the service has a custom health check, which ECS keeps
 * @param healthy what was last told of the task
 */
public record NameRow(String serviceId, boolean custom, boolean healthy) {

  public NameRow with(boolean nowHealthy) {
    return new NameRow(serviceId, custom, nowHealthy);
  }
}
