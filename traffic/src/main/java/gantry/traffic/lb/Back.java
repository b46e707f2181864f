package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;

/** The target's half of an exchange: takes the request, in whatever protocol the target speaks. */
interface Back {

  /** Whether the connection had served a request before this one. */
  boolean reused();

  void sendHead(Exchange x);

  /** Owns {@code data}. */
  void bodyPart(ByteBuf data);

  void requestEnd();

  /**
   * What was written leaves, if need be with all else that is written in this round of the loop.
   */
  void flush();

  /** What was written leaves before anything else is done. */
  default void flushNow() {
    flush();
  }

  boolean writable();

  void pauseReading();

  void resumeReading();

  /** The exchange is over, though the target does not know: the connection or stream ends. */
  void cancel();
}
