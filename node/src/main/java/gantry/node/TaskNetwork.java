package gantry.node;

import gantry.acs.EniPayload;
import java.util.Set;

/**
 * Gives awsvpc tasks their interface. Every method may be called again for what is done already and
 * then changes nothing; each returns when the kernel has done it.
 */
public interface TaskNetwork {

  /**
   * Puts the interface into the network namespace of a process (the task's pause container, which
   * Docker gave no network): {@code eth0} with the address, MAC and default route of the payload.
   *
   * @param pausePid a process of the namespace, as the host counts them
   * @throws Unavailable when it cannot be done; the message becomes the task's reason
   */
  void attach(String taskArn, EniPayload eni, long pausePid) throws Unavailable;

  /** Takes the interface away, also when its namespace is gone already or it never was attached. */
  void detach(String eniId);

  /** Interfaces of any other ENI on this node are nobody's any more and are taken away. */
  void retainOnly(Set<String> eniIds);

  /**
   * Whether a task in this subnet can reach the registry that it must pull from.
   *
   * @return empty when it can (or the rule is off), else the sentence that says what is missing
   */
  default java.util.Optional<String> noWayToRegistry(EniPayload eni, String registryHost) {
    return java.util.Optional.empty();
  }

  /** The interface cannot be attached: the message says why and what would help. */
  final class Unavailable extends Exception {
    private static final long serialVersionUID = 1L;

    public Unavailable(String message) {
      super(message);
    }

    public Unavailable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** For a node without VPC networking (not Linux, not root): says so to every task that asks. */
  static TaskNetwork none(String why) {
    return new TaskNetwork() {
      @Override
      public void attach(String taskArn, EniPayload eni, long pausePid) throws Unavailable {
        throw new Unavailable(why);
      }

      @Override
      public void detach(String eniId) {}

      @Override
      public void retainOnly(Set<String> eniIds) {}
    };
  }
}
