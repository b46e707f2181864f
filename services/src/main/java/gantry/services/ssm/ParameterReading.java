package gantry.services.ssm;

import static gantry.services.ssm.ParameterTables.PARAMETERS;
import static gantry.services.ssm.ParameterTables.VERSIONS;
import static gantry.services.ssm.ParameterTables.versionKey;
import static gantry.services.ssm.ParameterTables.versions;

import gantry.services.Caller;
import gantry.services.Clients;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.ssm.ParameterFilters.Candidate;
import gantry.services.ssm.ParameterName.Selected;
import gantry.services.ssm.ParameterTables.ParameterRow;
import gantry.services.ssm.ParameterTables.VersionRow;
import gantry.state.Page;
import gantry.state.PageToken;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.GetSecretValueResponse;
import software.amazon.awssdk.services.secretsmanager.model.ResourceNotFoundException;
import software.amazon.awssdk.services.ssm.model.*;

/** The API of reading parameters: by name, by path, their history and descriptions. */
@SuppressWarnings("WildcardImport") // Every operation brings two classes.
abstract class ParameterReading {

  static final int MAX_NAMES = 10;
  static final String STANDARD = "Standard";
  static final String SECURE = "SecureString";
  private static final String SECRET_REFERENCE = "/aws/reference/secretsmanager/";

  final Store store;
  final Clock clock;
  private final Clients clients;
  final Sealing sealing;

  ParameterReading(ServiceContext context, SecretBox box) {
    this.store = context.store();
    this.clock = context.clock();
    this.clients = context.clients();
    this.sealing = new Sealing(box, context.clients());
  }

  static Scope scope() {
    return Caller.current().scope();
  }

  static String required(@Nullable String value, String member) {
    if (value == null) {
      throw SsmErrors.constraint("null", member, "not be null");
    }
    return value;
  }

  static @Nullable VersionRow latest(View view, Scope scope, String name) {
    ParameterRow row = view.get(PARAMETERS, scope.key(name));
    return row == null ? null : view.get(VERSIONS, versionKey(scope, name, row.version()));
  }

  // ---------------------------------------------------------------- reading

  public GetParameterResponse getParameter(GetParameterRequest request) {
    Parameter parameter =
        parameter(
            store.snapshot(),
            required(request.name(), "name"),
            Boolean.TRUE.equals(request.withDecryption()));
    return GetParameterResponse.builder().parameter(parameter).build();
  }

  /** One parameter by name, ARN or either with a selector. */
  Parameter parameter(View view, String given, boolean decrypted) {
    Scope scope = scope();
    if (!ParameterName.isHere(scope, given)) {
      throw SsmErrors.notFound();
    }
    Selected selected = ParameterName.parse(given);
    if (selected.name().startsWith(SECRET_REFERENCE)) {
      return secret(scope, selected, decrypted);
    }
    if (selected.name().startsWith(PublicParameters.PREFIX)) {
      Parameter parameter = PublicParameters.in(scope.region()).get(selected.name());
      if (parameter == null) {
        throw SsmErrors.notFound();
      }
      if (selected.selector() != null && !selected.selector().equals("1")) {
        throw SsmErrors.versionNotFound(selected.name(), selected.selector());
      }
      return parameter.toBuilder().selector(selected.shown()).build();
    }
    ParameterRow row = row(view, scope, given, selected.name());
    return shown(scope, version(view, scope, row, selected), selected.shown(), decrypted);
  }

  /** An ARN does not tell whether the name begins with a slash. */
  static ParameterRow row(View view, Scope scope, String given, String name) {
    ParameterRow row = view.get(PARAMETERS, scope.key(name));
    if (row == null && given.startsWith("arn:") && name.indexOf('/', 1) < 0) {
      row = view.get(PARAMETERS, scope.key(name.substring(1)));
    }
    if (row == null) {
      throw SsmErrors.notFound();
    }
    return row;
  }

  static VersionRow version(View view, Scope scope, ParameterRow row, Selected selected) {
    String selector = selected.selector();
    if (selector == null) {
      return Objects.requireNonNull(
          view.get(VERSIONS, versionKey(scope, row.name(), row.version())));
    }
    boolean isNumber = !selector.isEmpty() && selector.chars().allMatch(c -> c >= '0' && c <= '9');
    return versions(view, scope, row.name()).stream()
        .filter(
            version ->
                isNumber
                    ? String.valueOf(version.version()).equals(selector)
                    : version.labels().contains(selector))
        .findFirst()
        .orElseThrow(() -> SsmErrors.versionNotFound(row.name(), selector));
  }

  Parameter shown(Scope scope, VersionRow row, @Nullable String selector, boolean decrypted) {
    return Parameter.builder()
        .name(row.name())
        .arn(ParameterName.arn(scope, row.name()))
        .type(row.type())
        .value(value(scope, row, decrypted))
        .version(row.version())
        .dataType(row.dataType())
        .selector(selector)
        .lastModifiedDate(row.modifiedAt())
        .build();
  }

  String value(Scope scope, VersionRow row, boolean decrypted) {
    String keyId = row.keyId();
    return decrypted && keyId != null
        ? sealing.open(scope, keyId, ParameterName.arn(scope, row.name()), row.value())
        : row.value();
  }

  Parameter secret(Scope scope, Selected selected, boolean decrypted) {
    if (!decrypted) {
      throw SsmErrors.validation(
          "WithDecryption flag must be True for retrieving a Secret Manager secret.");
    }
    String id = selected.name().substring(SECRET_REFERENCE.length());
    GetSecretValueResponse secret;
    try {
      secret =
          clients
              .forCaller("ssm.amazonaws.com", scope, SecretsManagerClient.class)
              .getSecretValue(
                  get -> {
                    get.secretId(id);
                    if (selected.selector() != null) {
                      get.versionStage(selected.selector());
                    }
                  });
    } catch (ResourceNotFoundException e) {
      throw SsmErrors.notFound();
    }
    if (secret.secretString() == null) {
      throw UnsupportedParameterTypeException.builder()
          .message("The secret %s is binary and can't be read as a parameter.".formatted(id))
          .build();
    }
    return Parameter.builder()
        .name(selected.name())
        .arn(secret.arn())
        .type(SECURE)
        .value(secret.secretString())
        .version(0L)
        .selector(selected.shown())
        .lastModifiedDate(secret.createdDate())
        .dataType("text")
        .build();
  }

  public GetParametersResponse getParameters(GetParametersRequest request) {
    checkNames(request.names());
    View view = store.snapshot();
    Map<String, Parameter> found = new TreeMap<>();
    List<String> invalid = new ArrayList<>();
    for (String name : new LinkedHashSet<>(request.names())) {
      try {
        Parameter parameter = parameter(view, name, Boolean.TRUE.equals(request.withDecryption()));
        found.put(
            parameter.name() + Objects.requireNonNullElse(parameter.selector(), ""), parameter);
      } catch (ParameterNotFoundException | ParameterVersionNotFoundException e) {
        invalid.add(name);
      }
    }
    return GetParametersResponse.builder()
        .parameters(found.values())
        .invalidParameters(invalid)
        .build();
  }

  static void checkNames(List<String> names) {
    if (names.isEmpty()) {
      throw SsmErrors.constraint(names, "names", "have length greater than or equal to 1");
    }
    if (names.size() > MAX_NAMES) {
      throw SsmErrors.constraint(names, "names", "have length less than or equal to " + MAX_NAMES);
    }
  }

  public GetParametersByPathResponse getParametersByPath(GetParametersByPathRequest request) {
    Scope scope = scope();
    String path = required(request.path(), "path");
    ParameterFilters.checkPath(path);
    boolean recursive = Boolean.TRUE.equals(request.recursive());
    boolean decrypted = Boolean.TRUE.equals(request.withDecryption());
    Predicate<Candidate> filter = ParameterFilters.byPath(request.parameterFilters());
    int limit = limit(request.maxResults(), MAX_NAMES);
    String listing = "GetParametersByPath/" + path + "/" + recursive;
    String after = after(listing, request.nextToken());

    if (path.startsWith("/aws/")) {
      Stream<Parameter> ours =
          PublicParameters.in(scope.region()).tailMap(after).values().stream()
              .filter(parameter -> parameter.name().compareTo(after) > 0)
              .filter(parameter -> ParameterFilters.isUnder(parameter.name(), path, recursive))
              .filter(parameter -> filter.test(candidate(parameter)));
      Page<Parameter> page = Page.cut(ours, limit, Parameter::name, listing);
      return GetParametersByPathResponse.builder()
          .parameters(page.items())
          .nextToken(page.nextToken())
          .build();
    }
    View view = store.snapshot();
    // A filter by label asks about every version and shows the one that has it.
    boolean byLabel =
        request.parameterFilters().stream().anyMatch(one -> "Label".equals(one.key()));
    Stream<VersionRow> rows =
        view.scanAfter(PARAMETERS, scope, after)
            .map(Row::value)
            .filter(row -> ParameterFilters.isUnder(row.name(), path, recursive))
            .flatMap(
                row -> {
                  List<VersionRow> all = versions(view, scope, row.name());
                  return (byLabel ? all : List.of(all.getLast()))
                      .stream()
                          .filter(version -> filter.test(new Candidate(version, row.tags())))
                          .limit(1);
                });
    Page<VersionRow> page = Page.cut(rows, limit, VersionRow::name, listing);
    return GetParametersByPathResponse.builder()
        .parameters(page.items().stream().map(row -> shown(scope, row, null, decrypted)).toList())
        .nextToken(page.nextToken())
        .build();
  }

  static Candidate candidate(Parameter parameter) {
    return new Candidate(
        new VersionRow(
            parameter.name(),
            parameter.version(),
            parameter.typeAsString(),
            parameter.value(),
            parameter.dataType(),
            STANDARD,
            null,
            null,
            null,
            null,
            parameter.lastModifiedDate(),
            "",
            List.of()),
        Map.of());
  }

  static int limit(@Nullable Integer asked, int max) {
    if (asked == null) {
      return max;
    }
    if (asked < 1) {
      throw SsmErrors.constraint(asked, "maxResults", "have value greater than or equal to 1");
    }
    if (asked > max) {
      throw SsmErrors.constraint(asked, "maxResults", "have value less than or equal to " + max);
    }
    return asked;
  }

  static String after(String listing, @Nullable String token) {
    try {
      return PageToken.lastId(listing, token);
    } catch (PageToken.Invalid e) {
      throw InvalidNextTokenException.builder()
          .message("The specified token is not valid.")
          .build();
    }
  }

  private static final int MAX_DESCRIBED = 50;

  public DescribeParametersResponse describeParameters(DescribeParametersRequest request) {
    Scope scope = scope();
    if (!request.filters().isEmpty() && !request.parameterFilters().isEmpty()) {
      throw SsmErrors.validation(
          "You can use either Filters or ParameterFilters in a single request.");
    }
    Predicate<Candidate> filter =
        ParameterFilters.describe(request.parameterFilters())
            .and(ParameterFilters.older(request.filters()));
    int limit = limit(request.maxResults(), MAX_DESCRIBED);
    String listing = "DescribeParameters";
    String after = after(listing, request.nextToken());
    View view = store.snapshot();
    // Nothing can be shared here, so nothing is shared with anybody.
    boolean shared = Boolean.TRUE.equals(request.shared());
    Stream<VersionRow> own =
        shared
            ? Stream.empty()
            : view.scanAfter(PARAMETERS, scope, after)
                .map(
                    row ->
                        new Candidate(
                            Objects.requireNonNull(latest(view, scope, row.value().name())),
                            row.value().tags()))
                .filter(filter)
                .map(Candidate::row);
    Page<VersionRow> page = Page.cut(own, limit, VersionRow::name, listing);
    return DescribeParametersResponse.builder()
        .parameters(page.items().stream().map(row -> metadata(scope, row)).toList())
        .nextToken(page.nextToken())
        .build();
  }

  static ParameterMetadata metadata(Scope scope, VersionRow row) {
    return ParameterMetadata.builder()
        .name(row.name())
        .arn(ParameterName.arn(scope, row.name()))
        .type(row.type())
        .keyId(row.keyId())
        .lastModifiedDate(row.modifiedAt())
        .lastModifiedUser(row.modifiedBy())
        .description(row.description())
        .allowedPattern(row.allowedPattern())
        .version(row.version())
        .tier(row.tier())
        .policies(ParameterPolicies.shown(row.policies()))
        .dataType(row.dataType())
        .build();
  }

  public GetParameterHistoryResponse getParameterHistory(GetParameterHistoryRequest request) {
    Scope scope = scope();
    View view = store.snapshot();
    ParameterRow row = owned(view, scope, required(request.name(), "name"));
    int limit = limit(request.maxResults(), MAX_DESCRIBED);
    String listing = "GetParameterHistory/" + row.name();
    String after = after(listing, request.nextToken());
    Page<VersionRow> page =
        Page.cut(
            versions(view, scope, row.name()).stream()
                .filter(version -> historyId(version).compareTo(after) > 0),
            limit,
            Ssm::historyId,
            listing);
    boolean decrypted = Boolean.TRUE.equals(request.withDecryption());
    return GetParameterHistoryResponse.builder()
        .parameters(
            page.items().stream().map(version -> history(scope, version, decrypted)).toList())
        .nextToken(page.nextToken())
        .build();
  }

  static String historyId(VersionRow version) {
    return String.format(Locale.ROOT, "%09d", version.version());
  }

  ParameterHistory history(Scope scope, VersionRow row, boolean decrypted) {
    return ParameterHistory.builder()
        .name(row.name())
        .type(row.type())
        .keyId(row.keyId())
        .lastModifiedDate(row.modifiedAt())
        .lastModifiedUser(row.modifiedBy())
        .description(row.description())
        .value(value(scope, row, decrypted))
        .allowedPattern(row.allowedPattern())
        .version(row.version())
        .labels(row.labels())
        .tier(row.tier())
        .policies(ParameterPolicies.shown(row.policies()))
        .dataType(row.dataType())
        .build();
  }

  /** A parameter of the caller's, by name or ARN without a selector. */
  static ParameterRow owned(View view, Scope scope, String given) {
    if (!ParameterName.isHere(scope, given)) {
      throw SsmErrors.notFound();
    }
    Selected selected = ParameterName.parse(given);
    if (selected.selector() != null) {
      throw SsmErrors.notFound();
    }
    return row(view, scope, given, selected.name());
  }
}
