package gantry.services.iam.policy;

import java.math.BigDecimal;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The comparisons that a Condition may name. {@code negated} ones hold when their positive twin
 * does not, which is also what makes them true for a key that the request lacks. A value that
 * cannot be read as the operator's type matches nothing.
 */
enum ConditionOperator {
  STRING_EQUALS("StringEquals", false),
  STRING_NOT_EQUALS("StringNotEquals", true),
  STRING_EQUALS_IGNORE_CASE("StringEqualsIgnoreCase", false),
  STRING_NOT_EQUALS_IGNORE_CASE("StringNotEqualsIgnoreCase", true),
  STRING_LIKE("StringLike", false),
  STRING_NOT_LIKE("StringNotLike", true),
  NUMERIC_EQUALS("NumericEquals", false),
  NUMERIC_NOT_EQUALS("NumericNotEquals", true),
  NUMERIC_LESS_THAN("NumericLessThan", false),
  NUMERIC_LESS_THAN_EQUALS("NumericLessThanEquals", false),
  NUMERIC_GREATER_THAN("NumericGreaterThan", false),
  NUMERIC_GREATER_THAN_EQUALS("NumericGreaterThanEquals", false),
  DATE_EQUALS("DateEquals", false),
  DATE_NOT_EQUALS("DateNotEquals", true),
  DATE_LESS_THAN("DateLessThan", false),
  DATE_LESS_THAN_EQUALS("DateLessThanEquals", false),
  DATE_GREATER_THAN("DateGreaterThan", false),
  DATE_GREATER_THAN_EQUALS("DateGreaterThanEquals", false),
  BOOL("Bool", false),
  BINARY_EQUALS("BinaryEquals", false),
  IP_ADDRESS("IpAddress", false),
  NOT_IP_ADDRESS("NotIpAddress", true),
  ARN_EQUALS("ArnEquals", false),
  ARN_NOT_EQUALS("ArnNotEquals", true),
  ARN_LIKE("ArnLike", false),
  ARN_NOT_LIKE("ArnNotLike", true),
  NULL("Null", false);

  private static final Map<String, ConditionOperator> BY_NAME = new TreeMap<>();

  static {
    for (ConditionOperator operator : values()) {
      BY_NAME.put(operator.name.toLowerCase(Locale.ROOT), operator);
    }
  }

  private final String name;
  private final boolean negated;

  ConditionOperator(String name, boolean negated) {
    this.name = name;
    this.negated = negated;
  }

  static @Nullable ConditionOperator named(String name) {
    return BY_NAME.get(name.toLowerCase(Locale.ROOT));
  }

  boolean negated() {
    return negated;
  }

  boolean takesVariables() {
    return switch (this) {
      case STRING_EQUALS,
          STRING_NOT_EQUALS,
          STRING_EQUALS_IGNORE_CASE,
          STRING_NOT_EQUALS_IGNORE_CASE,
          STRING_LIKE,
          STRING_NOT_LIKE,
          ARN_EQUALS,
          ARN_NOT_EQUALS,
          ARN_LIKE,
          ARN_NOT_LIKE,
          BOOL ->
          true;
      default -> false;
    };
  }

  boolean isDate() {
    return name.startsWith("Date");
  }

  /**
   * A value of the policy, ready to be held against values of requests. For a negated operator: its
   * positive twin's.
   */
  interface Value {
    boolean matches(String requested, Context context);
  }

  Value compile(String text, boolean variables) {
    return switch (this) {
      case STRING_EQUALS, STRING_NOT_EQUALS -> Pattern.exact(text, variables, false)::matches;
      case STRING_EQUALS_IGNORE_CASE, STRING_NOT_EQUALS_IGNORE_CASE, BOOL ->
          Pattern.exact(text, variables, true)::matches;
      case STRING_LIKE, STRING_NOT_LIKE -> Pattern.glob(text, variables)::matches;
      case ARN_EQUALS, ARN_NOT_EQUALS, ARN_LIKE, ARN_NOT_LIKE ->
          Pattern.glob(text, variables)::matchesArn;
      case NUMERIC_EQUALS, NUMERIC_NOT_EQUALS -> numeric(text, order -> order == 0);
      case NUMERIC_LESS_THAN -> numeric(text, order -> order < 0);
      case NUMERIC_LESS_THAN_EQUALS -> numeric(text, order -> order <= 0);
      case NUMERIC_GREATER_THAN -> numeric(text, order -> order > 0);
      case NUMERIC_GREATER_THAN_EQUALS -> numeric(text, order -> order >= 0);
      case DATE_EQUALS, DATE_NOT_EQUALS -> date(text, order -> order == 0);
      case DATE_LESS_THAN -> date(text, order -> order < 0);
      case DATE_LESS_THAN_EQUALS -> date(text, order -> order <= 0);
      case DATE_GREATER_THAN -> date(text, order -> order > 0);
      case DATE_GREATER_THAN_EQUALS -> date(text, order -> order >= 0);
      case BINARY_EQUALS -> binary(text);
      case IP_ADDRESS, NOT_IP_ADDRESS -> address(text);
      case NULL -> throw new IllegalStateException("Null asks for presence, not for a value");
    };
  }

  private interface Order {
    boolean holds(int order);
  }

  private static Value numeric(String text, Order order) {
    BigDecimal wanted = number(text);
    return (requested, context) -> {
      BigDecimal given = number(requested);
      return wanted != null && given != null && order.holds(given.compareTo(wanted));
    };
  }

  private static @Nullable BigDecimal number(String text) {
    // Longer "numbers" are an attack on arithmetic, not numbers that a policy means.
    if (text.length() > 64) {
      return null;
    }
    try {
      return new BigDecimal(text.strip());
    } catch (NumberFormatException notANumber) {
      return null;
    }
  }

  private static Value date(String text, Order order) {
    Instant wanted = instant(text);
    return (requested, context) -> {
      Instant given = instant(requested);
      return wanted != null && given != null && order.holds(given.compareTo(wanted));
    };
  }

  /** ISO 8601 with or without a time, or seconds since 1970. */
  static @Nullable Instant instant(String text) {
    try {
      if (text.length() == 10 && text.charAt(4) == '-') {
        return LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
      }
      if (text.indexOf('T') > 0) {
        return OffsetDateTime.parse(text).toInstant();
      }
      BigDecimal seconds = number(text);
      return seconds == null ? null : Instant.ofEpochSecond(seconds.longValue());
    } catch (DateTimeException notADate) {
      return null;
    }
  }

  private static Value binary(String text) {
    byte[] wanted = base64(text);
    return (requested, context) -> {
      byte[] given = base64(requested);
      return wanted != null && given != null && Arrays.equals(wanted, given);
    };
  }

  private static byte @Nullable [] base64(String text) {
    try {
      return Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException notBase64) {
      return null;
    }
  }

  private static Value address(String text) {
    int slash = text.indexOf('/');
    byte[] wanted = literalAddress(slash < 0 ? text : text.substring(0, slash));
    BigDecimal given = slash < 0 ? null : number(text.substring(slash + 1));
    int bits =
        wanted == null ? 0 : slash < 0 || given == null ? wanted.length * 8 : given.intValue();
    return (requested, context) -> {
      byte[] address = literalAddress(requested);
      return wanted != null
          && address != null
          && address.length == wanted.length
          && samePrefix(wanted, address, bits);
    };
  }

  private static boolean samePrefix(byte[] one, byte[] other, int bits) {
    for (int bit = 0; bit < Math.min(bits, one.length * 8); bit++) {
      int mask = 0x80 >>> (bit % 8);
      if ((one[bit / 8] & mask) != (other[bit / 8] & mask)) {
        return false;
      }
    }
    return true;
  }

  /** An address in digits; never a name, which would ask DNS. */
  private static byte @Nullable [] literalAddress(String text) {
    boolean v6 = text.indexOf(':') >= 0;
    if (text.isEmpty() || !text.chars().allMatch(c -> "0123456789abcdefABCDEF:.".indexOf(c) >= 0)) {
      return null;
    }
    if (!v6 && text.chars().anyMatch(Character::isLetter)) {
      return null;
    }
    try {
      InetAddress address = InetAddress.ofLiteral(text);
      return v6 && !(address instanceof Inet6Address) ? null : address.getAddress();
    } catch (IllegalArgumentException notAnAddress) {
      return null;
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
