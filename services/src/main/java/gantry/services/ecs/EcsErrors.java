package gantry.services.ecs;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.AttributeLimitExceededException;
import software.amazon.awssdk.services.ecs.model.ClientException;
import software.amazon.awssdk.services.ecs.model.ClusterNotFoundException;
import software.amazon.awssdk.services.ecs.model.EcsException;
import software.amazon.awssdk.services.ecs.model.InvalidParameterException;
import software.amazon.awssdk.services.ecs.model.LimitExceededException;
import software.amazon.awssdk.services.ecs.model.ResourceInUseException;
import software.amazon.awssdk.services.ecs.model.ResourceNotFoundException;
import software.amazon.awssdk.services.ecs.model.ServiceNotActiveException;
import software.amazon.awssdk.services.ecs.model.ServiceNotFoundException;
import software.amazon.awssdk.services.ecs.model.TargetNotFoundException;
import software.amazon.awssdk.services.ecs.model.UnsupportedFeatureException;

/** ECS's errors with ECS's texts. */
final class EcsErrors {

  private EcsErrors() {}

  static EcsException client(String message) {
    return (EcsException) ClientException.builder().message(message).statusCode(400).build();
  }

  static EcsException invalid(String message) {
    return (EcsException)
        InvalidParameterException.builder().message(message).statusCode(400).build();
  }

  /** Refuses a word that is none of those a member may have; nothing given is fine. */
  static void oneOf(String member, @Nullable String given, Set<?> known) {
    if (given != null
        && !given.isEmpty()
        && known.stream().noneMatch(each -> each.toString().equals(given))) {
      throw invalid(member + " should be one of " + known);
    }
  }

  static void eachOneOf(String member, List<String> given, Set<?> known) {
    given.forEach(each -> oneOf(member, each, known));
  }

  static EcsException clusterNotFound() {
    return (EcsException)
        ClusterNotFoundException.builder().message("Cluster not found.").statusCode(400).build();
  }

  static EcsException clusterInactive() {
    return (EcsException)
        ClusterNotFoundException.builder()
            .message("The referenced cluster was inactive.")
            .statusCode(400)
            .build();
  }

  static EcsException serviceNotFound() {
    return (EcsException)
        ServiceNotFoundException.builder().message("Service not found.").statusCode(400).build();
  }

  static EcsException serviceNotActive() {
    return (EcsException)
        ServiceNotActiveException.builder()
            .message("Service was not ACTIVE.")
            .statusCode(400)
            .build();
  }

  static EcsException resourceNotFound(String message) {
    return (EcsException)
        ResourceNotFoundException.builder().message(message).statusCode(400).build();
  }

  static EcsException resourceInUse(String message) {
    return (EcsException) ResourceInUseException.builder().message(message).statusCode(400).build();
  }

  static EcsException targetNotFound(String message) {
    return (EcsException)
        TargetNotFoundException.builder().message(message).statusCode(400).build();
  }

  static EcsException attributeLimit(String message) {
    return (EcsException)
        AttributeLimitExceededException.builder().message(message).statusCode(400).build();
  }

  static EcsException limit(String message) {
    return (EcsException) LimitExceededException.builder().message(message).statusCode(400).build();
  }

  /** What ECS has and this program has not: named, never silently dropped. */
  static EcsException unsupported(String message) {
    return (EcsException)
        UnsupportedFeatureException.builder().message(message).statusCode(400).build();
  }
}
