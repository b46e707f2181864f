package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;

/** Of a request's body, what came before the connection to the target stood. */
final class EarlyParts {

  /** So much is taken in; then the client waits. */
  private static final int MAX = 64 * 1024;

  private final ArrayDeque<ByteBuf> parts = new ArrayDeque<>();
  private int bytes;

  /** False when it is enough. */
  boolean add(ByteBuf part) {
    parts.add(part);
    bytes += part.readableBytes();
    return bytes < MAX;
  }

  /** Hands the parts over; says how many bytes they are. */
  int to(Back back) {
    parts.forEach(back::bodyPart);
    parts.clear();
    return bytes;
  }

  void release() {
    parts.forEach(ByteBuf::release);
    parts.clear();
  }
}
