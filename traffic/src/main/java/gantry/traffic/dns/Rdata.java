package gantry.traffic.dns;

import java.io.ByteArrayOutputStream;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * The data of a record: from the text that zone files and Route 53 use to the bytes on the wire.
 * Names inside are written whole, since compression pointers may stand only in the types that old
 * resolvers know.
 */
public final class Rdata {

  private Rdata() {}

  /**
   * Reads one value.
   *
   * @throws IllegalArgumentException when the text is not a value of that type
   */
  public static byte[] toWire(RecordType type, String text) {
    Fields fields = new Fields(type, text);
    var out = new Writer();
    switch (type) {
      case A -> out.address(fields.next(), Inet4Address.class);
      case AAAA -> out.address(fields.next(), Inet6Address.class);
      case NS, CNAME, PTR -> out.name(fields.next());
      case MX -> {
        out.u16(fields.next());
        out.name(fields.next());
      }
      case SRV -> {
        out.u16(fields.next());
        out.u16(fields.next());
        out.u16(fields.next());
        out.name(fields.next());
      }
      case SOA -> {
        out.name(fields.next());
        out.name(fields.next());
        for (int i = 0; i < 5; i++) {
          out.u32(fields.next());
        }
      }
      case TXT, SPF -> {
        do {
          out.text(fields.next());
        } while (fields.more());
      }
      case CAA -> {
        out.u8(fields.next());
        out.text(fields.next());
        out.raw(fields.next());
      }
      case NAPTR -> {
        out.u16(fields.next());
        out.u16(fields.next());
        out.text(fields.next());
        out.text(fields.next());
        out.text(fields.next());
        out.name(fields.next());
      }
      case DS -> {
        out.u16(fields.next());
        out.u8(fields.next());
        out.u8(fields.next());
        out.hex(fields.rest());
      }
      case SSHFP -> {
        out.u8(fields.next());
        out.u8(fields.next());
        out.hex(fields.rest());
      }
      case TLSA -> {
        out.u8(fields.next());
        out.u8(fields.next());
        out.u8(fields.next());
        out.hex(fields.rest());
      }
      case SVCB, HTTPS -> {
        out.u16(fields.next());
        out.name(fields.next());
        while (fields.more()) {
          ServiceParameters.write(fields.next(), out);
        }
      }
    }
    if (fields.more()) {
      throw fields.wrong("has more fields than the type");
    }
    return out.toByteArray();
  }

  /** White-space separated fields, of which some are quoted. */
  private static final class Fields {
    private final RecordType type;
    private final String text;
    private final List<String> all = new ArrayList<>();
    private int at;

    Fields(RecordType type, String text) {
      this.type = type;
      this.text = text;
      int i = 0;
      while (i < text.length()) {
        char c = text.charAt(i);
        if (Character.isWhitespace(c)) {
          i++;
        } else if (c == '"') {
          i = quoted(i + 1);
        } else {
          int end = i;
          boolean inQuotes = false;
          while (end < text.length() && (inQuotes || !Character.isWhitespace(text.charAt(end)))) {
            inQuotes ^= text.charAt(end) == '"';
            end++;
          }
          all.add(text.substring(i, end));
          i = end;
        }
      }
    }

    private int quoted(int from) {
      var value = new StringBuilder();
      for (int i = from; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c == '"') {
          all.add(value.toString());
          return i + 1;
        }
        if (c == '\\' && i + 1 < text.length()) {
          char next = text.charAt(++i);
          boolean octal =
              i + 2 < text.length()
                  && next >= '0'
                  && next <= '7'
                  && Character.isDigit(text.charAt(i + 1));
          if (octal) {
            value.append((char) Integer.parseInt(text, i, i + 3, 8));
            i += 2;
          } else {
            value.append(next);
          }
        } else {
          value.append(c);
        }
      }
      throw wrong("has a quotation mark without its twin");
    }

    boolean more() {
      return at < all.size();
    }

    String next() {
      if (!more()) {
        throw wrong("has too few fields");
      }
      return all.get(at++);
    }

    String rest() {
      var rest = new StringBuilder(next());
      while (more()) {
        rest.append(next());
      }
      return rest.toString();
    }

    IllegalArgumentException wrong(String what) {
      return new IllegalArgumentException(type + " value '" + text + "' " + what);
    }
  }

  /** Bytes of one record's data. */
  static final class Writer extends ByteArrayOutputStream {
    void u8(String text) {
      write((int) number(text, 0xff));
    }

    void u16(String text) {
      u16((int) number(text, 0xffff));
    }

    void u16(int value) {
      write(value >> 8);
      write(value);
    }

    void u32(String text) {
      long value = number(text, 0xffff_ffffL);
      u16((int) (value >> 16));
      u16((int) value);
    }

    private static long number(String text, long max) {
      long value = Long.parseUnsignedLong(text);
      if (value < 0 || value > max) {
        throw new IllegalArgumentException(text + " is greater than " + max);
      }
      return value;
    }

    void name(String text) {
      writeBytes(Names.toWire(text));
    }

    /** Strings of more than 255 bytes are cut, as zone files' readers do. */
    void text(String text) {
      byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
      int from = 0;
      do {
        int length = Math.min(255, bytes.length - from);
        write(length);
        write(bytes, from, length);
        from += length;
      } while (from < bytes.length);
    }

    void raw(String text) {
      writeBytes(text.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    }

    void hex(String text) {
      writeBytes(HexFormat.of().parseHex(text.toLowerCase(Locale.ROOT)));
    }

    void address(String text, Class<? extends InetAddress> family) {
      // The short forms (10.1) and zones (fe80::1%eth0) that literals may have have no place here.
      boolean four = family == Inet4Address.class;
      boolean formed = four ? text.matches("\\d{1,3}(\\.\\d{1,3}){3}") : text.indexOf(':') >= 0;
      InetAddress address = formed && text.indexOf('%') < 0 ? InetAddress.ofLiteral(text) : null;
      byte[] bytes = address == null ? new byte[0] : address.getAddress();
      if (!four && bytes.length == 4) {
        // Java takes ::ffff:10.0.0.1 for an address of the other family.
        writeBytes(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1});
      } else if (bytes.length != (four ? 4 : 16)) {
        throw new IllegalArgumentException("'" + text + "' is not an address of that family");
      }
      writeBytes(bytes);
    }
  }
}
