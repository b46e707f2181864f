package gantry.services.ecr;

import gantry.services.ecr.EcrTables.RegistryRow;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.state.Ids;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.Tx;
import gantry.state.View;
import java.time.Clock;
import java.util.List;
import java.util.function.UnaryOperator;
import software.amazon.awssdk.services.ecr.model.Repository;

/**
 * The rules of repositories, images, tags and layers, over the tables and the blobs on disk. The
 * AWS API, the data plane, replication and the pull-through cache all go through here, so they
 * agree.
 *
 * <p>The order is always: bytes durable on disk first, then the row that names them; and a row goes
 * before its bytes. So a crash leaves bytes without a name, which are collected, and never a name
 * without bytes.
 */
final class Registry {

  final Store store;
  final Clock clock;
  final Ids ids;
  final BlobStore blobs;
  final Addresses addresses;
  final Layers layers;
  final Images images;
  final Pushes pushes;

  Registry(Store store, Clock clock, Ids ids, BlobStore blobs, Addresses addresses) {
    this.store = store;
    this.clock = clock;
    this.ids = ids;
    this.blobs = blobs;
    this.addresses = addresses;
    this.layers = new Layers(store, clock, ids, blobs);
    this.images = new Images(store, clock, blobs);
    this.pushes = new Pushes(store, clock, ids, blobs);
  }

  static RepositoryRow repository(View view, Scope scope, String name) {
    RepositoryRow row = view.get(EcrTables.REPOSITORIES, scope.key(name));
    if (row == null) {
      throw EcrErrors.repositoryNotFound(name, scope.account());
    }
    return row;
  }

  /**
   * Changes the row of a repository that must be there.
   *
   * @return the row as it was before
   */
  RepositoryRow change(Scope scope, String name, UnaryOperator<RepositoryRow> change) {
    return store.write(
        tx -> {
          RepositoryRow before = repository(tx, scope, name);
          tx.put(EcrTables.REPOSITORIES, scope.key(name), change.apply(before));
          return before;
        });
  }

  /** What a registry as a whole has set. */
  RegistryRow settings(Scope scope) {
    return EcrTables.registry(store.snapshot(), scope);
  }

  /** Changes what a registry as a whole has set. */
  void changeSettings(Scope scope, UnaryOperator<RegistryRow> change) {
    store.write(
        tx -> {
          tx.put(
              EcrTables.REGISTRIES,
              EcrTables.registryKey(scope),
              change.apply(EcrTables.registry(tx, scope)));
          return null;
        });
  }

  static String arn(Scope scope, String name) {
    return scope.region().equals(Addresses.PUBLIC_REGION)
        ? "arn:aws:ecr-public::" + scope.account() + ":repository/" + name
        : "arn:aws:ecr:" + scope.region() + ":" + scope.account() + ":repository/" + name;
  }

  /** The repository as answers show it. */
  Repository shown(Scope scope, RepositoryRow row) {
    return row.repository().toBuilder().repositoryUri(addresses.uri(scope, row.name())).build();
  }

  static boolean hasImages(View view, Scope scope, String name) {
    return EcrTables.of(view, EcrTables.IMAGES, scope, name).findAny().isPresent();
  }

  /** Deletes a repository with all that is in it. */
  static void deleteRepository(Tx tx, Scope scope, String name) {
    EcrTables.tags(tx, scope, name).toList().forEach(row -> tx.delete(EcrTables.TAGS, row.key()));
    for (var table :
        List.of(EcrTables.IMAGES, EcrTables.BLOBS, EcrTables.SCANS, EcrTables.REPLICATIONS)) {
      EcrTables.of(tx, table, scope, name).toList().forEach(row -> tx.delete(table, row.key()));
    }
    tx.delete(EcrTables.PREVIEWS, scope.key(name));
    tx.delete(EcrTables.REPOSITORIES, scope.key(name));
  }
}
