package gantry.services.cloudtrail;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The calls of the past, in files of lines: a new file when one is full, the oldest deleted when
 * there are too many. Written by one thread in batches; read backwards, newest first.
 *
 * <p>Durability: a batch is handed to the operating system before {@link #append} returns. That
 * survives the program's end, however it comes, and not the machine's.
 */
public final class AuditTrail implements AutoCloseable {

  public static final int SEGMENT_BYTES = 8 << 20;
  public static final int SEGMENTS_MOST = 16;

  private static final String SUFFIX = ".jsonl";

  private final Path folder;
  private final int segmentBytes;
  private final int segmentsMost;
  private @Nullable OutputStream writer;
  private long written;
  private long number;
  private volatile Runnable beforeReading = () -> {};

  /** What is found of a call: enough to answer LookupEvents. */
  public record Entry(
      long sequence,
      String eventId,
      String eventName,
      String eventSource,
      boolean readOnly,
      String username,
      @Nullable String accessKeyId,
      Instant time,
      String account,
      String region,
      List<String> resources,
      String event) {}

  public AuditTrail(Path folder) {
    this(folder, SEGMENT_BYTES, SEGMENTS_MOST);
  }

  AuditTrail(Path folder, int segmentBytes, int segmentsMost) {
    this.folder = folder;
    this.segmentBytes = segmentBytes;
    this.segmentsMost = segmentsMost;
  }

  /** Runs before each reading: whoever queues records writes them first. */
  public void beforeReading(Runnable settle) {
    beforeReading = settle;
  }

  /** Keeps calls, in the order given. */
  public synchronized void append(List<AuditRecord> records) {
    try {
      OutputStream out = open();
      JsonBytes lines = new JsonBytes(512 * records.size());
      for (AuditRecord record : records) {
        AuditLine.write(lines, number++, record);
      }
      lines.writeTo(out);
      written += lines.size();
      if (written >= segmentBytes) {
        roll();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The newest entries that {@code wanted} takes, beginning below {@code before}, at most {@code
   * most}.
   */
  public List<Entry> newest(long before, int most, Predicate<Entry> wanted) {
    beforeReading.run();
    return read(before, most, wanted);
  }

  private synchronized List<Entry> read(long before, int most, Predicate<Entry> wanted) {
    List<Entry> found = new ArrayList<>();
    try {
      List<Path> segments = segments();
      Collections.reverse(segments);
      for (Path segment : segments) {
        try (BackwardLines lines = new BackwardLines(segment)) {
          for (String line = lines.next(); line != null; line = lines.next()) {
            Entry entry = AuditLine.read(line);
            if (entry == null || entry.sequence() >= before || !wanted.test(entry)) {
              continue;
            }
            found.add(entry);
            if (found.size() == most) {
              return found;
            }
          }
        }
      }
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private OutputStream open() throws IOException {
    OutputStream out = writer;
    if (out == null) {
      Files.createDirectories(folder);
      List<Path> segments = segments();
      Path last = segments.isEmpty() ? folder.resolve(name(0)) : segments.getLast();
      if (Files.exists(last)) {
        mend(last);
      }
      number = lastSequence(segments) + 1;
      written = Files.exists(last) ? Files.size(last) : 0;
      out = writerOf(last);
      writer = out;
    }
    return out;
  }

  /** A line that was cut short by the end of the machine is no line. */
  private static void mend(Path file) throws IOException {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      long end = raw.length();
      while (end > 0) {
        raw.seek(end - 1);
        if (raw.read() == '\n') {
          break;
        }
        end--;
      }
      raw.setLength(end);
    }
  }

  private static long lastSequence(List<Path> segments) throws IOException {
    for (int i = segments.size() - 1; i >= 0; i--) {
      try (BackwardLines lines = new BackwardLines(segments.get(i))) {
        for (String line = lines.next(); line != null; line = lines.next()) {
          Entry entry = AuditLine.read(line);
          if (entry != null) {
            return entry.sequence();
          }
        }
      }
    }
    return -1;
  }

  private static OutputStream writerOf(Path file) throws IOException {
    return Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private void roll() throws IOException {
    OutputStream out = writer;
    if (out != null) {
      out.close();
    }
    List<Path> segments = segments();
    while (segments.size() >= segmentsMost) {
      Files.delete(segments.removeFirst());
    }
    String last = segments.isEmpty() ? "" : segments.getLast().getFileName().toString();
    long next = last.isEmpty() ? 0 : Long.parseLong(last.substring(0, 12)) + 1;
    written = 0;
    writer = writerOf(folder.resolve(name(next)));
  }

  private static String name(long segment) {
    return String.format(Locale.ROOT, "%012d", segment) + SUFFIX;
  }

  private List<Path> segments() throws IOException {
    if (!Files.isDirectory(folder)) {
      return new ArrayList<>();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return new ArrayList<>(files.filter(f -> f.toString().endsWith(SUFFIX)).sorted().toList());
    }
  }

  @Override
  public synchronized void close() {
    OutputStream out = writer;
    writer = null;
    if (out != null) {
      try {
        out.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Drops everything. */
  public synchronized void clear() {
    close();
    try {
      for (Path segment : segments()) {
        Files.delete(segment);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The lines of a file from its end, a block at a time. */
  private static final class BackwardLines implements AutoCloseable {
    private static final int BLOCK = 64 * 1024;

    private final RandomAccessFile file;
    private long start;
    private byte[] kept = new byte[0];
    private int end;

    BackwardLines(Path path) throws IOException {
      file = new RandomAccessFile(path.toFile(), "r");
      start = file.length();
    }

    @Nullable String next() throws IOException {
      while (true) {
        int newline = end - 1;
        while (newline >= 0 && kept[newline] != '\n') {
          newline--;
        }
        if (newline >= 0) {
          String line = new String(kept, newline + 1, end - newline - 1, StandardCharsets.UTF_8);
          end = newline;
          if (!line.isEmpty()) {
            return line;
          }
        } else if (start > 0) {
          int size = (int) Math.min(BLOCK, start);
          start -= size;
          byte[] joined = new byte[size + end];
          file.seek(start);
          file.readFully(joined, 0, size);
          System.arraycopy(kept, 0, joined, size, end);
          kept = joined;
          end = joined.length;
        } else if (end > 0) {
          String line = new String(Arrays.copyOf(kept, end), StandardCharsets.UTF_8);
          end = 0;
          return line;
        } else {
          return null;
        }
      }
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
