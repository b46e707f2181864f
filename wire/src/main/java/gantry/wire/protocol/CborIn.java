package gantry.wire.protocol;

import gantry.wire.WireException;
import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import gantry.wire.schema.Shape;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;

/** Reads CBOR (RFC 8949) into shapes. Every length is checked against what is left to read. */
final class CborIn {
  private static final int MAX_DEPTH = 200;
  private static final int UNSIGNED = 0;
  private static final int NEGATIVE = 1;
  private static final int BYTES = 2;
  private static final int TEXT = 3;
  private static final int ARRAY = 4;
  private static final int MAP = 5;
  private static final int TAG = 6;
  private static final int BREAK = 0xff;
  private static final long INDEFINITE = -1;

  private final byte[] in;
  private int at;
  private int depth;

  private CborIn(byte[] in) {
    this.in = in;
  }

  static void read(byte[] bytes, Shape shape, Object builder) {
    if (bytes.length == 0) {
      return;
    }
    CborIn reader = new CborIn(bytes);
    reader.members(shape, builder);
    if (reader.at != bytes.length) {
      throw bad("there is more after the end");
    }
  }

  private static WireException bad(String why) {
    return WireException.serialization("The CBOR document is malformed: " + why + ".");
  }

  private static WireException mismatch(Member member, int major) {
    String[] kinds = {
      "integer", "integer", "byte string", "text", "list", "map", "tag", "simple value"
    };
    return WireException.serialization(
        "A CBOR " + kinds[major] + " cannot be converted to " + Scalars.typeName(member.kind));
  }

  private int peek() {
    if (at >= in.length) {
      throw bad("it ends before its end");
    }
    return in[at] & 0xff;
  }

  private int next() {
    int b = peek();
    at++;
    return b;
  }

  /** The argument of a head byte; {@link #INDEFINITE} for an open length. */
  private long argument(int head) {
    int info = head & 0x1f;
    if (info < 24) {
      return info;
    }
    if (info == 31) {
      return INDEFINITE;
    }
    if (info > 27) {
      throw bad("a reserved length");
    }
    int bytes = 1 << (info - 24);
    if (in.length - at < bytes) {
      throw bad("it ends before its end");
    }
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value = (value << 8) | (in[at++] & 0xff);
    }
    return value;
  }

  private long length(int head) {
    long length = argument(head);
    if (length == INDEFINITE && (head & 0x1f) == 31) {
      return INDEFINITE;
    }
    // Every item of a list or map takes a byte at least, so this bounds them too.
    if (length < 0 || length > in.length - at) {
      throw bad("a length beyond the end");
    }
    return length;
  }

  private boolean more(long length, long done) {
    if (length != INDEFINITE) {
      return done < length;
    }
    if (peek() == BREAK) {
      at++;
      return false;
    }
    return true;
  }

  private void enter() {
    if (++depth > MAX_DEPTH) {
      throw bad("it is nested too deeply");
    }
  }

  private void members(Shape shape, Object builder) {
    int head = next();
    if (head >> 5 != MAP) {
      throw bad("a map is expected");
    }
    enter();
    long length = length(head);
    for (long i = 0; more(length, i); i++) {
      Member member = shape.member(text(next()));
      if (member == null) {
        skip();
        continue;
      }
      Object value = value(member);
      if (value != null) {
        member.set(builder, value);
      }
    }
    depth--;
  }

  private @Nullable Object value(Member member) {
    int head = peek();
    if (head == 0xf6 || head == 0xf7) { // null, undefined
      at++;
      return null;
    }
    int major = head >> 5;
    if (member.kind == Kind.STRUCTURE) {
      if (major != MAP) {
        throw mismatch(member, major);
      }
      Shape shape = member.shape();
      Object builder = shape.newBuilder();
      members(shape, builder);
      return shape.build(builder);
    }
    at++;
    switch (member.kind) {
      case STRING -> {
        if (major != TEXT) {
          throw mismatch(member, major);
        }
        return text(head);
      }
      case BLOB -> {
        if (major != BYTES) {
          throw mismatch(member, major);
        }
        return SdkBytes.fromByteArrayUnsafe(bytes(head));
      }
      case BOOLEAN -> {
        return switch (head) {
          case 0xf4 -> false;
          case 0xf5 -> true;
          default -> throw mismatch(member, major);
        };
      }
      case BYTE -> {
        return (byte) integer(member, head, Byte.MIN_VALUE, Byte.MAX_VALUE);
      }
      case SHORT -> {
        return (short) integer(member, head, Short.MIN_VALUE, Short.MAX_VALUE);
      }
      case INTEGER -> {
        return (int) integer(member, head, Integer.MIN_VALUE, Integer.MAX_VALUE);
      }
      case LONG -> {
        return integer(member, head, Long.MIN_VALUE, Long.MAX_VALUE);
      }
      case FLOAT -> {
        return (float) real(member, head);
      }
      case DOUBLE -> {
        return real(member, head);
      }
      case BIG_DECIMAL -> {
        return decimal(member, head);
      }
      case TIMESTAMP -> {
        return timestamp(member, head);
      }
      case LIST -> {
        if (major != ARRAY) {
          throw mismatch(member, major);
        }
        enter();
        long length = length(head);
        List<@Nullable Object> list = new ArrayList<>();
        for (long i = 0; more(length, i); i++) {
          Object value = value(member.element());
          if (value == null && !member.sparse) {
            throw WireException.serialization(member.wireName + " must not hold null.");
          }
          list.add(value);
        }
        depth--;
        return list;
      }
      case MAP -> {
        if (major != MAP) {
          throw mismatch(member, major);
        }
        enter();
        long length = length(head);
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (long i = 0; more(length, i); i++) {
          String key = text(next());
          Object value = value(member.element());
          if (value == null && !member.sparse) {
            throw WireException.serialization(member.wireName + " must not hold null.");
          }
          map.put(key, value);
        }
        depth--;
        return map;
      }
      case DOCUMENT -> throw WireException.serialization("Documents are not part of RPC v2 CBOR.");
      case STRUCTURE -> throw new IllegalStateException("read above");
    }
    throw new IllegalStateException("no such kind");
  }

  private byte[] bytes(int head) {
    long length = length(head);
    if (length != INDEFINITE) {
      at += (int) length;
      return Arrays.copyOfRange(in, at - (int) length, at);
    }
    ByteArrayOutputStream chunks = new ByteArrayOutputStream();
    while (peek() != BREAK) {
      int chunk = next();
      if (chunk >> 5 != head >> 5 || (chunk & 0x1f) == 31) {
        throw bad("a chunk of another kind");
      }
      chunks.writeBytes(bytes(chunk));
    }
    at++;
    return chunks.toByteArray();
  }

  private String text(int head) {
    if (head >> 5 != TEXT) {
      throw bad("text is expected");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(head))).toString();
    } catch (CharacterCodingException e) {
      throw bad("text that is not UTF-8");
    }
  }

  private long integer(Member member, int head, long min, long max) {
    int major = head >> 5;
    long value;
    if (major == UNSIGNED || major == NEGATIVE) {
      long argument = argument(head);
      if (argument < 0 || (head & 0x1f) == 31) {
        throw mismatch(member, major);
      }
      value = major == UNSIGNED ? argument : -1 - argument;
    } else {
      double real = real(member, head); // clients without integers send floats
      if (!(real >= min && real <= max) || real != Math.rint(real)) {
        throw mismatch(member, major);
      }
      value = (long) real;
    }
    if (value < min || value > max) {
      throw mismatch(member, major);
    }
    return value;
  }

  private double real(Member member, int head) {
    int major = head >> 5;
    if (major == UNSIGNED || major == NEGATIVE) {
      if ((head & 0x1f) == 31) {
        throw mismatch(member, major);
      }
      long argument = argument(head);
      double unsigned = argument >= 0 ? argument : (double) (argument >>> 1) * 2 + (argument & 1);
      return major == UNSIGNED ? unsigned : -1 - unsigned;
    }
    return switch (head) {
      case 0xf9 -> Float.float16ToFloat((short) argument(head));
      case 0xfa -> Float.intBitsToFloat((int) argument(head));
      case 0xfb -> Double.longBitsToDouble(argument(head));
      default -> throw mismatch(member, major);
    };
  }

  private static final int TAG_EPOCH = 1;
  private static final int TAG_POSITIVE_BIG = 2;
  private static final int TAG_NEGATIVE_BIG = 3;
  private static final int TAG_DECIMAL = 4;
  private static final int MAX_SCALE = 400;

  private BigDecimal decimal(Member member, int head) {
    int major = head >> 5;
    if (major == TAG) {
      long tag = argument(head);
      if (tag == TAG_POSITIVE_BIG || tag == TAG_NEGATIVE_BIG) {
        byte[] magnitude = bytes(bytesHead(member));
        if (magnitude.length > MAX_SCALE) {
          throw bad("a number that is too long");
        }
        BigInteger value = new BigInteger(1, magnitude);
        return new BigDecimal(tag == TAG_POSITIVE_BIG ? value : value.not());
      }
      if (tag == TAG_DECIMAL && next() == (ARRAY << 5 | 2)) {
        long exponent = integer(member, next(), -MAX_SCALE, MAX_SCALE);
        BigDecimal mantissa = decimal(member, next());
        return mantissa.movePointRight((int) exponent);
      }
      throw mismatch(member, major);
    }
    if (major == UNSIGNED || major == NEGATIVE) {
      return BigDecimal.valueOf(integer(member, head, Long.MIN_VALUE, Long.MAX_VALUE));
    }
    double real = real(member, head);
    if (Double.isNaN(real) || Double.isInfinite(real)) {
      throw mismatch(member, major);
    }
    return BigDecimal.valueOf(real);
  }

  private int bytesHead(Member member) {
    int head = next();
    if (head >> 5 != BYTES) {
      throw mismatch(member, head >> 5);
    }
    return head;
  }

  private Instant timestamp(Member member, int head) {
    int value = head;
    if (head >> 5 == TAG) {
      if (argument(head) != TAG_EPOCH) {
        throw mismatch(member, TAG);
      }
      value = next();
    }
    double seconds = real(member, value);
    if (!(Math.abs(seconds) <= Instant.MAX.getEpochSecond())) {
      throw mismatch(member, value >> 5);
    }
    double floor = Math.floor(seconds);
    try {
      // A double has about a microsecond at today's dates; AWS keeps milliseconds.
      return Instant.ofEpochSecond((long) floor, Math.round((seconds - floor) * 1000) * 1_000_000);
    } catch (DateTimeException e) {
      throw mismatch(member, value >> 5);
    }
  }

  /** One item of whatever kind. */
  private void skip() {
    enter();
    int head = next();
    switch (head >> 5) {
      case UNSIGNED, NEGATIVE -> {
        if (argument(head) == INDEFINITE && (head & 0x1f) == 31) {
          throw bad("an integer without a length");
        }
      }
      case BYTES, TEXT -> bytes(head);
      case ARRAY -> {
        long length = length(head);
        for (long i = 0; more(length, i); i++) {
          skip();
        }
      }
      case MAP -> {
        long length = length(head);
        for (long i = 0; more(length, i); i++) {
          skip();
          skip();
        }
      }
      case TAG -> {
        argument(head);
        skip();
      }
      default -> {
        if (head == BREAK) {
          throw bad("a break where no list is open");
        }
        argument(head);
      }
    }
    depth--;
  }
}
