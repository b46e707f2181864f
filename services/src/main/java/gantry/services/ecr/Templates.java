package gantry.services.ecr;

import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.EncryptionConfiguration;
import software.amazon.awssdk.services.ecr.model.EncryptionType;
import software.amazon.awssdk.services.ecr.model.ImageScanningConfiguration;
import software.amazon.awssdk.services.ecr.model.ImageTagMutability;
import software.amazon.awssdk.services.ecr.model.Repository;
import software.amazon.awssdk.services.ecr.model.RepositoryCreationTemplate;

/** Repositories that come into being by a push, a copy or a pull, as their template says. */
final class Templates {

  /** The template for names that have none of their own. */
  static final String ROOT = "ROOT";

  /** The occasions; the newest is not yet among the SDK's constants. */
  static final String CREATE_ON_PUSH = "CREATE_ON_PUSH";

  static final String REPLICATION = "REPLICATION";
  static final String PULL_THROUGH_CACHE = "PULL_THROUGH_CACHE";
  static final Set<String> OCCASIONS = Set.of(CREATE_ON_PUSH, REPLICATION, PULL_THROUGH_CACHE);

  private Templates() {}

  /** The template with the longest prefix of the name; null when none applies. */
  static @Nullable RepositoryCreationTemplate of(
      View view, Scope scope, String name, String occasion) {
    RepositoryCreationTemplate best = null;
    for (var row : view.scan(EcrTables.TEMPLATES, scope).toList()) {
      RepositoryCreationTemplate template = row.value();
      String prefix = template.prefix();
      boolean covers =
          prefix.equals(ROOT) || name.startsWith(prefix.endsWith("/") ? prefix : prefix + "/");
      if (covers
          && template.appliedForAsStrings().contains(occasion)
          && (best == null
              || best.prefix().equals(ROOT)
              || (!prefix.equals(ROOT) && prefix.length() > best.prefix().length()))) {
        best = template;
      }
    }
    return best;
  }

  /** A push goes to a repository that may not be there; makes it where a template says so. */
  static void createOnPush(Registry registry, Scope scope, String repository, Rights rights) {
    View view = registry.store.snapshot();
    if (view.get(EcrTables.REPOSITORIES, scope.key(repository)) != null) {
      return;
    }
    var template = of(view, scope, repository, CREATE_ON_PUSH);
    if (template != null) {
      String refusal = rights.refusal("ecr:CreateRepository");
      if (refusal != null) {
        throw new RegistryError(RegistryError.Code.DENIED, refusal);
      }
      registry.store.write(
          tx -> {
            createIfAbsent(tx, scope, repository, template, null, registry.clock.instant());
            return null;
          });
    }
  }

  /** Creates the repository, with the template's settings or AWS's defaults; or leaves it be. */
  static void createIfAbsent(
      Tx tx,
      Scope scope,
      String name,
      @Nullable RepositoryCreationTemplate template,
      @Nullable String pullThroughPrefix,
      Instant now) {
    if (tx.get(EcrTables.REPOSITORIES, scope.key(name)) != null) {
      return;
    }
    Repository.Builder repository =
        Repository.builder()
            .repositoryName(name)
            .registryId(scope.account())
            .repositoryArn(Registry.arn(scope, name))
            .createdAt(now)
            .imageTagMutability(ImageTagMutability.MUTABLE)
            .imageScanningConfiguration(
                ImageScanningConfiguration.builder().scanOnPush(false).build())
            .encryptionConfiguration(
                EncryptionConfiguration.builder().encryptionType(EncryptionType.AES256).build());
    Map<String, String> tags = Map.of();
    String policy = null;
    String lifecycle = null;
    if (template != null) {
      repository.imageTagMutability(template.imageTagMutability());
      if (template.hasImageTagMutabilityExclusionFilters()) {
        repository.imageTagMutabilityExclusionFilters(
            template.imageTagMutabilityExclusionFilters());
      }
      tags = ResourceTags.with(Map.of(), template.resourceTags());
      policy = blankToNull(template.repositoryPolicy());
      lifecycle = blankToNull(template.lifecyclePolicy());
    }
    tx.put(
        EcrTables.REPOSITORIES,
        scope.key(name),
        new RepositoryRow(
            repository.build(),
            tags,
            policy,
            lifecycle,
            lifecycle == null ? null : now,
            null,
            pullThroughPrefix));
  }

  private static @Nullable String blankToNull(@Nullable String text) {
    return text == null || text.isEmpty() ? null : text;
  }
}
