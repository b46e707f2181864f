package gantry.traffic.lb;

import com.google.re2j.Pattern;
import java.nio.charset.StandardCharsets;

/**
 * A regular expression of a rule. It holds where it is found anywhere: who means the whole text
 * says so with {@code ^} and {@code $}, as AWS's examples do.
 */
final class Regex implements TextPattern {

  private final Pattern pattern;

  Regex(String text, boolean foldCase) {
    pattern = Pattern.compile(text, foldCase ? Pattern.CASE_INSENSITIVE : 0);
  }

  @Override
  public boolean matches(byte[] b, int start, int end) {
    return pattern.matcher(new String(b, start, end - start, StandardCharsets.ISO_8859_1)).find();
  }
}
