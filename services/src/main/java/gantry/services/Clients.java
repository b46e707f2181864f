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

  /**
   * The same in the name of whoever calls now, as AWS's services use keys and secrets: what the
   * caller itself may not do, the service does not do for it. Where nobody calls, because a service
   * goes on with what it was told before, in the name of the account's root.
   *
   * @param principal the service through which the caller asks, such as {@code ssm.amazonaws.com}
   */
  default <C extends SdkClient> C forCaller(String principal, Scope scope, Class<C> client) {
    return as(principal, scope, client); // where nothing is evaluated it is all the same
  }

  /** The same as a role, whose session the service principal assumes. */
  <C extends SdkClient> C asRole(
      String principal, String roleArn, String sessionName, Scope scope, Class<C> client);
}
