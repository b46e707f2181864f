package gantry.services.logs;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Events of one segment, or of the write-ahead file, each member in an array of its own. */
final class Columns {

  static final Columns NONE =
      new Columns(new long[0], new long[0], new long[0], new long[0], new int[0], new byte[0]);

  final int count;
  final long[] timestamps;
  final long[] ingested;
  final long[] sequences;
  final long[] streams;

  /** Where each message ends in {@link #messages}; it begins where the one before ended. */
  final int[] ends;

  final byte[] messages;

  Columns(
      long[] timestamps,
      long[] ingested,
      long[] sequences,
      long[] streams,
      int[] ends,
      byte[] messages) {
    this.count = timestamps.length;
    this.timestamps = timestamps;
    this.ingested = ingested;
    this.sequences = sequences;
    this.streams = streams;
    this.ends = ends;
    this.messages = messages;
  }

  int start(int row) {
    return row == 0 ? 0 : ends[row - 1];
  }

  String message(int row) {
    int start = start(row);
    return new String(messages, start, ends[row] - start, UTF_8);
  }

  Event event(int row) {
    return new Event(timestamps[row], ingested[row], sequences[row], streams[row], message(row));
  }

  /** The batches of a write-ahead file, in the order of time. */
  static Columns ofWriteAhead(byte[] bytes, int size) {
    Collector collector = new Collector();
    WriteAhead.read(bytes, size, collector);
    return collector.sorted();
  }

  /** Only these rows, with no more of the messages than theirs. */
  Columns only(int[] rows) {
    return picked(
        pick(timestamps, rows),
        pick(ingested, rows),
        pick(sequences, rows),
        pick(streams, rows),
        rows,
        ends,
        messages);
  }

  /** The rows whose numbers are given, with their part of all messages. */
  static Columns picked(
      long[] timestamps,
      long[] ingested,
      long[] sequences,
      long[] streams,
      int[] rows,
      int[] ends,
      byte[] messages) {
    Bytes theirs = new Bytes(16 * rows.length);
    int[] theirEnds = new int[rows.length];
    for (int i = 0; i < rows.length; i++) {
      int start = rows[i] == 0 ? 0 : ends[rows[i] - 1];
      theirs.put(messages, start, ends[rows[i]] - start);
      theirEnds[i] = theirs.size();
    }
    return new Columns(timestamps, ingested, sequences, streams, theirEnds, theirs.array());
  }

  private static long[] pick(long[] values, int[] rows) {
    long[] picked = new long[rows.length];
    for (int i = 0; i < rows.length; i++) {
      picked[i] = values[rows[i]];
    }
    return picked;
  }

  private static final class Collector implements WriteAhead.Sink {
    private final Bytes messages = new Bytes(1 << 16);
    private long[] numbers = new long[4 * 1024];
    private int[] ends = new int[1024];
    private int count;

    @Override
    public void event(
        long timestamp,
        long ingested,
        long sequence,
        long stream,
        byte[] bytes,
        int offset,
        int length) {
      if (count == ends.length) {
        ends = Arrays.copyOf(ends, count * 2);
        numbers = Arrays.copyOf(numbers, count * 8);
      }
      numbers[4 * count] = timestamp;
      numbers[4 * count + 1] = ingested;
      numbers[4 * count + 2] = sequence;
      numbers[4 * count + 3] = stream;
      messages.put(bytes, offset, length);
      ends[count++] = messages.size();
    }

    Columns sorted() {
      int @Nullable [] order = order();
      long[] timestamps = new long[count];
      long[] ingested = new long[count];
      long[] sequences = new long[count];
      long[] streams = new long[count];
      int[] sortedEnds = new int[count];
      byte[] sortedMessages = new byte[messages.size()];
      int at = 0;
      for (int i = 0; i < count; i++) {
        int row = order == null ? i : order[i];
        timestamps[i] = numbers[4 * row];
        ingested[i] = numbers[4 * row + 1];
        sequences[i] = numbers[4 * row + 2];
        streams[i] = numbers[4 * row + 3];
        int start = row == 0 ? 0 : ends[row - 1];
        int length = ends[row] - start;
        System.arraycopy(messages.array(), start, sortedMessages, at, length);
        at += length;
        sortedEnds[i] = at;
      }
      return new Columns(timestamps, ingested, sequences, streams, sortedEnds, sortedMessages);
    }

    /** Null when they came in order; the sort keeps the order of arrival among equals. */
    private int @Nullable [] order() {
      boolean inOrder = true;
      for (int i = 1; i < count && inOrder; i++) {
        inOrder = numbers[4 * i - 4] <= numbers[4 * i];
      }
      if (inOrder) {
        return null;
      }
      long[] times = new long[count];
      for (int i = 0; i < count; i++) {
        times[i] = numbers[4 * i];
      }
      return IntStream.range(0, count)
          .boxed()
          .sorted((one, other) -> Long.compare(times[one], times[other]))
          .mapToInt(Integer::intValue)
          .toArray();
    }
  }
}
