package gantry.node.docker;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * One call of the Docker API without docker-java: for answers that go on for as long as a container
 * lives (a connection, a small buffer and the caller's virtual thread are all that they cost), and
 * for large bodies (which docker-java's socket was seen to cut short). Closing it from another
 * thread ends a read in progress.
 */
public final class RawCall implements AutoCloseable {

  static final int MAX_LINE_BYTES = 16 * 1024;

  /** So many digits are a positive long, whatever they are. */
  private static final Pattern CHUNK_SIZE = Pattern.compile("[0-9a-fA-F]{1,15}");

  private final SocketChannel channel;
  private final int status;
  private final InputStream body;

  private RawCall(SocketChannel channel, int status, InputStream body) {
    this.channel = channel;
    this.status = status;
    this.body = body;
  }

  public static RawCall get(URI docker, String path) throws IOException {
    return open(docker, "GET", path, new byte[0]);
  }

  /** Sends a tar archive. */
  public static RawCall post(URI docker, String path, byte[] tar) throws IOException {
    return open(docker, "POST", path, tar);
  }

  private static RawCall open(URI docker, String method, String path, byte[] sent)
      throws IOException {
    boolean unix = "unix".equals(docker.getScheme());
    SocketAddress address =
        unix
            ? UnixDomainSocketAddress.of(docker.getPath())
            : new InetSocketAddress(docker.getHost(), docker.getPort());
    SocketChannel channel =
        unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
    try {
      channel.connect(address);
      String request =
          method
              + " "
              + path
              + " HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n"
              + (sent.length == 0
                  ? ""
                  : "Content-Type: application/x-tar\r\nContent-Length: " + sent.length + "\r\n")
              + "\r\n";
      write(channel, request.getBytes(StandardCharsets.US_ASCII));
      write(channel, sent);
      InputStream in = new BufferedInputStream(Channels.newInputStream(channel), 8 * 1024);
      String[] first = line(in).split(" ", 3);
      if (first.length < 2
          || !first[0].startsWith("HTTP/1.")
          || !first[1].matches("[1-5][0-9][0-9]")) {
        throw new IOException("not an answer of Docker: " + String.join(" ", first));
      }
      boolean chunked = false;
      for (String header = line(in); !header.isEmpty(); header = line(in)) {
        String lower = header.toLowerCase(Locale.ROOT);
        chunked |= lower.startsWith("transfer-encoding:") && lower.contains("chunked");
      }
      return new RawCall(channel, Integer.parseInt(first[1]), chunked ? new Chunks(in) : in);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static void write(SocketChannel channel, byte[] bytes) throws IOException {
    ByteBuffer left = ByteBuffer.wrap(bytes);
    while (left.hasRemaining()) {
      channel.write(left);
    }
  }

  public int status() {
    return status;
  }

  public InputStream body() {
    return body;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(64);
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException("Docker ended the connection");
      }
      if (line.size() >= MAX_LINE_BYTES) {
        throw new IOException("a line without end");
      }
      line.write(next);
    }
    String text = line.toString(StandardCharsets.ISO_8859_1);
    return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
  }

  /** The body of a chunked answer. */
  private static final class Chunks extends InputStream {
    private final InputStream in;
    private long left;
    private boolean first = true;
    private boolean ended;

    Chunks(InputStream in) {
      this.in = in;
    }

    private boolean more() throws IOException {
      if (ended) {
        return false;
      }
      if (left == 0) {
        if (!first) {
          line(in); // the empty line behind each chunk
        }
        first = false;
        String size = line(in);
        int semicolon = size.indexOf(';');
        String digits = (semicolon < 0 ? size : size.substring(0, semicolon)).strip();
        if (!CHUNK_SIZE.matcher(digits).matches()) {
          throw new IOException("not a chunk's size: " + size);
        }
        left = Long.parseLong(digits, 16);
        ended = left == 0;
      }
      return !ended;
    }

    @Override
    public int read() throws IOException {
      if (!more()) {
        return -1;
      }
      int next = in.read();
      if (next < 0) {
        throw new EOFException("Docker ended the connection inside a chunk");
      }
      left--;
      return next;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (!more()) {
        return -1;
      }
      int got = in.read(into, from, (int) Math.min(length, left));
      if (got < 0) {
        throw new EOFException("Docker ended the connection inside a chunk");
      }
      left -= got;
      return got;
    }
  }
}
