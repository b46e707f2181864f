package gantry.services.logs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongPredicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The events of one log group, in a folder of its own: sealed segments, and one write-ahead file
 * that takes the newest batches until it is long enough to become the next segment. Both carry the
 * same number, and a segment appears in one step, so after a crash the number that has a segment
 * needs its write-ahead file no more: every batch is there once.
 *
 * <p>A batch is acknowledged when the file has been forced to the disk. Whoever comes while another
 * forces waits for the next time, which then serves all who wait.
 *
 * <p>In memory are the heads of the segments only; what is read is read from the files.
 */
final class GroupLog implements AutoCloseable {

  /** How long the write-ahead file grows before it is sealed. */
  static final int SEAL_BYTES = 8 << 20;

  private static final Logger LOG = LoggerFactory.getLogger(GroupLog.class);
  private static final String SEGMENT = ".segment";
  private static final String WRITE_AHEAD = ".ahead";

  private final Path folder;
  private final int sealBytes;

  /** Held while the disk is waited for; always taken before {@link #lock}. */
  private final ReentrantLock forcing = new ReentrantLock();

  private final ReentrantLock lock = new ReentrantLock();

  // What follows belongs to the lock.
  private List<Segment> segments = List.of();
  private final Map<Long, StreamTimes> times = new HashMap<>();
  private @Nullable FileChannel ahead;
  private long number;
  private int aheadBytes;
  private int aheadDurable;
  private long aheadMessageBytes;
  private long nextSequence;

  /** Bytes ever written and ever forced, over all files. */
  private long written;

  private long durable;
  private @Nullable IOException broken;
  private boolean closed;

  /** What DescribeLogStreams tells of a stream's events. */
  record StreamTimes(long first, long last, long ingested) {
    StreamTimes with(StreamTimes more) {
      return new StreamTimes(
          Math.min(first, more.first),
          Math.max(last, more.last),
          Math.max(ingested, more.ingested));
    }
  }

  /** The disk does not take what should be written. */
  static final class Unavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unavailable(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  private GroupLog(Path folder, int sealBytes) {
    this.folder = folder;
    this.sealBytes = sealBytes;
  }

  static GroupLog open(Path folder, int sealBytes) throws IOException {
    GroupLog log = new GroupLog(folder, sealBytes);
    log.recover();
    return log;
  }

  private Path file(long of, String ending) {
    return folder.resolve(String.format(Locale.ROOT, "%012d%s", of, ending));
  }

  private void recover() throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder);
      Durable.namesBeside(folder);
    }
    TreeSet<Long> sealed = new TreeSet<>();
    TreeSet<Long> open = new TreeSet<>();
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.toList();
    }
    for (Path file : files) {
      String name = file.getFileName().toString();
      if (name.endsWith(".tmp")) {
        Files.delete(file); // a segment that was not finished; its events are in the other file
      } else if (name.endsWith(SEGMENT)) {
        sealed.add(Long.parseLong(name.substring(0, name.indexOf('.'))));
      } else if (name.endsWith(WRITE_AHEAD)) {
        open.add(Long.parseLong(name.substring(0, name.indexOf('.'))));
      }
    }
    List<Segment> found = new ArrayList<>();
    for (long each : sealed) {
      Segment segment = Segment.open(file(each, SEGMENT));
      found.add(segment);
      nextSequence = Math.max(nextSequence, segment.lastSequence() + 1);
      segment.streams(this::seen);
      number = Math.max(number, each + 1);
      if (open.remove(each)) {
        Files.delete(file(each, WRITE_AHEAD));
      }
    }
    segments = List.copyOf(found);
    if (open.size() > 1) {
      throw new IOException(folder + " has more than one write-ahead file: " + open);
    }
    if (!open.isEmpty()) {
      number = open.first();
      reopen(file(number, WRITE_AHEAD));
    }
  }

  private void reopen(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int whole =
        WriteAhead.read(
            bytes,
            bytes.length,
            (timestamp, ingested, sequence, stream, all, offset, length) -> {
              nextSequence = Math.max(nextSequence, sequence + 1);
              aheadMessageBytes += length;
              seen(stream, timestamp, timestamp, ingested);
            });
    FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
    if (whole < bytes.length) {
      LOG.warn(
          "{}: the last {} bytes are no whole batch and were not acknowledged",
          file,
          bytes.length - whole);
      channel.truncate(whole);
    }
    channel.force(true); // what is read from now on must not vanish with the power
    channel.position(whole);
    ahead = channel;
    aheadBytes = whole;
    aheadDurable = whole;
  }

  private void seen(long stream, long first, long last, long ingested) {
    times.merge(stream, new StreamTimes(first, last, ingested), StreamTimes::with);
  }

  // ---------------------------------------------------------------- writing

  /** Keeps the lines; returns when they are durable. */
  void append(long stream, long now, List<WriteAhead.Line> lines) {
    if (lines.isEmpty()) {
      return;
    }
    long end;
    lock.lock();
    try {
      if (closed || broken != null) {
        throw new Unavailable("log events cannot be kept in " + folder, broken);
      }
      Bytes batch = WriteAhead.record(stream, now, nextSequence, lines);
      FileChannel channel = channel();
      try {
        Durable.writeAll(channel, batch.array(), batch.size());
      } catch (IOException e) {
        channel.truncate(aheadBytes); // half a batch would hide those behind it
        channel.position(aheadBytes);
        throw e;
      }
      nextSequence += lines.size();
      aheadBytes += batch.size();
      written += batch.size();
      end = written;
      for (WriteAhead.Line line : lines) {
        aheadMessageBytes += line.message().length();
        seen(stream, line.timestamp(), line.timestamp(), now);
      }
    } catch (IOException e) {
      throw new Unavailable("log events cannot be written to " + folder, e);
    } finally {
      lock.unlock();
    }
    force(end);
  }

  private FileChannel channel() throws IOException {
    FileChannel channel = ahead;
    if (channel == null) {
      channel =
          FileChannel.open(
              file(number, WRITE_AHEAD), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      ahead = channel;
      Durable.names(folder);
    }
    return channel;
  }

  private void force(long upTo) {
    forcing.lock();
    try {
      FileChannel channel;
      long target;
      int size;
      lock.lock();
      try {
        if (durable >= upTo) {
          return;
        }
        if (broken != null || ahead == null) {
          throw new Unavailable("log events cannot be kept in " + folder, broken);
        }
        channel = ahead;
        target = written;
        size = aheadBytes;
      } finally {
        lock.unlock();
      }
      try {
        if (size >= sealBytes) {
          seal();
          return;
        }
        channel.force(false);
      } catch (IOException e) {
        // After a failed force nobody knows what is on the disk: no more until it was read again.
        lock.lock();
        try {
          broken = e;
        } finally {
          lock.unlock();
        }
        throw new Unavailable("log events cannot be forced to the disk in " + folder, e);
      }
      lock.lock();
      try {
        durable = target;
        aheadDurable = size;
      } finally {
        lock.unlock();
      }
    } finally {
      forcing.unlock();
    }
  }

  /** Makes the write-ahead file a segment; the segment is durable, so its batches are too. */
  private void seal() throws IOException {
    lock.lock();
    try {
      FileChannel channel = ahead;
      if (channel == null || aheadBytes == 0) {
        return;
      }
      Path from = file(number, WRITE_AHEAD);
      byte[] bytes = Files.readAllBytes(from);
      Columns events = Columns.ofWriteAhead(bytes, aheadBytes);
      Segment segment = Segment.create(file(number, SEGMENT), events);
      List<Segment> more = new ArrayList<>(segments);
      more.add(segment);
      segments = List.copyOf(more);
      ahead = null;
      number++;
      aheadBytes = 0;
      aheadDurable = 0;
      aheadMessageBytes = 0;
      durable = written;
      channel.close();
      Files.delete(from);
    } finally {
      lock.unlock();
    }
  }

  /** Seals what there is, however little: for benchmarks and tests. */
  void sealNow() throws IOException {
    forcing.lock();
    try {
      seal();
    } finally {
      forcing.unlock();
    }
  }

  /**
   * Deletes the segments of which nothing is left: everything in them is older than {@code oldest},
   * or of a stream that is no more.
   */
  int sweep(long oldest, LongPredicate live) throws IOException {
    List<Segment> gone = new ArrayList<>();
    lock.lock();
    try {
      List<Segment> kept = new ArrayList<>();
      Wanted rest = new Wanted(oldest, Long.MAX_VALUE, live, null, null, null, false);
      for (Segment segment : segments) {
        (segment.holds(rest) ? kept : gone).add(segment);
      }
      if (gone.isEmpty()) {
        return 0;
      }
      segments = List.copyOf(kept);
    } finally {
      lock.unlock();
    }
    for (Segment segment : gone) {
      Files.deleteIfExists(segment.file());
    }
    Durable.names(folder);
    return gone.size();
  }

  // ---------------------------------------------------------------- reading

  private record Snapshot(List<Segment> segments, @Nullable FileChannel ahead, int bytes)
      implements AutoCloseable {
    @Override
    public void close() throws IOException {
      if (ahead != null) {
        ahead.close();
      }
    }
  }

  private Snapshot snapshot() throws IOException {
    lock.lock();
    try {
      // Opened here, so that it can be read even if it is sealed and deleted meanwhile.
      FileChannel channel =
          aheadDurable == 0
              ? null
              : FileChannel.open(file(number, WRITE_AHEAD), StandardOpenOption.READ);
      return new Snapshot(segments, channel, aheadDurable);
    } finally {
      lock.unlock();
    }
  }

  /** The wanted events that are durable now, in order; segments are read when they are needed. */
  Iterator<Event> events(Wanted wanted) {
    List<Merge.Source> sources = new ArrayList<>();
    Buffers buffers = new Buffers();
    try (Snapshot snapshot = snapshot()) {
      for (Segment segment : snapshot.segments) {
        if (segment.holds(wanted)) {
          sources.add(
              new Merge.Source(
                  segment.first(), segment.last(), () -> rows(segment, wanted, buffers)));
        }
      }
      FileChannel channel = snapshot.ahead;
      if (channel != null) {
        byte[] bytes = new byte[snapshot.bytes];
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
          // until all is here
        }
        Columns newest = Columns.ofWriteAhead(bytes, bytes.length - buffer.remaining());
        Literal literal = wanted.literal();
        if (literal != null) {
          int first = literal.next(newest.messages, 0, newest.messages.length);
          newest = newest.only(literal.rows(newest.messages, first, newest.ends));
        }
        Rows rows = Rows.of(newest, wanted);
        if (!rows.isEmpty()) {
          sources.add(
              new Merge.Source(
                  newest.timestamps[0], newest.timestamps[newest.count - 1], () -> rows));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Merge(sources, wanted.newestFirst());
  }

  private static Rows rows(Segment segment, Wanted wanted, Buffers buffers) {
    try {
      return segment.read(wanted, buffers);
    } catch (NoSuchFileException e) {
      return Rows.NONE; // its time was over while we came to it
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** First and last times by stream, as far as they are known. */
  Map<Long, StreamTimes> times() {
    lock.lock();
    try {
      return new TreeMap<>(times);
    } finally {
      lock.unlock();
    }
  }

  /** What the files take. */
  long storedBytes() {
    lock.lock();
    try {
      return segments.stream().mapToLong(Segment::fileBytes).sum() + aheadBytes;
    } finally {
      lock.unlock();
    }
  }

  /** How many bytes the messages have. */
  long messageBytes() {
    lock.lock();
    try {
      return segments.stream().mapToLong(Segment::messageBytes).sum() + aheadMessageBytes;
    } finally {
      lock.unlock();
    }
  }

  List<Segment> segments() {
    lock.lock();
    try {
      return segments.stream().sorted(Comparator.comparing(Segment::first)).toList();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() throws IOException {
    forcing.lock();
    lock.lock();
    try {
      closed = true;
      if (ahead != null) {
        ahead.close();
      }
    } finally {
      lock.unlock();
      forcing.unlock();
    }
  }
}
