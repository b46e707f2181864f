package gantry.wire;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Percent-encoding and forms, strictly: what is malformed is refused rather than guessed at. */
public final class Uris {
  /** More than any real call has, few enough to be read in a moment. */
  public static final int MAX_PARAMETERS = 20_000;

  private Uris() {}

  /** The path's parts between slashes; a trailing slash leaves an empty last part. */
  static List<String> segments(String path) {
    List<String> parts = new ArrayList<>();
    int start = path.startsWith("/") ? 1 : 0;
    if (start == path.length()) {
      return parts;
    }
    while (true) {
      int slash = path.indexOf('/', start);
      if (slash < 0) {
        parts.add(path.substring(start));
        return parts;
      }
      parts.add(path.substring(start, slash));
      start = slash + 1;
    }
  }

  public static String decodePath(String text) {
    return decode(text, false);
  }

  public static String decodeForm(String text) {
    return decode(text, true);
  }

  private static String decode(String text, boolean plusIsBlank) {
    if (text.indexOf('%') < 0 && !(plusIsBlank && text.indexOf('+') >= 0)) {
      return text;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < utf8.length; i++) {
      byte b = utf8[i];
      if (b == '%') {
        int high = i + 2 <= utf8.length - 1 ? Character.digit(utf8[i + 1], 16) : -1;
        int low = i + 2 <= utf8.length - 1 ? Character.digit(utf8[i + 2], 16) : -1;
        if (high < 0 || low < 0) {
          throw malformed();
        }
        bytes.write(high * 16 + low);
        i += 2;
      } else {
        bytes.write(b == '+' && plusIsBlank ? ' ' : b);
      }
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw malformed();
    }
  }

  private static WireException malformed() {
    return new WireException(
        "MalformedQueryString", 400, "The query string contains a syntax error.");
  }

  /** A raw query's or form's parameters in their order. */
  public static Map<String, List<String>> parameters(@Nullable String query) {
    Map<String, List<String>> found = new LinkedHashMap<>();
    if (query == null || query.isEmpty()) {
      return found;
    }
    int start = 0;
    int count = 0;
    while (start <= query.length()) {
      int end = query.indexOf('&', start);
      end = end < 0 ? query.length() : end;
      if (end > start) {
        if (++count > MAX_PARAMETERS) {
          throw new WireException(
              "MalformedQueryString",
              400,
              "There are more than " + MAX_PARAMETERS + " parameters.");
        }
        int equals = query.indexOf('=', start);
        equals = equals < 0 || equals > end ? end : equals;
        String value = equals == end ? "" : query.substring(equals + 1, end);
        found
            .computeIfAbsent(decodeForm(query.substring(start, equals)), k -> new ArrayList<>(1))
            .add(decodeForm(value));
      }
      start = end + 1;
    }
    return found;
  }

  /** Text of a body that has to be UTF-8. */
  static String utf8(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw malformed();
    }
  }
}
