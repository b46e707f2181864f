package gantry.services;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP request and its answer, with bodies as streams in both directions. It knows nothing of
 * the server beneath it, so a handler is tested without one.
 */
public interface HttpExchange {

  /** GET, PUT, … in upper case. */
  String method();

  /** The path as it was sent, percent-encoding untouched, without the query. */
  String path();

  /** The query as it was sent, without the question mark; empty when there is none. */
  String query();

  /** The {@code Host} header or {@code :authority}, with its port if it was sent; never null. */
  String host();

  /** The address of the peer, without a port. */
  String remoteAddress();

  /** The first value of a header, whatever its case. */
  default @Nullable String header(String name) {
    List<String> all = headers(name);
    return all.isEmpty() ? null : all.getFirst();
  }

  /** Every value of a header, one for each time it was sent. */
  List<String> headers(String name);

  /** The names of all headers, in lower case. */
  List<String> headerNames();

  /** The body; empty when there is none. Reading it lets a waiting client (100-continue) go on. */
  InputStream body();

  /** Sets a header of the answer; to be called before it begins. */
  HttpExchange setHeader(String name, String value);

  /** As {@link #setHeader}, beside what stands under that name: for {@code Set-Cookie}. */
  default HttpExchange addHeader(String name, String value) {
    throw new UnsupportedOperationException("this server says every header once: " + name);
  }

  /**
   * Begins an answer whose body is streamed: chunked, or of the length that the handler has set as
   * {@code Content-Length}. The caller closes the stream.
   */
  OutputStream respond(int status) throws IOException;

  /** The whole answer. For HEAD the body is not sent, only its length. */
  void respond(int status, byte[] body) throws IOException;

  /** A connection after {@link #upgrade}: its bytes are not HTTP's any more. */
  record Tunnel(InputStream in, OutputStream out) {}

  /**
   * Answers 101 with the headers that were set. The connection's bytes are the handler's from then
   * on, and it closes when the handler returns. Only a connection of HTTP/1.1 can do that.
   */
  default Tunnel upgrade() throws IOException {
    throw new UnsupportedOperationException("this connection speaks HTTP to its end");
  }

  /** How much of a file goes to the socket at once where the server has no better way. */
  int FILE_BYTES = 256 * 1024;

  /**
   * A whole answer of {@code count} bytes of a file. A server that can lets the kernel send it.
   *
   * @throws IOException also where the file is shorter than that
   */
  default void respond(int status, FileChannel file, long from, long count) throws IOException {
    setHeader("Content-Length", Long.toString(count));
    try (OutputStream out = respond(status)) {
      ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(FILE_BYTES, Math.max(1, count)));
      long at = from;
      long end = from + count;
      while (at < end) {
        int read = file.read(buffer.clear().limit((int) Math.min(buffer.capacity(), end - at)), at);
        if (read < 0) {
          throw new IOException("the file ends at " + at + " and not at " + end);
        }
        out.write(buffer.array(), 0, read);
        at += read;
      }
    }
  }
}
