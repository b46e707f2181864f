package gantry.app.machine;

import gantry.node.RoleClients;
import gantry.services.Clients;
import gantry.state.Scope;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkClient;

/** The node's calls on behalf of a task, through the program's own dispatch. */
record InsideRoles(Clients clients) implements RoleClients {

  static final String TASKS = "ecs-tasks.amazonaws.com";

  @Override
  public <C extends SdkClient> C as(
      @Nullable String roleArn, String sessionName, String account, String region, Class<C> client) {
    Scope scope = new Scope(account, region);
    return roleArn == null
        ? clients.as(LocalMachine.PRINCIPAL, scope, client)
        : clients.asRole(TASKS, roleArn, sessionName, scope, client);
  }
}
