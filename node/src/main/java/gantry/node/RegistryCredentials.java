package gantry.node;

import gantry.acs.TaskPayload;
import org.jspecify.annotations.Nullable;

/** Knows our own registry: which names are its, where it listens, and how the node logs in. */
public interface RegistryCredentials {

  /** True for our registry's own host names; names of Amazon ECR always are. */
  boolean isOurs(String registryHost);

  /** Where Docker reaches our registry, such as {@code localhost:4566}. */
  String pullHost();

  /**
   * The login with which this task may pull from our registry: its execution role's, as on AWS.
   * Null when the registry asks for none.
   *
   * @param originalHost the host in the image's name, which holds account and region
   */
  @Nullable Login login(TaskPayload task, String originalHost);

  record Login(String username, String password) {
    @Override
    public String toString() {
      return "Login[" + username + "]";
    }
  }

  /** A node without a registry of ours. */
  static RegistryCredentials none() {
    return new RegistryCredentials() {
      @Override
      public boolean isOurs(String registryHost) {
        return false;
      }

      @Override
      public String pullHost() {
        return "";
      }

      @Override
      public @Nullable Login login(TaskPayload task, String originalHost) {
        return null;
      }
    };
  }
}
