package gantry.services.secretsmanager;

import gantry.services.ServiceContext;
import gantry.services.secretsmanager.SecretTables.Replica;
import gantry.services.secretsmanager.SecretTables.SecretRow;
import gantry.services.secretsmanager.SecretTables.Version;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Tx;
import gantry.state.View;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.secretsmanager.model.DecryptionFailureException;
import software.amazon.awssdk.services.secretsmanager.model.EncryptionFailureException;
import software.amazon.awssdk.services.secretsmanager.model.ReplicaRegionType;
import software.amazon.awssdk.services.secretsmanager.model.ReplicationStatusType;
import software.amazon.awssdk.services.secretsmanager.model.StatusType;

/**
 * Copies of a secret in other regions: rows of their own, each value sealed anew for the copy's ARN
 * under the copy's key. Only the original is changed; {@link #sync} makes the copies follow, as
 * often as one likes.
 */
final class Replicas {

  private static final Pattern REGION = Pattern.compile("[a-z]{2}(-[a-z]+)+-\\d");

  /** How often a copy that is overtaken by a change of the original is made again at once. */
  private static final int TRIES = 5;

  private final ServiceContext context;
  private final Sealing sealing;

  Replicas(ServiceContext context, Sealing sealing) {
    this.context = context;
    this.sealing = sealing;
  }

  static boolean isCopy(Row<SecretRow> row) {
    String primary = row.value().primaryRegion();
    return primary != null && !primary.equals(row.key().scope().region());
  }

  static void refuseCopy(Row<SecretRow> row) {
    if (isCopy(row)) {
      throw SecretErrors.request(
          "Operation not permitted on a replica secret. Call must be made in primary secret's"
              + " region.");
    }
  }

  static void refuseReplicated(SecretRow row) {
    if (!row.replicas().isEmpty()) {
      throw SecretErrors.request(
          "You can't delete secret "
              + row.name()
              + " that still has replica regions "
              + String.join(", ", row.replicas().stream().map(Replica::region).toList()));
    }
  }

  /** The copies that a request asks for. */
  static List<Replica> asked(String own, List<ReplicaRegionType> regions, boolean overwrite) {
    Set<String> seen = new HashSet<>();
    List<Replica> all = new ArrayList<>();
    for (ReplicaRegionType each : regions) {
      String region = each.region() == null ? "" : each.region();
      if (!REGION.matcher(region).matches() || region.equals(own) || !seen.add(region)) {
        throw SecretErrors.parameter("Invalid replica region: " + region);
      }
      all.add(new Replica(region, each.kmsKeyId(), overwrite, "not made yet"));
    }
    return all;
  }

  static SecretRow with(SecretRow secret, String region, List<Replica> more) {
    List<Replica> all = new ArrayList<>(secret.replicas());
    for (Replica each : more) {
      all.removeIf(one -> one.region().equals(each.region()));
      all.add(each);
    }
    return secret.replicated(region, all);
  }

  List<ReplicationStatusType> status(SecretRow row) {
    return row.replicas().stream()
        .map(
            copy ->
                ReplicationStatusType.builder()
                    .region(copy.region())
                    .kmsKeyId(copy.kmsKeyId() == null ? Sealing.DEFAULT_KEY : copy.kmsKeyId())
                    .status(copy.problem() == null ? StatusType.IN_SYNC : StatusType.FAILED)
                    .statusMessage(copy.problem())
                    .build())
        .toList();
  }

  private static Key key(Key primary, String region) {
    return new Scope(primary.scope().account(), region).key(primary.id());
  }

  /** Makes every copy what the secret is now; their states. */
  List<ReplicationStatusType> sync(Key primary) {
    for (int i = 0; ; i++) {
      View view = context.store().snapshot();
      SecretRow row = view.get(SecretTables.SECRETS, primary);
      if (row == null || row.replicas().isEmpty()) {
        return List.of();
      }
      List<SecretRow> copies = new ArrayList<>();
      List<Replica> states = new ArrayList<>();
      for (Replica each : row.replicas()) {
        Key key = key(primary, each.region());
        SecretRow there = view.get(SecretTables.SECRETS, key);
        String problem = null;
        if (there != null && isStranger(there, primary) && !each.overwrite()) {
          problem =
              "Replication failed: Secret name "
                  + row.name()
                  + " already exists in region "
                  + each.region()
                  + ". Remove it, or replicate with ForceOverwriteReplicaSecret.";
        } else {
          try {
            copies.add(copy(primary, row, each, there));
          } catch (EncryptionFailureException | DecryptionFailureException e) {
            problem = "Replication failed: " + e.getMessage();
          }
        }
        states.add(new Replica(each.region(), each.kmsKeyId(), each.overwrite(), problem));
      }
      if (write(primary, row, copies, states)) {
        return status(row.replicated(row.primaryRegion(), states));
      }
      if (i == TRIES) {
        return status(row); // the controller goes on
      }
    }
  }

  private static boolean isStranger(SecretRow there, Key primary) {
    return !primary.scope().region().equals(there.primaryRegion());
  }

  private boolean write(Key primary, SecretRow row, List<SecretRow> copies, List<Replica> states) {
    return context
        .store()
        .write(
            tx -> {
              if (!row.equals(tx.get(SecretTables.SECRETS, primary))) {
                return false;
              }
              for (SecretRow copy : copies) {
                put(tx, key(primary, copy.arn().split(":", 5)[3]), copy);
              }
              put(tx, primary, row.replicated(row.primaryRegion(), states));
              return true;
            });
  }

  private static void put(Tx tx, Key key, SecretRow row) {
    if (!row.equals(tx.get(SecretTables.SECRETS, key))) {
      tx.put(SecretTables.SECRETS, key, row);
    }
  }

  private SecretRow copy(Key primary, SecretRow row, Replica to, @Nullable SecretRow there) {
    String[] parts = row.arn().split(":", 5);
    String arn = String.join(":", parts[0], parts[1], parts[2], to.region(), parts[4]);
    Scope scope = key(primary, to.region()).scope();
    SecretRow ours =
        there != null && !isStranger(there, primary) && there.arn().equals(arn) ? there : null;
    List<Version> versions = new ArrayList<>();
    for (Version each : row.versions()) {
      Version before =
          ours != null
              ? ours.versions().stream()
                  .filter(
                      v -> v.id().equals(each.id()) && Objects.equals(v.kmsKeyId(), to.kmsKeyId()))
                  .findFirst()
                  .orElse(null)
              : null;
      versions.add(
          before != null
              ? before.with(each.stages())
              : new Version(
                  each.id(),
                  sealing.seal(
                      scope,
                      to.kmsKeyId(),
                      arn,
                      each.id(),
                      sealing.open(primary.scope(), row, each)),
                  each.binary(),
                  to.kmsKeyId(),
                  each.created(),
                  each.stages()));
    }
    return new SecretRow(
        arn,
        row.name(),
        row.description(),
        to.kmsKeyId(),
        row.policy(),
        row.tags(),
        versions,
        ours != null ? ours.created() : row.changed(),
        row.changed(),
        ours != null ? ours.accessed() : null,
        null,
        null,
        row.primaryRegion(),
        List.of());
  }

  /** Takes the copies of those regions away. */
  List<ReplicationStatusType> remove(Key primary, List<String> regions) {
    SecretRow now =
        context
            .store()
            .write(
                tx -> {
                  SecretRow row = tx.get(SecretTables.SECRETS, primary);
                  if (row == null) {
                    throw SecretErrors.noSecret();
                  }
                  for (String region : regions) {
                    if (row.replicas().stream().noneMatch(c -> c.region().equals(region))) {
                      throw SecretErrors.parameter(
                          "The secret " + row.name() + " has no replica in region " + region + ".");
                    }
                    Key key = key(primary, region);
                    SecretRow copy = tx.get(SecretTables.SECRETS, key);
                    if (copy != null && !isStranger(copy, primary)) {
                      tx.delete(SecretTables.SECRETS, key);
                    }
                  }
                  SecretRow changed = without(row, regions::contains);
                  tx.put(SecretTables.SECRETS, primary, changed);
                  return changed;
                });
    return status(now);
  }

  /** Makes a copy a secret of its own. */
  void promote(Key copy) {
    context
        .store()
        .write(
            tx -> {
              SecretRow row = tx.get(SecretTables.SECRETS, copy);
              if (row == null) {
                throw SecretErrors.noSecret();
              }
              String region = row.primaryRegion();
              if (region == null || region.equals(copy.scope().region())) {
                throw SecretErrors.request(
                    "The secret "
                        + row.name()
                        + " is not a replica; call in the replica's region.");
              }
              Key primary = key(copy, region);
              SecretRow original = tx.get(SecretTables.SECRETS, primary);
              if (original != null) {
                tx.put(
                    SecretTables.SECRETS,
                    primary,
                    without(original, copy.scope().region()::equals));
              }
              tx.put(SecretTables.SECRETS, copy, row.replicated(null, List.of()));
              return null;
            });
  }

  private static SecretRow without(SecretRow row, Predicate<String> regions) {
    List<Replica> rest =
        row.replicas().stream().filter(copy -> !regions.test(copy.region())).toList();
    return row.replicated(rest.isEmpty() ? null : row.primaryRegion(), rest);
  }
}
