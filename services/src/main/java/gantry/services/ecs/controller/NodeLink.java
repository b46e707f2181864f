package gantry.services.ecs.controller;

import gantry.acs.NodeAgent;
import gantry.acs.TaskPayload;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Change;
import gantry.state.Commit;
import gantry.state.Feed;
import gantry.state.Key;
import gantry.state.Store;
import gantry.state.View;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Connects a node to its slice of the change feed: first everything it is to have, then each change
 * of it. The agent returns at once from what it is told, as the feed demands.
 *
 * <p>One machine can be an instance of several clusters, and of the pool that serves every account
 * and region: its one agent gets the tasks of all of them.
 */
public final class NodeLink implements AutoCloseable {

  private final Store store;
  private final Set<String> instances = ConcurrentHashMap.newKeySet();
  private final NodeAgent agent;
  private final Feed.Subscription subscription;

  private NodeLink(Store store, Collection<String> containerInstanceArns, NodeAgent agent) {
    this.store = store;
    this.instances.addAll(containerInstanceArns);
    this.agent = agent;
    View view = store.snapshot();
    Set<String> known = new HashSet<>();
    instances.forEach(each -> known.addAll(TaskPayloads.arns(view, each)));
    agent.retainOnly(known);
    instances.forEach(each -> TaskPayloads.of(view, each).forEach(agent::assign));
    this.subscription = store.feed().subscribe(view.revision(), this::told);
  }

  /** Connects; {@link #close} disconnects and leaves what runs running. */
  public static NodeLink connect(Store store, String containerInstanceArn, NodeAgent agent) {
    return new NodeLink(store, List.of(containerInstanceArn), agent);
  }

  /** The same for an agent that is several instances: all that it was before, at once. */
  public static NodeLink connect(
      Store store, Collection<String> containerInstanceArns, NodeAgent agent) {
    return new NodeLink(store, containerInstanceArns, agent);
  }

  /** From now on the agent is this instance as well. */
  public void join(String containerInstanceArn) {
    if (instances.add(containerInstanceArn)) {
      TaskPayloads.of(store.snapshot(), containerInstanceArn).forEach(agent::assign);
    }
  }

  private void told(Commit commit) {
    for (Change<?> change : commit.changes()) {
      if (change.table() == EcsTables.TASKS
          && change.after() instanceof TaskRow row
          && row.task().containerInstanceArn() != null
          && instances.contains(row.task().containerInstanceArn())
          && !(change.before() instanceof TaskRow before
              && before.generation() == row.generation()
              && before.node() == row.node())) {
        assign(change.key(), row);
      }
    }
  }

  private void assign(Key key, TaskRow row) {
    if (row.containersGone() || row.isStopped()) {
      return;
    }
    TaskPayload payload = TaskPayloads.of(store.snapshot(), key, row);
    if (payload != null) {
      agent.assign(payload);
    }
  }

  @Override
  public void close() {
    subscription.close();
  }
}
