package gantry.wire.protocol;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Writes XML text; escapes what has to be. */
final class XmlOut {
  private final StringBuilder out =
      new StringBuilder(1024).append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");

  XmlOut open(String name) {
    out.append('<').append(name).append('>');
    return this;
  }

  XmlOut open(String name, @Nullable String prefix, String namespace) {
    start(name);
    if (!namespace.isEmpty()) {
      namespace(prefix, namespace);
    }
    return end();
  }

  /** A start tag to which attributes are still added. */
  XmlOut start(String name) {
    out.append('<').append(name);
    return this;
  }

  XmlOut namespace(@Nullable String prefix, String uri) {
    return attribute(prefix == null || prefix.isEmpty() ? "xmlns" : "xmlns:" + prefix, uri);
  }

  XmlOut attribute(String name, String value) {
    out.append(' ').append(name).append("=\"");
    escape(value, true);
    out.append('"');
    return this;
  }

  XmlOut end() {
    out.append('>');
    return this;
  }

  XmlOut close(String name) {
    out.append("</").append(name).append('>');
    return this;
  }

  XmlOut text(String name, String value) {
    open(name);
    content(value);
    return close(name);
  }

  XmlOut content(String value) {
    escape(value, false);
    return this;
  }

  private void escape(String value, boolean attribute) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append(attribute ? "&quot;" : "\"");
        case '\r' -> out.append("&#xD;");
        case '\n' -> out.append(attribute ? "&#xA;" : "\n");
        case '\t' -> out.append(attribute ? "&#x9;" : "\t");
        case '\u0085' -> out.append("&#x85;");
        case '\u2028' -> out.append("&#x2028;");
        default -> {
          // XML 1.0 cannot say the other control characters at all, not even escaped.
          if (c < ' ' || c == '\uFFFE' || c == '\uFFFF') {
            out.append('\uFFFD');
          } else {
            out.append(c);
          }
        }
      }
    }
  }

  byte[] bytes() {
    return out.toString().getBytes(StandardCharsets.UTF_8);
  }
}
