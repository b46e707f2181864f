package gantry.services.ecrpublic;

import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Store;
import gantry.state.Table;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecrpublic.model.InvalidParameterException;
import software.amazon.awssdk.services.ecrpublic.model.RegistryCatalogData;
import software.amazon.awssdk.services.ecrpublic.model.RepositoryCatalogData;
import software.amazon.awssdk.services.ecrpublic.model.RepositoryCatalogDataInput;

/** What a gallery would show of public registries and their repositories. */
final class Gallery {

  static final Table<RepositoryCatalogData> CATALOG =
      Table.of("ecr-public.catalog-data", RepositoryCatalogData.class);
  static final Table<RegistryCatalogData> REGISTRIES =
      Table.of("ecr-public.registries", RegistryCatalogData.class);
  private static final String REGISTRY = "registry";

  private final Store store;

  Gallery(Store store) {
    this.store = store;
  }

  RepositoryCatalogData repository(Scope scope, String name) {
    @Nullable RepositoryCatalogData data = store.snapshot().get(CATALOG, scope.key(name));
    return data == null ? RepositoryCatalogData.builder().build() : data;
  }

  void put(Scope scope, String name, RepositoryCatalogData data) {
    put(CATALOG, scope.key(name), data);
  }

  void forget(Scope scope, String name) {
    store.write(
        tx -> {
          tx.delete(CATALOG, scope.key(name));
          return null;
        });
  }

  RegistryCatalogData registry(Scope scope) {
    @Nullable RegistryCatalogData data = store.snapshot().get(REGISTRIES, scope.key(REGISTRY));
    return data == null ? RegistryCatalogData.builder().build() : data;
  }

  RegistryCatalogData name(Scope scope, @Nullable String displayName) {
    RegistryCatalogData data = RegistryCatalogData.builder().displayName(displayName).build();
    put(REGISTRIES, scope.key(REGISTRY), data);
    return data;
  }

  private <V> void put(Table<V> table, Key key, V row) {
    store.write(
        tx -> {
          tx.put(table, key, row);
          return null;
        });
  }

  /** What was given, as it is kept. */
  static RepositoryCatalogData of(RepositoryCatalogDataInput input) {
    if (input.logoImageBlob() != null) {
      throw InvalidParameterException.builder()
          .message("Invalid parameter at 'logoImageBlob': Gantry has no gallery to show a logo in")
          .build();
    }
    return RepositoryCatalogData.builder()
        .description(input.description())
        .architectures(input.architectures())
        .operatingSystems(input.operatingSystems())
        .aboutText(input.aboutText())
        .usageText(input.usageText())
        .marketplaceCertified(false)
        .build();
  }
}
