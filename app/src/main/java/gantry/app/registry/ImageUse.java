package gantry.app.registry;

import gantry.services.ecr.Addresses.Reference;
import gantry.state.Scope;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One container that runs an image of ours, or a service that has pinned one.
 *
 * @param scope of the cluster
 * @param service null for a task of no service
 * @param task null where a service has pinned the image and no task of it runs now
 * @param image as the task definition says it
 * @param digest null while the node has not said it
 * @param since when the task was started, or the deployment was made
 */
public record ImageUse(
    Scope scope,
    String cluster,
    @Nullable String service,
    @Nullable String task,
    @Nullable String status,
    String container,
    Reference image,
    @Nullable String digest,
    @Nullable Instant since) {

  /** Such as {@code service web in cluster default}. */
  public String who() {
    return (service != null ? "service " + service : "task " + task) + " in cluster " + cluster;
  }
}
