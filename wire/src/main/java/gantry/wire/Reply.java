package gantry.wire;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An answer, ready for any HTTP server. Content-Type and the request id are among its headers. */
public record Reply(int status, List<Map.Entry<String, String>> headers, Content content) {

  public @Nullable String header(String name) {
    return Headers.of(headers).first(name);
  }

  /** What the body is: all of it, or a writer that is called once. */
  public sealed interface Content {
    /** A body that is there already. */
    final class Whole implements Content {
      private final byte[] bytes;

      public Whole(byte[] bytes) {
        this.bytes = bytes;
      }

      /** Not a copy: not to be changed. */
      public byte[] bytes() {
        return bytes;
      }
    }

    /**
     * A body that is written while the handler runs.
     *
     * @param length how long it will be, -1 if that is not known
     */
    record Stream(long length, Writer writer) implements Content {}
  }

  /** Writes a body. */
  @FunctionalInterface
  public interface Writer {
    void writeTo(OutputStream out) throws IOException;
  }

  private static final Content EMPTY = new Content.Whole(new byte[0]);

  public static Content empty() {
    return EMPTY;
  }

  /** The bytes of a body that does not stream. */
  public byte[] bytes() {
    return switch (content) {
      case Content.Whole whole -> whole.bytes();
      case Content.Stream stream -> throw new IllegalStateException("this body is a stream");
    };
  }
}
