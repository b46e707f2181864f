package gantry.traffic.lb;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where sockets are made. A socket belongs for ever to the network it was made in, so a balancer
 * inside a VPC only needs its sockets to be made there.
 */
public interface SocketRooms {

  /** The machine's own network. */
  String HOST = "";

  /** Everything in the machine's own network. */
  SocketRooms HOST_ONLY = name -> name.equals(HOST) ? Supplier::get : null;

  /** The room of that name, or null when there is none (any more, or yet). */
  @Nullable Room room(String name);

  interface Room {
    /** Runs {@code maker}, which opens a socket, inside the room. Must take no longer than that. */
    <T> T make(Supplier<T> maker);
  }
}
