package gantry.services.ecr;

import gantry.state.Scope;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.ecr.model.BatchGetRepositoryScanningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.BatchGetRepositoryScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.GetRegistryScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.PutRegistryScanningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutRegistryScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.RegistryScanningConfiguration;
import software.amazon.awssdk.services.ecr.model.RegistryScanningRule;
import software.amazon.awssdk.services.ecr.model.RepositoryScanningConfiguration;
import software.amazon.awssdk.services.ecr.model.RepositoryScanningConfigurationFailure;
import software.amazon.awssdk.services.ecr.model.ScanFrequency;
import software.amazon.awssdk.services.ecr.model.ScanType;
import software.amazon.awssdk.services.ecr.model.ScanningConfigurationFailureCode;
import software.amazon.awssdk.services.ecr.model.ScanningRepositoryFilter;
import software.amazon.awssdk.services.ecr.model.ScanningRepositoryFilterType;
import software.amazon.awssdk.services.ecr.model.ValidationException;

/** Which repositories are scanned on push, through the API. */
final class ScanningOperations {

  static final int MAX_RULES = 2;

  private final Registry registry;
  private final Gate gate;

  ScanningOperations(Registry registry, Gate gate) {
    this.registry = registry;
    this.gate = gate;
  }

  GetRegistryScanningConfigurationResponse get() {
    Scope scope = gate.own("GetRegistryScanningConfiguration");
    return GetRegistryScanningConfigurationResponse.builder()
        .registryId(scope.account())
        .scanningConfiguration(Scanning.configuration(registry.store.snapshot(), scope))
        .build();
  }

  PutRegistryScanningConfigurationResponse put(PutRegistryScanningConfigurationRequest request) {
    Scope scope = gate.own("PutRegistryScanningConfiguration");
    if (request.scanType() == ScanType.ENHANCED) {
      throw ValidationException.builder()
          .message(
              "Enhanced scanning is done by Amazon Inspector, which Gantry does not have: use BASIC.")
          .build();
    }
    if (request.rules().size() > MAX_RULES) {
      throw EcrErrors.tooMany("scanning rules", MAX_RULES);
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
    registry.changeSettings(scope, row -> row.with(configuration));
    return PutRegistryScanningConfigurationResponse.builder()
        .registryScanningConfiguration(configuration)
        .build();
  }

  BatchGetRepositoryScanningConfigurationResponse batchGet(
      BatchGetRepositoryScanningConfigurationRequest request) {
    Scope scope =
        gate.enterEach(null, request.repositoryNames(), "BatchGetRepositoryScanningConfiguration");
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
}
