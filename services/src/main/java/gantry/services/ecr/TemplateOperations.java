package gantry.services.ecr;

import gantry.state.Page;
import gantry.state.Scope;
import gantry.state.View;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryCreationTemplateRequest;
import software.amazon.awssdk.services.ecr.model.CreateRepositoryCreationTemplateResponse;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryCreationTemplateRequest;
import software.amazon.awssdk.services.ecr.model.DeleteRepositoryCreationTemplateResponse;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoryCreationTemplatesRequest;
import software.amazon.awssdk.services.ecr.model.DescribeRepositoryCreationTemplatesResponse;
import software.amazon.awssdk.services.ecr.model.EncryptionConfiguration;
import software.amazon.awssdk.services.ecr.model.EncryptionConfigurationForRepositoryCreationTemplate;
import software.amazon.awssdk.services.ecr.model.EncryptionType;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.RepositoryCreationTemplate;
import software.amazon.awssdk.services.ecr.model.TemplateAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.TemplateNotFoundException;
import software.amazon.awssdk.services.ecr.model.UpdateRepositoryCreationTemplateRequest;
import software.amazon.awssdk.services.ecr.model.UpdateRepositoryCreationTemplateResponse;
import software.amazon.awssdk.services.ecr.model.ValidationException;

/** Repository creation templates through the API. What they do is with {@link Templates}. */
final class TemplateOperations {

  private final Registry registry;
  private final Gate gate;

  TemplateOperations(Registry registry, Gate gate) {
    this.registry = registry;
    this.gate = gate;
  }

  CreateRepositoryCreationTemplateResponse create(CreateRepositoryCreationTemplateRequest request) {
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
                .message(message(scope, request.prefix(), "already exists"))
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
    RepositoryOperations.checkEncryption(
        EncryptionConfiguration.builder()
            .encryptionType(encryption.encryptionType())
            .kmsKey(encryption.kmsKey())
            .build());
    ResourceTags.with(Map.of(), template.resourceTags());
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
      LifecyclePolicyText.parse(template.lifecyclePolicy());
    }
    return template;
  }

  UpdateRepositoryCreationTemplateResponse update(UpdateRepositoryCreationTemplateRequest request) {
    Scope scope = gate.own("UpdateRepositoryCreationTemplate");
    RepositoryCreationTemplate changed =
        registry.store.write(
            tx -> {
              RepositoryCreationTemplate there = existing(tx, scope, request.prefix());
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

  private static RepositoryCreationTemplate existing(View view, Scope scope, String prefix) {
    RepositoryCreationTemplate there = view.get(EcrTables.TEMPLATES, scope.key(prefix));
    if (there == null) {
      throw TemplateNotFoundException.builder()
          .message(message(scope, prefix, "does not exist"))
          .build();
    }
    return there;
  }

  private static String message(Scope scope, String prefix, String what) {
    return "The repository creation template with prefix '"
        + prefix
        + "' "
        + what
        + " in the registry with id '"
        + scope.account()
        + "'";
  }

  DeleteRepositoryCreationTemplateResponse delete(DeleteRepositoryCreationTemplateRequest request) {
    Scope scope = gate.own("DeleteRepositoryCreationTemplate");
    RepositoryCreationTemplate deleted =
        registry.store.write(
            tx -> {
              RepositoryCreationTemplate there = existing(tx, scope, request.prefix());
              tx.delete(EcrTables.TEMPLATES, scope.key(request.prefix()));
              return there;
            });
    return DeleteRepositoryCreationTemplateResponse.builder()
        .registryId(scope.account())
        .repositoryCreationTemplate(deleted)
        .build();
  }

  DescribeRepositoryCreationTemplatesResponse describe(
      DescribeRepositoryCreationTemplatesRequest request) {
    Scope scope = gate.own("DescribeRepositoryCreationTemplates");
    var view = registry.store.snapshot();
    Listing listing =
        Listing.of(
            "DescribeRepositoryCreationTemplates/" + scope,
            request.nextToken(),
            request.maxResults());
    Page<RepositoryCreationTemplate> page =
        listing.rows(
            view,
            EcrTables.TEMPLATES,
            scope,
            template ->
                request.prefixes().isEmpty() || request.prefixes().contains(template.prefix()),
            RepositoryCreationTemplate::prefix);
    return DescribeRepositoryCreationTemplatesResponse.builder()
        .registryId(scope.account())
        .repositoryCreationTemplates(page.items())
        .nextToken(page.nextToken())
        .build();
  }
}
