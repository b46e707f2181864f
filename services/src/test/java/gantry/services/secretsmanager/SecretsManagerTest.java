package gantry.services.secretsmanager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import gantry.services.Caller;
import gantry.services.iam.IamWorld;
import gantry.state.Controller;
import gantry.state.Scope;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.*;

class SecretsManagerTest {

  private final IamWorld world = new IamWorld(SecretTables.SECRETS);
  private final SecretsManager service = new SecretsManager(world.context, world.box);

  SecretsManagerTest() {
    world.host(SecretsManagerClient.class, service);
  }

  private <R> R call(Function<SecretsManagerClient, R> operation) {
    return IamWorld.as(IamWorld.ROOT, () -> operation.apply(service));
  }

  private static String token(int n) {
    return String.format(Locale.ROOT, "00000000-0000-0000-0000-%012d", n);
  }

  private String create(String name, String value) {
    return call(s ->
            s.createSecret(r -> r.name(name).secretString(value).clientRequestToken(token(1))))
        .arn();
  }

  private String put(String name, int n) {
    return call(s ->
            s.putSecretValue(
                r -> r.secretId(name).secretString("v" + n).clientRequestToken(token(n))))
        .versionId();
  }

  private List<String> stages(String name, int n) {
    return call(s -> s.describeSecret(r -> r.secretId(name)))
        .versionIdsToStages()
        .getOrDefault(token(n), List.of());
  }

  @Test
  void aSecretIsFoundByNameAndArnAndIsSealed() {
    String arn = create("app/db", "hunter2-of-the-database");
    assertThat(arn)
        .matches("arn:aws:secretsmanager:us-east-1:111122223333:secret:app/db-[A-Za-z0-9]{6}");
    for (String id : List.of("app/db", arn, arn.substring(0, arn.length() - 7))) {
      var got = call(s -> s.getSecretValue(r -> r.secretId(id)));
      assertThat(got.secretString()).isEqualTo("hunter2-of-the-database");
      assertThat(got.versionStages()).containsExactly("AWSCURRENT");
      assertThat(got.versionId()).isEqualTo(token(1));
    }
    assertThat(world.store.snapshot().scanAll(SecretTables.SECRETS).toList().toString())
        .doesNotContain("hunter2");
    assertThatThrownBy(() -> call(s -> s.getSecretValue(r -> r.secretId("none"))))
        .isInstanceOf(ResourceNotFoundException.class)
        .hasMessageContaining("Secrets Manager can't find the specified secret.");
    assertThatThrownBy(() -> create("app/db", "other"))
        .hasMessageContaining("because that value is already in use for a version of secret");
    assertThat(create("app/db", "hunter2-of-the-database")).as("a retry").isEqualTo(arn);
  }

  @Test
  void stagesMoveAsAwsMovesThem() {
    create("s", "v1");
    put("s", 2);
    assertThat(stages("s", 2)).containsExactly("AWSCURRENT");
    assertThat(stages("s", 1)).containsExactly("AWSPREVIOUS");
    put("s", 3);
    assertThat(stages("s", 1)).isEmpty();
    assertThat(stages("s", 2)).containsExactly("AWSPREVIOUS");
    assertThat(put("s", 3)).as("a retry").isEqualTo(token(3));
    assertThatThrownBy(
            () ->
                call(
                    s ->
                        s.putSecretValue(
                            r -> r.secretId("s").secretString("x").clientRequestToken(token(3)))))
        .isInstanceOf(ResourceExistsException.class);
    call(
        s ->
            s.putSecretValue(
                r ->
                    r.secretId("s")
                        .secretString("v4")
                        .clientRequestToken(token(4))
                        .versionStages("AWSPENDING")));
    assertThat(stages("s", 3)).containsExactly("AWSCURRENT");
    assertThatThrownBy(
            () ->
                call(
                    s ->
                        s.updateSecretVersionStage(
                            r ->
                                r.secretId("s")
                                    .versionStage("AWSCURRENT")
                                    .moveToVersionId(token(4)))))
        .hasMessageContaining(
            "Staging label AWSCURRENT is currently attached to version " + token(3));
    call(
        s ->
            s.updateSecretVersionStage(
                r ->
                    r.secretId("s")
                        .versionStage("AWSCURRENT")
                        .moveToVersionId(token(4))
                        .removeFromVersionId(token(3))));
    assertThat(stages("s", 4)).containsExactlyInAnyOrder("AWSPENDING", "AWSCURRENT");
    assertThat(stages("s", 3)).containsExactly("AWSPREVIOUS");
    assertThat(
            call(s -> s.getSecretValue(r -> r.secretId("s").versionStage("AWSPREVIOUS")))
                .secretString())
        .isEqualTo("v3");
    assertThatThrownBy(
            () ->
                call(
                    s ->
                        s.getSecretValue(
                            r -> r.secretId("s").versionId(token(4)).versionStage("AWSPREVIOUS"))))
        .hasMessageContaining(
            "You provided a VersionStage that is not associated to the provided VersionId.");
    assertThat(
            call(s -> s.listSecretVersionIds(r -> r.secretId("s").includeDeprecated(true)))
                .versions())
        .hasSize(4);
  }

  @Test
  void deletedSecretsWaitAndComeBackOrGo() {
    create("s", "v1");
    assertThatThrownBy(
            () -> call(s -> s.deleteSecret(r -> r.secretId("s").recoveryWindowInDays(6L))))
        .hasMessageContaining("must be between 7 and 30 days (inclusive).");
    call(s -> s.deleteSecret(r -> r.secretId("s").recoveryWindowInDays(7L)));
    assertThatThrownBy(() -> call(s -> s.getSecretValue(r -> r.secretId("s"))))
        .hasMessageContaining("because it was marked for deletion.");
    assertThatThrownBy(() -> create("s", "v1"))
        .hasMessageContaining("already scheduled for deletion.");
    assertThat(call(s -> s.describeSecret(r -> r.secretId("s"))).deletedDate())
        .isEqualTo(world.time.instant());
    assertThat(call(s -> s.listSecrets(r -> {})).secretList()).isEmpty();
    assertThat(call(s -> s.listSecrets(r -> r.includePlannedDeletion(true))).secretList())
        .hasSize(1);
    call(s -> s.restoreSecret(r -> r.secretId("s")));
    assertThat(call(s -> s.getSecretValue(r -> r.secretId("s"))).secretString()).isEqualTo("v1");

    call(s -> s.deleteSecret(r -> r.secretId("s").recoveryWindowInDays(7L)));
    Controller deletions = SecretsManager.deletions(world.store, world.time);
    deletions.reconcile(IamWorld.SCOPE.key("s"));
    assertThat(call(s -> s.describeSecret(r -> r.secretId("s"))).name()).isEqualTo("s");
    world.time.advance(Duration.ofDays(7));
    deletions.reconcile(IamWorld.SCOPE.key("s"));
    assertThatThrownBy(() -> call(s -> s.describeSecret(r -> r.secretId("s"))))
        .isInstanceOf(ResourceNotFoundException.class);
    call(
        s ->
            s.deleteSecret(r -> r.secretId("s").forceDeleteWithoutRecovery(true))); // is no mistake
  }

  @Test
  void listsFilterAndBatchesSayWhatFailed() {
    create("app/a", "1");
    create("app/b", "2");
    create("web/c", "3");
    call(s -> s.tagResource(r -> r.secretId("web/c").tags(t -> t.key("team").value("red"))));
    Function<Filter, List<String>> names =
        filter ->
            call(s -> s.listSecrets(r -> r.filters(filter))).secretList().stream()
                .map(SecretListEntry::name)
                .toList();
    assertThat(names.apply(Filter.builder().key("name").values("app/").build()))
        .containsExactly("app/a", "app/b");
    assertThat(names.apply(Filter.builder().key("name").values("!app/").build()))
        .containsExactly("web/c");
    assertThat(names.apply(Filter.builder().key("tag-value").values("re").build()))
        .containsExactly("web/c");
    var batch = call(s -> s.batchGetSecretValue(r -> r.secretIdList("app/a", "none")));
    assertThat(batch.secretValues())
        .extracting(SecretValueEntry::secretString)
        .containsExactly("1");
    assertThat(batch.errors())
        .extracting(APIErrorType::errorCode)
        .containsExactly("ResourceNotFoundException");
    assertThatThrownBy(() -> call(s -> s.batchGetSecretValue(r -> {})))
        .hasMessageContaining("Either 'SecretIdList' or 'Filters' must be provided, but not both.");
    String next = call(s -> s.listSecrets(r -> r.maxResults(2))).nextToken();
    assertThat(call(s -> s.listSecrets(r -> r.nextToken(next))).secretList())
        .extracting(SecretListEntry::name)
        .containsExactly("web/c");
  }

  @Test
  void bytesAndEmptySecretsArePossible() {
    call(s -> s.createSecret(r -> r.name("empty")));
    assertThatThrownBy(() -> call(s -> s.getSecretValue(r -> r.secretId("empty"))))
        .hasMessageContaining(
            "can't find the specified secret value for staging label: AWSCURRENT");
    SdkBytes bytes = SdkBytes.fromByteArray(new byte[] {0, 1, -1});
    call(
        s ->
            s.putSecretValue(
                r -> r.secretId("empty").secretBinary(bytes).clientRequestToken(token(9))));
    assertThat(call(s -> s.getSecretValue(r -> r.secretId("empty"))).secretBinary())
        .isEqualTo(bytes);
    assertThatThrownBy(
            () -> call(s -> s.putSecretValue(r -> r.secretId("empty").secretString("x"))))
        .hasMessageContaining("You must provide a ClientRequestToken value.");
    assertThatThrownBy(() -> call(s -> s.createSecret(r -> r.name("a b"))))
        .hasMessageContaining("Invalid name.");
  }

  @Test
  void passwordsAreOfWhatWasAskedFor() {
    String usual = call(s -> s.getRandomPassword(r -> {})).randomPassword();
    assertThat(usual)
        .hasSize(32)
        .matches("(?s).*[a-z].*")
        .matches("(?s).*[A-Z].*")
        .matches("(?s).*[0-9].*");
    String digits =
        call(s ->
                s.getRandomPassword(
                    r ->
                        r.passwordLength(100L)
                            .excludeLowercase(true)
                            .excludeUppercase(true)
                            .excludePunctuation(true)
                            .excludeCharacters("01")))
            .randomPassword();
    assertThat(digits).matches("[2-9]{100}");
    assertThatThrownBy(() -> call(s -> s.getRandomPassword(r -> r.passwordLength(3L))))
        .isInstanceOf(InvalidParameterException.class);
  }

  @Test
  void policiesAreKeptAndRotationIsRefused() {
    create("s", "v1");
    String policy =
        IamWorld.document(
            "{'Effect':'Allow','Principal':'*','Action':'secretsmanager:GetSecretValue','Resource':'*'}");
    assertThatThrownBy(
            () ->
                call(
                    s ->
                        s.putResourcePolicy(
                            r -> r.secretId("s").resourcePolicy(policy).blockPublicPolicy(true))))
        .isInstanceOf(PublicPolicyException.class);
    call(s -> s.putResourcePolicy(r -> r.secretId("s").resourcePolicy(policy)));
    assertThat(call(s -> s.getResourcePolicy(r -> r.secretId("s"))).resourcePolicy())
        .isEqualTo(policy);
    assertThatThrownBy(
            () -> call(s -> s.putResourcePolicy(r -> r.secretId("s").resourcePolicy("{}"))))
        .isInstanceOf(MalformedPolicyDocumentException.class);
    assertThatThrownBy(() -> call(s -> s.rotateSecret(r -> r.secretId("s"))))
        .hasMessageContaining("No Lambda rotation function ARN is associated with this secret.");
    assertThatThrownBy(
            () ->
                call(
                    s ->
                        s.rotateSecret(
                            r ->
                                r.secretId("s")
                                    .rotationLambdaARN(
                                        "arn:aws:lambda:us-east-1:111122223333:function:f"))))
        .hasMessageContaining("Secrets Manager cannot invoke the specified Lambda function.");
  }

  private <R> R inWest(Function<SecretsManagerClient, R> operation) {
    Caller root = IamWorld.ROOT;
    return IamWorld.as(
        new Caller(
            root.account(),
            "us-west-2",
            root.arn(),
            root.userId(),
            root.accessKeyId(),
            root.principalTags(),
            root.requestId(),
            root.sourceIp(),
            root.userAgent()),
        () -> operation.apply(service));
  }

  private String inWest(String name) {
    return inWest(s -> s.getSecretValue(r -> r.secretId(name))).secretString();
  }

  private List<ReplicationStatusType> toWest(String name, boolean overwrite) {
    return call(s ->
            s.replicateSecretToRegions(
                r ->
                    r.secretId(name)
                        .forceOverwriteReplicaSecret(overwrite)
                        .addReplicaRegions(a -> a.region("us-west-2"))))
        .replicationStatus();
  }

  @Test
  void aCopyInAnotherRegionFollowsItsOriginalAndTakesNoChangesOfItsOwn() {
    String arn = create("db", "one");
    assertThat(toWest("db", false))
        .singleElement()
        .satisfies(
            s -> {
              assertThat(s.region()).isEqualTo("us-west-2");
              assertThat(s.status()).isEqualTo(StatusType.IN_SYNC);
            });
    assertThat(inWest("db")).isEqualTo("one");
    put("db", 2);
    call(s -> s.tagResource(r -> r.secretId("db").tags(t -> t.key("a").value("b"))));
    assertThat(inWest("db")).isEqualTo("v2");
    var copy = inWest(s -> s.describeSecret(r -> r.secretId("db")));
    assertThat(copy.arn()).isEqualTo(arn.replace("us-east-1", "us-west-2"));
    assertThat(copy.primaryRegion()).isEqualTo("us-east-1");
    assertThat(copy.tags()).hasSize(1);
    assertThat(copy.versionIdsToStages())
        .isEqualTo(call(s -> s.describeSecret(r -> r.secretId("db"))).versionIdsToStages());
    assertThat(world.store.snapshot().scanAll(SecretTables.SECRETS).toList().toString())
        .doesNotContain("=one")
        .doesNotContain("v2");
    assertThatThrownBy(
            () ->
                inWest(
                    s ->
                        s.putSecretValue(
                            r -> r.secretId("db").secretString("x").clientRequestToken(token(9)))))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("Operation not permitted on a replica secret.");
    assertThatThrownBy(() -> call(s -> s.deleteSecret(r -> r.secretId("db"))))
        .hasMessageContaining("still has replica regions us-west-2");

    inWest(s -> s.stopReplicationToReplica(r -> r.secretId("db")));
    put("db", 3);
    assertThat(inWest("db")).as("on its own").isEqualTo("v2");
    assertThat(call(s -> s.describeSecret(r -> r.secretId("db"))).replicationStatus()).isEmpty();
    assertThat(toWest("db", false).getFirst().status()).isEqualTo(StatusType.FAILED);
    assertThat(toWest("db", true).getFirst().status()).isEqualTo(StatusType.IN_SYNC);
    assertThat(inWest("db")).isEqualTo("v3");
    call(
        s ->
            s.removeRegionsFromReplication(
                r -> r.secretId("db").removeReplicaRegions("us-west-2")));
    assertThatThrownBy(() -> inWest("db")).isInstanceOf(ResourceNotFoundException.class);
    call(s -> s.deleteSecret(r -> r.secretId("db")));
  }

  @Test
  void theControllerBringsCopiesUpWhereTheCallDidNot() {
    create("db", "one");
    toWest("db", false);
    var row = SecretsManager.find(world.store.snapshot(), IamWorld.SCOPE, "db");
    assertThat(row).isNotNull();
    world.store.write(
        tx -> {
          tx.delete(SecretTables.SECRETS, new Scope(IamWorld.ACCOUNT, "us-west-2").key("db"));
          return null;
        });
    Replication controller =
        new Replication(
            new Replicas(
                world.context, new Sealing(world.box, world.context.clients(), world.ids)));
    assertThat(controller.all(world.store.snapshot())).containsExactly(row.key());
    controller.reconcile(row.key());
    assertThat(inWest("db")).isEqualTo("one");
    long revision = world.store.snapshot().revision();
    controller.reconcile(row.key());
    inWest("db");
    assertThat(world.store.snapshot().revision())
        .as("what is in step is not written again")
        .isEqualTo(revision);
  }

  @Test
  void listingsComeInPagesAndInTheOrderOfCreation() {
    for (int i = 0; i < 25; i++) {
      String name = "p/" + (char) ('z' - i);
      call(s -> s.createSecret(r -> r.name(name).secretString("v").clientRequestToken(token(1))));
      world.time.advance(Duration.ofSeconds(1));
    }
    var first = call(s -> s.listSecrets(r -> r.maxResults(2).sortOrder(SortOrderType.ASC)));
    assertThat(first.secretList()).extracting(SecretListEntry::name).containsExactly("p/z", "p/y");
    var newest = call(s -> s.listSecrets(r -> r.maxResults(24).sortOrder(SortOrderType.DESC)));
    assertThat(newest.secretList().getFirst().name()).isEqualTo("p/b");
    var rest =
        call(
            s -> s.listSecrets(r -> r.sortOrder(SortOrderType.DESC).nextToken(newest.nextToken())));
    assertThat(rest.secretList()).extracting(SecretListEntry::name).containsExactly("p/z");
    Filter all = Filter.builder().key("name").values("p/").build();
    var some = call(s -> s.batchGetSecretValue(r -> r.filters(all)));
    assertThat(some.secretValues()).hasSize(20);
    var more = call(s -> s.batchGetSecretValue(r -> r.filters(all).nextToken(some.nextToken())));
    assertThat(more.secretValues()).hasSize(5);
    assertThat(more.nextToken()).isNull();
    for (int n = 2; n < 6; n++) {
      put("p/z", n);
    }
    var versions =
        call(
            s ->
                s.listSecretVersionIds(
                    r -> r.secretId("p/z").includeDeprecated(true).maxResults(3)));
    assertThat(versions.versions()).hasSize(3);
    var others =
        call(
            s ->
                s.listSecretVersionIds(
                    r ->
                        r.secretId("p/z").includeDeprecated(true).nextToken(versions.nextToken())));
    assertThat(others.versions())
        .extracting(SecretVersionsListEntry::versionId)
        .containsExactly(token(4), token(5));
  }

  @Test
  void aPolicyNamesWhomThereIs() {
    create("app/p", "v");
    String nobody =
        IamWorld.document(
            "{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:role/nobody'},"
                + "'Action':'secretsmanager:GetSecretValue','Resource':'*'}");
    assertThatThrownBy(
            () -> call(s -> s.putResourcePolicy(r -> r.secretId("app/p").resourcePolicy(nobody))))
        .isInstanceOf(MalformedPolicyDocumentException.class)
        .hasMessageContaining("This resource policy contains an unsupported principal");
    assertThatThrownBy(() -> call(s -> s.cancelRotateSecret(r -> r.secretId("app/p"))))
        .isInstanceOf(InvalidRequestException.class);
  }
}
