package gantry.services.secretsmanager;

import gantry.services.Caller;
import gantry.services.HostedService;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.iam.policy.MalformedPolicy;
import gantry.services.iam.policy.PolicyDocument;
import gantry.services.iam.policy.PolicyKind;
import gantry.services.secretsmanager.SecretTables.Replica;
import gantry.services.secretsmanager.SecretTables.SecretRow;
import gantry.services.secretsmanager.SecretTables.Version;
import gantry.state.Key;
import gantry.state.Page;
import gantry.state.PageToken;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.*;

/** The Secrets Manager API. Rotation needs Lambda, which is not hosted: it is refused. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
public final class SecretsManager implements SecretsManagerClient {

  static final int MAX_VALUE_BYTES = 65_536;
  static final int MAX_VERSIONS = 100;
  private static final String SUFFIX_LETTERS =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

  private final ServiceContext context;
  private final Sealing sealing;
  private final Replicas replicas;

  public static HostedService<SecretsManagerClient> hosted(SecretBox box) {
    return new HostedService<>(
        SecretsManagerClient.class,
        context -> new SecretsManager(context, box),
        List.of(SecretTables.SECRETS),
        context ->
            List.of(
                new Deletions(context.store(), context.clock()),
                new Replication(
                    new Replicas(context, new Sealing(box, context.clients(), context.ids())))));
  }

  public SecretsManager(ServiceContext context, SecretBox box) {
    this.context = context;
    this.sealing = new Sealing(box, context.clients(), context.ids());
    this.replicas = new Replicas(context, sealing);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  // ---- finding

  /** By name, ARN, or ARN without its suffix. */
  static @Nullable Row<SecretRow> find(View view, Scope own, String secretId) {
    Scope scope = own;
    String name = secretId;
    if (secretId.startsWith("arn:")) {
      String[] parts = secretId.split(":", 7);
      if (parts.length < 7) {
        return null;
      }
      scope = new Scope(parts[4], parts[3]);
      Row<SecretRow> exact =
          view.lookup(SecretTables.BY_ARN, scope, secretId).findFirst().orElse(null);
      if (exact != null) {
        return exact;
      }
      name = parts[6];
    }
    Key key = scope.key(name);
    SecretRow row = view.get(SecretTables.SECRETS, key);
    return row == null ? null : new Row<>(key, row);
  }

  private static Row<SecretRow> require(View view, String secretId) {
    Row<SecretRow> row = find(view, Caller.current().scope(), secretId);
    if (row == null) {
      throw SecretErrors.noSecret();
    }
    return row;
  }

  private static Row<SecretRow> requireLive(View view, String secretId) {
    Row<SecretRow> row = require(view, secretId);
    if (row.value().deletion() != null) {
      throw SecretErrors.request(
          "You can't perform this operation on the secret because it was marked for deletion.");
    }
    return row;
  }

  private View view() {
    return context.store().snapshot();
  }

  private Instant now() {
    return context.clock().instant();
  }

  private SecretRow change(String secretId, UnaryOperator<SecretRow> change) {
    Row<SecretRow> row =
        context
            .store()
            .write(
                tx -> {
                  Row<SecretRow> now = requireLive(tx, secretId);
                  Replicas.refuseCopy(now);
                  SecretRow changed = change.apply(now.value());
                  tx.put(SecretTables.SECRETS, now.key(), changed);
                  return new Row<>(now.key(), changed);
                });
    replicas.sync(row.key());
    return row.value();
  }

  // ---- values

  private record Value(SdkBytes bytes, boolean binary) {
    static @Nullable Value of(@Nullable String text, @Nullable SdkBytes binary) {
      if (text != null && binary != null) {
        throw SecretErrors.parameter(
            "You can't specify both a binary secret value and a string secret value in the same"
                + " secret.");
      }
      SdkBytes bytes = text != null ? SdkBytes.fromUtf8String(text) : binary;
      if (bytes == null) {
        return null;
      }
      if (bytes.asByteArray().length > MAX_VALUE_BYTES) {
        throw SecretErrors.validation(
            "1 validation error detected: Value at 'secretString' failed to satisfy constraint:"
                + " Member must have length less than or equal to "
                + MAX_VALUE_BYTES);
      }
      return new Value(bytes, text == null);
    }
  }

  private static String token(@Nullable String given) {
    if (given == null) {
      throw SecretErrors.request(
          "You must provide a ClientRequestToken value. We recommend a UUID-type value.");
    }
    if (given.length() < 32 || given.length() > 64) {
      throw SecretErrors.parameter("ClientRequestToken must be 32-64 characters long.");
    }
    return given;
  }

  private Version version(
      Scope scope,
      String arn,
      @Nullable String kmsKeyId,
      String id,
      Value value,
      List<String> stages) {
    return new Version(
        id,
        sealing.seal(scope, kmsKeyId, arn, id, value.bytes().asByteArray()),
        value.binary(),
        kmsKeyId,
        now(),
        stages);
  }

  /** True when a retry brings what is there already; refuses another value under the same token. */
  private boolean isRepeated(Scope scope, SecretRow row, String id, Value value) {
    Version there = row.versions().stream().filter(v -> v.id().equals(id)).findFirst().orElse(null);
    if (there == null) {
      return false;
    }
    boolean same =
        there.binary() == value.binary()
            && java.security.MessageDigest.isEqual(
                sealing.open(scope, row, there), value.bytes().asByteArray());
    if (!same) {
      throw SecretErrors.exists(
          "You can't use ClientRequestToken "
              + id
              + " because that value is already in use for a version of secret "
              + row.arn()
              + ".");
    }
    return true;
  }

  @Override
  public CreateSecretResponse createSecret(CreateSecretRequest r) {
    if (!r.name().matches("[A-Za-z0-9/_+=.@!-]{1,512}")) {
      throw SecretErrors.validation(
          "Invalid name. Must be a valid name containing alphanumeric characters, or any of the"
              + " following: -/_+=.@!");
    }
    Value value = Value.of(r.secretString(), r.secretBinary());
    String id = value == null ? null : token(r.clientRequestToken());
    Scope scope = Caller.current().scope();
    List<Replica> copies =
        Replicas.asked(
            scope.region(),
            r.addReplicaRegions(),
            Boolean.TRUE.equals(r.forceOverwriteReplicaSecret()));
    Row<SecretRow> there = find(view(), scope, r.name());
    if (there != null) {
      if (there.value().deletion() != null) {
        throw SecretErrors.request(
            "You can't create this secret because a secret with this name is already scheduled for"
                + " deletion.");
      }
      boolean retry =
          value != null
              && id != null
              && there.value().versions().stream().anyMatch(v -> v.id().equals(id))
              && isRepeated(scope, there.value(), id, value);
      if (!retry) {
        throw SecretErrors.exists(
            "The operation failed because the secret " + r.name() + " already exists.");
      }
      return CreateSecretResponse.builder()
          .arn(there.value().arn())
          .name(r.name())
          .versionId(id)
          .build();
    }
    String arn =
        "arn:aws:secretsmanager:"
            + scope.region()
            + ":"
            + scope.account()
            + ":secret:"
            + r.name()
            + "-"
            + suffix();
    List<Version> versions =
        value == null || id == null
            ? List.of()
            : List.of(version(scope, arn, r.kmsKeyId(), id, value, List.of(Stages.CURRENT)));
    Instant now = now();
    SecretRow row =
        new SecretRow(
            arn,
            r.name(),
            r.description(),
            r.kmsKeyId(),
            null,
            r.tags().isEmpty() ? null : tags(Map.of(), r.tags()),
            versions,
            now,
            now,
            null,
            null,
            null,
            copies.isEmpty() ? null : scope.region(),
            copies);
    context
        .store()
        .write(
            tx -> {
              if (tx.get(SecretTables.SECRETS, scope.key(r.name())) != null) {
                throw SecretErrors.exists(
                    "The operation failed because the secret " + r.name() + " already exists.");
              }
              tx.put(SecretTables.SECRETS, scope.key(r.name()), row);
              return null;
            });
    List<ReplicationStatusType> status = replicas.sync(scope.key(r.name()));
    return CreateSecretResponse.builder()
        .arn(arn)
        .name(r.name())
        .versionId(id)
        .replicationStatus(status.isEmpty() ? null : status)
        .build();
  }

  private String suffix() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      text.append(SUFFIX_LETTERS.charAt(context.ids().below(SUFFIX_LETTERS.length())));
    }
    return text.toString();
  }

  @Override
  public PutSecretValueResponse putSecretValue(PutSecretValueRequest r) {
    Value value = Value.of(r.secretString(), r.secretBinary());
    if (value == null) {
      throw SecretErrors.request("You must provide either SecretString or SecretBinary.");
    }
    String id = token(r.clientRequestToken());
    List<String> stages = r.hasVersionStages() ? r.versionStages() : List.of(Stages.CURRENT);
    SecretRow row = put(r.secretId(), id, value, stages);
    return PutSecretValueResponse.builder()
        .arn(row.arn())
        .name(row.name())
        .versionId(id)
        .versionStages(
            row.versions().stream()
                .filter(v -> v.id().equals(id))
                .findFirst()
                .map(Version::stages)
                .orElse(stages))
        .build();
  }

  private SecretRow put(String secretId, String id, Value value, List<String> stages) {
    Row<SecretRow> row = requireLive(view(), secretId);
    Scope scope = row.key().scope();
    if (isRepeated(scope, row.value(), id, value)) {
      return row.value();
    }
    // A first value is the current one, whatever else it is called.
    Version made = version(scope, row.value().arn(), row.value().kmsKeyId(), id, value, List.of());
    return change(
        secretId,
        secret -> {
          List<Version> versions = new ArrayList<>(secret.versions());
          versions.add(made);
          for (String stage : stages) {
            versions = Stages.move(versions, stage, id);
          }
          if (Stages.holder(versions, Stages.CURRENT) == null) {
            versions = Stages.move(versions, Stages.CURRENT, id);
          }
          return secret.withVersions(trimmed(versions), now());
        });
  }

  /** Without the oldest versions that nobody has named. */
  private static List<Version> trimmed(List<Version> versions) {
    List<Version> kept = new ArrayList<>(versions);
    for (int i = 0; i < kept.size() && kept.size() > MAX_VERSIONS; ) {
      if (kept.get(i).stages().isEmpty()) {
        kept.remove(i);
      } else {
        i++;
      }
    }
    return kept;
  }

  @Override
  public UpdateSecretResponse updateSecret(UpdateSecretRequest r) {
    Value value = Value.of(r.secretString(), r.secretBinary());
    String id = value == null ? null : token(r.clientRequestToken());
    if (r.description() != null || r.kmsKeyId() != null) {
      change(
          r.secretId(),
          secret ->
              secret.described(
                  r.description() == null ? secret.description() : r.description(),
                  r.kmsKeyId() == null ? secret.kmsKeyId() : r.kmsKeyId(),
                  now()));
    }
    SecretRow row =
        value == null || id == null
            ? requireLive(view(), r.secretId()).value()
            : put(r.secretId(), id, value, List.of(Stages.CURRENT));
    return UpdateSecretResponse.builder().arn(row.arn()).name(row.name()).versionId(id).build();
  }

  @Override
  public GetSecretValueResponse getSecretValue(GetSecretValueRequest r) {
    Row<SecretRow> row = requireLive(view(), r.secretId());
    return read(row, r.versionId(), r.versionStage());
  }

  private GetSecretValueResponse read(
      Row<SecretRow> row, @Nullable String versionId, @Nullable String stage) {
    Version version;
    if (versionId != null) {
      version =
          row.value().versions().stream()
              .filter(v -> v.id().equals(versionId))
              .findFirst()
              .orElseThrow(
                  () ->
                      SecretErrors.notFound(
                          "Secrets Manager can't find the specified secret value for VersionId: "
                              + versionId));
      if (stage != null && !version.stages().contains(stage)) {
        throw SecretErrors.request(
            "You provided a VersionStage that is not associated to the provided VersionId.");
      }
    } else {
      String wanted = stage == null ? Stages.CURRENT : stage;
      version = Stages.holder(row.value().versions(), wanted);
      if (version == null) {
        throw SecretErrors.notFound(
            "Secrets Manager can't find the specified secret value for staging label: " + wanted);
      }
    }
    SdkBytes plain = SdkBytes.fromByteArray(sealing.open(row.key().scope(), row.value(), version));
    noteAccess(row);
    return GetSecretValueResponse.builder()
        .arn(row.value().arn())
        .name(row.value().name())
        .versionId(version.id())
        .secretString(version.binary() ? null : plain.asUtf8String())
        .secretBinary(version.binary() ? plain : null)
        .versionStages(version.stages())
        .createdDate(version.created())
        .build();
  }

  /** LastAccessedDate is a day, so it is written once a day. */
  private void noteAccess(Row<SecretRow> row) {
    Instant today = now().truncatedTo(ChronoUnit.DAYS);
    if (today.equals(row.value().accessed())) {
      return;
    }
    context
        .store()
        .write(
            tx -> {
              SecretRow current = tx.get(SecretTables.SECRETS, row.key());
              if (current != null) {
                tx.put(SecretTables.SECRETS, row.key(), current.accessedAt(today));
              }
              return null;
            });
  }

  @Override
  public BatchGetSecretValueResponse batchGetSecretValue(BatchGetSecretValueRequest r) {
    boolean byIds = !r.secretIdList().isEmpty();
    if (byIds == !r.filters().isEmpty()) {
      throw SecretErrors.parameter(
          "Either 'SecretIdList' or 'Filters' must be provided, but not both.");
    }
    List<String> ids =
        byIds
            ? r.secretIdList()
            : view()
                .scan(SecretTables.SECRETS, Caller.current().scope())
                .map(Row::value)
                .filter(row -> row.deletion() == null && Filters.match(row, r.filters()))
                .map(SecretRow::arn)
                .limit(20)
                .toList();
    List<SecretValueEntry> values = new ArrayList<>();
    List<APIErrorType> errors = new ArrayList<>();
    for (String id : ids) {
      try {
        GetSecretValueResponse got =
            getSecretValue(GetSecretValueRequest.builder().secretId(id).build());
        values.add(
            SecretValueEntry.builder()
                .arn(got.arn())
                .name(got.name())
                .versionId(got.versionId())
                .secretString(got.secretString())
                .secretBinary(got.secretBinary())
                .versionStages(got.versionStages())
                .createdDate(got.createdDate())
                .build());
      } catch (ResourceNotFoundException e) {
        errors.add(error(id, "ResourceNotFoundException", e));
      } catch (InvalidRequestException e) {
        errors.add(error(id, "InvalidRequestException", e));
      } catch (DecryptionFailureException e) {
        errors.add(error(id, "DecryptionFailure", e));
      }
    }
    return BatchGetSecretValueResponse.builder().secretValues(values).errors(errors).build();
  }

  private static APIErrorType error(String id, String code, RuntimeException e) {
    return APIErrorType.builder().secretId(id).errorCode(code).message(e.getMessage()).build();
  }

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
    return ListSecretVersionIdsResponse.builder()
        .arn(row.arn())
        .name(row.name())
        .versions(
            row.versions().stream()
                .filter(version -> all || !version.stages().isEmpty())
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

  private static Map<String, List<String>> stages(SecretRow row) {
    Map<String, List<String>> stages = new TreeMap<>();
    row.versions().stream()
        .filter(version -> !version.stages().isEmpty())
        .forEach(version -> stages.put(version.id(), version.stages()));
    return stages;
  }

  private static @Nullable List<Tag> tagList(@Nullable Map<String, String> tags) {
    return tags == null
        ? null
        : tags.entrySet().stream()
            .map(tag -> Tag.builder().key(tag.getKey()).value(tag.getValue()).build())
            .toList();
  }

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
    String listing = "ListSecrets";
    String after;
    try {
      after = PageToken.lastId(listing, r.nextToken());
    } catch (PageToken.Invalid e) {
      throw InvalidNextTokenException.builder().message("Invalid NextToken").build();
    }
    Page<Row<SecretRow>> page =
        Page.cut(
            view()
                .scanAfter(SecretTables.SECRETS, Caller.current().scope(), after)
                .filter(row -> deleted || row.value().deletion() == null)
                .filter(row -> Filters.match(row.value(), r.filters())),
            r.maxResults() == null ? 100 : r.maxResults(),
            row -> row.key().id(),
            listing);
    return ListSecretsResponse.builder()
        .secretList(page.items().stream().map(row -> entry(row.value())).toList())
        .nextToken(page.nextToken())
        .build();
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

  private static Map<String, String> tags(Map<String, String> before, List<Tag> more) {
    Map<String, String> all = new TreeMap<>(before);
    Map<String, String> given = new HashMap<>();
    for (Tag tag : more) {
      if (given.put(tag.key(), tag.value()) != null) {
        throw SecretErrors.parameter("Duplicate tag keys are not allowed: " + tag.key());
      }
    }
    all.putAll(given);
    return all;
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

  private static List<String> problems(String policy) {
    try {
      PolicyDocument.parse(policy, PolicyKind.RESOURCE);
      return List.of();
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

  // ---- passwords

  @Override
  public GetRandomPasswordResponse getRandomPassword(GetRandomPasswordRequest r) {
    return GetRandomPasswordResponse.builder()
        .randomPassword(Passwords.make(r, context.ids()))
        .build();
  }
}
