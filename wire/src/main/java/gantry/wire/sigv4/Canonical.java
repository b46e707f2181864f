package gantry.wire.sigv4;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The one spelling of a request that both sides hash. What a client sent may be spelled otherwise
 * (lower-case escapes, unsorted parameters), so everything is decoded and encoded again.
 */
final class Canonical {

  static final String SIGNATURE_PARAMETER = "X-Amz-Signature";

  /** These sign their path as it is; everybody else normalises it and encodes it once more. */
  private static final Set<String> PATH_ONCE =
      Set.of("s3", "s3express", "s3-outposts", "s3-object-lambda");

  private static final char[] HEX = "0123456789ABCDEF".toCharArray();

  private Canonical() {}

  static boolean isS3(String service) {
    return PATH_ONCE.contains(service);
  }

  static String request(
      SignedMessage message, String service, List<String> signedHeaders, String payloadHash) {
    StringBuilder out = new StringBuilder(512);
    out.append(message.method()).append('\n');
    out.append(path(message.path(), isS3(service))).append('\n');
    out.append(query(message.query())).append('\n');
    for (String name : signedHeaders) {
      out.append(name).append(':').append(headerValue(message.headers(name))).append('\n');
    }
    out.append('\n').append(String.join(";", signedHeaders)).append('\n').append(payloadHash);
    return out.toString();
  }

  static String stringToSign(String timestamp, Credential credential, String canonicalRequest) {
    return "AWS4-HMAC-SHA256\n"
        + timestamp
        + "\n"
        + credential.scope()
        + "\n"
        + Hashes.sha256Hex(canonicalRequest);
  }

  static String path(String sent, boolean once) {
    if (sent.isEmpty()) {
      return "/";
    }
    return once ? encodedOnce(sent) : encode(withoutDots(sent), true);
  }

  /** Segment by segment, so that an escaped slash stays one. */
  private static String encodedOnce(String path) {
    return Arrays.stream(path.split("/", -1))
        .map(segment -> encode(decode(segment, false), false))
        .collect(Collectors.joining("/"));
  }

  private static String withoutDots(String path) {
    Deque<String> kept = new ArrayDeque<>();
    for (String segment : path.split("/", -1)) {
      switch (segment) {
        case "", "." -> {}
        case ".." -> kept.pollLast();
        default -> kept.addLast(segment);
      }
    }
    boolean folder = !kept.isEmpty() && (path.endsWith("/") || path.endsWith("/."));
    return kept.stream().collect(Collectors.joining("/", "/", folder ? "/" : ""));
  }

  static String query(String sent) {
    if (sent.isEmpty()) {
      return "";
    }
    record Parameter(String name, String value) implements Comparable<Parameter> {
      @Override
      public int compareTo(Parameter other) {
        int byName = name.compareTo(other.name);
        return byName != 0 ? byName : value.compareTo(other.value);
      }
    }
    List<Parameter> parameters = new ArrayList<>();
    for (String part : sent.split("&", -1)) {
      if (part.isEmpty()) {
        continue;
      }
      int equals = part.indexOf('=');
      String name = decode(equals < 0 ? part : part.substring(0, equals), true);
      String value = equals < 0 ? "" : decode(part.substring(equals + 1), true);
      if (!name.equals(SIGNATURE_PARAMETER)) {
        parameters.add(new Parameter(encode(name, false), encode(value, false)));
      }
    }
    Collections.sort(parameters);
    return parameters.stream().map(p -> p.name + "=" + p.value).collect(Collectors.joining("&"));
  }

  private static String headerValue(List<String> values) {
    if (values.size() == 1) {
      return collapsed(values.getFirst());
    }
    return values.stream().map(Canonical::collapsed).collect(Collectors.joining(","));
  }

  private static String collapsed(String value) {
    StringBuilder out = new StringBuilder(value.length());
    boolean blank = false;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == 0x0b) {
        blank = true;
      } else {
        if (blank && !out.isEmpty()) {
          out.append(' ');
        }
        blank = false;
        out.append(c);
      }
    }
    return out.toString();
  }

  /** RFC 3986's unreserved characters stay; everything else becomes upper-case escapes. */
  static String encode(String text, boolean keepSlash) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    for (byte b : text.getBytes(UTF_8)) {
      char c = (char) (b & 0xff);
      if ((c >= 'A' && c <= 'Z')
          || (c >= 'a' && c <= 'z')
          || (c >= '0' && c <= '9')
          || c == '-'
          || c == '_'
          || c == '.'
          || c == '~'
          || (keepSlash && c == '/')) {
        out.append(c);
      } else {
        out.append('%').append(HEX[c >> 4]).append(HEX[c & 15]);
      }
    }
    return out.toString();
  }

  /**
   * @throws SigV4Failure.Refused when an escape is not one
   */
  static String decode(String text, boolean plusIsBlank) {
    if (text.indexOf('%') < 0 && (!plusIsBlank || text.indexOf('+') < 0)) {
      return text;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream(text.length());
    byte[] sent = text.getBytes(UTF_8);
    for (int i = 0; i < sent.length; i++) {
      if (sent[i] == '%') {
        int high = i + 2 < sent.length ? Character.digit(sent[i + 1], 16) : -1;
        int low = i + 2 < sent.length ? Character.digit(sent[i + 2], 16) : -1;
        if (high < 0 || low < 0) {
          throw SigV4Failure.MALFORMED_QUERY.refused(
              "The query string contains a malformed escape sequence.");
        }
        out.write(high << 4 | low);
        i += 2;
      } else {
        out.write(plusIsBlank && sent[i] == '+' ? ' ' : sent[i]);
      }
    }
    return out.toString(UTF_8);
  }

  static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }
}
