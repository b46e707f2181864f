package gantry.services.kms;

import gantry.state.Index;
import gantry.state.Table;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.kms.model.GrantListEntry;
import software.amazon.awssdk.services.kms.model.KeyMetadata;

/** What KMS remembers, by account and region. */
final class KmsTables {

  /**
   * One generation of a key's secret.
   *
   * @param sealed the secret as the program's secret box sealed it
   */
  record Material(String id, String sealed, Instant since, boolean onDemand) {}

  /**
   * A key.
   *
   * @param materials the newest last; older ones only open what they once closed
   * @param publicKey of an asymmetric key, as X.509
   * @param rotationDays null while it does not rotate by itself
   */
  record KeyRow(
      KeyMetadata metadata,
      String policy,
      List<Material> materials,
      @Nullable String publicKey,
      Map<String, String> tags,
      @Nullable Integer rotationDays,
      @Nullable Instant nextRotation) {

    KeyRow with(KeyMetadata changed) {
      return new KeyRow(changed, policy, materials, publicKey, tags, rotationDays, nextRotation);
    }

    KeyRow withPolicy(String changed) {
      return new KeyRow(metadata, changed, materials, publicKey, tags, rotationDays, nextRotation);
    }

    KeyRow withTags(Map<String, String> changed) {
      return new KeyRow(
          metadata, policy, materials, publicKey, changed, rotationDays, nextRotation);
    }

    KeyRow withMaterials(List<Material> changed, @Nullable Instant next) {
      return new KeyRow(metadata, policy, changed, publicKey, tags, rotationDays, next);
    }

    KeyRow withRotation(@Nullable Integer days, @Nullable Instant next) {
      return new KeyRow(metadata, policy, materials, publicKey, tags, days, next);
    }
  }

  record AliasRow(String name, String keyId, Instant created, Instant updated) {}

  record GrantRow(GrantListEntry grant, String token) {}

  static final Table<KeyRow> KEYS = Table.of("kms.keys", KeyRow.class);
  static final Table<AliasRow> ALIASES = Table.of("kms.aliases", AliasRow.class);
  static final Index<AliasRow> ALIASES_BY_KEY = ALIASES.index("key", AliasRow::keyId);

  /** By grant id. */
  static final Table<GrantRow> GRANTS = Table.of("kms.grants", GrantRow.class);

  static final Index<GrantRow> GRANTS_BY_KEY = GRANTS.index("key", row -> row.grant().keyId());

  private KmsTables() {}
}
