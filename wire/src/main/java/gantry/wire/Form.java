package gantry.wire;

import java.util.List;
import java.util.Map;

/** The parameters of a Query request: the form in the body, or the query of a GET. */
public final class Form {
  private Form() {}

  public static boolean is(RequestHead head) {
    String type = head.header("content-type");
    return type != null && type.regionMatches(true, 0, "application/x-www-form-urlencoded", 0, 33);
  }

  public static Map<String, List<String>> of(RequestHead head, RequestBody body) {
    if (is(head) && !head.method().equals("GET")) {
      byte[] content = body.content(head);
      if (content.length > 0) {
        return Uris.parameters(Uris.utf8(content).strip());
      }
    }
    return Uris.parameters(head.query());
  }
}
