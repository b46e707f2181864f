package gantry.services.ecr;

import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.state.Page;
import gantry.state.Scope;
import gantry.state.Tx;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryRequest;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryResponse;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryRequest;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryResponse;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoriesRequest;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoriesResponse;
import software.amazon.awssdk.services.ecr.model.EncryptionConfiguration;
import software.amazon.awssdk.services.ecr.model.EncryptionType;
import software.amazon.awssdk.services.ecr.model.ImageScanningConfiguration;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.ImageTagMutabilityExclusionFilter;
import software.amazon.awssdk.services.ecr.model.KmsException;
import software.amazon.awssdk.services.ecr.model.PutImageScanningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutImageScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.PutImageTagMutabilityRequest;
import software.amazon.awssdk.services.ecr.model.PutImageTagMutabilityResponse;
import software.amazon.awssdk.services.ecr.model.Repository;
import software.amazon.awssdk.services.ecr.model.RepositoryAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.RepositoryNotEmptyException;

/** Repositories through the API: made, shown, set up and deleted. */
final class RepositoryOperations {

  private final Registry registry;
  private final Gate gate;

  RepositoryOperations(Registry registry, Gate gate) {
    this.registry = registry;
    this.gate = gate;
  }

  CreateRepositoryResponse create(CreateRepositoryRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "CreateRepository");
    if (name == null || !Names.isRepository(name)) {
      throw EcrErrors.invalid(
          "repositoryName",
          "must satisfy regular expression '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*'");
    }
    Repository repository =
        settings(
                Repository.builder(),
                request.imageTagMutability(),
                request.imageTagMutabilityExclusionFilters(),
                request.encryptionConfiguration())
            .repositoryName(name)
            .registryId(scope.account())
            .repositoryArn(Registry.arn(scope, name))
            .createdAt(registry.clock.instant())
            .imageScanningConfiguration(
                request.imageScanningConfiguration() == null
                    ? ImageScanningConfiguration.builder().scanOnPush(false).build()
                    : request.imageScanningConfiguration())
            .build();
    RepositoryRow row =
        new RepositoryRow(
            repository, ResourceTags.with(Map.of(), request.tags()), null, null, null, null, null);
    registry.store.write(
        tx -> {
          putNew(tx, scope, row);
          return null;
        });
    return CreateRepositoryResponse.builder().repository(registry.shown(scope, row)).build();
  }

  static void putNew(Tx tx, Scope scope, RepositoryRow row) {
    if (tx.get(EcrTables.REPOSITORIES, scope.key(row.name())) != null) {
      throw RepositoryAlreadyExistsException.builder()
          .message(
              "The repository with name '"
                  + row.name()
                  + "' already exists in the registry with id '"
                  + scope.account()
                  + "'")
          .build();
    }
    tx.put(EcrTables.REPOSITORIES, scope.key(row.name()), row);
  }

  /** Mutability and encryption, checked, with AWS's defaults. */
  static Repository.Builder settings(
      Repository.Builder repository,
      @Nullable ImageTagMutability mutability,
      List<ImageTagMutabilityExclusionFilter> filters,
      @Nullable EncryptionConfiguration encryption) {
    ImageTagMutability chosen = mutability == null ? ImageTagMutability.MUTABLE : mutability;
    TagMutability.check(chosen, filters);
    checkEncryption(encryption);
    return repository
        .imageTagMutability(chosen)
        .imageTagMutabilityExclusionFilters(filters.isEmpty() ? null : filters)
        .encryptionConfiguration(
            EncryptionConfiguration.builder().encryptionType(EncryptionType.AES256).build());
  }

  /** Layers lie on the machine's disk as it is; a KMS key would be accepted and do nothing. */
  static void checkEncryption(@Nullable EncryptionConfiguration encryption) {
    if (encryption != null
        && (encryption.encryptionType() != EncryptionType.AES256 || encryption.kmsKey() != null)) {
      throw KmsException.builder()
          .message(
              "Encryption of repositories with KMS keys is not available in Gantry: use AES256.")
          .build();
    }
  }

  DeleteRepositoryResponse delete(DeleteRepositoryRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "DeleteRepository");
    RepositoryRow row =
        registry.store.write(
            tx -> {
              RepositoryRow there = Registry.repository(tx, scope, name);
              if (!Boolean.TRUE.equals(request.force()) && Registry.hasImages(tx, scope, name)) {
                throw RepositoryNotEmptyException.builder()
                    .message(
                        "The repository with name '"
                            + name
                            + "' in registry with id '"
                            + scope.account()
                            + "' cannot be deleted because it still contains images")
                    .build();
              }
              Registry.deleteRepository(tx, scope, name);
              return there;
            });
    return DeleteRepositoryResponse.builder().repository(registry.shown(scope, row)).build();
  }

  DescribeRepositoriesResponse describe(DescribeRepositoriesRequest request) {
    Scope scope =
        gate.enterEach(request.registryId(), request.repositoryNames(), "DescribeRepositories");
    var view = registry.store.snapshot();
    if (!request.repositoryNames().isEmpty()) {
      return DescribeRepositoriesResponse.builder()
          .repositories(
              request.repositoryNames().stream()
                  .map(name -> registry.shown(scope, Registry.repository(view, scope, name)))
                  .toList())
          .build();
    }
    Listing listing =
        Listing.of("DescribeRepositories/" + scope, request.nextToken(), request.maxResults());
    Page<RepositoryRow> page =
        listing.rows(view, EcrTables.REPOSITORIES, scope, row -> true, RepositoryRow::name);
    return DescribeRepositoriesResponse.builder()
        .repositories(page.items().stream().map(row -> registry.shown(scope, row)).toList())
        .nextToken(page.nextToken())
        .build();
  }

  PutImageTagMutabilityResponse putMutability(PutImageTagMutabilityRequest request) {
    Scope scope =
        gate.enter(request.registryId(), request.repositoryName(), "PutImageTagMutability");
    TagMutability.check(request.imageTagMutability(), request.imageTagMutabilityExclusionFilters());
    registry.change(
        scope,
        request.repositoryName(),
        row ->
            row.with(
                row.repository().toBuilder()
                    .imageTagMutability(request.imageTagMutability())
                    .imageTagMutabilityExclusionFilters(
                        request.imageTagMutabilityExclusionFilters().isEmpty()
                            ? null
                            : request.imageTagMutabilityExclusionFilters())
                    .build()));
    return PutImageTagMutabilityResponse.builder()
        .registryId(scope.account())
        .repositoryName(request.repositoryName())
        .imageTagMutability(request.imageTagMutability())
        .imageTagMutabilityExclusionFilters(request.imageTagMutabilityExclusionFilters())
        .build();
  }

  PutImageScanningConfigurationResponse putScanning(PutImageScanningConfigurationRequest request) {
    Scope scope =
        gate.enter(request.registryId(), request.repositoryName(), "PutImageScanningConfiguration");
    registry.change(
        scope,
        request.repositoryName(),
        row ->
            row.with(
                row.repository().toBuilder()
                    .imageScanningConfiguration(request.imageScanningConfiguration())
                    .build()));
    return PutImageScanningConfigurationResponse.builder()
        .registryId(scope.account())
        .repositoryName(request.repositoryName())
        .imageScanningConfiguration(request.imageScanningConfiguration())
        .build();
  }
}
