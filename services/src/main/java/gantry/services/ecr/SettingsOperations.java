package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.EcrTables.ExclusionRow;
import gantry.services.ecr.EcrTables.RegistryRow;
import gantry.state.Page;
import gantry.state.Scope;
import gantry.state.View;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.AuthorizationData;
import software.amazon.awssdk.services.ecr.model.BatchGetRepositoryScanningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.BatchGetRepositoryScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.DeleteRegistryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.DeleteSigningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.DeregisterPullTimeUpdateExclusionRequest;
import software.amazon.awssdk.services.ecr.model.DeregisterPullTimeUpdateExclusionResponse;
import software.amazon.awssdk.services.ecr.model.DescribeImageReplicationStatusRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImageReplicationStatusResponse;
import software.amazon.awssdk.services.ecr.model.DescribeImageSigningStatusRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImageSigningStatusResponse;
import software.amazon.awssdk.services.ecr.model.DescribeRegistryResponse;
import software.amazon.awssdk.services.ecr.model.ExclusionAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.ExclusionNotFoundException;
import software.amazon.awssdk.services.ecr.model.GetAccountSettingRequest;
import software.amazon.awssdk.services.ecr.model.GetAccountSettingResponse;
import software.amazon.awssdk.services.ecr.model.GetAuthorizationTokenRequest;
import software.amazon.awssdk.services.ecr.model.GetAuthorizationTokenResponse;
import software.amazon.awssdk.services.ecr.model.GetRegistryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.GetRegistryScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.GetSigningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.ImageIdentifier;
import software.amazon.awssdk.services.ecr.model.ListPullTimeUpdateExclusionsRequest;
import software.amazon.awssdk.services.ecr.model.ListPullTimeUpdateExclusionsResponse;
import software.amazon.awssdk.services.ecr.model.PutAccountSettingRequest;
import software.amazon.awssdk.services.ecr.model.PutAccountSettingResponse;
import software.amazon.awssdk.services.ecr.model.PutRegistryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.PutRegistryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.PutRegistryScanningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutRegistryScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.PutReplicationConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutReplicationConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.PutSigningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutSigningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.RegisterPullTimeUpdateExclusionRequest;
import software.amazon.awssdk.services.ecr.model.RegisterPullTimeUpdateExclusionResponse;
import software.amazon.awssdk.services.ecr.model.RegistryPolicyNotFoundException;
import software.amazon.awssdk.services.ecr.model.RegistryScanningConfiguration;
import software.amazon.awssdk.services.ecr.model.RegistryScanningRule;
import software.amazon.awssdk.services.ecr.model.ReplicationConfiguration;
import software.amazon.awssdk.services.ecr.model.ReplicationDestination;
import software.amazon.awssdk.services.ecr.model.ReplicationRule;
import software.amazon.awssdk.services.ecr.model.RepositoryFilter;
import software.amazon.awssdk.services.ecr.model.RepositoryFilterType;
import software.amazon.awssdk.services.ecr.model.RepositoryScanningConfiguration;
import software.amazon.awssdk.services.ecr.model.RepositoryScanningConfigurationFailure;
import software.amazon.awssdk.services.ecr.model.ScanFrequency;
import software.amazon.awssdk.services.ecr.model.ScanType;
import software.amazon.awssdk.services.ecr.model.ScanningConfigurationFailureCode;
import software.amazon.awssdk.services.ecr.model.ScanningRepositoryFilter;
import software.amazon.awssdk.services.ecr.model.ScanningRepositoryFilterType;
import software.amazon.awssdk.services.ecr.model.SigningConfiguration;
import software.amazon.awssdk.services.ecr.model.SigningConfigurationNotFoundException;
import software.amazon.awssdk.services.ecr.model.ValidationException;

/** What a registry as a whole has set, and the tokens to get in with. */
final class SettingsOperations {

  static final int MAX_REPLICATION_RULES = 10;
  static final int MAX_REPLICATION_DESTINATIONS = 25;
  static final int MAX_REPLICATION_FILTERS = 100;
  static final int MAX_SCANNING_RULES = 2;

  private final Registry registry;
  private final Gate gate;
  private final Tokens tokens;

  SettingsOperations(Registry registry, Gate gate, Tokens tokens) {
    this.registry = registry;
    this.gate = gate;
    this.tokens = tokens;
  }

  // ---- tokens

  @SuppressWarnings("deprecation") // registryIds, which old clients still send
  GetAuthorizationTokenResponse token(GetAuthorizationTokenRequest request) {
    gate.own("GetAuthorizationToken");
    Caller caller = Caller.current();
    // A service of ours pulls for the account, whose policies are to hold for it.
    Tokens.Minted minted =
        tokens.mint(caller.isService() ? Caller.root(caller.scope(), "") : caller);
    String token =
        Base64.getEncoder()
            .encodeToString(("AWS:" + minted.password()).getBytes(StandardCharsets.UTF_8));
    int count = Math.max(1, request.registryIds().size());
    List<AuthorizationData> data = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      data.add(
          AuthorizationData.builder()
              .authorizationToken(token)
              .expiresAt(minted.expiresAt())
              // One address serves every registry.
              .proxyEndpoint("http://" + registry.addresses.localHost())
              .build());
    }
    return GetAuthorizationTokenResponse.builder().authorizationData(data).build();
  }

  // ---- the registry

  private RegistryRow row(Scope scope) {
    return EcrTables.registry(registry.store.snapshot(), scope);
  }

  private void change(Scope scope, java.util.function.UnaryOperator<RegistryRow> change) {
    registry.store.write(
        tx -> {
          tx.put(
              EcrTables.REGISTRIES,
              EcrTables.registryKey(scope),
              change.apply(EcrTables.registry(tx, scope)));
          return null;
        });
  }

  DescribeRegistryResponse describe() {
    Scope scope = gate.own("DescribeRegistry");
    ReplicationConfiguration replication = row(scope).replication();
    return DescribeRegistryResponse.builder()
        .registryId(scope.account())
        .replicationConfiguration(
            replication == null
                ? ReplicationConfiguration.builder().rules(List.of()).build()
                : replication)
        .build();
  }

  PutReplicationConfigurationResponse putReplication(PutReplicationConfigurationRequest request) {
    Scope scope = gate.own("PutReplicationConfiguration");
    ReplicationConfiguration configuration = request.replicationConfiguration();
    if (configuration.rules().size() > MAX_REPLICATION_RULES) {
      throw tooMany("replication rules", MAX_REPLICATION_RULES);
    }
    Set<ReplicationDestination> destinations = new HashSet<>();
    for (ReplicationRule rule : configuration.rules()) {
      if (rule.destinations().isEmpty()) {
        throw ValidationException.builder()
            .message("A replication rule needs at least one destination")
            .build();
      }
      if (rule.repositoryFilters().size() > MAX_REPLICATION_FILTERS) {
        throw tooMany("repository filters", MAX_REPLICATION_FILTERS);
      }
      for (RepositoryFilter filter : rule.repositoryFilters()) {
        if (filter.filterType() != RepositoryFilterType.PREFIX_MATCH || filter.filter() == null) {
          throw EcrErrors.invalid(
              "repositoryFilters", "Member must satisfy enum value set: [PREFIX_MATCH]");
        }
      }
      for (ReplicationDestination destination : rule.destinations()) {
        if (scope.equals(new Scope(destination.registryId(), destination.region()))) {
          throw EcrErrors.invalid(
              "Invalid parameter at 'replicationConfiguration' failed to satisfy constraint: "
                  + "'Replication destination cannot be the same as the source registry'");
        }
        destinations.add(destination);
      }
    }
    if (destinations.size() > MAX_REPLICATION_DESTINATIONS) {
      throw tooMany("unique destinations", MAX_REPLICATION_DESTINATIONS);
    }
    change(scope, row -> row.with(configuration));
    return PutReplicationConfigurationResponse.builder()
        .replicationConfiguration(configuration)
        .build();
  }

  DescribeImageReplicationStatusResponse replicationStatus(
      DescribeImageReplicationStatusRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "DescribeImageReplicationStatus");
    View view = registry.store.snapshot();
    Registry.repository(view, scope, name);
    var image = Images.existing(view, scope, name, request.imageId());
    var row = view.get(EcrTables.REPLICATIONS, EcrTables.imageKey(scope, name, image.digest()));
    return DescribeImageReplicationStatusResponse.builder()
        .repositoryName(name)
        .imageId(
            ImageIdentifier.builder()
                .imageDigest(image.digest())
                .imageTag(request.imageId().imageTag())
                .build())
        .replicationStatuses(row == null ? List.of() : row.statuses())
        .build();
  }

  private static ValidationException tooMany(String what, int max) {
    return ValidationException.builder()
        .message("The number of " + what + " is over the limit of " + max)
        .build();
  }

  GetRegistryPolicyResponse getPolicy() {
    Scope scope = gate.own("GetRegistryPolicy");
    return GetRegistryPolicyResponse.builder()
        .registryId(scope.account())
        .policyText(policyOf(row(scope), scope))
        .build();
  }

  private static String policyOf(RegistryRow row, Scope scope) {
    String text = row.policyText();
    if (text == null) {
      throw RegistryPolicyNotFoundException.builder()
          .message(
              "Registry policy does not exist in the registry with id '" + scope.account() + "'")
          .build();
    }
    return text;
  }

  PutRegistryPolicyResponse putPolicy(PutRegistryPolicyRequest request) {
    Scope scope = gate.own("PutRegistryPolicy");
    ResourcePolicies.check(request.policyText(), true);
    change(scope, row -> row.withPolicy(request.policyText()));
    return PutRegistryPolicyResponse.builder()
        .registryId(scope.account())
        .policyText(request.policyText())
        .build();
  }

  DeleteRegistryPolicyResponse deletePolicy() {
    Scope scope = gate.own("DeleteRegistryPolicy");
    String text =
        registry.store.write(
            tx -> {
              RegistryRow row = EcrTables.registry(tx, scope);
              String before = policyOf(row, scope);
              tx.put(EcrTables.REGISTRIES, EcrTables.registryKey(scope), row.withPolicy(null));
              return before;
            });
    return DeleteRegistryPolicyResponse.builder()
        .registryId(scope.account())
        .policyText(text)
        .build();
  }

  GetAccountSettingResponse getAccountSetting(GetAccountSettingRequest request) {
    Scope scope = gate.own("GetAccountSetting");
    checkSetting(request.name(), null);
    return GetAccountSettingResponse.builder()
        .name(request.name())
        .value(AccountSettings.value(registry.store.snapshot(), scope, request.name()))
        .build();
  }

  PutAccountSettingResponse putAccountSetting(PutAccountSettingRequest request) {
    Scope scope = gate.own("PutAccountSetting");
    checkSetting(request.name(), request.value());
    change(
        scope,
        row -> {
          Map<String, String> settings = new LinkedHashMap<>(row.accountSettings());
          settings.put(request.name(), request.value());
          return row.withSettings(settings);
        });
    return PutAccountSettingResponse.builder().name(request.name()).value(request.value()).build();
  }

  private static void checkSetting(String name, @Nullable String value) {
    Set<String> values = AccountSettings.VALUES.get(name);
    if (values == null) {
      throw EcrErrors.invalid(
          "name", "Member must satisfy enum value set: " + AccountSettings.VALUES.keySet());
    }
    if (value != null && !values.contains(value)) {
      throw EcrErrors.invalid("value", "Member must satisfy enum value set: " + values);
    }
  }

  // ---- scanning

  GetRegistryScanningConfigurationResponse getScanning() {
    Scope scope = gate.own("GetRegistryScanningConfiguration");
    return GetRegistryScanningConfigurationResponse.builder()
        .registryId(scope.account())
        .scanningConfiguration(Scanning.configuration(registry.store.snapshot(), scope))
        .build();
  }

  PutRegistryScanningConfigurationResponse putScanning(
      PutRegistryScanningConfigurationRequest request) {
    Scope scope = gate.own("PutRegistryScanningConfiguration");
    if (request.scanType() == ScanType.ENHANCED) {
      throw ValidationException.builder()
          .message(
              "Enhanced scanning is done by Amazon Inspector, which Gantry does not have: use BASIC.")
          .build();
    }
    if (request.rules().size() > MAX_SCANNING_RULES) {
      throw tooMany("scanning rules", MAX_SCANNING_RULES);
    }
    for (RegistryScanningRule rule : request.rules()) {
      if (rule.scanFrequency() == ScanFrequency.CONTINUOUS_SCAN
          || rule.scanFrequency() == ScanFrequency.UNKNOWN_TO_SDK_VERSION) {
        throw EcrErrors.invalid(
            "rules", "scanFrequency with scan type BASIC is one of [SCAN_ON_PUSH, MANUAL]");
      }
      for (ScanningRepositoryFilter filter : rule.repositoryFilters()) {
        if (filter.filterType() != ScanningRepositoryFilterType.WILDCARD) {
          throw EcrErrors.invalid(
              "repositoryFilters", "Member must satisfy enum value set: [WILDCARD]");
        }
      }
    }
    RegistryScanningConfiguration configuration =
        RegistryScanningConfiguration.builder()
            .scanType(ScanType.BASIC)
            .rules(request.rules())
            .build();
    change(scope, row -> row.with(configuration));
    return PutRegistryScanningConfigurationResponse.builder()
        .registryScanningConfiguration(configuration)
        .build();
  }

  BatchGetRepositoryScanningConfigurationResponse batchGetScanning(
      BatchGetRepositoryScanningConfigurationRequest request) {
    Scope scope = gate.own("BatchGetRepositoryScanningConfiguration");
    var view = registry.store.snapshot();
    List<RepositoryScanningConfiguration> found = new ArrayList<>();
    List<RepositoryScanningConfigurationFailure> failures = new ArrayList<>();
    for (String name : request.repositoryNames()) {
      var row = view.get(EcrTables.REPOSITORIES, scope.key(name));
      if (row == null) {
        failures.add(
            RepositoryScanningConfigurationFailure.builder()
                .repositoryName(name)
                .failureCode(ScanningConfigurationFailureCode.REPOSITORY_NOT_FOUND)
                .failureReason(EcrErrors.repositoryNotFound(name, scope.account()).getMessage())
                .build());
        continue;
      }
      boolean onPush = Scanning.onPush(view, scope, row.repository());
      found.add(
          RepositoryScanningConfiguration.builder()
              .repositoryArn(Registry.arn(scope, name))
              .repositoryName(name)
              .scanOnPush(onPush)
              .scanFrequency(onPush ? ScanFrequency.SCAN_ON_PUSH : ScanFrequency.MANUAL)
              .appliedScanFilters(Scanning.filters(view, scope, name))
              .build());
    }
    return BatchGetRepositoryScanningConfigurationResponse.builder()
        .scanningConfigurations(found)
        .failures(failures)
        .build();
  }

  // ---- signing

  private static SigningConfigurationNotFoundException noSigning(Scope scope) {
    return SigningConfigurationNotFoundException.builder()
        .message(
            "Signing configuration does not exist in the registry with id '"
                + scope.account()
                + "'")
        .build();
  }

  GetSigningConfigurationResponse getSigning() {
    return GetSigningConfigurationResponse.builder()
        .signingConfiguration(existingSigning(gate.own("GetSigningConfiguration")))
        .build();
  }

  DeleteSigningConfigurationResponse deleteSigning() {
    return DeleteSigningConfigurationResponse.builder()
        .signingConfiguration(existingSigning(gate.own("DeleteSigningConfiguration")))
        .build();
  }

  /** There is none as long as putting one is refused. */
  private SigningConfiguration existingSigning(Scope scope) {
    SigningConfiguration signing = row(scope).signing();
    if (signing == null) {
      throw noSigning(scope);
    }
    return signing;
  }

  PutSigningConfigurationResponse putSigning(PutSigningConfigurationRequest request) {
    gate.own("PutSigningConfiguration");
    throw ValidationException.builder()
        .message(
            "Signing on push with "
                + request.signingConfiguration().rules().size()
                + " rules is done by AWS Signer, which Gantry does not have. Sign with notation or"
                + " cosign: signatures are kept as referrers.")
        .build();
  }

  DescribeImageSigningStatusResponse signingStatus(DescribeImageSigningStatusRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "DescribeImageSigningStatus");
    var view = registry.store.snapshot();
    Registry.repository(view, scope, name);
    var image = Images.existing(view, scope, name, request.imageId());
    return DescribeImageSigningStatusResponse.builder()
        .registryId(scope.account())
        .repositoryName(name)
        .imageId(request.imageId().toBuilder().imageDigest(image.digest()).build())
        .signingStatuses(List.of())
        .build();
  }

  // ---- who does not count as a puller

  RegisterPullTimeUpdateExclusionResponse register(RegisterPullTimeUpdateExclusionRequest request) {
    Scope scope = gate.own("RegisterPullTimeUpdateExclusion");
    Instant now = registry.clock.instant();
    String arn = request.principalArn();
    registry.store.write(
        tx -> {
          if (tx.get(EcrTables.EXCLUSIONS, scope.key(arn)) != null) {
            throw ExclusionAlreadyExistsException.builder()
                .message("The pull time update exclusion for '" + arn + "' already exists")
                .build();
          }
          tx.put(EcrTables.EXCLUSIONS, scope.key(arn), new ExclusionRow(arn, now));
          return null;
        });
    return RegisterPullTimeUpdateExclusionResponse.builder()
        .principalArn(arn)
        .createdAt(now)
        .build();
  }

  DeregisterPullTimeUpdateExclusionResponse deregister(
      DeregisterPullTimeUpdateExclusionRequest request) {
    Scope scope = gate.own("DeregisterPullTimeUpdateExclusion");
    String arn = request.principalArn();
    registry.store.write(
        tx -> {
          if (tx.get(EcrTables.EXCLUSIONS, scope.key(arn)) == null) {
            throw ExclusionNotFoundException.builder()
                .message("The pull time update exclusion for '" + arn + "' does not exist")
                .build();
          }
          tx.delete(EcrTables.EXCLUSIONS, scope.key(arn));
          return null;
        });
    return DeregisterPullTimeUpdateExclusionResponse.builder().principalArn(arn).build();
  }

  ListPullTimeUpdateExclusionsResponse exclusions(ListPullTimeUpdateExclusionsRequest request) {
    Scope scope = gate.own("ListPullTimeUpdateExclusions");
    Listing listing =
        Listing.of(
            "ListPullTimeUpdateExclusions/" + scope, request.nextToken(), request.maxResults());
    Page<String> page =
        listing.cut(
            registry
                .store
                .snapshot()
                .scanAfter(EcrTables.EXCLUSIONS, scope, listing.after())
                .map(row -> row.value().principalArn()),
            arn -> arn);
    return ListPullTimeUpdateExclusionsResponse.builder()
        .pullTimeUpdateExclusions(page.items())
        .nextToken(page.nextToken())
        .build();
  }
}
