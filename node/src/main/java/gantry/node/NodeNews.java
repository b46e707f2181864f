package gantry.node;

import java.util.List;

/** What a node tells besides health, and the ECS API has no operation for. */
public interface NodeNews {

  NodeNews NONE =
      new NodeNews() {
        @Override
        public void containerOutput(String taskArn, String container, List<String> lines) {}

        @Override
        public void ready(boolean now) {}
      };

  /** The last lines that a container printed before it ended. */
  void containerOutput(String taskArn, String container, List<String> lines);

  /**
   * Whether the node can run tasks: its Docker answers. Told at first and whenever it changes, from
   * a thread that must not be kept.
   */
  void ready(boolean now);
}
