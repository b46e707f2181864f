package gantry.services.ecr;

import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.ecr.model.BatchCheckLayerAvailabilityRequest;
import software.amazon.awssdk.services.ecr.model.BatchCheckLayerAvailabilityResponse;
import software.amazon.awssdk.services.ecr.model.CompleteLayerUploadRequest;
import software.amazon.awssdk.services.ecr.model.CompleteLayerUploadResponse;
import software.amazon.awssdk.services.ecr.model.EmptyUploadException;
import software.amazon.awssdk.services.ecr.model.GetDownloadUrlForLayerRequest;
import software.amazon.awssdk.services.ecr.model.GetDownloadUrlForLayerResponse;
import software.amazon.awssdk.services.ecr.model.InitiateLayerUploadRequest;
import software.amazon.awssdk.services.ecr.model.InitiateLayerUploadResponse;
import software.amazon.awssdk.services.ecr.model.InvalidLayerException;
import software.amazon.awssdk.services.ecr.model.InvalidLayerPartException;
import software.amazon.awssdk.services.ecr.model.Layer;
import software.amazon.awssdk.services.ecr.model.LayerAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.LayerAvailability;
import software.amazon.awssdk.services.ecr.model.LayerFailure;
import software.amazon.awssdk.services.ecr.model.LayerFailureCode;
import software.amazon.awssdk.services.ecr.model.LayerInaccessibleException;
import software.amazon.awssdk.services.ecr.model.LayerPartTooSmallException;
import software.amazon.awssdk.services.ecr.model.UploadLayerPartRequest;
import software.amazon.awssdk.services.ecr.model.UploadLayerPartResponse;

/** Layers through the API, as the few clients do that push without the data plane. */
final class LayerOperations {

  /** What InitiateLayerUpload asks parts to be. */
  static final long PART_BYTES = 10 * 1024 * 1024;

  static final long MAX_PART_BYTES = 20_971_520;
  static final long MIN_PART_BYTES = 5 * 1024 * 1024;

  private final Registry registry;
  private final Gate gate;
  private final Tokens tokens;

  LayerOperations(Registry registry, Gate gate, Tokens tokens) {
    this.registry = registry;
    this.gate = gate;
    this.tokens = tokens;
  }

  BatchCheckLayerAvailabilityResponse check(BatchCheckLayerAvailabilityRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "BatchCheckLayerAvailability");
    View view = registry.store.snapshot();
    Registry.repository(view, scope, name);
    List<Layer> layers = new ArrayList<>();
    List<LayerFailure> failures = new ArrayList<>();
    for (String text : request.layerDigests()) {
      Digest digest = Digest.parse(text);
      if (digest == null) {
        failures.add(
            LayerFailure.builder()
                .layerDigest(text)
                .failureCode(
                    text.isEmpty()
                        ? LayerFailureCode.MISSING_LAYER_DIGEST
                        : LayerFailureCode.INVALID_LAYER_DIGEST)
                .failureReason("Invalid request parameters: invalid layer digest")
                .build());
        continue;
      }
      long size = registry.layers.offer(view, scope, name, digest);
      Layer.Builder layer = Layer.builder().layerDigest(text);
      layers.add(
          size < 0
              ? layer.layerAvailability(LayerAvailability.UNAVAILABLE).build()
              : layer
                  .layerAvailability(LayerAvailability.AVAILABLE)
                  .layerSize(size)
                  .mediaType("application/vnd.docker.image.rootfs.diff.tar.gzip")
                  .build());
    }
    return BatchCheckLayerAvailabilityResponse.builder().layers(layers).failures(failures).build();
  }

  InitiateLayerUploadResponse initiate(InitiateLayerUploadRequest request) {
    Scope scope = gate.enter(request.registryId(), request.repositoryName(), "InitiateLayerUpload");
    try {
      Upload upload = registry.layers.begin(scope, request.repositoryName());
      return InitiateLayerUploadResponse.builder().uploadId(upload.id).partSize(PART_BYTES).build();
    } catch (IOException e) {
      throw EcrErrors.server(e);
    }
  }

  UploadLayerPartResponse part(UploadLayerPartRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "UploadLayerPart");
    try {
      Upload upload = locked(scope, name, request.uploadId());
      try {
        long offset = upload.offset();
        long length = request.layerPartBlob().asByteArrayUnsafe().length;
        if (request.partFirstByte() != offset
            || request.partLastByte() - request.partFirstByte() + 1 != length
            || length > MAX_PART_BYTES
            || offset + length > Upload.MAX_BYTES) {
          throw InvalidLayerPartException.builder()
              .message(
                  "Layer part with bytes "
                      + request.partFirstByte()
                      + "-"
                      + request.partLastByte()
                      + " is not valid: the last valid byte received is "
                      + (offset - 1))
              .registryId(scope.account())
              .repositoryName(name)
              .uploadId(request.uploadId())
              .lastValidByteReceived(offset - 1)
              .build();
        }
        upload.notePart(length);
        long end = upload.append(request.layerPartBlob().asInputStream(), Long.MAX_VALUE);
        return UploadLayerPartResponse.builder()
            .registryId(scope.account())
            .repositoryName(name)
            .uploadId(request.uploadId())
            .lastByteReceived(end - 1)
            .build();
      } finally {
        upload.unlock();
      }
    } catch (IOException e) {
      throw EcrErrors.server(e);
    }
  }

  CompleteLayerUploadResponse complete(CompleteLayerUploadRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "CompleteLayerUpload");
    Digest digest =
        request.layerDigests().size() == 1 ? Digest.parse(request.layerDigests().getFirst()) : null;
    if (digest == null) {
      throw InvalidLayerException.builder()
          .message("Layer upload needs exactly one valid digest, not " + request.layerDigests())
          .build();
    }
    try {
      Upload upload = locked(scope, name, request.uploadId());
      try {
        if (upload.offset() == 0) {
          throw EmptyUploadException.builder()
              .message("The upload with id '" + request.uploadId() + "' has no layer parts")
              .build();
        }
        if (upload.hasSmallPart()) {
          throw LayerPartTooSmallException.builder()
              .message(
                  "Layer parts other than the last must have at least " + MIN_PART_BYTES + " bytes")
              .build();
        }
        if (Layers.size(registry.store.snapshot(), scope, name, digest) >= 0) {
          upload.cancel();
          throw LayerAlreadyExistsException.builder()
              .message(
                  "The layer with digest '"
                      + digest
                      + "' already exists in the repository with name '"
                      + name
                      + "' in registry with id '"
                      + scope.account()
                      + "'")
              .build();
        }
        if (!upload.finish(digest)) {
          throw InvalidLayerException.builder()
              .message("The layer's content does not have the digest '" + digest + "'")
              .build();
        }
      } finally {
        upload.unlock();
      }
    } catch (IOException e) {
      throw EcrErrors.server(e);
    }
    registry.layers.link(scope, name, digest);
    return CompleteLayerUploadResponse.builder()
        .registryId(scope.account())
        .repositoryName(name)
        .uploadId(request.uploadId())
        .layerDigest(digest.toString())
        .build();
  }

  private Upload locked(Scope scope, String name, String uploadId) throws IOException {
    Registry.repository(registry.store.snapshot(), scope, name);
    Upload upload = registry.blobs.uploads().find(uploadId, scope, name);
    if (upload == null) {
      throw EcrErrors.uploadNotFound(uploadId, name, scope.account());
    }
    if (!upload.tryLock()) {
      throw EcrErrors.invalid("uploadId", "another request is writing to this upload");
    }
    if (upload.hasEnded()) {
      upload.unlock();
      throw EcrErrors.uploadNotFound(uploadId, name, scope.account());
    }
    return upload;
  }

  GetDownloadUrlForLayerResponse downloadUrl(GetDownloadUrlForLayerRequest request) {
    String name = request.repositoryName();
    Scope scope = gate.enter(request.registryId(), name, "GetDownloadUrlForLayer");
    View view = registry.store.snapshot();
    Registry.repository(view, scope, name);
    Digest digest = Digest.parse(request.layerDigest());
    if (digest == null || Layers.size(view, scope, name, digest) < 0) {
      throw EcrErrors.layersNotFound(List.of(request.layerDigest()), name, scope.account());
    }
    if (!Layers.isReferenced(view, scope, name, digest.toString())) {
      throw LayerInaccessibleException.builder()
          .message("The layer '" + digest + "' is not referenced by an image in the repository")
          .build();
    }
    // The name as this program's own address has it, so that the signature fits.
    String uri = registry.addresses.uri(scope, name);
    int slash = uri.indexOf('/');
    return GetDownloadUrlForLayerResponse.builder()
        .layerDigest(digest.toString())
        .downloadUrl(
            "http://"
                + uri.substring(0, slash)
                + "/v2/"
                + uri.substring(slash + 1)
                + "/blobs/"
                + digest
                + "?"
                + tokens.signedLayer(scope, name, digest))
        .build();
  }
}
