package gantry.node;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkClient;

/** Roles whose first calls run into a mistake of ours. */
public final class ClumsyRoles implements RoleClients {

  private final RoleClients then;
  private final RuntimeException mistake;
  private int mistakes;

  public ClumsyRoles(RoleClients then, int mistakes, RuntimeException mistake) {
    this.then = then;
    this.mistakes = mistakes;
    this.mistake = mistake;
  }

  @Override
  public synchronized <C extends SdkClient> C as(
      @Nullable String roleArn, String session, String account, String region, Class<C> client) {
    if (mistakes > 0) {
      mistakes--;
      throw mistake;
    }
    return then.as(roleArn, session, account, region, client);
  }
}
