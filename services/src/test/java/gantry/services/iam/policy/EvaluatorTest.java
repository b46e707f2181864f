package gantry.services.iam.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.iam.policy.Decision.Outcome;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** AWS's rules of combination, one test for each sentence of the study notes. */
class EvaluatorTest {

  private static final String ACCOUNT = "111122223333";
  private static final String OTHER = "444455556666";
  private static final PrincipalInfo ALICE =
      PrincipalInfo.user(ACCOUNT, "arn:aws:iam::111122223333:user/alice", "AIDAALICE0000000000A");
  private static final PrincipalInfo TASK =
      PrincipalInfo.roleSession(
          ACCOUNT,
          "arn:aws:sts::111122223333:assumed-role/api/0123",
          "arn:aws:iam::111122223333:role/api",
          "AROAAPI0000000000000A");

  private static Policy policy(Policy.Type type, PolicyKind kind, String text) {
    try {
      return new Policy("p", type, PolicyDocument.parse(text.replace('\'', '"'), kind));
    } catch (MalformedPolicy e) {
      throw new AssertionError(e.getMessage() + " at " + e.place(), e);
    }
  }

  private static Policy identity(String statements) {
    return policy(
        Policy.Type.IDENTITY,
        PolicyKind.MANAGED,
        "{'Version':'2012-10-17','Statement':[" + statements + "]}");
  }

  private static Policy onResource(String statements) {
    return policy(
        Policy.Type.RESOURCE,
        PolicyKind.RESOURCE,
        "{'Version':'2012-10-17','Statement':[" + statements + "]}");
  }

  private static final String ALL = "{'Effect':'Allow','Action':'*','Resource':'*'}";
  private static final String READ =
      "{'Effect':'Allow','Action':'s3:Get*','Resource':'arn:aws:s3:::bucket/*'}";

  private static AccessRequest read(PrincipalInfo who, Policy... identity) {
    return AccessRequest.of(
        who, "s3:GetObject", "arn:aws:s3:::bucket/a/b", Context.empty(), List.of(identity));
  }

  @Test
  void whatNobodyAllowsIsDeniedImplicitly() {
    Decision decision = Evaluator.decide(read(ALICE));
    assertThat(decision.outcome()).isEqualTo(Outcome.IMPLICIT_DENY);
    assertThat(decision.message(ALICE.arn(), "s3:GetObject", "arn:aws:s3:::bucket/a/b"))
        .isEqualTo(
            "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: s3:GetObject"
                + " on resource: arn:aws:s3:::bucket/a/b because no identity-based policy allows"
                + " the s3:GetObject action");
  }

  @Test
  void anExplicitDenyWinsOverEveryAllow() {
    Decision decision =
        Evaluator.decide(
            read(
                ALICE,
                identity(ALL),
                identity("{'Sid':'No','Effect':'Deny','Action':'s3:*','Resource':'*'}")));
    assertThat(decision.outcome()).isEqualTo(Outcome.EXPLICIT_DENY);
    assertThat(decision.because("s3:GetObject"))
        .isEqualTo("with an explicit deny in an identity-based policy");
    assertThat(decision.matched().getFirst().statement().sid()).isEqualTo("No");
  }

  @Test
  void aBoundaryLimitsAndNeverGrants() {
    Policy boundary =
        policy(
            Policy.Type.BOUNDARY,
            PolicyKind.MANAGED,
            "{'Version':'2012-10-17','Statement':{'Effect':'Allow','Action':'sqs:*','Resource':'*'}}");
    assertThat(Evaluator.decide(read(ALICE, identity(ALL)).withBoundary(boundary)).decidedBy())
        .isEqualTo(Policy.Type.BOUNDARY);
    AccessRequest sqs =
        AccessRequest.of(
            ALICE,
            "sqs:SendMessage",
            "arn:aws:sqs:us-east-1:" + ACCOUNT + ":q",
            Context.empty(),
            List.of());
    assertThat(Evaluator.decide(sqs.withBoundary(boundary)).outcome())
        .isEqualTo(Outcome.IMPLICIT_DENY);
  }

  @Test
  void anEmptySessionPolicyAllowsNothing() {
    assertThat(Evaluator.decide(read(TASK, identity(ALL)).withSession(List.of())).decidedBy())
        .isEqualTo(Policy.Type.SESSION);
  }

  @Test
  void everyLevelOfTheOrganisationMustAllow() {
    Policy all =
        policy(
            Policy.Type.SERVICE_CONTROL,
            PolicyKind.MANAGED,
            "{'Version':'2012-10-17','Statement':[" + ALL + "]}");
    AccessRequest request = read(ALICE, identity(ALL));
    assertThat(
            Evaluator.decide(request.withServiceControl(List.of(List.of(all), List.of(all))))
                .allowed())
        .isTrue();
    assertThat(
            Evaluator.decide(request.withServiceControl(List.of(List.of(all), List.of())))
                .decidedBy())
        .isEqualTo(Policy.Type.SERVICE_CONTROL);
  }

  @Test
  void inOneAccountEitherSideIsEnough() {
    Policy forAlice =
        onResource(
            "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:user/alice'},'Action':'s3:GetObject','Resource':'arn:aws:s3:::bucket/*'}");
    assertThat(
            Evaluator.decide(read(ALICE).withResource(ACCOUNT, List.of(forAlice), false)).allowed())
        .isTrue();
    assertThat(
            Evaluator.decide(read(ALICE, identity(READ)).withResource(ACCOUNT, List.of(), false))
                .allowed())
        .isTrue();
  }

  @Test
  void theAccountAsPrincipalOnlyDelegates() {
    Policy forAccount =
        onResource(
            "{'Effect':'Allow','Principal':{'AWS':'111122223333'},'Action':'s3:*','Resource':'arn:aws:s3:::bucket/*'}");
    assertThat(
            Evaluator.decide(read(ALICE).withResource(ACCOUNT, List.of(forAccount), true))
                .outcome())
        .isEqualTo(Outcome.IMPLICIT_DENY);
    assertThat(
            Evaluator.decide(
                    read(ALICE, identity(READ)).withResource(ACCOUNT, List.of(forAccount), true))
                .allowed())
        .isTrue();
  }

  @Test
  void aKeyPolicyMustAllowByItself() {
    Decision decision =
        Evaluator.decide(read(ALICE, identity(ALL)).withResource(ACCOUNT, List.of(), true));
    assertThat(decision.decidedBy()).isEqualTo(Policy.Type.RESOURCE);
  }

  @Test
  void betweenAccountsBothSidesMustAllow() {
    Policy forAlice =
        onResource(
            "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:user/alice'},'Action':'s3:GetObject','Resource':'*'}");
    assertThat(
            Evaluator.decide(read(ALICE, identity(READ)).withResource(OTHER, List.of(), false))
                .allowed())
        .isFalse();
    assertThat(
            Evaluator.decide(read(ALICE).withResource(OTHER, List.of(forAlice), false)).decidedBy())
        .isEqualTo(Policy.Type.IDENTITY);
    assertThat(
            Evaluator.decide(
                    read(ALICE, identity(READ)).withResource(OTHER, List.of(forAlice), false))
                .allowed())
        .isTrue();
  }

  @Test
  void theRoleAsPrincipalIsStillHeldByTheSessionPolicyTheSessionIsNot() {
    Policy forRole =
        onResource(
            "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:role/api'},'Action':'*','Resource':'*'}");
    Policy forSession =
        onResource(
            "{'Effect':'Allow','Principal':{'AWS':'arn:aws:sts::111122223333:assumed-role/api/0123'},'Action':'*','Resource':'*'}");
    AccessRequest request = read(TASK).withSession(List.of());
    assertThat(Evaluator.decide(request.withResource(ACCOUNT, List.of(forRole), false)).decidedBy())
        .isEqualTo(Policy.Type.SESSION);
    assertThat(
            Evaluator.decide(request.withResource(ACCOUNT, List.of(forSession), false)).allowed())
        .isTrue();
  }

  @Test
  void rootMayWhatNoResourcePolicyDenies() {
    PrincipalInfo root = PrincipalInfo.root(ACCOUNT);
    assertThat(Evaluator.decide(read(root)).allowed()).isTrue();
    Policy deny = onResource("{'Effect':'Deny','Principal':'*','Action':'*','Resource':'*'}");
    assertThat(Evaluator.decide(read(root).withResource(ACCOUNT, List.of(deny), false)).outcome())
        .isEqualTo(Outcome.EXPLICIT_DENY);
  }

  @Test
  void variablesTakeTheRequestsValueLiterally() {
    Policy own =
        identity(
            "{'Effect':'Allow','Action':'s3:GetObject','Resource':'arn:aws:s3:::bucket/${aws:username}/*'}");
    Context star = Context.of(Map.of("aws:username", List.of("*")));
    Context alice = Context.of(Map.of("aws:username", List.of("a")));
    AccessRequest request =
        AccessRequest.of(ALICE, "s3:GetObject", "arn:aws:s3:::bucket/a/b", star, List.of(own));
    assertThat(Evaluator.decide(request).allowed()).isFalse();
    assertThat(
            Evaluator.decide(
                    AccessRequest.of(
                        ALICE, "s3:GetObject", "arn:aws:s3:::bucket/a/b", alice, List.of(own)))
                .allowed())
        .isTrue();
  }

  @Test
  void aMalformedDocumentNamesThePlace() {
    assertThatThrownBy(
            () ->
                PolicyDocument.parse(
                    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"},"
                        + "{\"Effect\":\"Allow\",\"Action\":\"getobject\",\"Resource\":\"*\"}]}",
                    PolicyKind.MANAGED))
        .isInstanceOfSatisfying(
            MalformedPolicy.class, e -> assertThat(e.place()).isEqualTo("Statement[1].Action"))
        .hasMessage("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  }
}
