package gantry.services.ecr;

import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.model.ImageNotFoundException;
import software.amazon.awssdk.services.ecr.model.ImageTagAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.InvalidParameterException;
import software.amazon.awssdk.services.ecr.model.LayersNotFoundException;
import software.amazon.awssdk.services.ecr.model.ReferencedImagesNotFoundException;
import software.amazon.awssdk.services.ecr.model.RepositoryNotFoundException;
import software.amazon.awssdk.services.ecr.model.ServerException;
import software.amazon.awssdk.services.ecr.model.UploadNotFoundException;
import software.amazon.awssdk.services.ecr.model.ValidationException;

/** AWS's errors with AWS's words. The data plane says the same ones in the distribution's form. */
final class EcrErrors {

  private EcrErrors() {}

  static RepositoryNotFoundException repositoryNotFound(String name, String registryId) {
    return RepositoryNotFoundException.builder()
        .message(
            "The repository with name '"
                + name
                + "' does not exist in the registry with id '"
                + registryId
                + "'")
        .build();
  }

  static ImageNotFoundException imageNotFound(
      @Nullable String digest, @Nullable String tag, String name, String registryId) {
    return ImageNotFoundException.builder()
        .message(
            "The image with imageId {imageDigest:"
                + quoted(digest)
                + ", imageTag:"
                + quoted(tag)
                + "} does not exist within the repository with name '"
                + name
                + "' in the registry with id '"
                + registryId
                + "'")
        .build();
  }

  private static String quoted(@Nullable String text) {
    return text == null ? "null" : "'" + text + "'";
  }

  static ImageTagAlreadyExistsException tagImmutable(String tag, String name) {
    return ImageTagAlreadyExistsException.builder()
        .message(
            "The image tag '"
                + tag
                + "' already exists in the '"
                + name
                + "' repository and cannot be overwritten because the repository is immutable.")
        .build();
  }

  static LayersNotFoundException layersNotFound(Collection<?> digests, String name, String id) {
    return LayersNotFoundException.builder()
        .message(
            "Layers with digests '"
                + digests
                + "' required for pushing image into repository with name '"
                + name
                + "' in the registry with id '"
                + id
                + "' do not exist")
        .build();
  }

  static ReferencedImagesNotFoundException childrenNotFound(
      Collection<?> digests, String name, String id) {
    return ReferencedImagesNotFoundException.builder()
        .message(
            "Images with digests '"
                + digests
                + "' required for pushing image into repository with name '"
                + name
                + "' in the registry with id '"
                + id
                + "' do not exist")
        .build();
  }

  static UploadNotFoundException uploadNotFound(String uploadId, String name, String id) {
    return UploadNotFoundException.builder()
        .message(
            "Upload with id '"
                + uploadId
                + "' in the repository with name '"
                + name
                + "' in registry with id '"
                + id
                + "' does not exist")
        .build();
  }

  /** The words for what a repository could have set and has not. */
  static String absent(String what, String name, String registryId) {
    return what
        + " does not exist for the repository with name '"
        + name
        + "' in the registry with id '"
        + registryId
        + "'";
  }

  static InvalidParameterException invalid(String member, String rule) {
    return InvalidParameterException.builder()
        .message(
            "Invalid parameter at '" + member + "' failed to satisfy constraint: '" + rule + "'")
        .build();
  }

  static InvalidParameterException badEnum(String member, String values) {
    return invalid(member, "Member must satisfy enum value set: " + values);
  }

  static InvalidParameterException invalid(String message) {
    return InvalidParameterException.builder().message(message).build();
  }

  static String messageOf(EcrException e) {
    return e.awsErrorDetails() != null && e.awsErrorDetails().errorMessage() != null
        ? e.awsErrorDetails().errorMessage()
        : String.valueOf(e.getMessage());
  }

  static ValidationException tooMany(String what, int max) {
    return ValidationException.builder()
        .message("The number of " + what + " is over the limit of " + max)
        .build();
  }

  static EcrException accessDenied(String message) {
    return error("AccessDeniedException", 400, message);
  }

  /** An error that the model does not know. */
  static EcrException error(String code, int status, String message) {
    AwsErrorDetails details =
        AwsErrorDetails.builder().errorCode(code).errorMessage(message).serviceName("Ecr").build();
    return (EcrException)
        EcrException.builder().awsErrorDetails(details).message(message).statusCode(status).build();
  }

  static ServerException server(Exception cause) {
    return ServerException.builder()
        .message(String.valueOf(cause.getMessage()))
        .statusCode(500)
        .cause(cause)
        .build();
  }

  /** Why an image is not deleted: unlike AWS, what runs keeps its image. */
  static String inUse(String digest, List<String> users) {
    return "Requested image "
        + digest
        + " is in use by "
        + String.join(", ", users)
        + ": update or stop that first";
  }
}
