package gantry.services.ecr;

import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Origin;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.ScanRow;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Tx;
import java.time.Instant;
import software.amazon.awssdk.services.ecr.model.ImageScanStatus;

import software.amazon.awssdk.services.ecr.model.ScanStatus;

/**
 * What a push asks for besides the image: a scan where the registry scans on push, copies where it
 * replicates. Both are written in the push's own transaction, so neither is forgotten in a crash;
 * their controllers do the work.
 */
final class AfterPush {

  private AfterPush() {}

  static void note(
      Tx tx, Scope scope, RepositoryRow repository, ImageRow image, Origin origin, Instant now) {
    Key key = EcrTables.imageKey(scope, image.repository(), image.digest());
    if (!image.isIndex()
        && tx.get(EcrTables.SCANS, key) == null
        && Scanning.onPush(tx, scope, repository.repository())) {
      tx.put(
          EcrTables.SCANS,
          key,
          new ScanRow(
              image.repository(),
              image.digest(),
              ImageScanStatus.builder()
                  .status(ScanStatus.PENDING)
                  .description("The scan is about to begin.")
                  .build(),
              now,
              null));
    }
    if (origin == Origin.PUSHED) {
      var destinations = Replication.destinations(tx, scope, image.repository());
      if (!destinations.isEmpty()) {
        tx.put(EcrTables.REPLICATIONS, key, Replication.begun(image, destinations));
      }
    }
  }
}
