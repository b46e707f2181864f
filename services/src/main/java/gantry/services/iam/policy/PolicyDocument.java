package gantry.services.iam.policy;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A policy, parsed, checked and compiled. Parse once and keep: deciding costs microseconds, parsing
 * does not.
 */
public final class PolicyDocument {

  /** A policy variable; the escapes of {@code *}, {@code ?} and {@code $} have no name. */
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{\\s*([A-Za-z][^},\\s]*)");

  private final String text;
  private final String version;
  private final @Nullable String id;
  private final List<Statement> statements;

  PolicyDocument(String text, String version, @Nullable String id, List<Statement> statements) {
    this.text = text;
    this.version = version;
    this.id = id;
    this.statements = List.copyOf(statements);
  }

  public static PolicyDocument parse(String text, PolicyKind kind) throws MalformedPolicy {
    return new PolicyParser(text, kind).parse();
  }

  /** As it was submitted, white space and all. */
  public String text() {
    return text;
  }

  public String version() {
    return version;
  }

  public @Nullable String id() {
    return id;
  }

  public List<Statement> statements() {
    return statements;
  }

  /** The principals under AWS that the document names, for whoever checks that they exist. */
  public Set<String> awsPrincipals() {
    var all = new TreeSet<String>();
    for (Statement statement : statements) {
      Principals principals = statement.principals();
      if (principals != null) {
        all.addAll(principals.aws());
      }
    }
    return all;
  }

  /** The condition keys that its decisions depend on, as it writes them. */
  public Set<String> contextKeys() {
    var all = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    for (Statement statement : statements) {
      statement.conditions().forEach(condition -> all.add(condition.name()));
    }
    VARIABLE.matcher(text).results().forEach(found -> all.add(found.group(1)));
    return all;
  }

  /** The length that quotas count: without white space. */
  public static int sizeWithoutWhiteSpace(String text) {
    return (int) text.chars().filter(c -> c != ' ' && c != '\t' && c != '\n' && c != '\r').count();
  }

  @Override
  public String toString() {
    return text;
  }
}
