package gantry.services.ecr;

import gantry.services.Caller;
import gantry.services.ecr.EcrTables.BlobRow;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Origin;
import gantry.services.ecr.EcrTables.ReplicationRow;
import gantry.services.iam.IamAuthorizer.Mode;
import gantry.state.Change;
import gantry.state.Controller;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.model.ImageReplicationStatus;
import software.amazon.awssdk.services.ecr.model.ReplicationConfiguration;
import software.amazon.awssdk.services.ecr.model.ReplicationDestination;
import software.amazon.awssdk.services.ecr.model.ReplicationRule;
import software.amazon.awssdk.services.ecr.model.ReplicationStatus;

/**
 * Copies pushed images to the other regions and accounts that the registry's rules name. The bytes
 * lie in one store, so a copy is rows: the target's repository comes to hold the same blobs.
 */
final class Replication implements Controller {

  private static final String PRINCIPAL = "replication.ecr.amazonaws.com";

  private final Registry registry;

  Replication(Registry registry) {
    this.registry = registry;
  }

  /** Where an image of that repository is to be copied; empty when nowhere. */
  static List<ReplicationDestination> destinations(View view, Scope scope, String repository) {
    ReplicationConfiguration configuration = EcrTables.registry(view, scope).replication();
    List<ReplicationDestination> found = new ArrayList<>();
    if (configuration != null) {
      for (ReplicationRule rule : configuration.rules()) {
        boolean covers =
            rule.repositoryFilters().isEmpty()
                || rule.repositoryFilters().stream()
                    .anyMatch(filter -> repository.startsWith(filter.filter()));
        if (covers) {
          for (ReplicationDestination destination : rule.destinations()) {
            if (!found.contains(destination)) {
              found.add(destination);
            }
          }
        }
      }
    }
    return found;
  }

  static ReplicationRow begun(ImageRow image, List<ReplicationDestination> destinations) {
    return new ReplicationRow(
        image.repository(),
        image.digest(),
        destinations.stream()
            .map(
                each ->
                    ImageReplicationStatus.builder()
                        .region(each.region())
                        .registryId(each.registryId())
                        .status(ReplicationStatus.IN_PROGRESS)
                        .build())
            .toList());
  }

  @Override
  public String name() {
    return "ecr-replication";
  }

  @Override
  public Stream<Key> wokenBy(Change<?> change) {
    return change.after() instanceof ReplicationRow row && isUnderWay(row)
        ? Stream.of(change.key())
        : Stream.empty();
  }

  @Override
  public Stream<Key> all(View view) {
    return view.scanAll(EcrTables.REPLICATIONS)
        .filter(row -> isUnderWay(row.value()))
        .map(row -> row.key());
  }

  private static boolean isUnderWay(ReplicationRow row) {
    return row.statuses().stream().anyMatch(each -> each.status() == ReplicationStatus.IN_PROGRESS);
  }

  @Override
  public Again reconcile(Key key) {
    View view = registry.store.snapshot();
    ReplicationRow row = view.get(EcrTables.REPLICATIONS, key);
    ImageRow image = view.get(EcrTables.IMAGES, key);
    if (row == null || image == null || !isUnderWay(row)) {
      return Again.WHEN_CHANGED;
    }
    List<String> tags = EcrTables.tagsOf(view, key.scope(), image);
    List<ImageReplicationStatus> statuses = new ArrayList<>();
    for (ImageReplicationStatus status : row.statuses()) {
      if (status.status() != ReplicationStatus.IN_PROGRESS) {
        statuses.add(status);
        continue;
      }
      String failure = copy(key.scope(), image, new Scope(status.registryId(), status.region()));
      statuses.add(
          status.toBuilder()
              .status(failure == null ? ReplicationStatus.COMPLETE : ReplicationStatus.FAILED)
              .failureCode(failure)
              .build());
    }
    boolean done =
        registry.store.write(
            tx -> {
              // A push meanwhile began it anew, or put another tag on it: looked at again.
              if (row.equals(tx.get(EcrTables.REPLICATIONS, key))
                  && tags.equals(EcrTables.tagsOf(tx, key.scope(), image))) {
                tx.put(
                    EcrTables.REPLICATIONS,
                    key,
                    new ReplicationRow(row.repository(), row.digest(), statuses));
                return true;
              }
              return false;
            });
    return done ? Again.WHEN_CHANGED : Again.after(Duration.ZERO);
  }

  /** Null when it was copied, else why not. */
  private @Nullable String copy(Scope from, ImageRow image, Scope to) {
    String name = image.repository();
    Instant now = registry.clock.instant();
    View view = registry.store.snapshot();
    if (!to.account().equals(from.account()) && !isAllowed(view, now, from, to, name)) {
      return "AccessDenied: the registry policy of "
          + to.account()
          + " does not allow ecr:ReplicateImage";
    }
    var template = Templates.of(view, to, name, Templates.REPLICATION);
    registry.store.write(
        tx -> {
          Templates.createIfAbsent(tx, to, name, template, null, now);
          for (String blob : image.blobs()) {
            Key source = EcrTables.imageKey(from, name, blob);
            BlobRow held = tx.get(EcrTables.BLOBS, source);
            if (held != null) {
              tx.put(
                  EcrTables.BLOBS,
                  EcrTables.imageKey(to, name, blob),
                  new BlobRow(name, blob, held.size(), now));
            }
          }
          return null;
        });
    try {
      // The images of an index first: they may have been pushed before the rule was made.
      for (String child : image.children()) {
        ImageRow row = view.get(EcrTables.IMAGES, EcrTables.imageKey(from, name, child));
        if (row != null) {
          String failure = copy(from, row, to);
          if (failure != null) {
            return failure;
          }
        }
      }
      List<@Nullable String> tags = new ArrayList<>(EcrTables.tagsOf(view, from, image));
      if (tags.isEmpty()) {
        tags.add(null);
      }
      byte[] manifest = registry.images.manifestBytes(image);
      for (String tag : tags) {
        registry.pushes.put(
            new Push(
                to,
                name,
                tag,
                Digest.of(image.digest()),
                manifest,
                image.mediaType(),
                Origin.REPLICATED));
      }
      return null;
    } catch (EcrException | Manifest.Invalid | IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static boolean isAllowed(
      View view, Instant now, Scope from, Scope to, String repository) {
    String text = EcrTables.registry(view, to).policyText();
    if (text == null) {
      return false;
    }
    Caller source =
        new Caller(
            from.account(),
            from.region(),
            "arn:aws:iam::" + from.account() + ":root",
            from.account(),
            null,
            java.util.Map.of(),
            PRINCIPAL,
            null,
            PRINCIPAL);
    return ResourcePolicies.decide(
            view,
            now,
            Mode.ENFORCE,
            source,
            to,
            repository,
            "ecr:ReplicateImage",
            List.of(ResourcePolicies.compiled("registry policy", text)))
        .allowed();
  }
}
