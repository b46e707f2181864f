package gantry.services.ecr;

import gantry.state.Index;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.View;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.ImageReplicationStatus;
import software.amazon.awssdk.services.ecr.model.ImageScanFindings;
import software.amazon.awssdk.services.ecr.model.ImageScanStatus;
import software.amazon.awssdk.services.ecr.model.LifecyclePolicyPreviewResult;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRule;
import software.amazon.awssdk.services.ecr.model.RegistryScanningConfiguration;
import software.amazon.awssdk.services.ecr.model.ReplicationConfiguration;
import software.amazon.awssdk.services.ecr.model.Repository;
import software.amazon.awssdk.services.ecr.model.RepositoryCreationTemplate;
import software.amazon.awssdk.services.ecr.model.SigningConfiguration;

/**
 * The rows of the registry. The bytes of manifests and layers are not here but in {@link
 * BlobStore}; a row names them by digest.
 *
 * <p>Ids of rows within a repository begin with its name and {@code @} or {@code :}, neither of
 * which a name can hold, so that a repository's rows stand together.
 */
final class EcrTables {

  /** Kept without its URI, which depends on where the program listens today. */
  record RepositoryRow(
      Repository repository,
      Map<String, String> tags,
      @Nullable String policyText,
      @Nullable String lifecyclePolicyText,
      @Nullable Instant lifecycleSetAt,
      @Nullable Instant lifecycleEvaluatedAt,
      @Nullable String pullThroughPrefix) {

    String name() {
      return repository.repositoryName();
    }

    RepositoryRow with(Repository changed) {
      return with(
          changed, tags, policyText, lifecyclePolicyText, lifecycleSetAt, lifecycleEvaluatedAt);
    }

    RepositoryRow withTags(Map<String, String> changed) {
      return with(
          repository,
          changed,
          policyText,
          lifecyclePolicyText,
          lifecycleSetAt,
          lifecycleEvaluatedAt);
    }

    RepositoryRow withPolicy(@Nullable String changed) {
      return with(
          repository, tags, changed, lifecyclePolicyText, lifecycleSetAt, lifecycleEvaluatedAt);
    }

    RepositoryRow withLifecycle(@Nullable String text, @Nullable Instant setAt) {
      return with(repository, tags, policyText, text, setAt, null);
    }

    RepositoryRow evaluatedAt(Instant at) {
      return with(repository, tags, policyText, lifecyclePolicyText, lifecycleSetAt, at);
    }

    /** What never changes is whether a pull-through rule made it. */
    private RepositoryRow with(
        Repository changed,
        Map<String, String> resourceTags,
        @Nullable String policy,
        @Nullable String lifecycle,
        @Nullable Instant setAt,
        @Nullable Instant evaluatedAt) {
      return new RepositoryRow(
          changed, resourceTags, policy, lifecycle, setAt, evaluatedAt, pullThroughPrefix);
    }
  }

  /** How an image came here. Only what was pushed here is replicated onward. */
  enum Origin {
    PUSHED,
    REPLICATED,
    PULLED_THROUGH
  }

  /**
   * AWS's ImageStatus; restoring from the archive takes no time here, so ACTIVATING is not used.
   */
  enum Status {
    ACTIVE,
    ARCHIVED
  }

  record ImageRow(
      String repository,
      String digest,
      String mediaType,
      @Nullable String artifactType,
      @Nullable String configType,
      @Nullable String subject,
      long manifestBytes,
      long sizeInBytes,
      Instant pushedAt,
      @Nullable Instant pulledAt,
      List<String> blobs,
      List<String> children,
      Map<String, String> annotations,
      Origin origin,
      Status status,
      @Nullable Instant archivedAt,
      @Nullable Instant activatedAt) {

    ImageRow pulled(Instant at) {
      return with(at, status, archivedAt, activatedAt);
    }

    ImageRow archived(Instant at) {
      return with(pulledAt, Status.ARCHIVED, at, activatedAt);
    }

    ImageRow activated(Instant at) {
      return with(pulledAt, Status.ACTIVE, archivedAt, at);
    }

    /** An image itself never changes; what changes is what is done with it. */
    private ImageRow with(
        @Nullable Instant pulled,
        Status newStatus,
        @Nullable Instant archived,
        @Nullable Instant activated) {
      return new ImageRow(
          repository,
          digest,
          mediaType,
          artifactType,
          configType,
          subject,
          manifestBytes,
          sizeInBytes,
          pushedAt,
          pulled,
          blobs,
          children,
          annotations,
          origin,
          newStatus,
          archived,
          activated);
    }

    boolean isIndex() {
      return mediaType.equals(Manifest.OCI_INDEX) || mediaType.equals(Manifest.DOCKER_LIST);
    }
  }

  /**
   * @param checkedAt when the upstream of a cached tag was last asked; null for other tags
   */
  record TagRow(
      String repository, String tag, String digest, Instant setAt, @Nullable Instant checkedAt) {}

  /**
   * That a repository holds a blob: it may be read there and named by manifests there.
   *
   * @param linkedAt from when on it is kept without an image that names it: when it came, lost such
   *     an image or was last asked for
   */
  record BlobRow(String repository, String digest, long size, Instant linkedAt) {

    BlobRow keptFrom(Instant at) {
      return new BlobRow(repository, digest, size, at);
    }
  }

  /** What a registry (an account in a region) has set. */
  record RegistryRow(
      @Nullable ReplicationConfiguration replication,
      @Nullable String policyText,
      @Nullable RegistryScanningConfiguration scanning,
      @Nullable SigningConfiguration signing,
      Map<String, String> accountSettings) {

    static final RegistryRow UNSET = new RegistryRow(null, null, null, null, Map.of());

    RegistryRow with(ReplicationConfiguration changed) {
      return new RegistryRow(changed, policyText, scanning, signing, accountSettings);
    }

    RegistryRow withPolicy(@Nullable String changed) {
      return new RegistryRow(replication, changed, scanning, signing, accountSettings);
    }

    RegistryRow with(RegistryScanningConfiguration changed) {
      return new RegistryRow(replication, policyText, changed, signing, accountSettings);
    }

    RegistryRow withSettings(Map<String, String> changed) {
      return new RegistryRow(replication, policyText, scanning, signing, changed);
    }
  }

  /**
   * @param requestedAt counts for the quota of one scan a day
   */
  record ScanRow(
      String repository,
      String digest,
      ImageScanStatus status,
      Instant requestedAt,
      @Nullable ImageScanFindings findings) {}

  record ReplicationRow(String repository, String digest, List<ImageReplicationStatus> statuses) {}

  record PreviewRow(
      String repository,
      String policyText,
      Instant madeAt,
      List<LifecyclePolicyPreviewResult> results) {}

  record ExclusionRow(String principalArn, Instant createdAt) {}

  /** What tokens are signed with. */
  record SecretRow(String hex) {}

  static final Table<RepositoryRow> REPOSITORIES =
      Table.of("ecr.repositories", RepositoryRow.class);
  static final Table<ImageRow> IMAGES = Table.of("ecr.images", ImageRow.class);
  static final Index<ImageRow> IMAGES_BY_BLOB =
      IMAGES.indexMany(
          "blob", row -> row.blobs.stream().map(blob -> within(row.repository, blob)).toList());
  static final Index<ImageRow> IMAGES_BY_CHILD =
      IMAGES.indexMany(
          "child",
          row -> row.children.stream().map(child -> within(row.repository, child)).toList());
  static final Index<ImageRow> IMAGES_BY_SUBJECT =
      IMAGES.index(
          "subject", row -> row.subject == null ? null : within(row.repository, row.subject));
  static final Index<ImageRow> IMAGES_BY_DIGEST = IMAGES.index("digest", row -> row.digest);
  static final Table<TagRow> TAGS = Table.of("ecr.tags", TagRow.class);
  static final Index<TagRow> TAGS_BY_IMAGE =
      TAGS.index("image", row -> within(row.repository, row.digest));
  static final Table<BlobRow> BLOBS = Table.of("ecr.blobs", BlobRow.class);
  static final Index<BlobRow> BLOBS_BY_DIGEST = BLOBS.index("digest", row -> row.digest);
  static final Table<RegistryRow> REGISTRIES = Table.of("ecr.registries", RegistryRow.class);
  static final Table<PullThroughCacheRule> PULL_THROUGH_RULES =
      Table.of("ecr.pull-through-rules", PullThroughCacheRule.class);
  static final Table<RepositoryCreationTemplate> TEMPLATES =
      Table.of("ecr.creation-templates", RepositoryCreationTemplate.class);
  static final Table<ScanRow> SCANS = Table.of("ecr.scans", ScanRow.class);
  static final Table<ReplicationRow> REPLICATIONS =
      Table.of("ecr.replications", ReplicationRow.class);
  static final Table<PreviewRow> PREVIEWS = Table.of("ecr.lifecycle-previews", PreviewRow.class);
  static final Table<ExclusionRow> EXCLUSIONS =
      Table.of("ecr.pull-time-exclusions", ExclusionRow.class);
  static final Table<SecretRow> SECRETS = Table.of("ecr.token-secrets", SecretRow.class);

  /** The one row of {@link #REGISTRIES} in a scope. */
  private static final String REGISTRY = "registry";

  private EcrTables() {}

  static List<Table<?>> all() {
    return List.of(
        REPOSITORIES,
        IMAGES,
        TAGS,
        BLOBS,
        REGISTRIES,
        PULL_THROUGH_RULES,
        TEMPLATES,
        SCANS,
        REPLICATIONS,
        PREVIEWS,
        EXCLUSIONS,
        SECRETS);
  }

  /** The id of what a repository holds by digest: an image, a blob, a scan. */
  static String within(String repository, String digest) {
    return repository + "@" + digest;
  }

  static Key imageKey(Scope scope, String repository, String digest) {
    return scope.key(within(repository, digest));
  }

  static Key tagKey(Scope scope, String repository, String tag) {
    return scope.key(repository + ":" + tag);
  }

  static Key registryKey(Scope scope) {
    return scope.key(REGISTRY);
  }

  static RegistryRow registry(View view, Scope scope) {
    RegistryRow row = view.get(REGISTRIES, registryKey(scope));
    return row == null ? RegistryRow.UNSET : row;
  }

  /** The rows of one repository in a table whose ids are {@link #within} it. */
  static <V> Stream<Row<V>> of(View view, Table<V> table, Scope scope, String repository) {
    return startingWith(view, table, scope, repository + "@");
  }

  static Stream<Row<TagRow>> tags(View view, Scope scope, String repository) {
    return startingWith(view, TAGS, scope, repository + ":");
  }

  private static <V> Stream<Row<V>> startingWith(
      View view, Table<V> table, Scope scope, String prefix) {
    return view.scanAfter(table, scope, prefix).takeWhile(row -> row.key().id().startsWith(prefix));
  }

  /** The tags of one image, in order. */
  static List<String> tagsOf(View view, Scope scope, ImageRow image) {
    return view.lookup(TAGS_BY_IMAGE, scope, within(image.repository, image.digest))
        .map(row -> row.value().tag)
        .toList();
  }
}
