package gantry.services.iam.policy;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.services.iam.policy.Decision.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The decisions of {@code decisions.txt}, which says how it is written. */
class DecisionTableTest {

  record Row(String block, int line, String text, AccessRequest request, Outcome expected) {
    @Override
    public String toString() {
      return block + " (line " + line + "): " + text;
    }
  }

  private static final class Block {
    String name = "";
    PrincipalInfo who = principal("user");
    final List<Policy> identity = new ArrayList<>();
    final List<List<Policy>> levels = new ArrayList<>();
    final List<Policy> resource = new ArrayList<>();
    final List<String> boundary = new ArrayList<>();
    final List<Policy> session = new ArrayList<>();
    boolean limited;
    boolean mustAllow;

    void add(String kind, String version, String statement) {
      switch (kind) {
        case "identity" ->
            identity.add(policy(Policy.Type.IDENTITY, PolicyKind.INLINE, version, statement));
        case "scp" ->
            levels.add(
                List.of(
                    policy(Policy.Type.SERVICE_CONTROL, PolicyKind.INLINE, version, statement)));
        case "session" -> {
          limited = true;
          session.add(policy(Policy.Type.SESSION, PolicyKind.INLINE, version, statement));
        }
        case "boundary" -> boundary.add(statement); // one document, however many statements
        case "resource" ->
            resource.add(policy(Policy.Type.RESOURCE, PolicyKind.RESOURCE, version, statement));
        case "trust" -> {
          mustAllow = true;
          resource.add(policy(Policy.Type.TRUST, PolicyKind.TRUST, version, statement));
        }
        default -> throw new IllegalArgumentException(kind);
      }
    }
  }

  private static PrincipalInfo principal(String word) {
    return switch (word) {
      case "user" ->
          PrincipalInfo.user("111122223333", "arn:aws:iam::111122223333:user/alice", "AIDAALICE");
      case "session" ->
          PrincipalInfo.roleSession(
              "111122223333",
              "arn:aws:sts::111122223333:assumed-role/api/0123",
              "arn:aws:iam::111122223333:role/api",
              "AROAAPI");
      case "root" -> PrincipalInfo.root("111122223333");
      case "other" ->
          PrincipalInfo.user("444455556666", "arn:aws:iam::444455556666:user/bob", "AIDABOB");
      case "service" -> PrincipalInfo.service("ecs-tasks.amazonaws.com");
      case "anonymous" ->
          new PrincipalInfo(PrincipalInfo.Kind.ANONYMOUS, "", "anonymous", "anonymous", null);
      default -> throw new IllegalArgumentException(word);
    };
  }

  private static Policy policy(
      Policy.Type type, PolicyKind kind, String version, String statements) {
    // A quote inside a variable stays what it is.
    String json =
        statements
            .replaceAll("(\\$\\{[^}]*?)'([^']*)'", "$1\u0000$2\u0000")
            .replace('\'', '"')
            .replace('\u0000', '\'');
    String text = "{\"Version\":\"" + version + "\",\"Statement\":[" + json + "]}";
    try {
      return new Policy("p", type, PolicyDocument.parse(text, kind));
    } catch (MalformedPolicy e) {
      throw new AssertionError(e.getMessage() + " at " + e.place() + " in " + text, e);
    }
  }

  static List<Row> rows() throws IOException {
    String text;
    try (InputStream in = DecisionTableTest.class.getResourceAsStream("decisions.txt")) {
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    List<Row> rows = new ArrayList<>();
    Block block = new Block();
    int number = 0;
    for (String line : text.split("\n", -1)) {
      number++;
      String[] words = line.split(" ", 4);
      switch (words[0]) {
        case "==" -> {
          block = new Block();
          block.name = line.substring(3);
        }
        case "who" -> block.who = principal(words[1]);
        case "policy" -> block.add(words[1], "2012-10-17", line.split(" ", 3)[2]);
        case "old" -> block.add(words[1], "2008-10-17", line.split(" ", 3)[2]);
        case "if" ->
            block.add(
                "identity",
                "2012-10-17",
                "{'Effect':'Allow','Action':'*','Resource':'*','Condition':{'%s':{'%s':%s}}}"
                    .formatted(words[1], words[2], words[3]));
        case "+", "-", "!" -> rows.add(row(block, number, line));
        default -> assertThat(line).matches("(#.*)?");
      }
    }
    return rows;
  }

  private static Row row(Block block, int number, String line) {
    String[] words = line.split(" ", -1);
    String action = words[1].equals(".") ? "s3:GetObject" : words[1];
    String resource = words[2].equals(".") ? "arn:aws:s3:::bucket/key" : words[2];
    Map<String, List<String>> keys = new HashMap<>();
    for (int i = 3; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      String value = words[i].substring(equals + 1);
      keys.put(
          words[i].substring(0, equals),
          value.isEmpty() ? List.of() : Arrays.asList(value.split("\\|", -1)));
    }
    AccessRequest request =
        AccessRequest.of(block.who, action, resource, Context.of(keys), block.identity)
            .withBoundary(
                block.boundary.isEmpty()
                    ? null
                    : policy(
                        Policy.Type.BOUNDARY,
                        PolicyKind.MANAGED,
                        "2012-10-17",
                        String.join(",", block.boundary)))
            .withSession(block.limited ? block.session : null)
            .withServiceControl(block.levels)
            .withResource("111122223333", block.resource, block.mustAllow);
    Outcome expected =
        switch (words[0]) {
          case "+" -> Outcome.ALLOWED;
          case "-" -> Outcome.IMPLICIT_DENY;
          default -> Outcome.EXPLICIT_DENY;
        };
    return new Row(block.name, number, line, request, expected);
  }

  @ParameterizedTest
  @MethodSource("rows")
  void decides(Row row) {
    assertThat(Evaluator.decide(row.request()).outcome()).isEqualTo(row.expected());
  }

  @Test
  void thereAreFourHundredAtLeast() throws IOException {
    assertThat(rows()).hasSizeGreaterThanOrEqualTo(400);
  }
}
