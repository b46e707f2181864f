package gantry.services.secretsmanager;

import gantry.state.Ids;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.secretsmanager.model.GetRandomPasswordRequest;

/** Random passwords of the kinds of characters asked for. */
final class Passwords {

  private static final String LOWER = "abcdefghijklmnopqrstuvwxyz";
  private static final String UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  private static final String DIGITS = "0123456789";
  private static final String PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

  private Passwords() {}

  static String make(GetRandomPasswordRequest r, Ids ids) {
    long length = r.passwordLength() == null ? 32 : r.passwordLength();
    if (length < 1 || length > 4096) {
      throw SecretErrors.parameter("PasswordLength must be between 1 and 4096.");
    }
    String excluded = r.excludeCharacters() == null ? "" : r.excludeCharacters();
    List<String> kinds = new ArrayList<>();
    add(kinds, r.excludeLowercase(), LOWER, excluded);
    add(kinds, r.excludeUppercase(), UPPER, excluded);
    add(kinds, r.excludeNumbers(), DIGITS, excluded);
    add(kinds, r.excludePunctuation(), PUNCTUATION, excluded);
    if (Boolean.TRUE.equals(r.includeSpace())) {
      kinds.add(" ");
    }
    if (kinds.isEmpty()) {
      throw SecretErrors.parameter("There are no characters left to make a password of.");
    }
    String all = String.join("", kinds);
    List<Character> letters = new ArrayList<>();
    if (!Boolean.FALSE.equals(r.requireEachIncludedType())) {
      if (kinds.size() > length) {
        throw SecretErrors.parameter(
            "The password length is too short for each included type to be in it.");
      }
      kinds.forEach(kind -> letters.add(kind.charAt(ids.below(kind.length()))));
    }
    while (letters.size() < length) {
      letters.add(all.charAt(ids.below(all.length())));
    }
    // What was required must not stand in a known place.
    for (int i = letters.size() - 1; i > 0; i--) {
      int j = ids.below(i + 1);
      Character held = letters.get(i);
      letters.set(i, letters.get(j));
      letters.set(j, held);
    }
    StringBuilder text = new StringBuilder();
    letters.forEach(text::append);
    return text.toString();
  }

  private static void add(
      List<String> kinds, @Nullable Boolean excluded, String letters, String without) {
    if (Boolean.TRUE.equals(excluded)) {
      return;
    }
    StringBuilder left = new StringBuilder();
    letters.chars().filter(c -> without.indexOf(c) < 0).forEach(c -> left.append((char) c));
    if (!left.isEmpty()) {
      kinds.add(left.toString());
    }
  }
}
