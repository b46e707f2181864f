package gantry.app.machine;

import gantry.acs.TaskPayload;
import gantry.node.RegistryCredentials;
import org.jspecify.annotations.Nullable;

/** Our registry as this machine's Docker reaches it: on loopback, where it asks for no login. */
record OwnRegistry(int apiPort) implements RegistryCredentials {

  @Override
  public boolean isOurs(String registryHost) {
    return registryHost.equals("localhost:" + apiPort) || registryHost.equals("127.0.0.1:" + apiPort);
  }

  @Override
  public String pullHost() {
    return "localhost:" + apiPort;
  }

  @Override
  public @Nullable Login login(TaskPayload task, String originalHost) {
    return null;
  }
}
