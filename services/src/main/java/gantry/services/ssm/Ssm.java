package gantry.services.ssm;

import static gantry.services.ssm.ParameterTables.BY_TIER;
import static gantry.services.ssm.ParameterTables.PARAMETERS;
import static gantry.services.ssm.ParameterTables.VERSIONS;
import static gantry.services.ssm.ParameterTables.versionKey;
import static gantry.services.ssm.ParameterTables.versions;

import gantry.services.Caller;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.ssm.ParameterTables.ParameterRow;
import gantry.services.ssm.ParameterTables.VersionRow;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.nio.charset.StandardCharsets;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.ssm.model.*;

/**
 * Parameter Store: {@link SsmClient}'s parameter operations over the tables of parameters. Those
 * that read stand in {@link ParameterReading}, those of labels and tags in {@link ParameterLabels}.
 */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
final class Ssm extends ParameterLabels implements SsmClient {

  static final int MAX_STANDARD_BYTES = 4096;
  static final int MAX_ADVANCED_BYTES = 8192;
  static final int MAX_STANDARD_PARAMETERS = 10_000;
  static final int MAX_ADVANCED_PARAMETERS = 100_000;
  static final int MAX_VERSIONS = 100;

  private static final String ADVANCED = "Advanced";
  private static final Set<String> TYPES = Set.of("String", "StringList", SECURE);
  private static final Set<String> DATA_TYPES =
      Set.of("text", "aws:ec2:image", "aws:ssm:integration");
  private static final Pattern IMAGE_ID = Pattern.compile("ami-([0-9a-f]{8}|[0-9a-f]{17})");

  Ssm(ServiceContext context, SecretBox box) {
    super(context, box);
  }

  @Override
  public String serviceName() {
    return SERVICE_NAME;
  }

  @Override
  public void close() {}

  // ---------------------------------------------------------------- writing

  @Override
  public PutParameterResponse putParameter(PutParameterRequest request) {
    Scope scope = scope();
    String name = ParameterName.checked(scope, required(request.name(), "name"));
    String value = required(request.value(), "value");
    if (value.isEmpty()) {
      throw SsmErrors.constraint("", "value", "have length greater than or equal to 1");
    }
    boolean overwrite = Boolean.TRUE.equals(request.overwrite());
    if (overwrite && !request.tags().isEmpty()) {
      throw SsmErrors.validation(
          "Invalid request: tags and overwrite can't be used together. To create a parameter with"
              + " tags, please remove overwrite flag. To update tags for an existing parameter, please"
              + " use AddTagsToResource or RemoveTagsFromResource.");
    }
    String type = request.typeAsString();
    if (type != null && !TYPES.contains(type)) {
      throw SsmErrors.constraint(
          type, "type", "satisfy enum value set: [SecureString, StringList, String]");
    }
    ParameterPolicies policies =
        request.policies() == null ? null : ParameterPolicies.parse(request.policies());
    Map<String, String> tags = tags(Map.of(), request.tags());

    // Outside of the write, because a customer's key is another service's; what is decided by rows
    // is looked at here for the early answer and again inside.
    View view = store.snapshot();
    VersionRow seen = latest(view, scope, name);
    String sealType = type == null && seen != null ? seen.type() : type;
    String keyId = keyId(request, sealType, seen);
    String kept =
        SECURE.equals(sealType) && keyId != null
            ? sealing.seal(scope, keyId, ParameterName.arn(scope, name), value)
            : value;
    String modifiedBy = Caller.current().arn();

    return store.write(
        tx -> {
          ParameterRow row = tx.get(PARAMETERS, scope.key(name));
          VersionRow before = latest(tx, scope, name);
          if (row != null && !overwrite) {
            throw ParameterAlreadyExistsException.builder()
                .message(
                    "The parameter already exists. To overwrite this value, set the overwrite option"
                        + " in the request to true.")
                .build();
          }
          if (type == null && before == null) {
            throw SsmErrors.validation("A parameter type is required when you create a parameter.");
          }
          if (before != null && type != null && !before.type().equals(type)) {
            throw HierarchyTypeMismatchException.builder()
                .message(
                    "The parameter %s is a %s: a parameter's type can't be changed."
                        .formatted(name, before.type()))
                .build();
          }
          String newType = before == null ? Objects.requireNonNull(type) : before.type();
          if (!newType.equals(sealType)) {
            // It was deleted and made anew between looking and writing.
            throw TooManyUpdatesException.builder()
                .message("The parameter is being changed by another request. Try again.")
                .build();
          }
          String policyJson =
              policies != null ? policies.json() : before == null ? null : before.policies();
          String tier = tier(request.tierAsString(), before, value, policyJson != null);
          checkValue(value, tier, policyJson);
          String pattern = or(request.allowedPattern(), before, VersionRow::allowedPattern);
          if (pattern != null && !pattern.isEmpty()) {
            AllowedPattern.check(pattern, value);
          }
          String dataType = dataType(request.dataType(), before, value);
          long version = row == null ? 1 : row.version() + 1;
          if (row == null) {
            checkCount(tx, scope, tier);
          } else {
            makeRoom(tx, scope, name);
          }
          tx.put(
              VERSIONS,
              versionKey(scope, name, version),
              new VersionRow(
                  name,
                  version,
                  newType,
                  kept,
                  dataType,
                  tier,
                  keyId,
                  or(request.description(), before, VersionRow::description),
                  pattern,
                  policyJson,
                  // As precise as the wire tells of it, so that all answers agree.
                  clock.instant().truncatedTo(ChronoUnit.MILLIS),
                  modifiedBy,
                  List.of()));
          tx.put(
              PARAMETERS,
              scope.key(name),
              new ParameterRow(
                  name,
                  version,
                  tier,
                  row == null ? tags : row.tags(),
                  policies != null ? policies.expiresAt() : row == null ? null : row.expiresAt()));
          return PutParameterResponse.builder().version(version).tier(tier).build();
        });
  }

  private static @Nullable String or(
      @Nullable String given,
      @Nullable VersionRow before,
      java.util.function.Function<VersionRow, @Nullable String> member) {
    return given != null ? given : before == null ? null : member.apply(before);
  }

  private static @Nullable String keyId(
      PutParameterRequest request, @Nullable String type, @Nullable VersionRow before) {
    if (!SECURE.equals(type)) {
      if (request.keyId() != null && type != null) {
        throw SsmErrors.validation("KeyId is required for SecureString type parameter only.");
      }
      return null;
    }
    String before0 = before == null ? null : before.keyId();
    return request.keyId() != null
        ? request.keyId()
        : before0 != null ? before0 : Sealing.DEFAULT_KEY;
  }

  private static String tier(
      @Nullable String asked, @Nullable VersionRow before, String value, boolean policies) {
    boolean wasAdvanced = before != null && before.tier().equals(ADVANCED);
    if (asked == null) {
      return wasAdvanced ? ADVANCED : STANDARD;
    }
    return switch (asked) {
      case ADVANCED -> ADVANCED;
      case "Intelligent-Tiering" ->
          wasAdvanced || policies || bytes(value) > MAX_STANDARD_BYTES ? ADVANCED : STANDARD;
      case STANDARD -> {
        if (wasAdvanced) {
          throw SsmErrors.validation(
              "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from"
                  + " the advanced-parameter tier to the standard-parameter tier. If necessary, you"
                  + " can delete the advanced parameter and recreate it as a standard parameter.");
        }
        yield STANDARD;
      }
      default ->
          throw SsmErrors.constraint(
              asked, "tier", "satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]");
    };
  }

  private static int bytes(String value) {
    return value.getBytes(StandardCharsets.UTF_8).length;
  }

  private static void checkValue(String value, String tier, @Nullable String policies) {
    boolean advanced = tier.equals(ADVANCED);
    if (!advanced && bytes(value) > MAX_STANDARD_BYTES) {
      throw SsmErrors.validation(
          "Standard tier parameters support a maximum parameter value of 4096 characters. To create a"
              + " larger parameter value, upgrade the parameter to use the advanced-parameter tier."
              + " For more information, see"
              + " https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html");
    }
    if (bytes(value) > MAX_ADVANCED_BYTES) {
      throw SsmErrors.validation(
          "Advanced tier parameters support a maximum parameter value of 8192 characters.");
    }
    if (!advanced && policies != null) {
      throw SsmErrors.validation(
          "Parameter policies are supported for parameters of the advanced-parameter tier only.");
    }
  }

  private static String dataType(
      @Nullable String asked, @Nullable VersionRow before, String value) {
    String dataType = asked != null ? asked : before == null ? "text" : before.dataType();
    if (!DATA_TYPES.contains(dataType)) {
      throw SsmErrors.validation(
          "The following data type is not supported: %s (Data type names are all lowercase.)"
              .formatted(dataType));
    }
    // AWS looks at the image later and drops the version; an id that cannot be one is told at once.
    if (dataType.equals("aws:ec2:image") && !IMAGE_ID.matcher(value).matches()) {
      throw SsmErrors.validation("The value is not the id of an Amazon Machine Image: " + value);
    }
    return dataType;
  }

  private static void checkCount(Tx tx, Scope scope, String tier) {
    int max = tier.equals(ADVANCED) ? MAX_ADVANCED_PARAMETERS : MAX_STANDARD_PARAMETERS;
    if (tx.lookup(BY_TIER, scope, tier).count() >= max) {
      throw ParameterLimitExceededException.builder()
          .message(
              String.format(
                  Locale.ROOT,
                  "You have exceeded the number of %s parameters for this account and region: %d.",
                  tier,
                  max))
          .build();
    }
  }

  private static void makeRoom(Tx tx, Scope scope, String name) {
    List<VersionRow> all = versions(tx, scope, name);
    if (all.size() < MAX_VERSIONS) {
      return;
    }
    VersionRow oldest = all.getFirst();
    if (!oldest.labels().isEmpty()) {
      throw ParameterMaxVersionLimitExceededException.builder()
          .message(
              String.format(
                  Locale.ROOT,
                  "You attempted to create a new version of %s by calling the PutParameter API with the overwrite flag. Version %d, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.",
                  name,
                  oldest.version()))
          .build();
    }
    tx.delete(VERSIONS, versionKey(scope, name, oldest.version()));
  }

  // ---------------------------------------------------------------- deleting

  @Override
  public DeleteParameterResponse deleteParameter(DeleteParameterRequest request) {
    Scope scope = scope();
    String name = required(request.name(), "name");
    return store.write(
        tx -> {
          delete(tx, scope, owned(tx, scope, name));
          return DeleteParameterResponse.builder().build();
        });
  }

  @Override
  public DeleteParametersResponse deleteParameters(DeleteParametersRequest request) {
    Scope scope = scope();
    checkNames(request.names());
    return store.write(
        tx -> {
          List<String> deleted = new ArrayList<>();
          List<String> invalid = new ArrayList<>();
          for (String name : new LinkedHashSet<>(request.names())) {
            try {
              delete(tx, scope, owned(tx, scope, name));
              deleted.add(name);
            } catch (ParameterNotFoundException e) {
              invalid.add(name);
            }
          }
          return DeleteParametersResponse.builder()
              .deletedParameters(deleted)
              .invalidParameters(invalid)
              .build();
        });
  }

  static void delete(Tx tx, Scope scope, ParameterRow row) {
    for (VersionRow version : versions(tx, scope, row.name())) {
      tx.delete(VERSIONS, versionKey(scope, row.name(), version.version()));
    }
    tx.delete(PARAMETERS, scope.key(row.name()));
  }
}
