package gantry.services.ecs.rows;

import gantry.acs.EniPayload;
import gantry.services.ecs.placement.Demand;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.LaunchType;
import software.amazon.awssdk.services.ecs.model.NetworkConfiguration;
import software.amazon.awssdk.services.ecs.model.PlacementConstraint;
import software.amazon.awssdk.services.ecs.model.PlacementStrategy;
import software.amazon.awssdk.services.ecs.model.Task;

/**
 * A task with everything that ECS knows of it and does not answer.
 *
 * @param task what DescribeTasks answers, except tags
 * @param cluster the cluster's name
 * @param serviceName null for a task that no service started
 * @param deploymentId the deployment or task set it belongs to; null without a service
 * @param demand what it holds of its instance until its containers are gone
 * @param network where its interface goes; null unless awsvpc
 * @param eni its interface once there is one
 * @param digests image digests that its deployment has pinned, by container name
 * @param stop set when it is to end
 * @param node what the node is told: null before the task is ready for it
 * @param generation grows with whatever the node has to hear
 * @param containersGone the node said that nothing of it runs (or never heard of it)
 * @param targets its places in target groups
 * @param names its instances in Cloud Map while they are registered
 * @param namedUntil its names are gone, but until then somebody may still remember its address
 * @param protectedUntil scale-in protection
 * @param health by container name
 * @param lastLines the last output of each container, by name
 * @param counted its deployment has taken notice of how it went (healthy, or ended before)
 * @param failedStep what the control plane itself could not do for it (create the interface, ...)
 * @param constraints what its instance must satisfy, of a task that began without one
 * @param strategies how its instance is chosen, of a task that began without one
 */
public record TaskRow(
    Task task,
    String cluster,
    @Nullable String serviceName,
    @Nullable String deploymentId,
    Demand demand,
    @Nullable NetworkConfiguration network,
    @Nullable EniPayload eni,
    Map<String, String> digests,
    @Nullable StopOrder stop,
    @Nullable NodeWish node,
    long generation,
    boolean containersGone,
    List<TargetRow> targets,
    List<NameRow> names,
    @Nullable Instant namedUntil,
    @Nullable Instant protectedUntil,
    Map<String, ContainerHealthRow> health,
    Map<String, List<String>> lastLines,
    Outcome counted,
    @Nullable String failedStep,
    List<PlacementConstraint> constraints,
    List<PlacementStrategy> strategies) {

  /** What the node is told to do with the task. */
  public enum NodeWish {
    RUN,
    STOP
  }

  /** What its deployment has noted of it. */
  public enum Outcome {
    OPEN,
    HEALTHY,
    FAILED
  }

  public String arn() {
    return task.taskArn();
  }

  public String id() {
    return task.taskArn().substring(task.taskArn().lastIndexOf('/') + 1);
  }

  /** As it is answered and told: the nodes of the Fargate pool are nobody's business. */
  public Task shown() {
    return task.launchType() == LaunchType.FARGATE
        ? task.toBuilder().containerInstanceArn(null).build()
        : task;
  }

  public boolean isStopped() {
    return "STOPPED".equals(task.lastStatus());
  }

  public boolean isStopping() {
    return stop != null || "STOPPED".equals(task.desiredStatus());
  }

  public boolean isRunning() {
    return "RUNNING".equals(task.lastStatus());
  }

  public boolean holdsResources() {
    return !containersGone && !isStopped();
  }

  public boolean isProtected(Instant now) {
    return protectedUntil != null && now.isBefore(protectedUntil);
  }

  public Edit edit() {
    return new Edit(this);
  }

  /** Changes some of the many members and leaves the rest. */
  public static final class Edit {
    private final TaskRow from;
    private Task task;
    private @Nullable EniPayload eni;
    private Map<String, String> digests;
    private @Nullable StopOrder stop;
    private @Nullable NodeWish node;
    private long generation;
    private boolean containersGone;
    private List<TargetRow> targets;
    private List<NameRow> names;
    private @Nullable Instant namedUntil;
    private @Nullable Instant protectedUntil;
    private Map<String, ContainerHealthRow> health;
    private Map<String, List<String>> lastLines;
    private Outcome counted;
    private @Nullable String failedStep;

    private Edit(TaskRow from) {
      this.from = from;
      task = from.task;
      eni = from.eni;
      digests = from.digests;
      stop = from.stop;
      node = from.node;
      generation = from.generation;
      containersGone = from.containersGone;
      targets = from.targets;
      names = from.names;
      namedUntil = from.namedUntil;
      protectedUntil = from.protectedUntil;
      health = from.health;
      lastLines = from.lastLines;
      counted = from.counted;
      failedStep = from.failedStep;
    }

    public Task task() {
      return task;
    }

    public Edit task(Task value) {
      task = value;
      return this;
    }

    public Edit eni(@Nullable EniPayload value) {
      eni = value;
      return this;
    }

    public Edit digests(Map<String, String> value) {
      digests = value;
      return this;
    }

    public Edit stop(@Nullable StopOrder value) {
      stop = value;
      return this;
    }

    /** Tells the node something new. */
    public Edit node(@Nullable NodeWish value) {
      node = value;
      generation++;
      return this;
    }

    public Edit containersGone(boolean value) {
      containersGone = value;
      return this;
    }

    public Edit targets(List<TargetRow> value) {
      targets = value;
      return this;
    }

    public Edit names(List<NameRow> value) {
      names = value;
      return this;
    }

    public Edit namedUntil(@Nullable Instant value) {
      namedUntil = value;
      return this;
    }

    public Edit protectedUntil(@Nullable Instant value) {
      protectedUntil = value;
      return this;
    }

    public Edit health(Map<String, ContainerHealthRow> value) {
      health = value;
      return this;
    }

    public Edit lastLines(Map<String, List<String>> value) {
      lastLines = value;
      return this;
    }

    public Edit counted(Outcome value) {
      counted = value;
      return this;
    }

    public Edit failedStep(@Nullable String value) {
      failedStep = value;
      return this;
    }

    public TaskRow done() {
      return new TaskRow(
          task,
          from.cluster,
          from.serviceName,
          from.deploymentId,
          from.demand,
          from.network,
          eni,
          digests,
          stop,
          node,
          generation,
          containersGone,
          targets,
          names,
          namedUntil,
          protectedUntil,
          health,
          lastLines,
          counted,
          failedStep,
          from.constraints,
          from.strategies);
    }
  }
}
