package gantry.traffic.lb;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** The client's half of an exchange: takes the answer, in whatever protocol the client speaks. */
interface Front {

  Client client();

  /** Begins the answer of a target. {@code x.response...} says what to add. */
  void head(Exchange x, Head response, boolean bodyFollows);

  /** Owns {@code data}. */
  void bodyPart(ByteBuf data);

  /** The answer is whole. */
  void end(@Nullable Head trailers);

  /**
   * What was written leaves, if need be with all else that is written in this round of the loop.
   */
  void flush();

  /** What was written leaves before anything else is done. */
  default void flushNow() {
    flush();
  }

  /** A whole answer that the balancer made itself. */
  void reply(Exchange x, int status, String contentType, byte[] body, @Nullable String location);

  /** The answer cannot be finished: the client must see that it is not whole. */
  void abort();

  boolean writable();

  /** Asks for no more of the request's body until {@link #resumeReading}. */
  void pauseReading();

  void resumeReading();

  /** From here on bytes are bytes, in both directions. */
  void becomeTunnel();
}
