package gantry.node.logs;

import gantry.node.docker.DockerEngine;
import gantry.node.docker.RawCall;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads a container's output from Docker, on the caller's thread. */
final class DockerLogStream implements AutoCloseable {

  /** A frame longer than this is not one: Docker cuts lines at 16 KiB. */
  static final int MAX_FRAME_BYTES = 4 * 1024 * 1024;

  private final RawCall response;
  private final boolean terminal;
  private final @Nullable Instant since;

  private DockerLogStream(RawCall response, boolean terminal, @Nullable Instant since) {
    this.since = since;
    this.response = response;
    this.terminal = terminal;
  }

  /**
   * Opens it.
   *
   * @param since the first moment wanted; null for all that Docker has
   * @param tail how many lines at most, from the end; negative for all
   * @return null when there is no such container
   */
  static @Nullable DockerLogStream open(
      DockerEngine docker,
      String id,
      boolean terminal,
      boolean follow,
      @Nullable Instant since,
      int tail)
      throws IOException {
    String path =
        "/containers/"
            + id
            + "/logs?stdout=true&stderr=true&timestamps=true&follow="
            + follow
            + (since == null
                ? ""
                : String.format(
                    Locale.ROOT, "&since=%d.%09d", since.getEpochSecond(), since.getNano()))
            + (tail < 0 ? "" : "&tail=" + tail);
    RawCall response = RawCall.get(docker.host(), path);
    if (response.status() == 404) {
      response.close();
      return null;
    }
    if (response.status() != 200) {
      String said;
      try (response) {
        said = new String(response.body().readNBytes(4096), StandardCharsets.UTF_8);
      }
      throw new IOException("logs of " + id + ": " + response.status() + " " + said);
    }
    return new DockerLogStream(response, terminal, since);
  }

  /** Until Docker ends the stream. */
  void read(Consumer<LogLine> lines) throws IOException {
    InputStream in = new BufferedInputStream(response.body(), 16 * 1024);
    // Podman knows only whole seconds of what it is asked for, so it begins too early.
    Consumer<LogLine> wanted =
        line -> {
          if (since == null || line.at().equals(Instant.EPOCH) || !line.at().isBefore(since)) {
            lines.accept(line);
          }
        };
    if (terminal) {
      readLines(in, wanted);
    } else {
      readFrames(in, wanted);
    }
  }

  static void readFrames(InputStream in, Consumer<LogLine> lines) throws IOException {
    byte[] header = new byte[8];
    while (true) {
      int got = in.readNBytes(header, 0, 8);
      if (got == 0) {
        return;
      }
      if (got < 8) {
        throw new EOFException("the stream ended inside a frame");
      }
      int length = java.nio.ByteBuffer.wrap(header).getInt(4);
      if (length < 0 || length > MAX_FRAME_BYTES) {
        throw new IOException("a frame of " + length + " bytes");
      }
      byte[] payload = in.readNBytes(length);
      if (payload.length < length) {
        throw new EOFException("the stream ended inside a frame");
      }
      accept(new String(payload, StandardCharsets.UTF_8), lines);
    }
  }

  private static void readLines(InputStream in, Consumer<LogLine> lines) throws IOException {
    java.io.ByteArrayOutputStream line = new java.io.ByteArrayOutputStream();
    for (int next = in.read(); next >= 0; next = in.read()) {
      line.write(next);
      if (next == '\n' || line.size() >= MAX_FRAME_BYTES) {
        accept(line.toString(StandardCharsets.UTF_8), lines);
        line.reset();
      }
    }
    if (line.size() > 0) {
      accept(line.toString(StandardCharsets.UTF_8), lines);
    }
  }

  private static void accept(String text, Consumer<LogLine> lines) {
    int blank = text.indexOf(' ');
    Instant at;
    try {
      at = Instant.parse(blank < 0 ? text.strip() : text.substring(0, blank));
    } catch (java.time.format.DateTimeParseException e) {
      // Without a time of its own it goes on where the one before it ended.
      lines.accept(new LogLine(Instant.EPOCH, withoutEnd(text), text.endsWith("\n")));
      return;
    }
    String rest = blank < 0 ? "" : text.substring(blank + 1);
    lines.accept(new LogLine(at, withoutEnd(rest), rest.endsWith("\n")));
  }

  private static String withoutEnd(String text) {
    int end = text.length();
    if (end > 0 && text.charAt(end - 1) == '\n') {
      end--;
      if (end > 0 && text.charAt(end - 1) == '\r') {
        end--;
      }
    }
    return text.substring(0, end);
  }

  @Override
  public void close() {
    response.close();
  }
}
