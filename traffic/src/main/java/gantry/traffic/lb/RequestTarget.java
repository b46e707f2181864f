package gantry.traffic.lb;

/** What a request line's target says: path and query, and in its absolute form the host. */
final class RequestTarget {

  private RequestTarget() {}

  /** Finds path and query; an absolute target's host takes the place of the Host header. */
  static boolean find(Head h) {
    byte[] b = h.bytes;
    int start = h.targetStart;
    int end = h.targetEnd;
    if (b[start] != '/') {
      if (end - start == 1 && b[start] == '*' && h.methodIs("OPTIONS")) {
        h.pathStart = start;
        h.pathEnd = h.queryStart = end;
        return hostGood(h);
      }
      int scheme = schemeEnd(b, start, end);
      if (scheme < 0) {
        HeadParser.refuse(h, 400, HeadParser.SEVERE, "BadUri");
        return false;
      }
      int authority = scheme;
      while (authority < end && b[authority] != '/' && b[authority] != '?') {
        authority++;
      }
      if (authority == scheme) {
        HeadParser.refuse(h, 400, HeadParser.SEVERE, "BadUri");
        return false;
      }
      if (authority < end && b[authority] == '?') {
        HeadParser.refuse(h, 400, HeadParser.SEVERE, "BadUri");
        return false;
      }
      h.addHeader(scheme, scheme, scheme, authority);
      h.host = h.count - 1;
      if (authority == end) {
        // No path means "/", and the last byte of "http://" is one.
        start = scheme - 1;
        end = scheme;
      } else {
        start = authority;
      }
      h.targetStart = start;
      h.targetEnd = end;
    }
    int query = start;
    while (query < end && b[query] != '?') {
      if (b[query] == '#') {
        HeadParser.refuse(h, 400, HeadParser.SEVERE, "BadUri");
        return false;
      }
      query++;
    }
    h.pathStart = start;
    h.pathEnd = query;
    h.queryStart = query < end ? query + 1 : end;
    for (int i = start; i < end; i++) {
      if (b[i] < 0) {
        HeadParser.desync(h, HeadParser.AMBIGUOUS, "AmbiguousUri");
        break;
      }
    }
    return hostGood(h);
  }

  private static boolean hostGood(Head h) {
    if (h.host < 0) {
      return true;
    }
    byte[] b = h.bytes;
    for (int i = h.valueStart(h.host); i < h.valueEnd(h.host); i++) {
      int c = b[i];
      boolean good =
          (c >= 'a' && c <= 'z')
              || (c >= 'A' && c <= 'Z')
              || (c >= '0' && c <= '9')
              || c == '.'
              || c == '-'
              || c == ':'
              || c == '_'
              || c == '['
              || c == ']'
              || c == '~'
              || c == '%';
      if (!good) {
        HeadParser.refuse(h, 400, HeadParser.SEVERE, "BadHeader");
        return false;
      }
    }
    return true;
  }

  private static int schemeEnd(byte[] b, int start, int end) {
    for (String scheme : new String[] {"http://", "https://"}) {
      int k = 0;
      while (k < scheme.length()
          && start + k < end
          && Head.lower(b[start + k]) == scheme.charAt(k)) {
        k++;
      }
      if (k == scheme.length()) {
        return start + k;
      }
    }
    return -1;
  }
}
