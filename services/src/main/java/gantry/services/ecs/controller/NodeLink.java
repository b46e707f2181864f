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

/**
 * Connects a node to its slice of the change feed: first everything it is to have, then each change
 * of it. The agent returns at once from what it is told, as the feed demands.
 */
public final class NodeLink implements AutoCloseable {

  private final Store store;
  private final String containerInstanceArn;
  private final NodeAgent agent;
  private final Feed.Subscription subscription;

  private NodeLink(Store store, String containerInstanceArn, NodeAgent agent) {
    this.store = store;
    this.containerInstanceArn = containerInstanceArn;
    this.agent = agent;
    View view = store.snapshot();
    agent.retainOnly(TaskPayloads.arns(view, containerInstanceArn));
    TaskPayloads.of(view, containerInstanceArn).forEach(agent::assign);
    this.subscription = store.feed().subscribe(view.revision(), this::told);
  }

  /** Connects; {@link #close} disconnects and leaves what runs running. */
  public static NodeLink connect(Store store, String containerInstanceArn, NodeAgent agent) {
    return new NodeLink(store, containerInstanceArn, agent);
  }

  private void told(Commit commit) {
    for (Change<?> change : commit.changes()) {
      if (change.table() == EcsTables.TASKS
          && change.after() instanceof TaskRow row
          && containerInstanceArn.equals(row.task().containerInstanceArn())
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
