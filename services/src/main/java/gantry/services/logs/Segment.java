package gantry.services.logs;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * A sealed file of events, in the order of their time. Each column is compressed for itself, so
 * that a search reads the messages and only where it finds something the rest.
 *
 * <pre>
 * magic, length and checksum of the head | head | timestamps | ingested | sequences | streams | ends | messages | grams
 * </pre>
 *
 * The head, which stays in memory, says which streams and times are inside and where the columns
 * lie.
 */
final class Segment {

  private static final int MAGIC = 0x474C5331;
  private static final int PREFIX = 12;

  /** Of log lines this makes no larger files than the usual 3, twice as fast both ways. */
  private static final int LEVEL = 1;

  private static final int COLUMNS = 7;
  private static final int TIMESTAMPS = 0;
  private static final int INGESTED = 1;
  private static final int SEQUENCES = 2;
  private static final int STREAMS = 3;
  private static final int ENDS = 4;
  private static final int MESSAGES = 5;
  private static final int GRAMS = 6;

  private final Path file;
  private final int count;
  private final long first;
  private final long last;
  private final long lastSequence;
  private final long fileBytes;

  /** Four numbers for each stream: its own, first and last time, last ingestion; by number. */
  private final long[] inside;

  private final int[] raw = new int[COLUMNS];
  private final int[] packed = new int[COLUMNS];
  private final int[] checksums = new int[COLUMNS];
  private final long[] offsets = new long[COLUMNS];

  private Segment(Path file, Bytes.Reader head, long start) {
    this.file = file;
    this.count = (int) head.unsigned();
    this.first = head.signed();
    this.last = head.signed();
    this.lastSequence = head.unsigned();
    this.inside = new long[4 * (int) head.unsigned()];
    for (int i = 0; i < inside.length; i++) {
      inside[i] = head.signed();
    }
    long at = start;
    for (int i = 0; i < COLUMNS; i++) {
      raw[i] = (int) head.unsigned();
      packed[i] = (int) head.unsigned();
      checksums[i] = head.getInt();
      offsets[i] = at;
      at += packed[i];
    }
    this.fileBytes = at;
  }

  /** Writes the events, durably, and returns the segment that holds them. */
  static Segment create(Path file, Columns events) throws IOException {
    Bytes[] columns = new Bytes[COLUMNS];
    for (int i = 0; i < ENDS + 1; i++) {
      columns[i] = new Bytes(events.count * 2);
    }
    TreeMap<Long, long[]> inside = new TreeMap<>();
    long before = 0;
    long ingestedBefore = 0;
    long sequenceBefore = 0;
    long lastSequence = 0;
    for (int i = 0; i < events.count; i++) {
      long timestamp = events.timestamps[i];
      long ingested = events.ingested[i];
      long sequence = events.sequences[i];
      columns[TIMESTAMPS].putSigned(timestamp - before);
      columns[INGESTED].putSigned(ingested - ingestedBefore);
      columns[SEQUENCES].putSigned(sequence - sequenceBefore);
      columns[STREAMS].putUnsigned(events.streams[i]);
      columns[ENDS].putUnsigned(events.ends[i] - events.start(i));
      before = timestamp;
      ingestedBefore = ingested;
      sequenceBefore = sequence;
      lastSequence = Math.max(lastSequence, sequence);
      long[] stream = inside.get(events.streams[i]);
      if (stream == null) {
        inside.put(events.streams[i], new long[] {timestamp, timestamp, ingested});
      } else {
        stream[1] = timestamp;
        stream[2] = Math.max(stream[2], ingested);
      }
    }
    Bytes head = new Bytes(256);
    head.putUnsigned(events.count);
    head.putSigned(events.timestamps[0]);
    head.putSigned(events.timestamps[events.count - 1]);
    head.putUnsigned(lastSequence);
    head.putUnsigned(inside.size());
    inside.forEach(
        (number, times) -> {
          head.putSigned(number);
          for (long time : times) {
            head.putSigned(time);
          }
        });
    Bytes body = new Bytes(events.messages.length / 2 + 1024);
    for (int i = 0; i < COLUMNS; i++) {
      byte[] plain =
          switch (i) {
            case MESSAGES -> events.messages;
            case GRAMS -> Grams.of(events.messages);
            default -> Arrays.copyOf(columns[i].array(), columns[i].size());
          };
      byte[] small = Zstd.compress(plain, LEVEL);
      head.putUnsigned(plain.length);
      head.putUnsigned(small.length);
      head.putInt(checksum(small, 0, small.length));
      body.put(small, 0, small.length);
    }
    Bytes whole = new Bytes(PREFIX + head.size() + body.size());
    whole.putInt(MAGIC);
    whole.putInt(head.size());
    whole.putInt(checksum(head.array(), 0, head.size()));
    whole.put(head.array(), 0, head.size());
    whole.put(body.array(), 0, body.size());
    Durable.create(file, whole.array(), whole.size());
    return new Segment(
        file, new Bytes.Reader(head.array(), 0, head.size()), (long) PREFIX + head.size());
  }

  static Segment open(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      byte[] prefix = read(channel, 0, PREFIX);
      Bytes.Reader in = new Bytes.Reader(prefix, 0, PREFIX);
      if (in.getInt() != MAGIC) {
        throw new IOException(file + " is not a segment of log events");
      }
      int length = in.getInt();
      int checksum = in.getInt();
      byte[] head = read(channel, PREFIX, length);
      if (checksum(head, 0, length) != checksum) {
        throw new IOException(file + " is damaged: its head does not have its checksum");
      }
      return new Segment(file, new Bytes.Reader(head, 0, length), (long) PREFIX + length);
    }
  }

  Path file() {
    return file;
  }

  int count() {
    return count;
  }

  long first() {
    return first;
  }

  long last() {
    return last;
  }

  long lastSequence() {
    return lastSequence;
  }

  long fileBytes() {
    return fileBytes;
  }

  /** The bytes of all messages. */
  long messageBytes() {
    return raw[MESSAGES];
  }

  interface Streams {
    void stream(long number, long first, long last, long lastIngested);
  }

  void streams(Streams streams) {
    for (int i = 0; i < inside.length; i += 4) {
      streams.stream(inside[i], inside[i + 1], inside[i + 2], inside[i + 3]);
    }
  }

  /** Whether a stream that is asked for is inside. */
  boolean holds(Wanted wanted) {
    if (last < wanted.from() || first >= wanted.to()) {
      return false;
    }
    for (int i = 0; i < inside.length; i += 4) {
      if (wanted.stream().test(inside[i])
          && inside[i + 2] >= wanted.from()
          && inside[i + 1] < wanted.to()) {
        return true;
      }
    }
    return false;
  }

  /**
   * The wanted rows; the columns are read only when there are some.
   *
   * @param buffers where the messages are unpacked while they are searched
   */
  Rows read(Wanted wanted, Buffers buffers) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      Literal literal = wanted.literal();
      return Rows.of(
          literal == null
              ? columns(channel, unpacked(channel, MESSAGES))
              : searched(channel, literal, buffers),
          wanted);
    }
  }

  /** Only the rows with a literal in them. */
  private Columns searched(FileChannel channel, Literal literal, Buffers buffers)
      throws IOException {
    if (!Grams.mayHold(unpacked(channel, GRAMS), literal.bytes())) {
      return Columns.NONE;
    }
    int size = raw[MESSAGES];
    byte[] buffer = buffers.take(size + packed[MESSAGES]);
    try {
      // What is unpacked goes to its beginning, from what was read into the room behind it.
      read(channel, offsets[MESSAGES], buffer, size, packed[MESSAGES]);
      unpack(MESSAGES, buffer, size, buffer);
      int first = literal.next(buffer, 0, size);
      if (first < 0) {
        return Columns.NONE;
      }
      int[] ends = Numbers.ends(unpacked(channel, ENDS), count);
      int[] rows = literal.rows(buffer, first, ends);
      return Columns.picked(
          Numbers.summed(unpacked(channel, TIMESTAMPS), rows),
          Numbers.summed(unpacked(channel, INGESTED), rows),
          Numbers.summed(unpacked(channel, SEQUENCES), rows),
          Numbers.of(unpacked(channel, STREAMS), rows),
          rows,
          ends,
          buffer);
    } finally {
      buffers.giveBack(buffer);
    }
  }

  private Columns columns(FileChannel channel, byte[] messages) throws IOException {
    return new Columns(
        Numbers.allSummed(unpacked(channel, TIMESTAMPS), count),
        Numbers.allSummed(unpacked(channel, INGESTED), count),
        Numbers.allSummed(unpacked(channel, SEQUENCES), count),
        Numbers.all(unpacked(channel, STREAMS), count),
        Numbers.ends(unpacked(channel, ENDS), count),
        messages);
  }

  private byte[] unpacked(FileChannel channel, int which) throws IOException {
    byte[] plain = new byte[raw[which]];
    unpack(which, read(channel, offsets[which], packed[which]), 0, plain);
    return plain;
  }

  /**
   * @param small in which the column stands from {@code offset} on as it is in the file
   */
  private void unpack(int which, byte[] small, int offset, byte[] into) throws IOException {
    if (checksum(small, offset, packed[which]) != checksums[which]) {
      throw new IOException(file + " is damaged: column " + which + " does not have its checksum");
    }
    if (raw[which] == 0) {
      return;
    }
    long size = Zstd.decompressByteArray(into, 0, raw[which], small, offset, packed[which]);
    if (size != raw[which]) {
      throw new IOException(file + " is damaged: column " + which + " is not as long as it says");
    }
  }

  private static byte[] read(FileChannel channel, long offset, int length) throws IOException {
    byte[] bytes = new byte[length];
    read(channel, offset, bytes, 0, length);
    return bytes;
  }

  private static void read(FileChannel channel, long offset, byte[] into, int at, int length)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(into, at, length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, offset + buffer.position() - at) < 0) {
        throw new IOException("the file ends too early");
      }
    }
  }

  private static int checksum(byte[] bytes, int offset, int length) {
    CRC32 crc = new CRC32();
    crc.update(bytes, offset, length);
    return (int) crc.getValue();
  }
}
