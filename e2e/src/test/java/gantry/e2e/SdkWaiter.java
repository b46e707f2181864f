package gantry.e2e;

import java.net.URI;
import java.util.List;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.ecs.EcsClient;
import software.amazon.awssdk.services.ecs.waiters.EcsWaiter;

/** The Java SDK's own waiters, called by a script: {@code URL WAITER CLUSTER NAMES}. */
public final class SdkWaiter {

  private SdkWaiter() {}

  /** Ends with an exception, and so with a code, when the waiter gives up. */
  public static void main(String[] arguments) {
    List<String> names = List.of(arguments[3].split(","));
    String cluster = arguments[2];
    try (EcsClient ecs =
            EcsClient.builder()
                .endpointOverride(URI.create(arguments[0]))
                .region(Region.US_EAST_1)
                .credentialsProvider(
                    StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
                .httpClient(UrlConnectionHttpClient.create())
                .build();
        EcsWaiter waiter = ecs.waiter()) {
      var matched =
          switch (arguments[1]) {
            case "services-stable" ->
                waiter
                    .waitUntilServicesStable(r -> r.cluster(cluster).services(names))
                    .matched()
                    .response()
                    .isPresent();
            case "services-inactive" ->
                waiter
                    .waitUntilServicesInactive(r -> r.cluster(cluster).services(names))
                    .matched()
                    .response()
                    .isPresent();
            case "tasks-running" ->
                waiter
                    .waitUntilTasksRunning(r -> r.cluster(cluster).tasks(names))
                    .matched()
                    .response()
                    .isPresent();
            case "tasks-stopped" ->
                waiter
                    .waitUntilTasksStopped(r -> r.cluster(cluster).tasks(names))
                    .matched()
                    .response()
                    .isPresent();
            default -> throw new IllegalArgumentException(arguments[1]);
          };
      if (!matched) {
        throw new IllegalStateException(arguments[1] + " ended without an answer");
      }
    }
  }
}
