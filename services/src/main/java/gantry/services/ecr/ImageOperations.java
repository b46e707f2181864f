package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Origin;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.ScanRow;
import gantry.services.ecr.EcrTables.Status;
import gantry.services.ecr.EcrTables.TagRow;
import gantry.state.Page;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.ArtifactStatus;
import software.amazon.awssdk.services.ecr.model.ArtifactStatusFilter;
import software.amazon.awssdk.services.ecr.model.BatchDeleteImageRequest;
import software.amazon.awssdk.services.ecr.model.BatchDeleteImageResponse;
import software.amazon.awssdk.services.ecr.model.BatchGetImageRequest;
import software.amazon.awssdk.services.ecr.model.BatchGetImageResponse;
import software.amazon.awssdk.services.ecr.model.DescribeImageReplicationStatusRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImageReplicationStatusResponse;
import software.amazon.awssdk.services.ecr.model.DescribeImagesFilter;
import software.amazon.awssdk.services.ecr.model.DescribeImagesRequest;
import software.amazon.awssdk.services.ecr.model.DescribeImagesResponse;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.model.Image;
import software.amazon.awssdk.services.ecr.model.ImageAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.ImageDetail;
import software.amazon.awssdk.services.ecr.model.ImageFailure;
import software.amazon.awssdk.services.ecr.model.ImageFailureCode;
import software.amazon.awssdk.services.ecr.model.ImageIdentifier;
import software.amazon.awssdk.services.ecr.model.ImageReferrer;
import software.amazon.awssdk.services.ecr.model.ImageScanFindings;
import software.amazon.awssdk.services.ecr.model.ImageScanFindingsSummary;
import software.amazon.awssdk.services.ecr.model.ImageStatus;
import software.amazon.awssdk.services.ecr.model.ImageStatusFilter;
import software.amazon.awssdk.services.ecr.model.ImageStorageClassUpdateNotSupportedException;
import software.amazon.awssdk.services.ecr.model.ListImageReferrersRequest;
import software.amazon.awssdk.services.ecr.model.ListImageReferrersResponse;
import software.amazon.awssdk.services.ecr.model.ListImagesFilter;
import software.amazon.awssdk.services.ecr.model.ListImagesRequest;
import software.amazon.awssdk.services.ecr.model.ListImagesResponse;
import software.amazon.awssdk.services.ecr.model.PutImageRequest;
import software.amazon.awssdk.services.ecr.model.PutImageResponse;
import software.amazon.awssdk.services.ecr.model.TagStatus;
import software.amazon.awssdk.services.ecr.model.UpdateImageStorageClassRequest;
import software.amazon.awssdk.services.ecr.model.UpdateImageStorageClassResponse;

/** Images: described, listed, got, put, deleted, archived; and the artifacts that refer to them. */
final class ImageOperations {

  static final int DEFAULT_REFERRERS = 20;
  private static final String DIGEST_FORM = "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+";

  private final Registry registry;
  private final Gate gate;
  private final PullThrough pullThrough;
  private final ImagesInUse inUse;

  ImageOperations(Registry registry, Gate gate, PullThrough pullThrough, ImagesInUse inUse) {
    this.registry = registry;
    this.gate = gate;
    this.pullThrough = pullThrough;
    this.inUse = inUse;
  }

  // ---- describe and list

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
                  .map(id -> existing(view, scope, name, id))
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
          case UNKNOWN_TO_SDK_VERSION -> throw badEnum("tagStatus", "[TAGGED, UNTAGGED, ANY]");
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
              throw badEnum("imageStatus", "[ACTIVE, ARCHIVED, ACTIVATING, ANY]");
        };
  }

  private static EcrException badEnum(String member, String values) {
    return EcrErrors.invalid(member, "Member must satisfy enum value set: " + values);
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

  /** An image that must be there. */
  static ImageRow existing(View view, Scope scope, String name, ImageIdentifier id) {
    String digest = id.imageDigest();
    String tag = id.imageTag();
    if (digest == null && tag == null) {
      throw EcrErrors.invalid("Invalid request parameters: both tag and digest cannot be null");
    }
    ImageRow image = find(view, scope, name, id);
    if (image == null) {
      throw EcrErrors.imageNotFound(digest, tag, name, scope.account());
    }
    return image;
  }

  /** Null when there is none, or when the tag is on another image than the digest says. */
  private static @Nullable ImageRow find(View view, Scope scope, String name, ImageIdentifier id) {
    String tag = id.imageTag();
    String digest = id.imageDigest();
    ImageRow image =
        Images.find(view, scope, name, tag != null ? tag : digest == null ? "" : digest);
    return image != null && digest != null && !image.digest().equals(digest) ? null : image;
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
    Page<ImageIdentifier> page = listing.cut(ids, ImageOperations::listId);
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

  // ---- get and put

  BatchGetImageResponse get(BatchGetImageRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "BatchGetImage");
    List<Image> images = new ArrayList<>();
    List<ImageFailure> failures = new ArrayList<>();
    for (ImageIdentifier id : request.imageIds()) {
      ImageFailure bad = malformed(id);
      if (bad != null) {
        failures.add(bad);
        continue;
      }
      String reference = id.imageTag() != null ? id.imageTag() : id.imageDigest();
      pullThrough.beforePull(scope, name, reference);
      View view = registry.store.snapshot();
      Registry.repository(view, scope, name);
      ImageRow image = find(view, scope, name, id);
      if (image == null) {
        boolean elsewhere =
            id.imageDigest() != null
                && id.imageTag() != null
                && Images.find(view, scope, name, id.imageTag()) != null;
        failures.add(
            elsewhere
                ? failure(
                    id,
                    ImageFailureCode.IMAGE_TAG_DOES_NOT_MATCH_DIGEST,
                    "Requested image tag does not match the image digest")
                : failure(id, ImageFailureCode.IMAGE_NOT_FOUND, "Requested image not found"));
      } else if (image.status() == Status.ARCHIVED) {
        failures.add(
            failure(id, ImageFailureCode.IMAGE_INACCESSIBLE, "Requested image is archived"));
      } else if (!request.acceptedMediaTypes().isEmpty()
          && !request.acceptedMediaTypes().contains(image.mediaType())) {
        failures.add(
            failure(
                id,
                ImageFailureCode.IMAGE_NOT_FOUND,
                "Requested image is stored as "
                    + image.mediaType()
                    + ", which is not among the accepted media types; manifests are not converted"));
      } else {
        images.add(image(scope, image, id.imageTag()));
        registry.images.recordPull(scope, image, Caller.current());
      }
    }
    Registry.repository(registry.store.snapshot(), scope, name);
    return BatchGetImageResponse.builder().images(images).failures(failures).build();
  }

  private Image image(Scope scope, ImageRow image, @Nullable String tag) {
    return Image.builder()
        .registryId(scope.account())
        .repositoryName(image.repository())
        .imageId(ImageIdentifier.builder().imageDigest(image.digest()).imageTag(tag).build())
        .imageManifest(new String(registry.images.manifestBytes(image), StandardCharsets.UTF_8))
        .imageManifestMediaType(image.mediaType())
        .build();
  }

  private static @Nullable ImageFailure malformed(ImageIdentifier id) {
    if (id.imageDigest() == null && id.imageTag() == null) {
      return failure(
          id,
          ImageFailureCode.MISSING_DIGEST_AND_TAG,
          "Invalid request parameters: both tag and digest cannot be null");
    }
    if (id.imageDigest() != null && !id.imageDigest().matches(DIGEST_FORM)) {
      return failure(
          id,
          ImageFailureCode.INVALID_IMAGE_DIGEST,
          "Invalid request parameters: image digest should satisfy the regex '"
              + DIGEST_FORM
              + "'");
    }
    if (id.imageTag() != null && !Names.isTag(id.imageTag())) {
      return failure(
          id, ImageFailureCode.INVALID_IMAGE_TAG, "Invalid request parameters: invalid image tag");
    }
    return null;
  }

  private static ImageFailure failure(ImageIdentifier id, ImageFailureCode code, String reason) {
    return ImageFailure.builder().imageId(id).failureCode(code).failureReason(reason).build();
  }

  PutImageResponse put(PutImageRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "PutImage");
    String tag = request.imageTag();
    if (tag != null && !Names.isTag(tag)) {
      throw EcrErrors.invalid(
          "imageTag", "must satisfy regular expression '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}'");
    }
    Digest expected = request.imageDigest() == null ? null : Digest.parse(request.imageDigest());
    if (request.imageDigest() != null && expected == null) {
      throw EcrErrors.invalid(
          "imageDigest", "must satisfy regular expression '" + DIGEST_FORM + "'");
    }
    byte[] manifest = request.imageManifest().getBytes(StandardCharsets.UTF_8);
    if (manifest.length > Manifest.MAX_BYTES) {
      throw EcrErrors.invalid(
          "imageManifest", "Member must have length less than or equal to " + Manifest.MAX_BYTES);
    }
    Push.Done pushed;
    try {
      pushed =
          registry.pushes.put(
              new Push(
                  scope,
                  name,
                  tag,
                  expected,
                  manifest,
                  request.imageManifestMediaType(),
                  Origin.PUSHED));
    } catch (Manifest.Invalid e) {
      throw EcrErrors.invalid(
          "ImageManifest", "Invalid image manifest provided: " + e.getMessage());
    } catch (IOException e) {
      throw EcrErrors.server(e);
    }
    if (!pushed.changed()) {
      throw ImageAlreadyExistsException.builder()
          .message(
              "Image with digest '"
                  + pushed.digest()
                  + "' and tag '"
                  + tag
                  + "' already exists in the repository with name '"
                  + name
                  + "' in registry with id '"
                  + scope.account()
                  + "'")
          .build();
    }
    return PutImageResponse.builder()
        .image(
            Image.builder()
                .registryId(scope.account())
                .repositoryName(name)
                .imageId(
                    ImageIdentifier.builder()
                        .imageDigest(pushed.digest().toString())
                        .imageTag(tag)
                        .build())
                .imageManifest(request.imageManifest())
                .imageManifestMediaType(pushed.manifest().mediaType())
                .build())
        .build();
  }

  // ---- delete and archive

  BatchDeleteImageResponse delete(BatchDeleteImageRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "BatchDeleteImage");
    Map<String, List<String>> users = inUse.users(scope, name);
    return registry.store.write(
        tx -> {
          Registry.repository(tx, scope, name);
          List<ImageIdentifier> deleted = new ArrayList<>();
          List<ImageFailure> failures = new ArrayList<>();
          for (ImageIdentifier id : request.imageIds()) {
            ImageFailure failure = malformed(id);
            if (failure == null) {
              failure = deleteOne(tx, scope, name, id, users, deleted);
            }
            if (failure != null) {
              failures.add(failure);
            }
          }
          return BatchDeleteImageResponse.builder().imageIds(deleted).failures(failures).build();
        });
  }

  private static @Nullable ImageFailure deleteOne(
      Tx tx,
      Scope scope,
      String name,
      ImageIdentifier id,
      Map<String, List<String>> users,
      List<ImageIdentifier> deleted) {
    String tag = id.imageTag();
    ImageRow image = find(tx, scope, name, id);
    if (image == null) {
      return tag != null && id.imageDigest() != null && Images.find(tx, scope, name, tag) != null
          ? failure(
              id,
              ImageFailureCode.IMAGE_TAG_DOES_NOT_MATCH_DIGEST,
              "Requested image tag does not match the image digest")
          : failure(id, ImageFailureCode.IMAGE_NOT_FOUND, "Requested image not found");
    }
    List<String> tags = EcrTables.tagsOf(tx, scope, image);
    if (tag != null && tags.size() > 1) {
      tx.delete(EcrTables.TAGS, EcrTables.tagKey(scope, name, tag));
      deleted.add(ImageIdentifier.builder().imageDigest(image.digest()).imageTag(tag).build());
      return null;
    }
    if (Images.isChild(tx, scope, image)) {
      return failure(
          id,
          ImageFailureCode.IMAGE_REFERENCED_BY_MANIFEST_LIST,
          "Requested image referenced by manifest list");
    }
    List<String> holders = users.getOrDefault(image.digest(), List.of());
    if (!holders.isEmpty()) {
      // AWS has no code for it, because it would delete the image; this one says: still referenced.
      return failure(
          id,
          ImageFailureCode.IMAGE_REFERENCED_BY_MANIFEST_LIST,
          EcrErrors.inUse(image.digest(), holders));
    }
    Images.delete(tx, scope, image);
    if (tags.isEmpty()) {
      deleted.add(ImageIdentifier.builder().imageDigest(image.digest()).build());
    }
    for (String each : tags) {
      deleted.add(ImageIdentifier.builder().imageDigest(image.digest()).imageTag(each).build());
    }
    return null;
  }

  UpdateImageStorageClassResponse updateStorageClass(UpdateImageStorageClassRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "UpdateImageStorageClass");
    ImageRow changed =
        registry.store.write(
            tx -> {
              Registry.repository(tx, scope, name);
              ImageRow image = existing(tx, scope, name, request.imageId());
              ImageRow result =
                  switch (request.targetStorageClass()) {
                    case ARCHIVE ->
                        image.status() == Status.ARCHIVED
                            ? image
                            : image.archived(registry.clock.instant());
                    case STANDARD ->
                        image.status() == Status.ACTIVE
                            ? image
                            : image.activated(registry.clock.instant());
                    case UNKNOWN_TO_SDK_VERSION ->
                        throw badEnum("targetStorageClass", "[STANDARD, ARCHIVE]");
                  };
              if (result.status() == Status.ARCHIVED && Images.isChild(tx, scope, image)) {
                throw ImageStorageClassUpdateNotSupportedException.builder()
                    .message("The image is referenced by a manifest list: archive the list first")
                    .build();
              }
              tx.put(EcrTables.IMAGES, EcrTables.imageKey(scope, name, image.digest()), result);
              return result;
            });
    return UpdateImageStorageClassResponse.builder()
        .registryId(scope.account())
        .repositoryName(name)
        .imageId(
            ImageIdentifier.builder()
                .imageDigest(changed.digest())
                .imageTag(request.imageId().imageTag())
                .build())
        .imageStatus(changed.status() == Status.ACTIVE ? ImageStatus.ACTIVE : ImageStatus.ARCHIVED)
        .build();
  }

  // ---- referrers

  ListImageReferrersResponse listReferrers(ListImageReferrersRequest request) {
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
                              throw badEnum(
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

  DescribeImageReplicationStatusResponse replicationStatus(
      DescribeImageReplicationStatusRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "DescribeImageReplicationStatus");
    View view = registry.store.snapshot();
    Registry.repository(view, scope, name);
    ImageRow image = existing(view, scope, name, request.imageId());
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

  /** The tags of an image with when each was set: what ECR Public shows. */
  static List<TagRow> tagRows(View view, Scope scope, String name) {
    return EcrTables.tags(view, scope, name).map(row -> row.value()).toList();
  }
}
