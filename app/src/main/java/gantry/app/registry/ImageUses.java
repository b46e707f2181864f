package gantry.app.registry;

import gantry.services.ecr.Addresses;
import gantry.services.ecr.Addresses.Address;
import gantry.services.ecr.Addresses.Reference;
import gantry.services.ecr.ImagesInUse;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.rows.DeploymentRow;
import gantry.services.ecs.rows.ServiceRow;
import gantry.services.ecs.rows.TaskRow;
import gantry.state.Row;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecs.model.Container;
import software.amazon.awssdk.services.ecs.model.ContainerImage;

/**
 * Who runs which image, from ECS's rows of every account and region: tasks that have not ended, and
 * the digests that deployments of services have pinned and may start again.
 */
public final class ImageUses implements ImagesInUse {

  private final Store store;
  private final Addresses addresses;

  public ImageUses(Store store, Addresses addresses) {
    this.store = store;
    this.addresses = addresses;
  }

  @Override
  public Map<String, List<String>> users(View view, Scope registry, String repository) {
    Map<String, Set<String>> users = new LinkedHashMap<>();
    for (ImageUse use : of(view, new Address(registry, repository))) {
      if (use.digest() != null) {
        users.computeIfAbsent(use.digest(), digest -> new LinkedHashSet<>()).add(use.who());
      }
    }
    Map<String, List<String>> lists = new LinkedHashMap<>();
    users.forEach((digest, who) -> lists.put(digest, List.copyOf(who)));
    return lists;
  }

  /** All that runs an image of that repository. */
  public List<ImageUse> of(Address repository) {
    return of(store.snapshot(), repository);
  }

  private List<ImageUse> of(View view, Address repository) {
    List<ImageUse> uses = new ArrayList<>();
    view.scanAll(EcsTables.TASKS)
        .filter(row -> !row.value().isStopped())
        .forEach(row -> ofTask(row, repository, uses));
    view.scanAll(EcsTables.SERVICES)
        .filter(row -> row.value().isActive())
        .forEach(row -> ofService(row, repository, uses));
    return uses;
  }

  private void ofTask(Row<TaskRow> row, Address repository, List<ImageUse> into) {
    TaskRow task = row.value();
    for (Container container : task.task().containers()) {
      Reference image = reference(container.image(), repository);
      if (image == null) {
        continue;
      }
      String digest = container.imageDigest();
      if (digest == null) {
        digest = task.digests().getOrDefault(container.name(), image.digest());
      }
      Instant since = task.task().startedAt();
      into.add(
          new ImageUse(
              row.key().scope(),
              task.cluster(),
              task.serviceName(),
              task.id(),
              task.task().lastStatus(),
              container.name(),
              image,
              digest,
              since == null ? task.task().createdAt() : since));
    }
  }

  /** What a deployment has pinned, where no task of the service runs it just now. */
  private void ofService(Row<ServiceRow> row, Address repository, List<ImageUse> into) {
    ServiceRow service = row.value();
    for (DeploymentRow deployment : service.deployments()) {
      for (ContainerImage said : deployment.revision().containerImages()) {
        Reference image = reference(said.image(), repository);
        if (image == null) {
          continue;
        }
        String pinned = deployment.digests().getOrDefault(said.containerName(), said.imageDigest());
        String digest = pinned == null ? image.digest() : pinned;
        boolean runs =
            into.stream()
                .anyMatch(
                    use ->
                        use.scope().equals(row.key().scope())
                            && use.cluster().equals(service.cluster())
                            && service.name().equals(use.service())
                            && (digest == null || digest.equals(use.digest())));
        if (!runs) {
          into.add(
              new ImageUse(
                  row.key().scope(),
                  service.cluster(),
                  service.name(),
                  null,
                  null,
                  said.containerName(),
                  image,
                  digest,
                  deployment.createdAt()));
        }
      }
    }
  }

  private @Nullable Reference reference(@Nullable String image, Address repository) {
    Reference reference = image == null ? null : addresses.reference(image, false);
    return reference != null && reference.address().equals(repository) ? reference : null;
  }
}
