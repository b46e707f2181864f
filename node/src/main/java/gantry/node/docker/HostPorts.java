package gantry.node.docker;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Gives out dynamic host ports. The node chooses them itself, not Docker: so a container keeps its
 * ports when its restart policy starts it again, and a range of container ports gets a range.
 */
public final class HostPorts implements PortPlan.Reservation {

  /** The part of Linux's ephemeral range that is the same on all machines. */
  public static final int FIRST = 32_768;

  public static final int LAST = 60_999;

  private final Set<String> taken = new HashSet<>();
  private int next;

  public HostPorts(RandomGenerator chance) {
    // Two programs on one machine should not begin at the same port.
    this.next = FIRST + chance.nextInt(LAST - FIRST + 1);
  }

  /**
   * The first of {@code count} neighbouring ports that nobody has.
   *
   * @throws NoneFree when there is no such range
   */
  @Override
  public synchronized int reserve(int count, String protocol) {
    int tries = LAST - FIRST + 1;
    for (int i = 0; i < tries; i++) {
      int first = next;
      next = next >= LAST ? FIRST : next + 1;
      if (first + count - 1 > LAST) {
        continue;
      }
      boolean free = true;
      for (int port = first; port < first + count && free; port++) {
        free = !taken.contains(port + "/" + protocol) && isFree(port, protocol);
      }
      if (free) {
        for (int port = first; port < first + count; port++) {
          taken.add(port + "/" + protocol);
        }
        next = first + count > LAST ? FIRST : first + count;
        return first;
      }
    }
    throw new NoneFree(
        "no " + count + " neighbouring host ports are free between " + FIRST + " and " + LAST);
  }

  /** So many neighbouring ports are not free. */
  public static final class NoneFree extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NoneFree(String message) {
      super(message);
    }
  }

  /** Marks ports that a container has already. */
  public synchronized void take(int first, int count, String protocol) {
    for (int port = first; port < first + count; port++) {
      taken.add(port + "/" + protocol);
    }
  }

  public synchronized void release(int first, int count, String protocol) {
    for (int port = first; port < first + count; port++) {
      taken.remove(port + "/" + protocol);
    }
  }

  private static boolean isFree(int port, String protocol) {
    try {
      if (protocol.equals("udp")) {
        try (DatagramSocket socket = new DatagramSocket(null)) {
          socket.setReuseAddress(false);
          socket.bind(new InetSocketAddress("0.0.0.0", port));
        }
      } else {
        try (ServerSocket socket = new ServerSocket()) {
          socket.setReuseAddress(true); // what waits in TIME_WAIT is nobody's
          socket.bind(new InetSocketAddress("0.0.0.0", port), 1);
        }
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
