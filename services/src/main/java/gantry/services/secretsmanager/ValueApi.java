package gantry.services.secretsmanager;

import gantry.services.Caller;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.secretsmanager.SecretTables.Replica;
import gantry.services.secretsmanager.SecretTables.SecretRow;
import gantry.services.secretsmanager.SecretTables.Version;
import gantry.state.Page;
import gantry.state.Row;
import gantry.state.Scope;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.*;

/** The API of values: making a secret, and its versions. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class ValueApi extends Found {

  static final int MAX_VALUE_BYTES = 65_536;
  static final int MAX_VERSIONS = 100;
  static final int MAX_BATCH = 20;
  static final int MAX_PAGE = 100;
  private static final String SUFFIX_LETTERS =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

  ValueApi(ServiceContext context, SecretBox box) {
    super(context, box);
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

  static String token(@Nullable String given) {
    if (given == null) {
      throw SecretErrors.request(
          "You must provide a ClientRequestToken value. We recommend a UUID-type value.");
    }
    if (given.length() < 32 || given.length() > 64) {
      throw SecretErrors.parameter("ClientRequestToken must be 32-64 characters long.");
    }
    return given;
  }

  Version version(
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
  boolean isRepeated(Scope scope, SecretRow row, String id, Value value) {
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

  /** Some products of other companies change their secrets themselves; they do not know us. */
  private static void refuseType(@Nullable String type) {
    if (type != null) {
      throw SecretErrors.parameter("Secrets of the type " + type + " are not supported.");
    }
  }

  public CreateSecretResponse createSecret(CreateSecretRequest r) {
    refuseType(r.type());
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

  String suffix() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      text.append(SUFFIX_LETTERS.charAt(context.ids().below(SUFFIX_LETTERS.length())));
    }
    return text.toString();
  }

  public PutSecretValueResponse putSecretValue(PutSecretValueRequest r) {
    Value value = Value.of(r.secretString(), r.secretBinary());
    if (value == null) {
      throw SecretErrors.request("You must provide either SecretString or SecretBinary.");
    }
    if (r.rotationToken() != null) {
      throw SecretErrors.parameter("A RotationToken belongs to a rotation, and nothing rotates.");
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

  SecretRow put(String secretId, String id, Value value, List<String> stages) {
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
  static List<Version> trimmed(List<Version> versions) {
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

  public UpdateSecretResponse updateSecret(UpdateSecretRequest r) {
    refuseType(r.type());
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

  public GetSecretValueResponse getSecretValue(GetSecretValueRequest r) {
    Row<SecretRow> row = requireLive(view(), r.secretId());
    return read(row, r.versionId(), r.versionStage());
  }

  GetSecretValueResponse read(
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
  void noteAccess(Row<SecretRow> row) {
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

  public BatchGetSecretValueResponse batchGetSecretValue(BatchGetSecretValueRequest r) {
    boolean byIds = !r.secretIdList().isEmpty();
    if (byIds == !r.filters().isEmpty()) {
      throw SecretErrors.parameter(
          "Either 'SecretIdList' or 'Filters' must be provided, but not both.");
    }
    if (byIds && r.maxResults() != null) {
      throw SecretErrors.parameter("MaxResults goes with Filters, not with SecretIdList.");
    }
    String listing = "BatchGetSecretValue";
    String after = after(listing, r.nextToken());
    Page<String> page =
        byIds
            ? new Page<>(r.secretIdList(), null)
            : Page.cut(
                view()
                    .scan(SecretTables.SECRETS, Caller.current().scope())
                    .map(Row::value)
                    .filter(row -> row.deletion() == null && Filters.match(row, r.filters()))
                    .map(SecretRow::arn)
                    .filter(arn -> arn.compareTo(after) > 0)
                    .sorted(),
                r.maxResults() == null ? MAX_BATCH : r.maxResults(),
                arn -> arn,
                listing);
    // Who may read a batch may not for that reason read each secret in it: each is asked for.
    SecretsManagerClient reader =
        context
            .clients()
            .forCaller(
                "secretsmanager.amazonaws.com",
                Caller.current().scope(),
                SecretsManagerClient.class);
    List<SecretValueEntry> values = new ArrayList<>();
    List<APIErrorType> errors = new ArrayList<>();
    for (String id : page.items()) {
      try {
        GetSecretValueResponse got = reader.getSecretValue(one -> one.secretId(id));
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
      } catch (AwsServiceException e) {
        errors.add(
            APIErrorType.builder()
                .secretId(id)
                .errorCode(SecretErrors.code(e))
                .message(SecretErrors.text(e))
                .build());
      }
    }
    return BatchGetSecretValueResponse.builder()
        .secretValues(values)
        .errors(errors)
        .nextToken(page.nextToken())
        .build();
  }
}
