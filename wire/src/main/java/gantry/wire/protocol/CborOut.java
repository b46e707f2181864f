package gantry.wire.protocol;

import gantry.wire.schema.Member;
import gantry.wire.schema.SdkShapes;
import gantry.wire.schema.Shape;
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;

/** Writes shapes as CBOR. Structures have an open length: what is set is found while writing. */
final class CborOut {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream(512);

  static byte[] write(Shape shape, Object value) {
    CborOut cbor = new CborOut();
    cbor.structure(shape, value);
    return cbor.bytes();
  }

  byte[] bytes() {
    return out.toByteArray();
  }

  CborOut open() {
    out.write(0xbf);
    return this;
  }

  CborOut close() {
    out.write(0xff);
    return this;
  }

  CborOut text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    head(3, utf8.length);
    out.writeBytes(utf8);
    return this;
  }

  private void head(int major, long argument) {
    int top = major << 5;
    if (argument < 0) {
      throw new IllegalArgumentException("negative length");
    } else if (argument < 24) {
      out.write(top | (int) argument);
    } else if (argument < 1 << 8) {
      out.write(top | 24);
      fixed(argument, 1);
    } else if (argument < 1 << 16) {
      out.write(top | 25);
      fixed(argument, 2);
    } else if (argument < 1L << 32) {
      out.write(top | 26);
      fixed(argument, 4);
    } else {
      out.write(top | 27);
      fixed(argument, 8);
    }
  }

  private void fixed(long value, int bytes) {
    for (int i = bytes - 1; i >= 0; i--) {
      out.write((int) (value >>> (8 * i)));
    }
  }

  private void integer(long value) {
    if (value >= 0) {
      head(0, value);
    } else {
      head(1, -1 - value);
    }
  }

  private void real(double value) {
    out.write(0xfb);
    fixed(Double.doubleToLongBits(value), 8);
  }

  void structure(Shape shape, Object structure) {
    open();
    members(shape, structure);
    close();
  }

  void members(Shape shape, Object structure) {
    for (Member member : shape.bodyMembers) {
      Object value = member.get(structure);
      if (!SdkShapes.absent(value)) {
        text(member.wireName);
        value(member, value);
      }
    }
  }

  private void value(Member member, @Nullable Object value) {
    if (value == null) {
      out.write(0xf6);
      return;
    }
    switch (member.kind) {
      case STRING -> text((String) value);
      case BOOLEAN -> out.write((Boolean) value ? 0xf5 : 0xf4);
      case BYTE, SHORT, INTEGER, LONG -> integer(((Number) value).longValue());
      case FLOAT -> {
        out.write(0xfa);
        fixed(Float.floatToIntBits((Float) value), 4);
      }
      case DOUBLE -> real((Double) value);
      case BIG_DECIMAL -> decimal((BigDecimal) value);
      case TIMESTAMP -> {
        head(6, 1);
        long millis = ((Instant) value).toEpochMilli();
        if (millis % 1000 == 0) {
          integer(millis / 1000);
        } else {
          real(millis / 1000.0);
        }
      }
      case BLOB -> {
        byte[] bytes = ((SdkBytes) value).asByteArrayUnsafe();
        head(2, bytes.length);
        out.writeBytes(bytes);
      }
      case LIST -> {
        List<?> list = (List<?>) value;
        head(4, list.size());
        for (Object one : list) {
          value(member.element(), one);
        }
      }
      case MAP -> {
        Map<?, ?> map = (Map<?, ?>) value;
        head(5, map.size());
        map.forEach(
            (key, one) -> {
              text(key.toString());
              value(member.element(), one);
            });
      }
      case STRUCTURE -> structure(member.shape(), value);
      case DOCUMENT ->
          throw new IllegalStateException("documents are not part of RPC v2 CBOR: " + member);
    }
  }

  /** A decimal fraction: tag 4, the exponent, the digits as an integer or a big one. */
  private void decimal(BigDecimal value) {
    head(6, 4);
    head(4, 2);
    integer(-value.scale());
    BigInteger digits = value.unscaledValue();
    if (digits.bitLength() < 64) {
      integer(digits.longValue());
      return;
    }
    head(6, digits.signum() >= 0 ? 2 : 3);
    byte[] magnitude = (digits.signum() >= 0 ? digits : digits.not()).toByteArray();
    head(2, magnitude.length);
    out.writeBytes(magnitude);
  }
}
