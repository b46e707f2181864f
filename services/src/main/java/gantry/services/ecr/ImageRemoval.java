package gantry.services.ecr;

import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.Status;
import gantry.state.Scope;
import gantry.state.Tx;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.BatchDeleteImageRequest;
import software.amazon.awssdk.services.ecr.model.BatchDeleteImageResponse;
import software.amazon.awssdk.services.ecr.model.ImageFailure;
import software.amazon.awssdk.services.ecr.model.ImageFailureCode;
import software.amazon.awssdk.services.ecr.model.ImageIdentifier;
import software.amazon.awssdk.services.ecr.model.ImageStatus;
import software.amazon.awssdk.services.ecr.model.ImageStorageClassUpdateNotSupportedException;
import software.amazon.awssdk.services.ecr.model.UpdateImageStorageClassRequest;
import software.amazon.awssdk.services.ecr.model.UpdateImageStorageClassResponse;

/** Images that go: deleted, or archived and fetched back. */
final class ImageRemoval {

  private final Registry registry;
  private final Gate gate;
  private final ImagesInUse inUse;

  ImageRemoval(Registry registry, Gate gate, ImagesInUse inUse) {
    this.registry = registry;
    this.gate = gate;
    this.inUse = inUse;
  }

  BatchDeleteImageResponse delete(BatchDeleteImageRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "BatchDeleteImage");
    Instant now = registry.clock.instant();
    return registry.store.write(
        tx -> {
          Registry.repository(tx, scope, name);
          Map<String, List<String>> users = inUse.users(tx, scope, name);
          List<ImageIdentifier> deleted = new ArrayList<>();
          List<ImageFailure> failures = new ArrayList<>();
          for (ImageIdentifier id : request.imageIds()) {
            ImageFailure failure = ImageFailures.malformed(id);
            if (failure == null) {
              failure = deleteOne(tx, scope, name, id, users, now, deleted);
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
      Instant now,
      List<ImageIdentifier> deleted) {
    String tag = id.imageTag();
    ImageRow image = Images.find(tx, scope, name, id);
    if (image == null) {
      return ImageFailures.notFound(tx, scope, name, id);
    }
    List<String> tags = EcrTables.tagsOf(tx, scope, image);
    if (tag != null && tags.size() > 1) {
      tx.delete(EcrTables.TAGS, EcrTables.tagKey(scope, name, tag));
      deleted.add(ImageIdentifier.builder().imageDigest(image.digest()).imageTag(tag).build());
      return null;
    }
    if (Images.isChild(tx, scope, image)) {
      return ImageFailures.of(
          id,
          ImageFailureCode.IMAGE_REFERENCED_BY_MANIFEST_LIST,
          "Requested image referenced by manifest list");
    }
    List<String> holders = users.getOrDefault(image.digest(), List.of());
    if (!holders.isEmpty()) {
      // AWS has no code for it, because it would delete the image; this one says: still referenced.
      return ImageFailures.of(
          id,
          ImageFailureCode.IMAGE_REFERENCED_BY_MANIFEST_LIST,
          EcrErrors.inUse(image.digest(), holders));
    }
    Images.delete(tx, scope, image, now);
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
              RepositoryRow repository = Registry.repository(tx, scope, name);
              ImageRow image = Images.existing(tx, scope, name, request.imageId());
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
                        throw EcrErrors.badEnum("targetStorageClass", "[STANDARD, ARCHIVE]");
                  };
              if (result.status() == Status.ARCHIVED && Images.isChild(tx, scope, image)) {
                throw ImageStorageClassUpdateNotSupportedException.builder()
                    .message("The image is referenced by a manifest list: archive the list first")
                    .build();
              }
              tx.put(EcrTables.IMAGES, EcrTables.imageKey(scope, name, image.digest()), result);
              if (image.status() == Status.ARCHIVED && result.status() == Status.ACTIVE) {
                // As AWS says of restored images: like newly pushed ones.
                AfterPush.note(
                    tx, scope, repository, result, result.origin(), registry.clock.instant());
              }
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
}
