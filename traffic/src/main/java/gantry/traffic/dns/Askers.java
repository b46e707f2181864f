package gantry.traffic.dns;

import java.net.InetAddress;

/** Who may ask: never the whole world. */
@FunctionalInterface
public interface Askers {
  boolean mayAsk(InetAddress asker);

  /** For a server on the host itself. */
  Askers LOOPBACK = InetAddress::isLoopbackAddress;

  /** For a server whose socket stands inside a VPC: only the VPC can reach it. */
  Askers INSIDE = asker -> true;
}
