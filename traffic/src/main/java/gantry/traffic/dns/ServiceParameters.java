package gantry.traffic.dns;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.util.Base64;
import java.util.List;

/** The {@code key=value} fields of SVCB and HTTPS records. */
final class ServiceParameters {

  private static final List<String> KEYS =
      List.of("mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint");

  private ServiceParameters() {}

  static void write(String field, Rdata.Writer out) {
    int equals = field.indexOf('=');
    String name = equals < 0 ? field : field.substring(0, equals);
    String value = equals < 0 ? "" : unquoted(field.substring(equals + 1));
    int key = key(name);
    var data = new Rdata.Writer();
    switch (name) {
      case "mandatory" -> {
        for (String other : value.split(",", -1)) {
          data.u16(key(other));
        }
      }
      case "alpn" -> {
        for (String protocol : value.split(",", -1)) {
          data.text(protocol);
        }
      }
      case "no-default-alpn" -> {}
      case "port" -> data.u16(value);
      case "ipv4hint" -> {
        for (String address : value.split(",", -1)) {
          data.address(address, Inet4Address.class);
        }
      }
      case "ipv6hint" -> {
        for (String address : value.split(",", -1)) {
          data.address(address, Inet6Address.class);
        }
      }
      case "ech" -> data.writeBytes(Base64.getDecoder().decode(value));
      default -> data.raw(value);
    }
    out.u16(key);
    out.u16(data.size());
    out.writeBytes(data.toByteArray());
  }

  private static int key(String name) {
    int known = KEYS.indexOf(name);
    if (known >= 0) {
      return known;
    }
    if (name.startsWith("key")) {
      return Integer.parseInt(name.substring(3));
    }
    throw new IllegalArgumentException("'" + name + "' is no service parameter");
  }

  private static String unquoted(String text) {
    return text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"")
        ? text.substring(1, text.length() - 1)
        : text;
  }
}
