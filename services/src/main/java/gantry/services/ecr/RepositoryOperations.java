package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.state.Page;
import gantry.state.Scope;
import gantry.state.Tx;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryCreationTemplateRequest;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryCreationTemplateResponse;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryRequest;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryResponse;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryCreationTemplateRequest;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryCreationTemplateResponse;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryRequest;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryResponse;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoriesRequest;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoriesResponse;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoryCreationTemplatesRequest;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoryCreationTemplatesResponse;
import software.amazon.awssdk.services.ecr.model.EncryptionConfiguration;
import software.amazon.awssdk.services.ecr.model.EncryptionConfigurationForRepositoryCreationTemplate;
import software.amazon.awssdk.services.ecr.model.EncryptionType;
import software.amazon.awssdk.services.ecr.model.GetRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.GetRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.ImageScanningConfiguration;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.ImageTagMutabilityExclusionFilter;
import software.amazon.awssdk.services.ecr.model.InvalidTagParameterException;
import software.amazon.awssdk.services.ecr.model.KmsException;
import software.amazon.awssdk.services.ecr.model.ListTagsForResourceRequest;
import software.amazon.awssdk.services.ecr.model.ListTagsForResourceResponse;
import software.amazon.awssdk.services.ecr.model.PutImageScanningConfigurationRequest;
import software.amazon.awssdk.services.ecr.model.PutImageScanningConfigurationResponse;
import software.amazon.awssdk.services.ecr.model.PutImageTagMutabilityRequest;
import software.amazon.awssdk.services.ecr.model.PutImageTagMutabilityResponse;
import software.amazon.awssdk.services.ecr.model.Repository;
import software.amazon.awssdk.services.ecr.model.RepositoryAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.RepositoryCreationTemplate;
import software.amazon.awssdk.services.ecr.model.RepositoryNotEmptyException;
import software.amazon.awssdk.services.ecr.model.RepositoryPolicyNotFoundException;
import software.amazon.awssdk.services.ecr.model.SetRepositoryPolicyRequest;
import software.amazon.awssdk.services.ecr.model.SetRepositoryPolicyResponse;
import software.amazon.awssdk.services.ecr.model.Tag;
import software.amazon.awssdk.services.ecr.model.TagResourceRequest;
import software.amazon.awssdk.services.ecr.model.TagResourceResponse;
import software.amazon.awssdk.services.ecr.model.TemplateAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.TemplateNotFoundException;
import software.amazon.awssdk.services.ecr.model.TooManyTagsException;
import software.amazon.awssdk.services.ecr.model.UntagResourceRequest;
import software.amazon.awssdk.services.ecr.model.UntagResourceResponse;
import software.amazon.awssdk.services.ecr.model.UpdateRepositoryCreationTemplateRequest;
import software.amazon.awssdk.services.ecr.model.UpdateRepositoryCreationTemplateResponse;
import software.amazon.awssdk.services.ecr.model.ValidationException;

/** Repositories, their tags, mutability, policies and creation templates. */
final class RepositoryOperations {

  static final int MAX_TAGS = 50;
  static final int MAX_TAG_KEY = 128;
  static final int MAX_TAG_VALUE = 256;

  private final Registry registry;
  private final Gate gate;

  RepositoryOperations(Registry registry, Gate gate) {
    this.registry = registry;
    this.gate = gate;
  }

  // ---- repositories

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
        new RepositoryRow(repository, tags(Map.of(), request.tags()), null, null, null, null, null);
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
    Scope scope = gate.enter(request.registryId(), null, "DescribeRepositories");
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
        listing.cut(
            view.scanAfter(EcrTables.REPOSITORIES, scope, listing.after()).map(row -> row.value()),
            RepositoryRow::name);
    return DescribeRepositoriesResponse.builder()
        .repositories(page.items().stream().map(row -> registry.shown(scope, row)).toList())
        .nextToken(page.nextToken())
        .build();
  }

  PutImageTagMutabilityResponse putMutability(PutImageTagMutabilityRequest request) {
    Scope scope =
        gate.enter(request.registryId(), request.repositoryName(), "PutImageTagMutability");
    TagMutability.check(request.imageTagMutability(), request.imageTagMutabilityExclusionFilters());
    Repository changed =
        change(
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
                            .build()))
            .repository();
    return PutImageTagMutabilityResponse.builder()
        .registryId(scope.account())
        .repositoryName(request.repositoryName())
        .imageTagMutability(changed.imageTagMutability())
        .imageTagMutabilityExclusionFilters(request.imageTagMutabilityExclusionFilters())
        .build();
  }

  PutImageScanningConfigurationResponse putScanning(PutImageScanningConfigurationRequest request) {
    Scope scope =
        gate.enter(request.registryId(), request.repositoryName(), "PutImageScanningConfiguration");
    change(
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

  private RepositoryRow change(
      Scope scope, String name, java.util.function.UnaryOperator<RepositoryRow> change) {
    return registry.store.write(
        tx -> {
          RepositoryRow changed = change.apply(Registry.repository(tx, scope, name));
          tx.put(EcrTables.REPOSITORIES, scope.key(name), changed);
          return changed;
        });
  }

  // ---- tags

  ListTagsForResourceResponse listTags(ListTagsForResourceRequest request) {
    Named named = named(request.resourceArn(), "ListTagsForResource");
    RepositoryRow row =
        Registry.repository(registry.store.snapshot(), named.scope, named.repository);
    return ListTagsForResourceResponse.builder().tags(shownTags(row.tags())).build();
  }

  static List<Tag> shownTags(Map<String, String> tags) {
    List<Tag> shown = new ArrayList<>();
    tags.forEach((key, value) -> shown.add(Tag.builder().key(key).value(value).build()));
    return shown;
  }

  TagResourceResponse tag(TagResourceRequest request) {
    Named named = named(request.resourceArn(), "TagResource");
    change(named.scope, named.repository, row -> row.withTags(tags(row.tags(), request.tags())));
    return TagResourceResponse.builder().build();
  }

  UntagResourceResponse untag(UntagResourceRequest request) {
    Named named = named(request.resourceArn(), "UntagResource");
    change(
        named.scope,
        named.repository,
        row -> {
          Map<String, String> left = new LinkedHashMap<>(row.tags());
          left.keySet().removeAll(request.tagKeys());
          return row.withTags(left);
        });
    return UntagResourceResponse.builder().build();
  }

  private record Named(Scope scope, String repository) {}

  private Named named(String arn, String operation) {
    Caller caller = Caller.current();
    String[] parts = arn == null ? new String[0] : arn.split(":", 6);
    if (parts.length < 6
        || !((parts[2].equals("ecr") && parts[3].equals(caller.region()))
            || (parts[2].equals("ecr-public") && caller.region().equals(Addresses.PUBLIC_REGION)))
        || !parts[5].startsWith("repository/")) {
      throw EcrErrors.invalid("resourceArn", "Invalid ARN");
    }
    String repository = parts[5].substring("repository/".length());
    return new Named(gate.enter(parts[4], repository, operation), repository);
  }

  /** Tags with more added, within AWS's limits. */
  static Map<String, String> tags(Map<String, String> before, List<Tag> added) {
    Map<String, String> tags = new LinkedHashMap<>(before);
    for (Tag tag : added) {
      String key = tag.key();
      String value = tag.value();
      if (key == null
          || key.isEmpty()
          || key.length() > MAX_TAG_KEY
          || key.startsWith("aws:")
          || value == null
          || value.length() > MAX_TAG_VALUE) {
        throw InvalidTagParameterException.builder()
            .message("Invalid parameter at 'tags': invalid tag key or value for key '" + key + "'")
            .build();
      }
      tags.put(key, value);
    }
    if (tags.size() > MAX_TAGS) {
      throw TooManyTagsException.builder()
          .message("The list of tags on the repository is over the limit of " + MAX_TAGS)
          .build();
    }
    return tags;
  }

  // ---- policies

  SetRepositoryPolicyResponse setPolicy(SetRepositoryPolicyRequest request) {
    Scope scope = gate.enter(request.registryId(), request.repositoryName(), "SetRepositoryPolicy");
    ResourcePolicies.check(request.policyText(), false);
    if (!Boolean.TRUE.equals(request.force())
        && gate.locksOut(scope, request.repositoryName(), request.policyText())) {
      throw EcrErrors.invalid(
          "PolicyText",
          "The new repository policy would keep you from setting the policy again; use force");
    }
    change(scope, request.repositoryName(), row -> row.withPolicy(request.policyText()));
    return SetRepositoryPolicyResponse.builder()
        .registryId(scope.account())
        .repositoryName(request.repositoryName())
        .policyText(request.policyText())
        .build();
  }

  GetRepositoryPolicyResponse getPolicy(GetRepositoryPolicyRequest request) {
    Scope scope = gate.enter(request.registryId(), request.repositoryName(), "GetRepositoryPolicy");
    RepositoryRow row =
        Registry.repository(registry.store.snapshot(), scope, request.repositoryName());
    return GetRepositoryPolicyResponse.builder()
        .registryId(scope.account())
        .repositoryName(request.repositoryName())
        .policyText(policyOf(row, scope))
        .build();
  }

  private static String policyOf(RepositoryRow row, Scope scope) {
    String text = row.policyText();
    if (text == null) {
      throw RepositoryPolicyNotFoundException.builder()
          .message(
              "Repository policy does not exist for the repository with name '"
                  + row.name()
                  + "' in the registry with id '"
                  + scope.account()
                  + "'")
          .build();
    }
    return text;
  }

  DeleteRepositoryPolicyResponse deletePolicy(DeleteRepositoryPolicyRequest request) {
    Scope scope =
        gate.enter(request.registryId(), request.repositoryName(), "DeleteRepositoryPolicy");
    String text =
        registry.store.write(
            tx -> {
              RepositoryRow row = Registry.repository(tx, scope, request.repositoryName());
              String before = policyOf(row, scope);
              tx.put(EcrTables.REPOSITORIES, scope.key(row.name()), row.withPolicy(null));
              return before;
            });
    return DeleteRepositoryPolicyResponse.builder()
        .registryId(scope.account())
        .repositoryName(request.repositoryName())
        .policyText(text)
        .build();
  }

  // ---- creation templates

  CreateRepositoryCreationTemplateResponse createTemplate(
      CreateRepositoryCreationTemplateRequest request) {
    Scope scope = gate.own("CreateRepositoryCreationTemplate");
    checkPrefix(request.prefix());
    Instant now = registry.clock.instant();
    RepositoryCreationTemplate template =
        checked(
            RepositoryCreationTemplate.builder()
                .prefix(request.prefix())
                .description(request.description())
                .encryptionConfiguration(
                    request.encryptionConfiguration() == null
                        ? EncryptionConfigurationForRepositoryCreationTemplate.builder()
                            .encryptionType(EncryptionType.AES256)
                            .build()
                        : request.encryptionConfiguration())
                .resourceTags(request.resourceTags())
                .imageTagMutability(
                    request.imageTagMutability() == null
                        ? ImageTagMutability.MUTABLE
                        : request.imageTagMutability())
                .imageTagMutabilityExclusionFilters(
                    request.imageTagMutabilityExclusionFilters().isEmpty()
                        ? null
                        : request.imageTagMutabilityExclusionFilters())
                .repositoryPolicy(request.repositoryPolicy())
                .lifecyclePolicy(request.lifecyclePolicy())
                .appliedForWithStrings(request.appliedForAsStrings())
                .customRoleArn(request.customRoleArn())
                .createdAt(now)
                .updatedAt(now)
                .build());
    registry.store.write(
        tx -> {
          if (tx.get(EcrTables.TEMPLATES, scope.key(request.prefix())) != null) {
            throw TemplateAlreadyExistsException.builder()
                .message(
                    "The repository creation template with prefix '"
                        + request.prefix()
                        + "' already exists in the registry with id '"
                        + scope.account()
                        + "'")
                .build();
          }
          tx.put(EcrTables.TEMPLATES, scope.key(request.prefix()), template);
          return null;
        });
    return CreateRepositoryCreationTemplateResponse.builder()
        .registryId(scope.account())
        .repositoryCreationTemplate(template)
        .build();
  }

  private static void checkPrefix(@Nullable String prefix) {
    if (prefix == null
        || !(prefix.equals(Templates.ROOT)
            || prefix.length() == 1
            || Names.isRepository(
                prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix))) {
      throw EcrErrors.invalid("prefix", "Invalid prefix");
    }
  }

  private static RepositoryCreationTemplate checked(RepositoryCreationTemplate template) {
    TagMutability.check(
        template.imageTagMutability(), template.imageTagMutabilityExclusionFilters());
    var encryption = template.encryptionConfiguration();
    checkEncryption(
        EncryptionConfiguration.builder()
            .encryptionType(encryption.encryptionType())
            .kmsKey(encryption.kmsKey())
            .build());
    tags(Map.of(), template.resourceTags());
    if (template.appliedFor().isEmpty()
        || !Templates.OCCASIONS.containsAll(template.appliedForAsStrings())) {
      throw EcrErrors.invalid(
          "appliedFor",
          "Member must satisfy enum value set: [REPLICATION, PULL_THROUGH_CACHE, CREATE_ON_PUSH]");
    }
    if (!template.resourceTags().isEmpty() && template.customRoleArn() == null) {
      throw ValidationException.builder()
          .message("A custom role is required when the template specifies resource tags.")
          .build();
    }
    if (template.repositoryPolicy() != null && !template.repositoryPolicy().isEmpty()) {
      ResourcePolicies.check(template.repositoryPolicy(), false);
    }
    if (template.lifecyclePolicy() != null && !template.lifecyclePolicy().isEmpty()) {
      LifecyclePolicy.parse(template.lifecyclePolicy());
    }
    return template;
  }

  UpdateRepositoryCreationTemplateResponse updateTemplate(
      UpdateRepositoryCreationTemplateRequest request) {
    Scope scope = gate.own("UpdateRepositoryCreationTemplate");
    RepositoryCreationTemplate changed =
        registry.store.write(
            tx -> {
              RepositoryCreationTemplate there =
                  tx.get(EcrTables.TEMPLATES, scope.key(request.prefix()));
              if (there == null) {
                throw templateNotFound(scope, request.prefix());
              }
              RepositoryCreationTemplate.Builder builder = there.toBuilder();
              if (request.description() != null) {
                builder.description(request.description());
              }
              if (request.encryptionConfiguration() != null) {
                builder.encryptionConfiguration(request.encryptionConfiguration());
              }
              if (request.hasResourceTags()) {
                builder.resourceTags(request.resourceTags());
              }
              if (request.imageTagMutability() != null) {
                builder.imageTagMutability(request.imageTagMutability());
                builder.imageTagMutabilityExclusionFilters(
                    request.imageTagMutabilityExclusionFilters().isEmpty()
                        ? null
                        : request.imageTagMutabilityExclusionFilters());
              }
              if (request.repositoryPolicy() != null) {
                builder.repositoryPolicy(request.repositoryPolicy());
              }
              if (request.lifecyclePolicy() != null) {
                builder.lifecyclePolicy(request.lifecyclePolicy());
              }
              if (request.hasAppliedFor()) {
                builder.appliedForWithStrings(request.appliedForAsStrings());
              }
              if (request.customRoleArn() != null) {
                builder.customRoleArn(request.customRoleArn());
              }
              RepositoryCreationTemplate result =
                  checked(builder.updatedAt(registry.clock.instant()).build());
              tx.put(EcrTables.TEMPLATES, scope.key(request.prefix()), result);
              return result;
            });
    return UpdateRepositoryCreationTemplateResponse.builder()
        .registryId(scope.account())
        .repositoryCreationTemplate(changed)
        .build();
  }

  private static TemplateNotFoundException templateNotFound(Scope scope, String prefix) {
    return TemplateNotFoundException.builder()
        .message(
            "The repository creation template with prefix '"
                + prefix
                + "' does not exist in the registry with id '"
                + scope.account()
                + "'")
        .build();
  }

  DeleteRepositoryCreationTemplateResponse deleteTemplate(
      DeleteRepositoryCreationTemplateRequest request) {
    Scope scope = gate.own("DeleteRepositoryCreationTemplate");
    RepositoryCreationTemplate deleted =
        registry.store.write(
            tx -> {
              RepositoryCreationTemplate there =
                  tx.get(EcrTables.TEMPLATES, scope.key(request.prefix()));
              if (there == null) {
                throw templateNotFound(scope, request.prefix());
              }
              tx.delete(EcrTables.TEMPLATES, scope.key(request.prefix()));
              return there;
            });
    return DeleteRepositoryCreationTemplateResponse.builder()
        .registryId(scope.account())
        .repositoryCreationTemplate(deleted)
        .build();
  }

  DescribeRepositoryCreationTemplatesResponse describeTemplates(
      DescribeRepositoryCreationTemplatesRequest request) {
    Scope scope = gate.own("DescribeRepositoryCreationTemplates");
    var view = registry.store.snapshot();
    Listing listing =
        Listing.of(
            "DescribeRepositoryCreationTemplates/" + scope,
            request.nextToken(),
            request.maxResults());
    Page<RepositoryCreationTemplate> page =
        listing.cut(
            view.scanAfter(EcrTables.TEMPLATES, scope, listing.after())
                .map(row -> row.value())
                .filter(
                    template ->
                        request.prefixes().isEmpty()
                            || request.prefixes().contains(template.prefix())),
            RepositoryCreationTemplate::prefix);
    return DescribeRepositoryCreationTemplatesResponse.builder()
        .registryId(scope.account())
        .repositoryCreationTemplates(page.items())
        .nextToken(page.nextToken())
        .build();
  }
}
