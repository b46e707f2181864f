package gantry.node;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;

/**
 * Makes sockets inside a VPC's network namespace. A socket belongs to the namespace it was made in,
 * whatever thread uses it afterwards.
 */
public interface NetnsSockets {

  /** The address that AWS serves metadata and credentials of tasks at. */
  InetSocketAddress TASK_METADATA = new InetSocketAddress("169.254.170.2", 80);

  /** The instance metadata service. */
  InetSocketAddress INSTANCE_METADATA = new InetSocketAddress("169.254.169.254", 80);

  /**
   * Where containers reach the AWS API: a link-local address as well, so no security group is
   * asked.
   */
  InetSocketAddress API = new InetSocketAddress("169.254.170.2", 4566);

  /**
   * A blocking, listening TCP socket in the namespace of {@code vpcId}, which is made (and the
   * address put on its loopback) if it is not there yet.
   */
  ServerSocketChannel listen(String vpcId, InetSocketAddress address) throws IOException;
}
