package gantry.traffic.dns;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the answer of another resolver. Null for whatever is not a well-formed answer to the
 * question that was asked.
 */
final class MessageReader {

  /** A name can point back only so often: each pointer must point before the last. */
  private static final int POINTER_LIMIT = 32;

  private static final int RECORD_LIMIT = 512;

  private final ByteBuf message;
  private final int start;
  private final int length;
  private int at;

  private MessageReader(ByteBuf message) {
    // A slice ends where the message does, though the buffer behind it goes on.
    this.message = message.slice();
    this.start = 0;
    this.length = message.readableBytes();
  }

  static boolean isTruncated(ByteBuf message) {
    return message.readableBytes() >= 4
        && (message.getUnsignedByte(message.readerIndex() + 2) & 0x02) != 0;
  }

  /** Whether these bytes answer that question at all; whatever else they hold. */
  static boolean answers(ByteBuf message, int id, byte[] name, int type) {
    try {
      return new MessageReader(message).answers(id, name, type);
    } catch (IndexOutOfBoundsException truncatedOrForged) {
      return false;
    }
  }

  static @Nullable Reply read(ByteBuf message, int id, byte[] name, int type) {
    try {
      return new MessageReader(message).read(id, name, type);
    } catch (IndexOutOfBoundsException truncatedOrForged) {
      return null;
    }
  }

  private boolean answers(int id, byte[] name, int type) {
    if (length < Answerer.HEADER || u16(0) != id || (u16(2) & 0x8000) == 0 || u16(4) != 1) {
      return false;
    }
    at = Answerer.HEADER;
    byte[] asked = name();
    if (asked == null || !Arrays.equals(asked, name) || u16(at) != type || u16(at + 2) != 1) {
      return false;
    }
    at += 4;
    return true;
  }

  private @Nullable Reply read(int id, byte[] name, int type) {
    if (!answers(id, name, type)) {
      return null;
    }
    List<Rr> answers = records(u16(6));
    List<Rr> authorities = answers == null ? null : records(u16(8));
    return answers == null || authorities == null
        ? null
        : new Reply(u16(2) & 0xf, answers, authorities);
  }

  private @Nullable List<Rr> records(int count) {
    if (count > RECORD_LIMIT) {
      return null;
    }
    List<Rr> records = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      byte[] owner = name();
      if (owner == null) {
        return null;
      }
      int type = u16(at);
      int ttl = Math.max(0, message.getInt(start + at + 4));
      int dataLength = u16(at + 8);
      at += 10;
      int end = at + dataLength;
      if (end > length) {
        return null;
      }
      byte[] data = data(type, end);
      if (data == null) {
        return null;
      }
      at = end;
      records.add(new Rr(owner, type, ttl, data));
    }
    return records;
  }

  /** Data with the names in it written out, for the types in which they may be compressed. */
  private byte @Nullable [] data(int type, int end) {
    RecordType known = RecordType.of(type);
    int plainBefore =
        switch (known) {
          case NS, CNAME, PTR, SOA -> 0;
          case MX -> 2;
          case SRV -> 6;
          case null, default -> -1;
        };
    if (plainBefore < 0) {
      return bytes(at, end - at);
    }
    var out = new ByteArrayOutputStream();
    out.writeBytes(bytes(at, plainBefore));
    at += plainBefore;
    for (int names = known == RecordType.SOA ? 2 : 1; names > 0; names--) {
      byte[] name = name();
      if (name == null || at > end) {
        return null;
      }
      out.writeBytes(name);
    }
    out.writeBytes(bytes(at, end - at));
    return out.toByteArray();
  }

  private byte @Nullable [] name() {
    var out = new ByteArrayOutputStream();
    int position = at;
    int after = -1;
    for (int pointers = 0; pointers < POINTER_LIMIT; ) {
      int label = message.getUnsignedByte(start + position);
      if (label >= 0xc0) {
        int target = (label & 0x3f) << 8 | message.getUnsignedByte(start + position + 1);
        if (after < 0) {
          after = position + 2;
        }
        if (target >= position) {
          return null;
        }
        position = target;
        pointers++;
        continue;
      }
      if (label > Names.MAX_LABEL_LENGTH || out.size() + label + 1 > Names.MAX_WIRE_LENGTH) {
        return null;
      }
      out.write(label);
      position++;
      if (label == 0) {
        at = after < 0 ? position : after;
        return out.toByteArray();
      }
      for (int i = 0; i < label; i++) {
        int c = message.getUnsignedByte(start + position + i);
        out.write(c >= 'A' && c <= 'Z' ? c + 32 : c);
      }
      position += label;
    }
    return null;
  }

  private byte[] bytes(int from, int count) {
    byte[] bytes = new byte[count];
    message.getBytes(start + from, bytes);
    return bytes;
  }

  private int u16(int offset) {
    return message.getUnsignedShort(start + offset);
  }
}
