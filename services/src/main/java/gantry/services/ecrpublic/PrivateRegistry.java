package gantry.services.ecrpublic;

import gantry.services.Caller;
import gantry.services.ecr.EcrHost;
import gantry.state.Scope;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.services.ecr.EcrClient;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecrpublic.model.EcrPublicException;
import software.amazon.awssdk.services.ecrpublic.model.ImageIdentifier;
import software.amazon.awssdk.services.ecrpublic.model.Tag;

/** The private registry as ECR Public calls it: in the region of its own, in its own words. */
final class PrivateRegistry {

  private final EcrHost host;
  private final EcrClient ecr;

  PrivateRegistry(EcrHost host) {
    this.host = host;
    this.ecr = host.client();
  }

  /** Where the caller's own public repositories are. */
  static Scope scope() {
    return EcrHost.publicRegistry(Caller.current().account());
  }

  /** Calls the private registry in the public region; its errors become ours, by name. */
  <R> R call(Function<EcrClient, R> call) {
    Caller caller = Caller.current();
    Caller there =
        new Caller(
            caller.account(),
            scope().region(),
            caller.arn(),
            caller.userId(),
            caller.accessKeyId(),
            caller.principalTags(),
            caller.requestId(),
            caller.sourceIp(),
            caller.userAgent());
    try {
      return ScopedValue.where(Caller.CURRENT, there).call(() -> call.apply(ecr));
    } catch (EcrException e) {
      AwsErrorDetails details = e.awsErrorDetails();
      String code =
          details != null && details.errorCode() != null
              ? details.errorCode()
              : e.getClass().getSimpleName();
      String message =
          details != null && details.errorMessage() != null
              ? details.errorMessage()
              : String.valueOf(e.getMessage());
      throw (EcrPublicException)
          EcrPublicException.builder()
              .awsErrorDetails(
                  AwsErrorDetails.builder()
                      .errorCode(code)
                      .errorMessage(message)
                      .serviceName("EcrPublic")
                      .build())
              .message(message)
              .statusCode(e.statusCode() == 0 ? 400 : e.statusCode())
              .cause(e)
              .build();
    }
  }

  /** The account that a request names, by its number or by the alias of its public registry. */
  static @Nullable String id(@Nullable String idOrAlias) {
    return idOrAlias == null ? null : EcrHost.publicAccount(idOrAlias);
  }

  static List<software.amazon.awssdk.services.ecr.model.ImageIdentifier> ids(
      List<ImageIdentifier> ids) {
    return ids.stream()
        .map(
            id ->
                software.amazon.awssdk.services.ecr.model.ImageIdentifier.builder()
                    .imageDigest(id.imageDigest())
                    .imageTag(id.imageTag())
                    .build())
        .toList();
  }

  static List<software.amazon.awssdk.services.ecr.model.Tag> tags(List<Tag> tags) {
    return tags.stream()
        .map(
            tag ->
                software.amazon.awssdk.services.ecr.model.Tag.builder()
                    .key(tag.key())
                    .value(tag.value())
                    .build())
        .toList();
  }

  /** Where a repository is that is there and that the caller may do this to. */
  Scope entered(@Nullable String registryId, String repository, String operation) {
    return call(_ -> host.enter(id(registryId), repository, operation));
  }
}
