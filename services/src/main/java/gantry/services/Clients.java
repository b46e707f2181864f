package gantry.services;

import gantry.state.Scope;
import software.amazon.awssdk.core.SdkClient;

/**
 * How one service reaches another: only through that other's SDK client interface, as a service
 * principal.
 */
public interface Clients {

  /**
   * A client of a hosted service. Each call is dispatched like one from the network: evaluated,
   * recorded, counted.
   *
   * @param principal the service that calls, such as {@code ecs.amazonaws.com}
   */
  <C extends SdkClient> C as(String principal, Scope scope, Class<C> client);

  /** The same as a role, whose session the service principal assumes. */
  <C extends SdkClient> C asRole(
      String principal, String roleArn, String sessionName, Scope scope, Class<C> client);
}
