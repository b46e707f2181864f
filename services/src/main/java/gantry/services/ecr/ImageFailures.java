package gantry.services.ecr;

import gantry.state.Scope;
import gantry.state.View;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.ImageFailure;
import software.amazon.awssdk.services.ecr.model.ImageFailureCode;
import software.amazon.awssdk.services.ecr.model.ImageIdentifier;

/** What the batch operations say of an image that they could not serve: an entry, no exception. */
final class ImageFailures {

  static final String DIGEST_FORM = "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+";

  private ImageFailures() {}

  /** Null when an identifier is one. */
  static @Nullable ImageFailure malformed(ImageIdentifier id) {
    if (id.imageDigest() == null && id.imageTag() == null) {
      return of(
          id,
          ImageFailureCode.MISSING_DIGEST_AND_TAG,
          "Invalid request parameters: both tag and digest cannot be null");
    }
    if (id.imageDigest() != null && !id.imageDigest().matches(DIGEST_FORM)) {
      return of(
          id,
          ImageFailureCode.INVALID_IMAGE_DIGEST,
          "Invalid request parameters: image digest should satisfy the regex '"
              + DIGEST_FORM
              + "'");
    }
    if (id.imageTag() != null && !Names.isTag(id.imageTag())) {
      return of(
          id, ImageFailureCode.INVALID_IMAGE_TAG, "Invalid request parameters: invalid image tag");
    }
    return null;
  }

  static ImageFailure of(ImageIdentifier id, ImageFailureCode code, String reason) {
    return ImageFailure.builder().imageId(id).failureCode(code).failureReason(reason).build();
  }

  /** That there is no such image, or that its tag is on another one than the digest says. */
  static ImageFailure notFound(View view, Scope scope, String name, ImageIdentifier id) {
    return id.imageTag() != null
            && id.imageDigest() != null
            && Images.find(view, scope, name, id.imageTag()) != null
        ? of(
            id,
            ImageFailureCode.IMAGE_TAG_DOES_NOT_MATCH_DIGEST,
            "Requested image tag does not match the image digest")
        : of(id, ImageFailureCode.IMAGE_NOT_FOUND, "Requested image not found");
  }
}
