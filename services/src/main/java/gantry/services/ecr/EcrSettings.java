package gantry.services.ecr;

import gantry.services.iam.IamAuthorizer.Mode;
import gantry.state.Scope;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the program decides about its registry.
 *
 * @param home the account and region of plain {@code localhost:PORT/NAME}
 * @param open whether anybody who reaches the port may push and pull: for a program that listens on
 *     loopback only and enforces no policies
 * @param vulnerabilities a folder of a vulnerability list in OSV format; null without one
 * @param iam whether what the callers' own policies do not allow is refused
 * @param inUse what may not be deleted
 * @param upstream how other registries are reached
 * @param upstreams addresses of registries besides those that AWS names, which the operator lets
 *     pull-through rules name: {@code http://localhost:5000}
 */
public record EcrSettings(
    Scope home,
    boolean open,
    @Nullable Path vulnerabilities,
    Mode iam,
    ImagesInUse inUse,
    Upstream upstream,
    Set<String> upstreams) {

  /** Open to everybody on this machine, with nothing beside it. */
  public static EcrSettings open(Scope home) {
    return new EcrSettings(home, true, null, Mode.AUDIT, ImagesInUse.NONE, Upstream.NONE, Set.of());
  }
}
