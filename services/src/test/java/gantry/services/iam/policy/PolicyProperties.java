package gantry.services.iam.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What holds whatever the policies say. */
class PolicyProperties {

  private static final PrincipalInfo WHO =
      PrincipalInfo.user("111122223333", "arn:aws:iam::111122223333:user/alice", "AIDAALICE");

  record Question(String action, String resource, Map<String, List<String>> keys) {}

  @Provide
  Arbitrary<String> statements() {
    Arbitrary<String> actions =
        Arbitraries.of("*", "s3:*", "s3:Get*", "ecs:RunTask", "s3:GetObject", "ecs:*");
    Arbitrary<String> resources =
        Arbitraries.of(
            "*",
            "arn:aws:s3:::a/*",
            "arn:aws:s3:::b/?",
            "arn:aws:s3:::${aws:username}/*",
            "arn:aws:ecs:*:*:*");
    Arbitrary<String> conditions =
        Arbitraries.of(
            "",
            "",
            "'StringEquals':{'aws:username':'a'}",
            "'StringNotLike':{'aws:username':['a*','b']}",
            "'ForAllValues:StringEquals':{'aws:TagKeys':['x','y']}",
            "'Null':{'aws:username':'true'}",
            "'BoolIfExists':{'aws:SecureTransport':'true'}");
    return Combinators.combine(
            Arbitraries.of("Allow", "Deny"),
            Arbitraries.of("Action", "NotAction"),
            actions,
            Arbitraries.of("Resource", "NotResource"),
            resources,
            conditions)
        .as(
            (effect, action, a, resource, r, c) ->
                "{'Effect':'%s','%s':'%s','%s':'%s'%s}"
                    .formatted(
                        effect,
                        action,
                        a,
                        resource,
                        r,
                        c.isEmpty() ? "" : ",'Condition':{" + c + "}"));
  }

  @Provide
  Arbitrary<List<String>> policies() {
    return statements().list().ofMinSize(1).ofMaxSize(6);
  }

  @Provide
  Arbitrary<Question> questions() {
    return Combinators.combine(
            Arbitraries.of("s3:GetObject", "s3:PutObject", "ecs:RunTask", "iam:GetUser"),
            Arbitraries.of("arn:aws:s3:::a/x", "arn:aws:s3:::b/y", "arn:aws:ecs:r:1:task/z", "*"),
            Arbitraries.maps(
                    Arbitraries.of("aws:username", "aws:TagKeys", "aws:SecureTransport"),
                    Arbitraries.of("a", "b", "x", "true", "false").list().ofMaxSize(2))
                .ofMaxSize(3))
        .as(Question::new);
  }

  private static Policy policy(String statement) {
    try {
      return new Policy(
          statement,
          Policy.Type.IDENTITY,
          PolicyDocument.parse(
              "{\"Version\":\"2012-10-17\",\"Statement\":" + statement.replace('\'', '"') + "}",
              PolicyKind.MANAGED));
    } catch (MalformedPolicy e) {
      throw new AssertionError(statement + ": " + e.getMessage(), e);
    }
  }

  private static boolean allowed(List<String> statements, Question question) {
    return Evaluator.decide(
            AccessRequest.of(
                WHO,
                question.action(),
                question.resource(),
                Context.of(question.keys()),
                statements.stream().map(PolicyProperties::policy).toList()))
        .allowed();
  }

  private static List<String> with(List<String> statements, String more) {
    List<String> all = new ArrayList<>(statements);
    all.add(more);
    return all;
  }

  @Property(tries = 500)
  void addingADenyNeverAllows(
      @ForAll("policies") List<String> policies,
      @ForAll("statements") String statement,
      @ForAll("questions") Question question) {
    String deny = statement.replace("'Allow'", "'Deny'");
    if (!allowed(policies, question)) {
      assertThat(allowed(with(policies, deny), question)).isFalse();
    }
  }

  @Property(tries = 500)
  void addingAnAllowNeverDenies(
      @ForAll("policies") List<String> policies,
      @ForAll("statements") String statement,
      @ForAll("questions") Question question) {
    String allow = statement.replace("'Deny'", "'Allow'");
    if (allowed(policies, question)) {
      assertThat(allowed(with(policies, allow), question)).isTrue();
    }
  }

  @Property(tries = 500)
  void orderNeverMatters(
      @ForAll("policies") List<String> policies,
      @ForAll("questions") Question question,
      @ForAll int seed) {
    List<String> shuffled = new ArrayList<>(policies);
    Collections.shuffle(shuffled, new Random(seed));
    assertThat(allowed(shuffled, question)).isEqualTo(allowed(policies, question));
  }

  @Property(tries = 300)
  void oneDocumentOrManyIsTheSame(
      @ForAll("policies") List<String> policies, @ForAll("questions") Question question) {
    Policy joined = policy("[" + String.join(",", policies) + "]");
    boolean together =
        Evaluator.decide(
                AccessRequest.of(
                    WHO,
                    question.action(),
                    question.resource(),
                    Context.of(question.keys()),
                    List.of(joined)))
            .allowed();
    assertThat(together).isEqualTo(allowed(policies, question));
  }
}
