package gantry.app.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The headers of an answer. There are few, so they stand in a row and are looked at one by one; a
 * table of Netty's is made of them only where Netty writes them. Names are in lower case.
 */
final class AnswerHeaders {

  private static final int USUAL = 16;

  /** Names and values in turn. */
  private String[] fields = new String[USUAL];

  private int size;

  /** In place of all of that name. */
  void set(String name, String value) {
    String lower = name.toLowerCase(Locale.ROOT);
    remove(lower);
    append(lower, checked(name, value));
  }

  /** Beside others of that name. */
  void add(String name, String value) {
    append(name.toLowerCase(Locale.ROOT), checked(name, value));
  }

  private static String checked(String name, String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if ((c < ' ' && c != '\t') || c == 0x7f) {
        throw new IllegalArgumentException("a control character in the value of " + name);
      }
    }
    return value;
  }

  private void append(String name, String value) {
    if (size == fields.length) {
      fields = Arrays.copyOf(fields, 2 * size);
    }
    fields[size] = name;
    fields[size + 1] = value;
    size += 2;
  }

  private void remove(String name) {
    int kept = 0;
    for (int i = 0; i < size; i += 2) {
      if (!fields[i].equals(name)) {
        fields[kept] = fields[i];
        fields[kept + 1] = fields[i + 1];
        kept += 2;
      }
    }
    size = kept;
  }

  /** The first value; null when there is none. */
  @Nullable String get(String name) {
    for (int i = 0; i < size; i += 2) {
      if (fields[i].equals(name)) {
        return fields[i + 1];
      }
    }
    return null;
  }

  /** For what Netty's codecs write. */
  HttpHeaders forNetty() {
    HttpHeaders headers =
        DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
    for (int i = 0; i < size; i += 2) {
      headers.add(fields[i], fields[i + 1]);
    }
    return headers;
  }

  /** A whole answer of HTTP/1.1 in one piece, which the kernel takes faster than two. */
  ByteBuf answer(HttpResponseStatus status, byte[] body, ByteBufAllocator buffers) {
    StringBuilder text = new StringBuilder(256).append("HTTP/1.1 ").append(status.codeAsText());
    text.append(' ').append(status.reasonPhrase()).append("\r\n");
    for (int i = 0; i < size; i += 2) {
      text.append(fields[i]).append(": ").append(fields[i + 1]).append("\r\n");
    }
    // What is no character of ISO 8859-1 becomes a question mark, never two bytes of a line's end.
    byte[] head = text.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    return buffers.buffer(head.length + body.length).writeBytes(head).writeBytes(body);
  }
}
