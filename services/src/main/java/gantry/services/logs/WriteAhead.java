package gantry.services.logs;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.zip.CRC32;

/**
 * The format of the file that takes the newest batches: for each its length, the checksum of the
 * rest, its stream, the time it came, the number of its first event, and its events.
 */
final class WriteAhead {

  static final int HEAD = 8;

  private WriteAhead() {}

  /** What a producer hands in. */
  record Line(long timestamp, String message) {}

  interface Sink {
    /** The message is the given part of the bytes, in UTF-8. */
    void event(
        long timestamp,
        long ingested,
        long sequence,
        long stream,
        byte[] bytes,
        int offset,
        int length);
  }

  static Bytes record(long stream, long ingested, long sequence, List<Line> lines) {
    Bytes bytes = new Bytes(64 + lines.size() * 128);
    bytes.putInt(0);
    bytes.putInt(0);
    bytes.putUnsigned(stream);
    bytes.putUnsigned(ingested);
    bytes.putUnsigned(sequence);
    bytes.putUnsigned(lines.size());
    for (Line line : lines) {
      byte[] message = line.message().getBytes(UTF_8);
      bytes.putSigned(line.timestamp() - ingested);
      bytes.putUnsigned(message.length);
      bytes.put(message, 0, message.length);
    }
    CRC32 crc = new CRC32();
    crc.update(bytes.array(), HEAD, bytes.size() - HEAD);
    bytes.setInt(0, bytes.size() - HEAD);
    bytes.setInt(4, (int) crc.getValue());
    return bytes;
  }

  /** Tells of every whole batch, and returns where the last of them ends. */
  static int read(byte[] bytes, int size, Sink sink) {
    int at = 0;
    while (size - at >= HEAD) {
      Bytes.Reader in = new Bytes.Reader(bytes, at, size);
      int length = in.getInt();
      int checksum = in.getInt();
      if (length <= 0 || length > in.left()) {
        return at;
      }
      CRC32 crc = new CRC32();
      crc.update(bytes, at + HEAD, length);
      if ((int) crc.getValue() != checksum) {
        return at;
      }
      long stream = in.unsigned();
      long ingested = in.unsigned();
      long sequence = in.unsigned();
      long count = in.unsigned();
      for (long i = 0; i < count; i++) {
        long timestamp = in.signed() + ingested;
        int messageLength = (int) in.unsigned();
        sink.event(timestamp, ingested, sequence + i, stream, bytes, in.at(), messageLength);
        in.skip(messageLength);
      }
      at += HEAD + length;
    }
    return at;
  }
}
