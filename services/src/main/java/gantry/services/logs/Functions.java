package gantry.services.logs;

import gantry.services.logs.Insights.Expression;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The functions of Insights over one row. */
final class Functions {

  private Functions() {}

  /** Null for a function, or a number of arguments, that is not there. */
  static @Nullable Expression of(String name, List<Expression> a) {
    return switch (name + "/" + Math.min(a.size(), 3)) {
      case "abs/1" -> number(a, Math::abs);
      case "ceil/1" -> number(a, Math::ceil);
      case "floor/1" -> number(a, Math::floor);
      case "sqrt/1" -> number(a, Math::sqrt);
      case "log/1" -> number(a, Math::log);
      case "greatest/1", "greatest/2", "greatest/3" -> extreme(a, 1);
      case "least/1", "least/2", "least/3" -> extreme(a, -1);
      case "ispresent/1" -> row -> a.getFirst().of(row) != null;
      case "isempty/1" -> row -> string(a.getFirst(), row).isEmpty();
      case "isblank/1" -> row -> string(a.getFirst(), row).isBlank();
      case "coalesce/1", "coalesce/2", "coalesce/3" ->
          row ->
              a.stream().map(one -> one.of(row)).filter(Objects::nonNull).findFirst().orElse(null);
      case "concat/1", "concat/2", "concat/3" ->
          row -> {
            StringBuilder all = new StringBuilder();
            a.forEach(one -> all.append(string(one, row)));
            return all.toString();
          };
      case "trim/1" -> text(a, String::strip);
      case "ltrim/1" -> text(a, String::stripLeading);
      case "rtrim/1" -> text(a, String::stripTrailing);
      case "trim/2" -> row -> trimmed(a, row, true, true);
      case "ltrim/2" -> row -> trimmed(a, row, true, false);
      case "rtrim/2" -> row -> trimmed(a, row, false, true);
      // Nothing is masked here: there are no data protection policies.
      case "unmask/1" -> a.getFirst();
      case "isvalidip/1" -> row -> Addresses.of(string(a.getFirst(), row)) != null;
      case "isvalidipv4/1" ->
          row -> Addresses.of(string(a.getFirst(), row)) instanceof Inet4Address;
      case "isvalidipv6/1" ->
          row -> Addresses.of(string(a.getFirst(), row)) instanceof Inet6Address;
      case "isipinsubnet/2" -> row -> inSubnet(a, row, InetAddress.class);
      case "isipv4insubnet/2" -> row -> inSubnet(a, row, Inet4Address.class);
      case "isipv6insubnet/2" -> row -> inSubnet(a, row, Inet6Address.class);
      case "toupper/1", "upper/1" -> text(a, one -> one.toUpperCase(Locale.ROOT));
      case "tolower/1", "lower/1" -> text(a, one -> one.toLowerCase(Locale.ROOT));
      case "strlen/1" -> row -> (double) string(a.getFirst(), row).length();
      case "strcontains/2" -> row -> string(a.getFirst(), row).contains(string(a.get(1), row));
      case "replace/3" ->
          a.size() > 3
              ? null
              : row ->
                  string(a.getFirst(), row).replace(string(a.get(1), row), string(a.get(2), row));
      case "substr/2", "substr/3" -> a.size() > 3 ? null : row -> substring(a, row);
      case "tomillis/1" -> number(a, millis -> millis);
      case "frommillis/1" ->
          row -> {
            Double millis = Insights.number(a.getFirst().of(row));
            return millis == null ? null : Instant.ofEpochMilli(millis.longValue());
          };
      default -> null;
    };
  }

  private static boolean inSubnet(
      List<Expression> arguments, Insights.Row row, Class<? extends InetAddress> family) {
    InetAddress address = Addresses.of(string(arguments.getFirst(), row));
    return family.isInstance(address)
        && address != null
        && Addresses.inSubnet(address, string(arguments.get(1), row));
  }

  /** Without the characters of the second argument at its ends. */
  private static String trimmed(
      List<Expression> arguments, Insights.Row row, boolean left, boolean right) {
    String whole = string(arguments.getFirst(), row);
    String characters = string(arguments.get(1), row);
    int from = 0;
    int to = whole.length();
    while (left && from < to && characters.indexOf(whole.charAt(from)) >= 0) {
      from++;
    }
    while (right && from < to && characters.indexOf(whole.charAt(to - 1)) >= 0) {
      to--;
    }
    return whole.substring(from, to);
  }

  private static Expression number(List<Expression> arguments, DoubleUnaryOperator operator) {
    return row -> {
      Double value = Insights.number(arguments.getFirst().of(row));
      return value == null ? null : (Object) operator.applyAsDouble(value);
    };
  }

  private static Expression text(List<Expression> arguments, UnaryOperator<String> operator) {
    return row -> {
      Object value = arguments.getFirst().of(row);
      return value == null ? null : operator.apply(Insights.text(value));
    };
  }

  private static String string(Expression argument, Insights.Row row) {
    Object value = argument.of(row);
    return value == null ? "" : Insights.text(value);
  }

  private static Expression extreme(List<Expression> arguments, int sign) {
    return row -> {
      Object best = null;
      for (Expression argument : arguments) {
        Object value = argument.of(row);
        if (value != null && (best == null || Insights.compare(value, best) * sign > 0)) {
          best = value;
        }
      }
      return best;
    };
  }

  private static @Nullable Object substring(List<Expression> arguments, Insights.Row row) {
    String whole = string(arguments.getFirst(), row);
    Double from = Insights.number(arguments.get(1).of(row));
    Double length = arguments.size() > 2 ? Insights.number(arguments.get(2).of(row)) : (Double) 1e9;
    if (from == null || length == null) {
      return null;
    }
    int start = (int) Math.clamp(from, 0, whole.length());
    int end = (int) Math.clamp(start + length, start, whole.length());
    return whole.substring(start, end);
  }
}
