package gantry.wire.protocol;

import gantry.wire.WireException;
import gantry.wire.schema.Kind;
import gantry.wire.schema.Member;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.util.Base64;
import java.util.Locale;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.traits.TimestampFormatTrait.Format;

/** Values as text: in queries, forms, headers, labels and XML. */
final class Scalars {
  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
          .withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter HTTP_DATE_IN =
      new DateTimeFormatterBuilder()
          .parseCaseInsensitive()
          .appendPattern("[EEE, ]d MMM yyyy HH:mm:ss")
          .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
          .appendPattern(" [zzz][xx]")
          .toFormatter(Locale.US);

  /** A number longer than this is an attack on the parser, not a number. */
  private static final int MAX_DIGITS = 400;

  private Scalars() {}

  static Object parse(Member member, String text, Format usual) {
    String plain = text.strip();
    try {
      return switch (member.kind) {
        case STRING -> text;
        case BOOLEAN ->
            switch (plain.toLowerCase(Locale.ROOT)) {
              case "true" -> true;
              case "false" -> false;
              default -> throw cannot(plain, "Boolean");
            };
        case BYTE -> Byte.valueOf(plain);
        case SHORT -> Short.valueOf(plain);
        case INTEGER -> Integer.valueOf(plain);
        case LONG -> Long.valueOf(plain);
        case FLOAT -> (float) number(plain);
        case DOUBLE -> number(plain);
        case BIG_DECIMAL -> decimal(plain);
        case TIMESTAMP ->
            timestamp(plain, member.timestampFormat == null ? usual : member.timestampFormat);
        case BLOB -> SdkBytes.fromByteArrayUnsafe(Base64.getMimeDecoder().decode(checked(plain)));
        case DOCUMENT, LIST, MAP, STRUCTURE ->
            throw new IllegalStateException(member + " is no scalar");
      };
    } catch (IllegalArgumentException e) {
      throw cannot(plain, typeName(member.kind));
    }
  }

  /** Base64 strictly, but for line ends, which XML may have. */
  private static String checked(String base64) {
    for (int i = 0; i < base64.length(); i++) {
      char c = base64.charAt(i);
      if (!((c >= 'A' && c <= 'Z')
          || (c >= 'a' && c <= 'z')
          || (c >= '0' && c <= '9')
          || c == '+'
          || c == '/'
          || c == '='
          || c == '\n'
          || c == '\r')) {
        throw new IllegalArgumentException("not base64");
      }
    }
    return base64;
  }

  private static double number(String text) {
    return switch (text) {
      case "NaN" -> Double.NaN;
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      default -> {
        char last = text.isEmpty() ? 'x' : text.charAt(text.length() - 1);
        if (text.length() > MAX_DIGITS || (last != '.' && !Character.isDigit(last))) {
          throw new NumberFormatException(text); // Java takes "1d" and hexadecimal; AWS does not
        }
        yield Double.parseDouble(text);
      }
    };
  }

  private static BigDecimal decimal(String text) {
    if (text.length() > MAX_DIGITS) {
      throw new NumberFormatException("too long");
    }
    return new BigDecimal(text);
  }

  static String typeName(Kind kind) {
    return switch (kind) {
      case STRING -> "String";
      case BOOLEAN -> "Boolean";
      case BYTE -> "Byte";
      case SHORT -> "Short";
      case INTEGER -> "Integer";
      case LONG -> "Long";
      case FLOAT -> "Float";
      case DOUBLE -> "Double";
      case BIG_DECIMAL -> "BigDecimal";
      case TIMESTAMP -> "Timestamp";
      case BLOB -> "Blob";
      case DOCUMENT -> "Document";
      case LIST -> "List";
      case MAP -> "Map";
      case STRUCTURE -> "Structure";
    };
  }

  private static WireException cannot(String text, String type) {
    String shown = text.length() > 100 ? text.substring(0, 100) + "..." : text;
    return WireException.serialization("'" + shown + "' cannot be converted to " + type);
  }

  static Instant timestamp(String text, Format format) {
    try {
      return switch (format) {
        case ISO_8601 ->
            text.length() > MAX_DIGITS
                ? fail(text)
                : OffsetDateTime.parse(text, DateTimeFormatter.ISO_OFFSET_DATE_TIME).toInstant();
        case RFC_822 ->
            text.length() > MAX_DIGITS ? fail(text) : HTTP_DATE_IN.parse(text, Scalars::instant);
        case UNIX_TIMESTAMP, UNIX_TIMESTAMP_MILLIS -> epochSeconds(decimal(text));
      };
    } catch (DateTimeException | NumberFormatException e) {
      throw cannot(text, "Timestamp");
    }
  }

  private static Instant fail(String text) {
    throw cannot(text, "Timestamp");
  }

  private static Instant instant(TemporalAccessor parsed) {
    LocalDateTime local = LocalDateTime.from(parsed);
    ZoneOffset offset = parsed.query(TemporalQueries.offset());
    return local.toInstant(offset == null ? ZoneOffset.UTC : offset);
  }

  private static final BigDecimal MAX_SECONDS = BigDecimal.valueOf(Instant.MAX.getEpochSecond());

  static Instant epochSeconds(BigDecimal seconds) {
    // Compared before it is expanded: 1e999999999 has few digits, but a billion of them written
    // out.
    if (seconds.abs().compareTo(MAX_SECONDS) > 0 || seconds.scale() > MAX_DIGITS) {
      throw cannot(seconds.toString(), "Timestamp");
    }
    BigDecimal floor = seconds.setScale(0, RoundingMode.FLOOR);
    long nanos =
        seconds.subtract(floor).movePointRight(9).setScale(0, RoundingMode.DOWN).longValue();
    try {
      return Instant.ofEpochSecond(floor.longValueExact(), nanos);
    } catch (DateTimeException e) {
      throw cannot(seconds.toString(), "Timestamp");
    }
  }

  static String format(Member member, Object value, Format usual) {
    return switch (member.kind) {
      case STRING -> (String) value;
      case TIMESTAMP ->
          format((Instant) value, member.timestampFormat == null ? usual : member.timestampFormat);
      case BLOB -> Base64.getEncoder().encodeToString(((SdkBytes) value).asByteArrayUnsafe());
      case FLOAT, DOUBLE -> number((Number) value);
      case BIG_DECIMAL -> ((BigDecimal) value).toPlainString();
      default -> value.toString();
    };
  }

  private static String number(Number value) {
    double d = value.doubleValue();
    if (Double.isInfinite(d)) {
      return d > 0 ? "Infinity" : "-Infinity";
    }
    return value.toString();
  }

  static String format(Instant value, Format format) {
    return switch (format) {
      case ISO_8601 -> value.truncatedTo(ChronoUnit.MILLIS).toString();
      case RFC_822 -> HTTP_DATE.format(value);
      case UNIX_TIMESTAMP, UNIX_TIMESTAMP_MILLIS -> unix(value);
    };
  }

  /** Seconds, with three decimals where there are milliseconds. */
  static String unix(Instant value) {
    long millis = value.toEpochMilli();
    return millis % 1000 == 0
        ? Long.toString(millis / 1000)
        : BigDecimal.valueOf(millis, 3).toPlainString();
  }
}
