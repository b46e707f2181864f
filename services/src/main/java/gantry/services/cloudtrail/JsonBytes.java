package gantry.services.cloudtrail;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/** JSON as bytes that grow while they are written; what is not ASCII is escaped. */
final class JsonBytes {

  private static final byte[] HEX = "0123456789abcdef".getBytes(ISO_8859_1);
  private static final int LONGEST_ESCAPE = 6;

  private byte[] bytes;
  private int size;

  JsonBytes(int capacity) {
    bytes = new byte[capacity];
  }

  int size() {
    return size;
  }

  void writeTo(OutputStream out) throws IOException {
    out.write(bytes, 0, size);
  }

  private void room(int more) {
    if (bytes.length - size < more) {
      bytes = Arrays.copyOf(bytes, Math.max(size + more, 2 * bytes.length));
    }
  }

  JsonBytes raw(char c) {
    room(1);
    bytes[size++] = (byte) c;
    return this;
  }

  /** What is JSON already, of ASCII only. */
  JsonBytes raw(String json) {
    room(json.length());
    for (int i = 0; i < json.length(); i++) {
      bytes[size + i] = (byte) json.charAt(i);
    }
    size += json.length();
    return this;
  }

  JsonBytes number(long value) {
    return raw(Long.toString(value));
  }

  JsonBytes text(String value) {
    int length = value.length();
    room(LONGEST_ESCAPE * length + 2);
    byte[] to = bytes;
    int at = size;
    to[at++] = '"';
    for (int i = 0; i < length; i++) {
      char c = value.charAt(i);
      if (c >= ' ' && c < 0x7f && c != '"' && c != '\\') {
        to[at++] = (byte) c;
      } else if (c == '"' || c == '\\') {
        to[at++] = '\\';
        to[at++] = (byte) c;
      } else {
        to[at++] = '\\';
        to[at++] = 'u';
        for (int shift = 12; shift >= 0; shift -= 4) {
          to[at++] = HEX[c >> shift & 15];
        }
      }
    }
    to[at++] = '"';
    size = at;
    return this;
  }
}
