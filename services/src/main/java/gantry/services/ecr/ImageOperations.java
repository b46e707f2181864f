package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.BlobStore.StorageFailed;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Origin;
import gantry.services.ecr.EcrTables.Status;
import gantry.services.ecr.PullThrough.NotFetched;
import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.BatchGetImageRequest;
import software.amazon.awssdk.services.ecr.model.BatchGetImageResponse;
import software.amazon.awssdk.services.ecr.model.Image;
import software.amazon.awssdk.services.ecr.model.ImageAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.ImageFailure;
import software.amazon.awssdk.services.ecr.model.ImageFailureCode;
import software.amazon.awssdk.services.ecr.model.ImageIdentifier;
import software.amazon.awssdk.services.ecr.model.PutImageRequest;
import software.amazon.awssdk.services.ecr.model.PutImageResponse;

/** Images got and put through the API. */
final class ImageOperations {

  /** Why an image was not pulled through: its repository may not have been made then. */
  private static final Set<ImageFailureCode> UPSTREAM =
      Set.of(
          ImageFailureCode.UPSTREAM_ACCESS_DENIED,
          ImageFailureCode.UPSTREAM_TOO_MANY_REQUESTS,
          ImageFailureCode.UPSTREAM_UNAVAILABLE);

  private final Registry registry;
  private final Gate gate;
  private final PullThrough pullThrough;

  ImageOperations(Registry registry, Gate gate, PullThrough pullThrough) {
    this.registry = registry;
    this.gate = gate;
    this.pullThrough = pullThrough;
  }

  BatchGetImageResponse get(BatchGetImageRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "BatchGetImage");
    List<Image> images = new ArrayList<>();
    List<ImageFailure> failures = new ArrayList<>();
    for (ImageIdentifier id : request.imageIds()) {
      ImageFailure bad = ImageFailures.malformed(id);
      if (bad != null) {
        failures.add(bad);
        continue;
      }
      String reference = id.imageTag() != null ? id.imageTag() : id.imageDigest();
      try {
        pullThrough.beforePull(scope, name, reference, gate.rights(scope, name));
      } catch (NotFetched e) {
        failures.add(ImageFailures.of(id, codeOf(e.kind()), String.valueOf(e.getMessage())));
        continue;
      } catch (StorageFailed e) {
        throw EcrErrors.server(e);
      }
      View view = registry.store.snapshot();
      Registry.repository(view, scope, name);
      ImageRow image = Images.find(view, scope, name, id);
      if (image == null) {
        failures.add(ImageFailures.notFound(view, scope, name, id));
      } else if (image.status() == Status.ARCHIVED) {
        failures.add(
            ImageFailures.of(
                id, ImageFailureCode.IMAGE_INACCESSIBLE, "Requested image is archived"));
      } else if (!request.acceptedMediaTypes().isEmpty()
          && !request.acceptedMediaTypes().contains(image.mediaType())) {
        failures.add(
            ImageFailures.of(
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
    if (failures.stream().noneMatch(failure -> UPSTREAM.contains(failure.failureCode()))) {
      Registry.repository(registry.store.snapshot(), scope, name);
    }
    return BatchGetImageResponse.builder().images(images).failures(failures).build();
  }

  private static ImageFailureCode codeOf(UpstreamFailure.Kind kind) {
    return switch (kind) {
      case NOT_FOUND -> ImageFailureCode.IMAGE_NOT_FOUND;
      case ACCESS_DENIED -> ImageFailureCode.UPSTREAM_ACCESS_DENIED;
      case TOO_MANY_REQUESTS -> ImageFailureCode.UPSTREAM_TOO_MANY_REQUESTS;
      case UNAVAILABLE -> ImageFailureCode.UPSTREAM_UNAVAILABLE;
    };
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
          "imageDigest", "must satisfy regular expression '" + ImageFailures.DIGEST_FORM + "'");
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
}
