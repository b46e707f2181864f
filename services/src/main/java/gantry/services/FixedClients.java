package gantry.services;

import gantry.state.Scope;
import java.util.List;
import software.amazon.awssdk.core.SdkClient;

/**
 * The same few clients for whoever asks, called as they are: for services that are hosted with no
 * program around them, as in benchmarks and simulations.
 */
public record FixedClients(List<SdkClient> hosted) implements Clients {

  public static FixedClients of(SdkClient... hosted) {
    return new FixedClients(List.of(hosted));
  }

  @Override
  public <C extends SdkClient> C as(String principal, Scope scope, Class<C> client) {
    return hosted.stream()
        .filter(client::isInstance)
        .map(client::cast)
        .findFirst()
        .orElseThrow(
            () -> new UnsupportedOperationException(client.getSimpleName() + " is not hosted"));
  }

  @Override
  public <C extends SdkClient> C asRole(
      String principal, String roleArn, String sessionName, Scope scope, Class<C> client) {
    return as(principal, scope, client);
  }
}
