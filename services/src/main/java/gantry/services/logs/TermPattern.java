package gantry.services.logs;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Terms: all of the plain ones and none of those with a minus; or any of those with a ?. */
record TermPattern(List<Term> all, List<Term> any, List<Term> none) implements FilterPattern {

  /**
   * @param literal null for a regular expression
   */
  record Term(@Nullable String literal, Predicate<String> test) {}

  static FilterPattern parse(PatternText in) {
    List<Term> all = new ArrayList<>();
    List<Term> any = new ArrayList<>();
    List<Term> none = new ArrayList<>();
    while (!in.atEnd()) {
      List<Term> into = all;
      if (in.peek() == '?') {
        in.next();
        into = any;
      } else if (in.peek() == '-') {
        in.next();
        into = none;
      }
      if (in.peek() == '"') {
        into.add(term(in.quoted()));
      } else if (in.peek() == '%') {
        into.add(new Term(null, in.regex().asPredicate()));
      } else {
        String word = in.bare("\"");
        if (word.isEmpty() || !word.chars().allMatch(TermPattern::plain)) {
          throw Errors.invalid("Invalid character(s) in term '" + word + "'");
        }
        into.add(term(word));
      }
    }
    return new TermPattern(List.copyOf(all), List.copyOf(any), List.copyOf(none));
  }

  private static boolean plain(int c) {
    return Character.isLetterOrDigit(c) || c == '_';
  }

  private static Term term(String literal) {
    // A blank in quotes means everything, as does nothing at all.
    return new Term(
        literal.isBlank() ? "" : literal,
        message -> literal.isBlank() || message.contains(literal));
  }

  @Override
  public boolean matches(String message) {
    if (none.stream().anyMatch(term -> term.test().test(message))) {
      return false;
    }
    if (all.isEmpty() && none.isEmpty()) {
      return any.stream().anyMatch(term -> term.test().test(message));
    }
    // Beside terms of the other kinds, those with a ? say nothing.
    return all.stream().allMatch(term -> term.test().test(message));
  }

  @Override
  public @Nullable String literal() {
    List<Term> needed = all.isEmpty() && none.isEmpty() && any.size() == 1 ? any : all;
    return needed.stream()
        .map(term -> term.literal() == null ? "" : term.literal())
        .filter(literal -> !literal.isEmpty())
        .max(Comparator.comparing(String::length))
        .orElse(null);
  }
}
