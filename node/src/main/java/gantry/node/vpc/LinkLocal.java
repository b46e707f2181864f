package gantry.node.vpc;

import java.util.List;

/** The addresses that every VPC answers, whatever its own blocks are. */
public final class LinkLocal {

  /** Task metadata, task credentials, and the API for tasks. */
  public static final String TASK_METADATA = "169.254.170.2";

  public static final String INSTANCE_METADATA = "169.254.169.254";

  public static final String RESOLVER = "169.254.169.253";

  /** The edge's end of every uplink. */
  static final String EDGE = "169.254.0.1";

  /** The router's end of its uplink. */
  static final String ROUTER = "169.254.0.2";

  static final List<String> SERVICES = List.of(TASK_METADATA, INSTANCE_METADATA, RESOLVER);

  private LinkLocal() {}
}
