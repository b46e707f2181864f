package gantry.services.sts;

import static gantry.services.iam.IamWorld.ACCOUNT;
import static gantry.services.iam.IamWorld.caller;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.AccessKeys.AccessKey;
import gantry.services.Caller;
import gantry.services.iam.IamAccessKeys;
import gantry.services.iam.IamWorld;
import gantry.state.Controller;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sts.model.AssumeRoleRequest;
import software.amazon.awssdk.services.sts.model.AssumeRoleResponse;
import software.amazon.awssdk.services.sts.model.Credentials;

class StsTest {

  private static final String BY_ACCOUNT =
      "{'Effect':'Allow','Principal':{'AWS':'111122223333'},'Action':['sts:AssumeRole','sts:TagSession','sts:SetSourceIdentity']}";
  private static final String ASSUME =
      "{'Effect':'Allow','Action':['sts:AssumeRole','sts:TagSession','sts:SetSourceIdentity'],'Resource':'*'}";

  private final IamWorld world = new IamWorld();
  private final IamAccessKeys keys = new IamAccessKeys(world.store, world.time, world.box);

  private AssumeRoleResponse assume(Caller who, AssumeRoleRequest request) {
    return world.sts(who, s -> s.assumeRole(request));
  }

  private static AssumeRoleRequest request(String role) {
    return AssumeRoleRequest.builder().roleArn(role).roleSessionName("job").build();
  }

  private AccessKey key(Credentials credentials) {
    return Objects.requireNonNull(keys.find(credentials.accessKeyId()));
  }

  /** The caller that the front door makes of issued credentials. */
  private Caller bearer(Credentials credentials) {
    var principal = key(credentials).principal();
    return new Caller(
        principal.account(),
        "us-east-1",
        principal.arn(),
        principal.userId(),
        credentials.accessKeyId(),
        principal.tags(),
        "r",
        null,
        null);
  }

  @Test
  void aSessionIsARoleForAWhile() {
    Caller ann = world.user("ann");
    world.allow("ann", ASSUME);
    String role = world.role("api", BY_ACCOUNT);
    var answer = assume(ann, request(role));
    assertThat(answer.assumedRoleUser().arn())
        .isEqualTo("arn:aws:sts::111122223333:assumed-role/api/job");
    assertThat(answer.assumedRoleUser().assumedRoleId()).matches("AROA[A-Z2-7]{17}:job");
    assertThat(answer.packedPolicySize()).isNull();
    Credentials credentials = answer.credentials();
    assertThat(credentials.accessKeyId()).matches("ASIA[A-Z2-7]{16}");
    assertThat(credentials.expiration()).isEqualTo(world.time.instant().plusSeconds(3600));
    AccessKey key = key(credentials);
    assertThat(key.secret()).isEqualTo(credentials.secretAccessKey());
    assertThat(key.sessionToken()).isEqualTo(credentials.sessionToken());
    assertThat(key.expires()).isEqualTo(credentials.expiration());
    var me = world.sts(bearer(credentials), s -> s.getCallerIdentity(r -> {}));
    assertThat(me.arn()).isEqualTo("arn:aws:sts::111122223333:assumed-role/api/job");
  }

  @Test
  void whoIsNotTrustedIsRefusedWithoutReason() {
    Caller ann = world.user("ann");
    String role = world.role("api", BY_ACCOUNT);
    String sentence =
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: sts:AssumeRole on"
            + " resource: ";
    assertThatThrownBy(() -> assume(ann, request(role))).hasMessageStartingWith(sentence + role);
    assertThatThrownBy(() -> assume(ann, request(role + "x")))
        .as("an unknown role")
        .hasMessageStartingWith(sentence + role + "x");
    String tasks =
        world.role(
            "task",
            "{'Effect':'Allow','Principal':{'Service':'ecs-tasks.amazonaws.com'},'Action':'sts:AssumeRole'}");
    world.allow("ann", ASSUME);
    assertThatThrownBy(() -> assume(ann, request(tasks))).hasMessageStartingWith(sentence + tasks);
    assertThat(
            assume(Caller.service("ecs-tasks.amazonaws.com", IamWorld.SCOPE, "r"), request(tasks))
                .credentials())
        .isNotNull();
  }

  @Test
  void aTrustThatNamesTheUserNeedsNoPolicyOfHisButYieldsToADeny() {
    Caller ann = world.user("ann");
    String role =
        world.role(
            "api",
            "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:user/ann'},'Action':'sts:AssumeRole'}");
    assertThat(assume(ann, request(role)).credentials()).isNotNull();
    world.allow("ann", "{'Effect':'Deny','Action':'sts:*','Resource':'*'}");
    assertThatThrownBy(() -> assume(ann, request(role))).hasMessageContaining("is not authorized");
  }

  @Test
  void theExternalIdMustBeTheAgreedOne() {
    Caller ann = world.user("ann");
    world.allow("ann", ASSUME);
    String role =
        world.role(
            "api",
            "{'Effect':'Allow','Principal':{'AWS':'111122223333'},'Action':'sts:AssumeRole','Condition':{'StringEquals':{'sts:ExternalId':'s3cret'}}}");
    assertThatThrownBy(() -> assume(ann, request(role))).hasMessageContaining("is not authorized");
    assertThatThrownBy(() -> assume(ann, request(role).toBuilder().externalId("other").build()))
        .hasMessageContaining("is not authorized");
    assertThat(assume(ann, request(role).toBuilder().externalId("s3cret").build()).credentials())
        .isNotNull();
  }

  @Test
  void durationsHaveTheirLimits() {
    Caller ann = world.user("ann");
    world.allow("ann", ASSUME);
    String role = world.role("api", BY_ACCOUNT);
    assertThatThrownBy(() -> assume(ann, request(role).toBuilder().durationSeconds(899).build()))
        .hasMessageContaining("'durationSeconds' failed to satisfy constraint");
    assertThatThrownBy(() -> assume(ann, request(role).toBuilder().durationSeconds(7200).build()))
        .hasMessageContaining("exceeds the MaxSessionDuration set for this role.");
    world.iam(i -> i.updateRole(r -> r.roleName("api").maxSessionDuration(43_200)));
    Credentials first =
        assume(ann, request(role).toBuilder().durationSeconds(7200).build()).credentials();
    world.iam(
        i ->
            i.putRolePolicy(
                r -> r.roleName("api").policyName("p").policyDocument(IamWorld.document(ASSUME))));
    assertThatThrownBy(
            () -> assume(bearer(first), request(role).toBuilder().durationSeconds(7200).build()))
        .hasMessageContaining(
            "exceeds the 1 hour session limit for roles assumed by role chaining.");
  }

  @Test
  void transitiveTagsAndTheSourceIdentityStayWithTheChain() {
    Caller ann = world.user("ann");
    world.allow("ann", ASSUME);
    String role = world.role("api", BY_ACCOUNT);
    String second = world.role("second", BY_ACCOUNT);
    world.iam(
        i ->
            i.putRolePolicy(
                r -> r.roleName("api").policyName("p").policyDocument(IamWorld.document(ASSUME))));
    Credentials first =
        assume(
                ann,
                request(role).toBuilder()
                    .tags(t -> t.key("team").value("red"), t -> t.key("once").value("1"))
                    .transitiveTagKeys("team")
                    .sourceIdentity("ann.b")
                    .build())
            .credentials();
    assertThat(key(first).principal().tags())
        .containsEntry("team", "red")
        .containsEntry("once", "1");
    var chained = assume(bearer(first), request(second));
    assertThat(key(chained.credentials()).principal().tags()).isEqualTo(Map.of("team", "red"));
    assertThat(chained.sourceIdentity()).isEqualTo("ann.b");
    assertThatThrownBy(
            () ->
                assume(
                    bearer(first),
                    request(second).toBuilder().tags(t -> t.key("Team").value("blue")).build()))
        .hasMessageContaining("conflicts with a transitive tag key from the calling session.");
    assertThatThrownBy(
            () -> assume(bearer(first), request(second).toBuilder().sourceIdentity("eve").build()))
        .hasMessageContaining("The source identity is already set for this assume role session");
  }

  @Test
  void sessionsEndWithTheirTimeAndWithTheirRole() {
    Caller ann = world.user("ann");
    world.allow("ann", ASSUME);
    String role = world.role("api", BY_ACCOUNT);
    Credentials credentials = assume(ann, request(role)).credentials();
    Controller reaper = Sessions.ends(world.store, world.time);
    var at =
        world
            .store
            .snapshot()
            .scanAll(gantry.services.iam.Tables.SESSIONS)
            .findFirst()
            .orElseThrow()
            .key();
    reaper.reconcile(at);
    assertThat(keys.find(credentials.accessKeyId())).isNotNull();
    world.time.advance(Duration.ofHours(2));
    reaper.reconcile(at);
    assertThat(keys.find(credentials.accessKeyId())).isNull();

    Credentials other = assume(ann, request(role)).credentials();
    world.iam(i -> i.deleteRole(r -> r.roleName("api")));
    assertThat(keys.find(other.accessKeyId())).isNull();
    world.role("api", BY_ACCOUNT);
    assertThat(keys.find(other.accessKeyId())).as("another role of that name").isNull();
  }

  @Test
  void tokensOfUsersAreNotMadeFromTokens() {
    Caller ann = world.user("ann");
    Credentials credentials = world.sts(ann, s -> s.getSessionToken(r -> {})).credentials();
    assertThat(credentials.expiration()).isEqualTo(world.time.instant().plusSeconds(43_200));
    assertThat(key(credentials).principal().arn()).isEqualTo(ann.arn());
    assertThatThrownBy(() -> world.sts(bearer(credentials), s -> s.getSessionToken(r -> {})))
        .hasMessageContaining("Cannot call GetSessionToken with session credentials");
    var federated = world.sts(ann, s -> s.getFederationToken(r -> r.name("bob")));
    assertThat(federated.federatedUser().arn())
        .isEqualTo("arn:aws:sts::111122223333:federated-user/bob");
    assertThat(federated.packedPolicySize()).isZero();
    assertThatThrownBy(
            () ->
                world.sts(
                    bearer(federated.credentials()), s -> s.getFederationToken(r -> r.name("eve"))))
        .hasMessageContaining("Cannot call GetFederationToken with session credentials");
  }

  // ---- web identities

  private static final String ISSUER = "https://issuer.example/team";

  private static KeyPair rsa() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static String token(KeyPair pair, String claims) {
    String head = base64("{\"alg\":\"RS256\",\"kid\":\"k\"}".getBytes(StandardCharsets.UTF_8));
    String body = head + "." + base64(claims.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    try {
      Signature signature = Signature.getInstance("SHA256withRSA");
      signature.initSign(pair.getPrivate());
      signature.update(body.getBytes(StandardCharsets.US_ASCII));
      return body + "." + base64(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private String claims(String subject, String audience, long endsIn) {
    long now = world.time.instant().getEpochSecond();
    return "{'iss':'%s','sub':'%s','aud':'%s','iat':%s,'exp':%s}"
        .formatted(ISSUER, subject, audience, now, now + endsIn);
  }

  @Test
  void aWebIdentityBecomesTheRoleThatTrustsIt() {
    KeyPair pair = rsa();
    world.issuers.put(ISSUER, pair.getPublic());
    world.iam(i -> i.createOpenIDConnectProvider(r -> r.url(ISSUER).clientIDList("app")));
    String role =
        world.role(
            "ci",
            "{'Effect':'Allow','Principal':{'Federated':'arn:aws:iam::111122223333:oidc-provider/issuer.example/team'},'Action':'sts:AssumeRoleWithWebIdentity','Condition':{'StringEquals':{'issuer.example/team:aud':'app','issuer.example/team:sub':'main'}}}");
    Caller nobody = caller("anonymous", "anonymous");
    var answer =
        world.sts(
            nobody,
            s ->
                s.assumeRoleWithWebIdentity(
                    r ->
                        r.roleArn(role)
                            .roleSessionName("run")
                            .webIdentityToken(token(pair, claims("main", "app", 60)))));
    assertThat(answer.provider())
        .isEqualTo("arn:aws:iam::" + ACCOUNT + ":oidc-provider/issuer.example/team");
    assertThat(answer.subjectFromWebIdentityToken()).isEqualTo("main");
    assertThat(key(answer.credentials()).principal().arn())
        .isEqualTo("arn:aws:sts::111122223333:assumed-role/ci/run");

    Map<String, String> refusals =
        Map.of(
            token(pair, claims("branch", "app", 60)),
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
            token(pair, claims("main", "other", 60)),
            "Incorrect token audience",
            token(pair, claims("main", "app", -301)),
            "Token expired: current date/time",
            token(rsa(), claims("main", "app", 60)),
            "signature is not valid",
            "not.a.token",
            "The ID Token provided is not a valid JWT.",
            token(pair, "{'iss':'x','aud':'app','iat':1}"),
            "Missing a required claim: sub",
            token(pair, claims("main", "app", 60).replace(ISSUER, "https://other.example")),
            "No OpenIDConnect provider found in your account for https://other.example");
    refusals.forEach(
        (token, text) ->
            assertThatThrownBy(
                    () ->
                        world.sts(
                            nobody,
                            s ->
                                s.assumeRoleWithWebIdentity(
                                    r ->
                                        r.roleArn(role)
                                            .roleSessionName("run")
                                            .webIdentityToken(token))))
                .hasMessageContaining(text));
  }

  @Test
  void whatNobodyHereCanVouchForIsRefused() {
    Caller ann = world.user("ann");
    world.allow("ann", ASSUME);
    String role = world.role("api", BY_ACCOUNT);
    assertThatThrownBy(
            () ->
                assume(
                    ann,
                    request(role).toBuilder()
                        .serialNumber("arn:aws:iam::111122223333:mfa/ann")
                        .tokenCode("123456")
                        .build()))
        .hasMessageContaining("MultiFactorAuthentication failed");
    assertThatThrownBy(
            () ->
                assume(
                    ann,
                    request(role).toBuilder()
                        .providedContexts(c -> c.contextAssertion("xxxx"))
                        .build()))
        .hasMessageContaining("no providers of contexts");
    assertThatThrownBy(
            () ->
                world.sts(
                    ann,
                    s ->
                        s.assumeRoleWithWebIdentity(
                            r ->
                                r.roleArn(role)
                                    .roleSessionName("job")
                                    .webIdentityToken("xxxx")
                                    .providerId("graph.facebook.com"))))
        .hasMessageContaining("ProviderId");
  }
}
