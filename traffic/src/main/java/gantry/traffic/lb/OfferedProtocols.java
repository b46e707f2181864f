package gantry.traffic.lb;

import java.net.URLEncoder;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** What a client's TLS hello offers by ALPN, in the words of AWS's log: {@code "h2","http/1.1"}. */
final class OfferedProtocols {

  private static final int VERSION_AND_RANDOM = 34;
  private static final int ALPN = 16;

  private OfferedProtocols() {}

  /** Null where there is none. A hello that does not add up is refused by the handshake itself. */
  static @Nullable String in(ByteBuffer hello) {
    try {
      skip(hello, VERSION_AND_RANDOM);
      skip(hello, hello.get() & 0xff); // session
      skip(hello, hello.getShort() & 0xffff); // ciphers
      skip(hello, hello.get() & 0xff); // compressions
      hello.getShort();
      while (hello.remaining() >= 4) {
        int extension = hello.getShort() & 0xffff;
        int length = hello.getShort() & 0xffff;
        if (extension == ALPN) {
          return names(hello);
        }
        skip(hello, length);
      }
      return null;
    } catch (BufferUnderflowException e) {
      return null;
    }
  }

  private static String names(ByteBuffer hello) {
    int end = (hello.getShort() & 0xffff) + hello.position();
    StringJoiner names = new StringJoiner(",");
    while (hello.position() < end) {
      byte[] name = new byte[hello.get() & 0xff];
      hello.get(name);
      String text = new String(name, StandardCharsets.ISO_8859_1);
      names.add('"' + URLEncoder.encode(text, StandardCharsets.UTF_8).replace("%2F", "/") + '"');
    }
    return names.toString();
  }

  private static void skip(ByteBuffer hello, int length) {
    if (length > hello.remaining()) {
      throw new BufferUnderflowException();
    }
    hello.position(hello.position() + length);
  }
}
