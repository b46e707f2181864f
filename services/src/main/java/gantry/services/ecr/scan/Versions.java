package gantry.services.ecr.scan;

import java.util.List;

/** Which of two package versions is the later one, as the distribution's own tools say. */
final class Versions {

  private Versions() {}

  static int compare(Installed.Kind kind, String a, String b) {
    return kind == Installed.Kind.APK ? compareApk(a, b) : compareDpkg(a, b);
  }

  // ---- dpkg: [epoch:]upstream[-revision]

  static int compareDpkg(String a, String b) {
    int byEpoch = compareNumbers(epoch(a), epoch(b));
    if (byEpoch != 0) {
      return byEpoch;
    }
    String restA = afterEpoch(a);
    String restB = afterEpoch(b);
    int byUpstream = comparePart(upstream(restA), upstream(restB));
    return byUpstream != 0 ? byUpstream : comparePart(revision(restA), revision(restB));
  }

  private static String epoch(String version) {
    int colon = version.indexOf(':');
    return colon < 0 ? "0" : version.substring(0, colon);
  }

  private static String afterEpoch(String version) {
    return version.substring(version.indexOf(':') + 1);
  }

  private static String upstream(String version) {
    int dash = version.lastIndexOf('-');
    return dash < 0 ? version : version.substring(0, dash);
  }

  private static String revision(String version) {
    int dash = version.lastIndexOf('-');
    return dash < 0 ? "" : version.substring(dash + 1);
  }

  /** Runs of other characters and runs of digits in turn; {@code ~} comes before everything. */
  private static int comparePart(String a, String b) {
    int i = 0;
    int j = 0;
    while (i < a.length() || j < b.length()) {
      while ((i < a.length() && !isDigit(a.charAt(i))) || (j < b.length() && !isDigit(b.charAt(j)))) {
        int x = i < a.length() ? order(a.charAt(i)) : 0;
        int y = j < b.length() ? order(b.charAt(j)) : 0;
        if (x != y) {
          return Integer.compare(x, y);
        }
        i++;
        j++;
      }
      int startA = i;
      int startB = j;
      while (i < a.length() && isDigit(a.charAt(i))) {
        i++;
      }
      while (j < b.length() && isDigit(b.charAt(j))) {
        j++;
      }
      int byNumber =
          compareNumbers(
              a.substring(Math.min(startA, a.length()), Math.min(i, a.length())),
              b.substring(Math.min(startB, b.length()), Math.min(j, b.length())));
      if (byNumber != 0) {
        return byNumber;
      }
    }
    return 0;
  }

  /** Of one character in a run without digits: the end and a digit count as nothing. */
  private static int order(char c) {
    if (isDigit(c)) {
      return 0;
    }
    if (c == '~') {
      return -1;
    }
    return Character.isLetter(c) ? c : c + 256;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** Digits of any length, with leading zeros or none at all. */
  private static int compareNumbers(String a, String b) {
    String x = stripZeros(a);
    String y = stripZeros(b);
    return x.length() != y.length()
        ? Integer.compare(x.length(), y.length())
        : Integer.signum(x.compareTo(y));
  }

  private static String stripZeros(String digits) {
    int i = 0;
    while (i < digits.length() && digits.charAt(i) == '0') {
      i++;
    }
    return digits.substring(i);
  }

  // ---- apk: digits{.digits}[letter]{_suffix[digits]}[~hash][-rN]

  private static final List<String> BEFORE = List.of("alpha", "beta", "pre", "rc");
  private static final List<String> AFTER = List.of("cvs", "svn", "git", "hg", "p");

  static int compareApk(String a, String b) {
    Apk x = new Apk(a);
    Apk y = new Apk(b);
    while (true) {
      Apk.Token s = x.next();
      Apk.Token t = y.next();
      if (s.kind != t.kind) {
        // Where one goes on and the other is of an earlier kind: the one that goes on is later,
        // unless it goes on with what comes before a release.
        if (s.kind == Apk.Kind.SUFFIX && BEFORE.contains(s.text)) {
          return -1;
        }
        if (t.kind == Apk.Kind.SUFFIX && BEFORE.contains(t.text)) {
          return 1;
        }
        return t.kind.compareTo(s.kind);
      }
      int byToken =
          switch (s.kind) {
            case FIRST, SUFFIX_NUMBER, REVISION -> compareNumbers(s.text, t.text);
            case DIGITS ->
                // After a dot, a leading zero makes it a fraction.
                s.text.startsWith("0") || t.text.startsWith("0")
                    ? Integer.signum(s.text.compareTo(t.text))
                    : compareNumbers(s.text, t.text);
            case LETTER, HASH -> Integer.signum(s.text.compareTo(t.text));
            case SUFFIX -> Integer.compare(rank(s.text), rank(t.text));
            case END -> 0;
          };
      if (byToken != 0 || s.kind == Apk.Kind.END) {
        return byToken;
      }
    }
  }

  private static int rank(String suffix) {
    int before = BEFORE.indexOf(suffix);
    return before >= 0 ? before - BEFORE.size() : AFTER.indexOf(suffix) + 1;
  }

  /** A version of Alpine, token by token. */
  private static final class Apk {

    /** In the order in which they may stand, so that more of a version is later. */
    enum Kind {
      FIRST,
      DIGITS,
      LETTER,
      SUFFIX,
      SUFFIX_NUMBER,
      HASH,
      REVISION,
      END
    }

    record Token(Kind kind, String text) {}

    private final String text;
    private int at;
    private Kind last = Kind.FIRST;
    private boolean begun;

    Apk(String text) {
      this.text = text;
    }

    Token next() {
      if (begun && at >= text.length()) {
        return new Token(Kind.END, "");
      }
      if (!begun) {
        begun = true;
        return token(Kind.FIRST, digits());
      }
      char c = text.charAt(at);
      if (c == '.') {
        at++;
        return token(Kind.DIGITS, digits());
      }
      if (c == '_') {
        at++;
        int start = at;
        while (at < text.length() && Character.isLetter(text.charAt(at))) {
          at++;
        }
        return token(Kind.SUFFIX, text.substring(start, at));
      }
      if (c == '~') {
        int end = text.indexOf("-r", at);
        String hash = text.substring(at + 1, end < 0 ? text.length() : end);
        at = end < 0 ? text.length() : end;
        return token(Kind.HASH, hash);
      }
      if (c == '-' && text.startsWith("-r", at)) {
        at += 2;
        return token(Kind.REVISION, digits());
      }
      if (isDigit(c) && last == Kind.SUFFIX) {
        return token(Kind.SUFFIX_NUMBER, digits());
      }
      if (Character.isLetter(c) && (last == Kind.FIRST || last == Kind.DIGITS)) {
        at++;
        return token(Kind.LETTER, String.valueOf(c));
      }
      // Not a version of Alpine: what is left counts as one piece.
      String rest = text.substring(at);
      at = text.length();
      return token(Kind.HASH, rest);
    }

    private Token token(Kind kind, String text) {
      last = kind;
      return new Token(kind, text);
    }

    private String digits() {
      int start = at;
      while (at < text.length() && isDigit(text.charAt(at))) {
        at++;
      }
      return text.substring(start, at);
    }
  }
}
