package gantry.services.ecr;

import gantry.state.Scope;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What the program decides about its registry.
 *
 * @param home the account and region of plain {@code localhost:PORT/NAME}
 * @param open whether anybody who reaches the port may push and pull: for a program that listens on
 *     loopback only
 * @param vulnerabilities a folder of a vulnerability list in OSV format; null without one
 * @param identities IAM's answer about identities
 * @param inUse what lifecycle policies must leave alone
 * @param upstream how other registries are reached
 */
public record EcrSettings(
    Scope home,
    boolean open,
    @Nullable Path vulnerabilities,
    IdentityPolicies identities,
    ImagesInUse inUse,
    Upstream upstream) {

  /** Open to everybody on this machine, with nothing beside it. */
  public static EcrSettings open(Scope home) {
    return new EcrSettings(
        home, true, null, IdentityPolicies.ALLOW_ALL, ImagesInUse.NONE, Upstream.NONE);
  }
}
