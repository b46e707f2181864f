package gantry.services.iam.policy;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A text of a policy against which a text of a request is held: literal characters, the wildcards
 * {@code *} and {@code ?}, and policy variables {@code ${key}} or {@code ${key, 'default'}}.
 * Compiled once; a pattern without variables costs a comparison of characters and no allocation.
 *
 * <p>What a variable stands for is always literal: a tag whose value is {@code *} matches a star
 * only.
 */
final class Pattern {

  private static final int ANY_RUN = -1;
  private static final int ANY_ONE = -2;

  /** One piece: characters (wildcards as negative numbers), or a variable. */
  private sealed interface Piece {
    /** Null where it stands for nothing. */
    int @Nullable [] tokens(Context context, boolean foldCase);

    // An array, since it is walked for every decision; it never leaves this class.
    @SuppressWarnings("ArrayRecordComponent")
    record Text(int[] tokens) implements Piece {
      @Override
      public int[] tokens(Context context, boolean foldCase) {
        return tokens;
      }
    }

    record Variable(String lowerCaseKey, @Nullable String fallback) implements Piece {
      @Override
      public int @Nullable [] tokens(Context context, boolean foldCase) {
        List<String> values = context.values(lowerCaseKey);
        // Only a key with one value can stand in a text.
        String value = values != null && values.size() == 1 ? values.getFirst() : fallback;
        return value == null
            ? null
            : (foldCase ? value.toLowerCase(Locale.ROOT) : value).chars().toArray();
      }
    }
  }

  private final String source;
  private final boolean foldCase;
  private final List<Piece> pieces;

  /** The tokens, where there is no variable. */
  private final int @Nullable [] fixed;

  private Pattern(String source, boolean foldCase, List<Piece> pieces) {
    this.source = source;
    this.foldCase = foldCase;
    this.pieces = pieces;
    this.fixed =
        pieces.stream().allMatch(Piece.Text.class::isInstance)
            ? expand(pieces, Context.empty(), foldCase)
            : null;
  }

  /** Wildcards count, letters count as they are. */
  static Pattern glob(String text, boolean variables) {
    return compile(text, true, variables, false);
  }

  /** Wildcards count, upper and lower case do not: actions. */
  static Pattern globIgnoringCase(String text) {
    return compile(text, true, false, true);
  }

  /** No wildcards: a star is a star. */
  static Pattern exact(String text, boolean variables, boolean ignoreCase) {
    return compile(text, false, variables, ignoreCase);
  }

  private static Pattern compile(
      String text, boolean wildcards, boolean variables, boolean foldCase) {
    var pieces = new java.util.ArrayList<Piece>();
    var run = new int[text.length()];
    int length = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int end = variables && c == '$' && text.startsWith("${", i) ? text.indexOf('}', i) : -1;
      if (end > 0) {
        String body = text.substring(i + 2, end);
        if (body.length() == 1 && "*?$".contains(body)) {
          run[length++] = body.charAt(0);
        } else {
          if (length > 0) {
            pieces.add(new Piece.Text(Arrays.copyOf(run, length)));
            length = 0;
          }
          pieces.add(variable(body));
        }
        i = end;
      } else if (wildcards && c == '*') {
        run[length++] = ANY_RUN;
      } else if (wildcards && c == '?') {
        run[length++] = ANY_ONE;
      } else {
        run[length++] = foldCase ? Character.toLowerCase(c) : c;
      }
    }
    if (length > 0) {
      pieces.add(new Piece.Text(Arrays.copyOf(run, length)));
    }
    return new Pattern(text, foldCase, List.copyOf(pieces));
  }

  private static Piece.Variable variable(String body) {
    int comma = body.indexOf(',');
    if (comma < 0) {
      return new Piece.Variable(body.strip().toLowerCase(Locale.ROOT), null);
    }
    String fallback = body.substring(comma + 1).strip();
    if (fallback.length() >= 2 && fallback.startsWith("'") && fallback.endsWith("'")) {
      fallback = fallback.substring(1, fallback.length() - 1);
    }
    return new Piece.Variable(body.substring(0, comma).strip().toLowerCase(Locale.ROOT), fallback);
  }

  /** A variable that the request does not have makes the whole pattern match nothing. */
  boolean matches(String text, Context context) {
    int[] tokens = tokens(context);
    return tokens != null && matches(tokens, 0, tokens.length, text, 0, text.length(), foldCase);
  }

  /**
   * ARN comparison: the six colon-separated parts are matched one by one, so a star stays inside
   * its part.
   */
  boolean matchesArn(String arn, Context context) {
    int[] tokens = tokens(context);
    if (tokens == null) {
      return false;
    }
    int patternAt = 0;
    int textAt = 0;
    for (int part = 1; part < 6; part++) {
      int patternEnd = indexOf(tokens, ':', patternAt);
      int textEnd = arn.indexOf(':', textAt);
      if (patternEnd < 0 || textEnd < 0) {
        // A lone star stands for any ARN; otherwise both must have as many parts.
        return part == 1 && tokens.length == 1 && tokens[0] == ANY_RUN;
      }
      if (!matches(tokens, patternAt, patternEnd, arn, textAt, textEnd, false)) {
        return false;
      }
      patternAt = patternEnd + 1;
      textAt = textEnd + 1;
    }
    return matches(tokens, patternAt, tokens.length, arn, textAt, arn.length(), false);
  }

  boolean isEverything() {
    return fixed != null && fixed.length == 1 && fixed[0] == ANY_RUN;
  }

  private int @Nullable [] tokens(Context context) {
    return fixed != null ? fixed : expand(pieces, context, foldCase);
  }

  private static int @Nullable [] expand(List<Piece> pieces, Context context, boolean foldCase) {
    int[] all = new int[0];
    for (Piece piece : pieces) {
      int[] more = piece.tokens(context, foldCase);
      if (more == null) {
        return null;
      }
      int[] longer = Arrays.copyOf(all, all.length + more.length);
      System.arraycopy(more, 0, longer, all.length, more.length);
      all = longer;
    }
    return all;
  }

  private static int indexOf(int[] tokens, int token, int from) {
    for (int i = from; i < tokens.length; i++) {
      if (tokens[i] == token) {
        return i;
      }
    }
    return -1;
  }

  /**
   * Greedy with one point to come back to, so the cost is at most the product of the lengths and
   * never exponential.
   */
  private static boolean matches(
      int[] pattern,
      int patternFrom,
      int patternTo,
      String text,
      int textFrom,
      int textTo,
      boolean foldCase) {
    int p = patternFrom;
    int t = textFrom;
    int starAt = -1;
    int starText = -1;
    while (t < textTo) {
      int token = p < patternTo ? pattern[p] : 0;
      char c = text.charAt(t);
      if (p < patternTo
          && (token == ANY_ONE || token == (foldCase ? Character.toLowerCase(c) : c))) {
        p++;
        t++;
      } else if (p < patternTo && token == ANY_RUN) {
        starAt = p++;
        starText = t;
      } else if (starAt >= 0) {
        p = starAt + 1;
        t = ++starText;
      } else {
        return false;
      }
    }
    while (p < patternTo && pattern[p] == ANY_RUN) {
      p++;
    }
    return p == patternTo;
  }

  @Override
  public String toString() {
    return source;
  }
}
