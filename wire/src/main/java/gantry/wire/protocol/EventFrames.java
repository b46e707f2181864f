package gantry.wire.protocol;

import gantry.wire.schema.Shape;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.eventstream.HeaderValue;
import software.amazon.eventstream.Message;

/** Frames of {@code application/vnd.amazon.eventstream} in the JSON protocols. */
public final class EventFrames {

  private static final String JSON = "application/json";

  private EventFrames() {}

  /** The first frame: the members of the answer that are no events. */
  public static byte[] initial(Shape shape, Object response) {
    return event("initial-response", shape, response);
  }

  public static byte[] event(String type, Shape shape, Object event) {
    return frame(
        Map.of(
            ":message-type", HeaderValue.fromString("event"),
            ":event-type", HeaderValue.fromString(type),
            ":content-type", HeaderValue.fromString(JSON)),
        JsonBody.write(shape, event));
  }

  /** The last frame of a stream that failed. */
  public static byte[] exception(String type, @Nullable String message) {
    return frame(
        Map.of(
            ":message-type", HeaderValue.fromString("exception"),
            ":exception-type", HeaderValue.fromString(type),
            ":content-type", HeaderValue.fromString(JSON)),
        JsonBody.object(
            g -> {
              if (message != null) {
                g.writeStringField("message", message);
              }
            }));
  }

  private static byte[] frame(Map<String, HeaderValue> headers, byte[] payload) {
    ByteBuffer bytes = new Message(headers, payload).toByteBuffer();
    byte[] frame = new byte[bytes.remaining()];
    bytes.get(frame);
    return frame;
  }
}
