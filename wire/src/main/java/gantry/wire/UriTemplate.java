package gantry.wire;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model's request URI such as {@code /{Bucket}/{Key+}?uploads}: matched against a raw path.
 *
 * @param needs query parameters ({@code q:}) and headers ({@code h:}) without which the operation
 *     is not meant: S3's operations of one path differ by them
 */
public record UriTemplate(
    String method, List<Segment> segments, Map<String, String> literalQuery, List<String> needs) {

  /** A literal, a label, or a greedy label, which takes slashes too. */
  public record Segment(String text, boolean label, boolean greedy) {}

  /** What the labels hold, decoded, and how well the template fits: the higher the better. */
  public record Match(Map<String, String> labels, int rank) {}

  public static UriTemplate parse(String method, String uri, List<String> needs) {
    int mark = uri.indexOf('?');
    String path = mark < 0 ? uri : uri.substring(0, mark);
    List<Segment> segments = new ArrayList<>();
    for (String part : Uris.segments(path)) {
      if (part.startsWith("{") && part.endsWith("}")) {
        boolean greedy = part.endsWith("+}");
        segments.add(
            new Segment(part.substring(1, part.length() - (greedy ? 2 : 1)), true, greedy));
      } else {
        segments.add(new Segment(part, false, false));
      }
    }
    Map<String, String> query = new LinkedHashMap<>();
    if (mark >= 0) {
      for (String pair : uri.substring(mark + 1).split("&", -1)) {
        int equals = pair.indexOf('=');
        query.put(
            equals < 0 ? pair : pair.substring(0, equals),
            equals < 0 ? "" : pair.substring(equals + 1));
      }
    }
    return new UriTemplate(method, List.copyOf(segments), Map.copyOf(query), needs);
  }

  /** Null if this is another operation's request. */
  public @Nullable Match match(
      RequestHead head, List<String> path, Map<String, List<String>> query) {
    if (!method.equals(head.method())) {
      return null;
    }
    Map<String, String> labels = new HashMap<>();
    int rank = 0;
    int at = 0;
    for (int i = 0; i < segments.size(); i++) {
      Segment segment = segments.get(i);
      int rest = segments.size() - i - 1;
      if (segment.greedy()) {
        int end = path.size() - rest;
        if (end <= at) {
          return null;
        }
        labels.put(segment.text(), Uris.decodePath(String.join("/", path.subList(at, end))));
        at = end;
      } else if (at >= path.size()) {
        return null;
      } else if (segment.label()) {
        if (path.get(at).isEmpty()) {
          return null;
        }
        labels.put(segment.text(), Uris.decodePath(path.get(at++)));
        rank += 1;
      } else if (segment.text().equals(path.get(at))) {
        at++;
        rank += 3;
      } else {
        return null;
      }
    }
    // One trailing slash more is the same resource: SDKs send /bucket/ and /bucket.
    if (at < path.size() && !(at == path.size() - 1 && path.get(at).isEmpty())) {
      return null;
    }
    for (Map.Entry<String, String> literal : literalQuery.entrySet()) {
      List<String> values = query.get(literal.getKey());
      if (values == null
          || (!literal.getValue().isEmpty() && !values.contains(literal.getValue()))) {
        return null;
      }
      rank += 100;
    }
    for (String need : needs) {
      String name = need.substring(2);
      boolean there = need.charAt(0) == 'q' ? query.containsKey(name) : head.header(name) != null;
      rank += there ? 100 : -1000;
    }
    return new Match(labels, rank);
  }
}
