package gantry.services;

import java.util.List;

/** One fact of an answer to "why", and the facts that it rests on. */
public record Reason(String text, List<Reason> because) {

  public static Reason of(String text, Reason... because) {
    return new Reason(text, List.of(because));
  }

  /** The tree, two blanks for each level. */
  public String print() {
    StringBuilder out = new StringBuilder();
    print(out, 0);
    return out.toString();
  }

  private void print(StringBuilder out, int depth) {
    out.repeat("  ", depth).append(text).append('\n');
    because.forEach(each -> each.print(out, depth + 1));
  }
}
