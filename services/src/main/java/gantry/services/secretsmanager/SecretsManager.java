package gantry.services.secretsmanager;

import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.NamedPrincipals;
import gantry.services.iam.policy.MalformedPolicy;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import gantry.services.secretsmanager.SecretTables.Replica;
import gantry.services.secretsmanager.SecretTables.SecretRow;
import gantry.services.secretsmanager.SecretTables.Version;
import gantry.state.Deadlines;
import gantry.state.Page;
import gantry.state.Row;
import gantry.state.Store;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.*;

/**
 * The Secrets Manager API. Rotation needs Lambda, which is not hosted: it is refused. It is long,
 * so it stands in several files, each of which adds its operations to those of the one before:
 * {@link ValueApi}, and here what becomes of secrets.
 */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
public final class SecretsManager extends ValueApi implements SecretsManagerClient {

  public static HostedService<SecretsManagerClient> hosted(SecretBox box) {
    return new HostedService<>(
        SecretsManagerClient.class,
        context -> new SecretsManager(context, box),
        List.of(SecretTables.SECRETS),
        context ->
            List.of(
                deletions(context.store(), context.clock()),
                new Replication(
                    new Replicas(context, new Sealing(box, context.clients(), context.ids())))));
  }

  /** Deleted secrets go when their recovery window has passed. */
  static Deadlines<SecretRow> deletions(Store store, Clock clock) {
    return Deadlines.deleting(
        "secretsmanager.deletions", store, clock, SecretTables.SECRETS, SecretRow::deletion);
  }

  public SecretsManager(ServiceContext context, SecretBox box) {
    super(context, box);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  // ---- stages

  @Override
  public UpdateSecretVersionStageResponse updateSecretVersionStage(
      UpdateSecretVersionStageRequest r) {
    SecretRow row =
        change(
            r.secretId(),
            secret -> {
              Version holder = Stages.holder(secret.versions(), r.versionStage());
              String from = r.removeFromVersionId();
              String to = r.moveToVersionId();
              for (String id : new String[] {from, to}) {
                if (id != null && secret.versions().stream().noneMatch(v -> v.id().equals(id))) {
                  throw SecretErrors.notFound(
                      "Secrets Manager can't find the specified secret value for VersionId: " + id);
                }
              }
              if (holder != null
                  && to != null
                  && !holder.id().equals(to)
                  && !holder.id().equals(from)) {
                throw SecretErrors.parameter(
                    "The parameter RemoveFromVersionId can't be empty. Staging label "
                        + r.versionStage()
                        + " is currently attached to version "
                        + holder.id()
                        + ", so you must explicitly reference that version in"
                        + " RemoveFromVersionId.");
              }
              if (to == null && r.versionStage().equals(Stages.CURRENT)) {
                throw SecretErrors.parameter(
                    "You can only move staging label AWSCURRENT to a different secret version. It"
                        + " can't be completely removed.");
              }
              return secret.withVersions(
                  Stages.move(secret.versions(), r.versionStage(), to), now());
            });
    return UpdateSecretVersionStageResponse.builder().arn(row.arn()).name(row.name()).build();
  }

  @Override
  public ListSecretVersionIdsResponse listSecretVersionIds(ListSecretVersionIdsRequest r) {
    SecretRow row = require(view(), r.secretId()).value();
    boolean all = Boolean.TRUE.equals(r.includeDeprecated());
    String listing = "ListSecretVersionIds/" + row.arn();
    String after = after(listing, r.nextToken());
    Page<Version> page =
        Page.cut(
            row.versions().stream()
                .dropWhile(version -> !after.isEmpty() && !version.id().equals(after))
                .skip(after.isEmpty() ? 0 : 1)
                .filter(version -> all || !version.stages().isEmpty()),
            r.maxResults() == null ? MAX_PAGE : r.maxResults(),
            Version::id,
            listing);
    return ListSecretVersionIdsResponse.builder()
        .arn(row.arn())
        .name(row.name())
        .nextToken(page.nextToken())
        .versions(
            page.items().stream()
                .map(
                    version ->
                        SecretVersionsListEntry.builder()
                            .versionId(version.id())
                            .versionStages(version.stages())
                            .createdDate(version.created())
                            .kmsKeyIds(
                                version.kmsKeyId() == null
                                    ? "DefaultEncryptionKey"
                                    : version.kmsKeyId())
                            .build())
                .toList())
        .build();
  }

  // ---- deletion

  @Override
  public DeleteSecretResponse deleteSecret(DeleteSecretRequest r) {
    boolean force = Boolean.TRUE.equals(r.forceDeleteWithoutRecovery());
    if (force && r.recoveryWindowInDays() != null) {
      throw SecretErrors.parameter(
          "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
    }
    long days = r.recoveryWindowInDays() == null ? 30 : r.recoveryWindowInDays();
    if (days < 7 || days > 30) {
      throw SecretErrors.parameter(
          "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
    }
    Instant now = now();
    Row<SecretRow> found = find(view(), Caller.current().scope(), r.secretId());
    if (found != null) {
      Replicas.refuseCopy(found);
      Replicas.refuseReplicated(found.value());
    }
    if (force) {
      if (found == null) {
        return DeleteSecretResponse.builder()
            .arn(r.secretId().startsWith("arn:") ? r.secretId() : null)
            .name(r.secretId())
            .deletionDate(now)
            .build();
      }
      context
          .store()
          .write(
              tx -> {
                tx.delete(SecretTables.SECRETS, found.key());
                return null;
              });
      return DeleteSecretResponse.builder()
          .arn(found.value().arn())
          .name(found.value().name())
          .deletionDate(now)
          .build();
    }
    Instant end = now.plus(Duration.ofDays(days));
    SecretRow row = change(r.secretId(), secret -> secret.deleted(now, end));
    return DeleteSecretResponse.builder().arn(row.arn()).name(row.name()).deletionDate(end).build();
  }

  @Override
  public RestoreSecretResponse restoreSecret(RestoreSecretRequest r) {
    SecretRow row =
        context
            .store()
            .write(
                tx -> {
                  Row<SecretRow> found = require(tx, r.secretId());
                  Replicas.refuseCopy(found);
                  SecretRow restored = found.value().deleted(null, null);
                  tx.put(SecretTables.SECRETS, found.key(), restored);
                  return restored;
                });
    return RestoreSecretResponse.builder().arn(row.arn()).name(row.name()).build();
  }

  // ---- describing

  @Override
  public DescribeSecretResponse describeSecret(DescribeSecretRequest r) {
    SecretRow row = require(view(), r.secretId()).value();
    Map<String, List<String>> stages = stages(row);
    return DescribeSecretResponse.builder()
        .arn(row.arn())
        .name(row.name())
        .description(row.description())
        .kmsKeyId(row.kmsKeyId())
        .createdDate(row.created())
        .lastChangedDate(row.changed())
        .lastAccessedDate(row.accessed())
        .deletedDate(row.deletedAt())
        .tags(tagList(row.tags()))
        .versionIdsToStages(stages.isEmpty() ? null : stages)
        .primaryRegion(row.primaryRegion())
        .replicationStatus(row.replicas().isEmpty() ? null : replicas.status(row))
        .build();
  }

  @Override
  public ListSecretsResponse listSecrets(ListSecretsRequest r) {
    boolean deleted = Boolean.TRUE.equals(r.includePlannedDeletion());
    boolean descending = r.sortOrder() == SortOrderType.DESC;
    String listing = "ListSecrets/" + descending;
    String after = after(listing, r.nextToken());
    Comparator<SecretRow> order = Comparator.comparing(SecretsManager::place);
    Page<SecretRow> page =
        Page.cut(
            view()
                .scan(SecretTables.SECRETS, Caller.current().scope())
                .map(Row::value)
                .filter(row -> deleted || row.deletion() == null)
                .filter(row -> Filters.match(row, r.filters()))
                .sorted(descending ? order.reversed() : order)
                .filter(
                    row ->
                        after.isEmpty() || place(row).compareTo(after) * (descending ? -1 : 1) > 0),
            r.maxResults() == null ? MAX_PAGE : r.maxResults(),
            SecretsManager::place,
            listing);
    return ListSecretsResponse.builder()
        .secretList(page.items().stream().map(SecretsManager::entry).toList())
        .nextToken(page.nextToken())
        .build();
  }

  /** Secrets are listed by the time of their creation. */
  private static String place(SecretRow row) {
    return String.format(Locale.ROOT, "%015d/%s", row.created().toEpochMilli(), row.name());
  }

  private static SecretListEntry entry(SecretRow row) {
    return SecretListEntry.builder()
        .arn(row.arn())
        .name(row.name())
        .description(row.description())
        .kmsKeyId(row.kmsKeyId())
        .createdDate(row.created())
        .lastChangedDate(row.changed())
        .lastAccessedDate(row.accessed())
        .deletedDate(row.deletedAt())
        .tags(tagList(row.tags()))
        .secretVersionsToStages(stages(row))
        .primaryRegion(row.primaryRegion())
        .build();
  }

  @Override
  public TagResourceResponse tagResource(TagResourceRequest r) {
    change(
        r.secretId(),
        secret ->
            secret.withTags(
                tags(secret.tags() == null ? Map.of() : secret.tags(), r.tags()), now()));
    return TagResourceResponse.builder().build();
  }

  @Override
  public UntagResourceResponse untagResource(UntagResourceRequest r) {
    change(
        r.secretId(),
        secret -> {
          Map<String, String> tags =
              new TreeMap<>(secret.tags() == null ? Map.<String, String>of() : secret.tags());
          r.tagKeys().forEach(tags::remove);
          return secret.withTags(tags, now());
        });
    return UntagResourceResponse.builder().build();
  }

  // ---- policies

  private List<String> problems(String policy) {
    try {
      PolicyDocument parsed = PolicyDocument.parse(policy, PolicyKind.RESOURCE);
      return NamedPrincipals.missing(view(), Caller.current().account(), parsed)
          .map(arn -> List.of("This resource policy contains an unsupported principal: " + arn))
          .orElse(List.of());
    } catch (MalformedPolicy e) {
      return List.of(e.getMessage() + " (" + e.place() + ")");
    }
  }

  @Override
  public PutResourcePolicyResponse putResourcePolicy(PutResourcePolicyRequest r) {
    List<String> problems = problems(r.resourcePolicy());
    if (!problems.isEmpty()) {
      throw MalformedPolicyDocumentException.builder().message(problems.getFirst()).build();
    }
    if (Boolean.TRUE.equals(r.blockPublicPolicy())
        && r.resourcePolicy()
            .replaceAll("\\s", "")
            .matches(".*\"Principal\":(\"\\*\"|\\{\"AWS\":\"\\*\"\\}).*")
        && !r.resourcePolicy().contains("\"Condition\"")) {
      throw PublicPolicyException.builder()
          .message("You can't attach a resource policy that allows broad access to the secret.")
          .build();
    }
    SecretRow row = change(r.secretId(), secret -> secret.withPolicy(r.resourcePolicy()));
    return PutResourcePolicyResponse.builder().arn(row.arn()).name(row.name()).build();
  }

  @Override
  public GetResourcePolicyResponse getResourcePolicy(GetResourcePolicyRequest r) {
    SecretRow row = require(view(), r.secretId()).value();
    return GetResourcePolicyResponse.builder()
        .arn(row.arn())
        .name(row.name())
        .resourcePolicy(row.policy())
        .build();
  }

  @Override
  public DeleteResourcePolicyResponse deleteResourcePolicy(DeleteResourcePolicyRequest r) {
    SecretRow row = change(r.secretId(), secret -> secret.withPolicy(null));
    return DeleteResourcePolicyResponse.builder().arn(row.arn()).name(row.name()).build();
  }

  @Override
  public ValidateResourcePolicyResponse validateResourcePolicy(ValidateResourcePolicyRequest r) {
    if (r.secretId() != null) {
      require(view(), r.secretId());
    }
    List<String> problems = problems(r.resourcePolicy());
    return ValidateResourcePolicyResponse.builder()
        .policyValidationPassed(problems.isEmpty())
        .validationErrors(
            problems.stream()
                .map(
                    text ->
                        ValidationErrorsEntry.builder()
                            .checkName("PolicySyntax")
                            .errorMessage(text)
                            .build())
                .toList())
        .build();
  }

  // ---- copies in other regions

  @Override
  public ReplicateSecretToRegionsResponse replicateSecretToRegions(
      ReplicateSecretToRegionsRequest r) {
    Row<SecretRow> row = requireLive(view(), r.secretId());
    List<Replica> more =
        Replicas.asked(
            row.key().scope().region(),
            r.addReplicaRegions(),
            Boolean.TRUE.equals(r.forceOverwriteReplicaSecret()));
    change(r.secretId(), secret -> Replicas.with(secret, row.key().scope().region(), more));
    return ReplicateSecretToRegionsResponse.builder()
        .arn(row.value().arn())
        .replicationStatus(replicas.sync(row.key()))
        .build();
  }

  @Override
  public RemoveRegionsFromReplicationResponse removeRegionsFromReplication(
      RemoveRegionsFromReplicationRequest r) {
    Row<SecretRow> row = requireLive(view(), r.secretId());
    Replicas.refuseCopy(row);
    return RemoveRegionsFromReplicationResponse.builder()
        .arn(row.value().arn())
        .replicationStatus(replicas.remove(row.key(), r.removeReplicaRegions()))
        .build();
  }

  @Override
  public StopReplicationToReplicaResponse stopReplicationToReplica(
      StopReplicationToReplicaRequest r) {
    Row<SecretRow> row = requireLive(view(), r.secretId());
    replicas.promote(row.key());
    return StopReplicationToReplicaResponse.builder().arn(row.value().arn()).build();
  }

  // ---- what is not here

  @Override
  public RotateSecretResponse rotateSecret(RotateSecretRequest r) {
    requireLive(view(), r.secretId());
    if (r.rotationLambdaARN() == null) {
      throw SecretErrors.request("No Lambda rotation function ARN is associated with this secret.");
    }
    throw SecretErrors.denied(
        "Secrets Manager cannot invoke the specified Lambda function. Lambda is not hosted here;"
            + " put new values with PutSecretValue and move AWSCURRENT with"
            + " UpdateSecretVersionStage.");
  }

  @Override
  public CancelRotateSecretResponse cancelRotateSecret(CancelRotateSecretRequest r) {
    requireLive(view(), r.secretId());
    throw SecretErrors.request("No Lambda rotation function ARN is associated with this secret.");
  }

  // ---- passwords

  @Override
  public GetRandomPasswordResponse getRandomPassword(GetRandomPasswordRequest r) {
    return GetRandomPasswordResponse.builder()
        .randomPassword(Passwords.make(r, context.ids()))
        .build();
  }
}
