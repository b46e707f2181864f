package gantry.acs;

/**
 * A node as the control plane sees it: the downward half of Amazon's agent protocol. The upward
 * half is the ECS API itself ({@code RegisterContainerInstance}, {@code SubmitTaskStateChange}, …),
 * which the agent calls through an {@code EcsClient}. In one process both halves are method calls;
 * the real agent speaks them over a websocket and HTTP.
 */
public interface NodeAgent extends AutoCloseable {

  /**
   * Takes a task, or what is newly wanted of one it has. Returns at once; what happens is reported
   * upward.
   */
  void assign(TaskPayload task);

  /**
   * Says which tasks the control plane knows: containers of any other task are ours no more and are
   * removed.
   */
  void retainOnly(java.util.Set<String> taskArns);

  @Override
  void close();
}
