package gantry.services.ecr;

import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.ScanRow;
import gantry.services.ecr.EcrTables.Status;
import gantry.state.Page;
import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.ArtifactStatus;
import software.amazon.awssdk.services.ecr.model.ArtifactStatusFilter;
import software.amazon.awssdk.services.ecr.model.DescribeImagesFilter;
import software.amazon.awssdk.services.ecr.model.DescribeImagesRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImagesResponse;
import software.amazon.awssdk.services.ecr.model.ImageDetail;
import software.amazon.awssdk.services.ecr.model.ImageIdentifier;
import software.amazon.awssdk.services.ecr.model.ImageReferrer;
import software.amazon.awssdk.services.ecr.model.ImageScanFindings;
import software.amazon.awssdk.services.ecr.model.ImageScanFindingsSummary;
import software.amazon.awssdk.services.ecr.model.ImageStatus;
import software.amazon.awssdk.services.ecr.model.ImageStatusFilter;
import software.amazon.awssdk.services.ecr.model.ListImageReferrersRequest;
import software.amazon.awssdk.services.ecr.model.ListImageReferrersResponse;
import software.amazon.awssdk.services.ecr.model.ListImagesFilter;
import software.amazon.awssdk.services.ecr.model.ListImagesRequest;
import software.amazon.awssdk.services.ecr.model.ListImagesResponse;
import software.amazon.awssdk.services.ecr.model.TagStatus;

/** Images described and listed. */
final class ImageListing {

  static final int DEFAULT_REFERRERS = 20;

  private final Registry registry;
  private final Gate gate;

  ImageListing(Registry registry, Gate gate) {
    this.registry = registry;
    this.gate = gate;
  }

  DescribeImagesResponse describe(DescribeImagesRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "DescribeImages");
    View view = registry.store.snapshot();
    RepositoryRow repository = Registry.repository(view, scope, name);
    if (!request.imageIds().isEmpty()) {
      if (request.nextToken() != null || request.maxResults() != null) {
        throw EcrErrors.invalid(
            "Invalid parameter: nextToken and maxResults cannot be combined with imageIds");
      }
      return DescribeImagesResponse.builder()
          .imageDetails(
              request.imageIds().stream()
                  .map(id -> Images.existing(view, scope, name, id))
                  .distinct()
                  .map(image -> detail(view, scope, repository, image))
                  .toList())
          .build();
    }
    DescribeImagesFilter filter = request.filter();
    String prefix = name + "@";
    Listing listing =
        Listing.of(
            "DescribeImages/" + scope + "/" + name, request.nextToken(), request.maxResults());
    Page<ImageRow> page =
        listing.cut(
            view.scanAfter(EcrTables.IMAGES, scope, prefix + listing.after())
                .takeWhile(row -> row.key().id().startsWith(prefix))
                .map(row -> row.value())
                .filter(
                    image ->
                        filter == null
                            || (hasTagStatus(view, scope, image, filter.tagStatus())
                                && hasStatus(image, filter.imageStatus()))),
            ImageRow::digest);
    return DescribeImagesResponse.builder()
        .imageDetails(
            page.items().stream().map(image -> detail(view, scope, repository, image)).toList())
        .nextToken(page.nextToken())
        .build();
  }

  private static boolean hasTagStatus(
      View view, Scope scope, ImageRow image, @Nullable TagStatus wanted) {
    return wanted == null
        || switch (wanted) {
          case TAGGED -> !EcrTables.tagsOf(view, scope, image).isEmpty();
          case UNTAGGED -> EcrTables.tagsOf(view, scope, image).isEmpty();
          case ANY -> true;
          case UNKNOWN_TO_SDK_VERSION ->
              throw EcrErrors.badEnum("tagStatus", "[TAGGED, UNTAGGED, ANY]");
        };
  }

  private static boolean hasStatus(ImageRow image, @Nullable ImageStatusFilter wanted) {
    return wanted == null
        || switch (wanted) {
          case ACTIVE -> image.status() == Status.ACTIVE;
          case ARCHIVED -> image.status() == Status.ARCHIVED;
          // Nothing stays in it here: an image is back at once.
          case ACTIVATING -> false;
          case ANY -> true;
          case UNKNOWN_TO_SDK_VERSION ->
              throw EcrErrors.badEnum("imageStatus", "[ACTIVE, ARCHIVED, ACTIVATING, ANY]");
        };
  }

  static ImageDetail detail(View view, Scope scope, RepositoryRow repository, ImageRow image) {
    List<String> tags = EcrTables.tagsOf(view, scope, image);
    ImageDetail.Builder detail =
        ImageDetail.builder()
            .registryId(scope.account())
            .repositoryName(repository.name())
            .imageDigest(image.digest())
            .imageTags(tags.isEmpty() ? null : tags)
            .imageSizeInBytes(image.sizeInBytes())
            .imagePushedAt(image.pushedAt())
            .imageManifestMediaType(image.mediaType())
            .artifactMediaType(
                image.configType() == null ? image.artifactType() : image.configType())
            .lastRecordedPullTime(image.pulledAt())
            .subjectManifestDigest(image.subject())
            .imageStatus(
                image.status() == Status.ACTIVE ? ImageStatus.ACTIVE : ImageStatus.ARCHIVED)
            .lastArchivedAt(image.archivedAt())
            .lastActivatedAt(image.activatedAt());
    ScanRow scan =
        view.get(EcrTables.SCANS, EcrTables.imageKey(scope, image.repository(), image.digest()));
    if (scan != null) {
      detail.imageScanStatus(scan.status());
      ImageScanFindings findings = scan.findings();
      if (findings != null) {
        detail.imageScanFindingsSummary(
            ImageScanFindingsSummary.builder()
                .imageScanCompletedAt(findings.imageScanCompletedAt())
                .vulnerabilitySourceUpdatedAt(findings.vulnerabilitySourceUpdatedAt())
                .findingSeverityCountsWithStrings(findings.findingSeverityCountsAsStrings())
                .build());
      }
    }
    return detail.build();
  }

  ListImagesResponse list(ListImagesRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "ListImages");
    View view = registry.store.snapshot();
    Registry.repository(view, scope, name);
    ListImagesFilter filter = request.filter();
    Listing listing =
        Listing.of("ListImages/" + scope + "/" + name, request.nextToken(), request.maxResults());
    String after = listing.after();
    String afterDigest = after.isEmpty() ? "" : after.substring(0, after.indexOf(' '));
    String prefix = name + "@";
    // One digit less: the image that the last page ended in is looked at again.
    String from = afterDigest.isEmpty() ? "" : afterDigest.substring(0, afterDigest.length() - 1);
    Stream<ImageIdentifier> ids =
        view.scanAfter(EcrTables.IMAGES, scope, prefix + from)
            .takeWhile(row -> row.key().id().startsWith(prefix))
            .map(row -> row.value())
            .filter(image -> image.digest().compareTo(afterDigest) >= 0)
            .filter(image -> filter == null || hasStatus(image, filter.imageStatus()))
            .filter(image -> filter == null || hasTagStatus(view, scope, image, filter.tagStatus()))
            .flatMap(image -> identifiers(view, scope, image))
            .filter(id -> listId(id).compareTo(after) > 0);
    Page<ImageIdentifier> page = listing.cut(ids, ImageListing::listId);
    return ListImagesResponse.builder().imageIds(page.items()).nextToken(page.nextToken()).build();
  }

  private static Stream<ImageIdentifier> identifiers(View view, Scope scope, ImageRow image) {
    List<String> tags = EcrTables.tagsOf(view, scope, image);
    return tags.isEmpty()
        ? Stream.of(ImageIdentifier.builder().imageDigest(image.digest()).build())
        : tags.stream()
            .map(
                tag -> ImageIdentifier.builder().imageDigest(image.digest()).imageTag(tag).build());
  }

  private static String listId(ImageIdentifier id) {
    return id.imageDigest() + " " + (id.imageTag() == null ? "" : id.imageTag());
  }

  ListImageReferrersResponse referrers(ListImageReferrersRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "BatchGetImage");
    String subject = request.subjectId().imageDigest();
    View view = registry.store.snapshot();
    Registry.repository(view, scope, name);
    List<String> types = request.filter() == null ? List.of() : request.filter().artifactTypes();
    ArtifactStatusFilter wanted =
        request.filter() == null || request.filter().artifactStatus() == null
            ? ArtifactStatusFilter.ACTIVE
            : request.filter().artifactStatus();
    Listing listing =
        new Listing(
            "ListImageReferrers/" + scope + "/" + name + "@" + subject,
            request.nextToken(),
            request.maxResults() == null ? DEFAULT_REFERRERS : request.maxResults());
    String after = listing.after();
    Page<ImageRow> page =
        listing.cut(
            Images.referrers(view, scope, name, subject).stream()
                .filter(image -> image.digest().compareTo(after) > 0)
                .filter(image -> types.isEmpty() || types.contains(image.artifactType()))
                .filter(
                    image ->
                        switch (wanted) {
                          case ACTIVE -> image.status() == Status.ACTIVE;
                          case ARCHIVED -> image.status() == Status.ARCHIVED;
                          case ACTIVATING -> false;
                          case ANY -> true;
                          case UNKNOWN_TO_SDK_VERSION ->
                              throw EcrErrors.badEnum(
                                  "artifactStatus", "[ACTIVE, ARCHIVED, ACTIVATING, ANY]");
                        }),
            ImageRow::digest);
    return ListImageReferrersResponse.builder()
        .referrers(
            page.items().stream()
                .map(
                    image ->
                        ImageReferrer.builder()
                            .digest(image.digest())
                            .mediaType(image.mediaType())
                            .artifactType(image.artifactType())
                            .size(image.manifestBytes())
                            .annotations(image.annotations())
                            .artifactStatus(
                                image.status() == Status.ACTIVE
                                    ? ArtifactStatus.ACTIVE
                                    : ArtifactStatus.ARCHIVED)
                            .build())
                .toList())
        .nextToken(page.nextToken())
        .build();
  }
}
