package gantry.services.secretsmanager;

import gantry.state.Index;
import gantry.state.Table;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What Secrets Manager remembers, by account and region. */
final class SecretTables {

  /**
   * A version.
   *
   * @param sealed the value under the program's key or KMS's; null until it has one
   * @param binary whether the value was given as bytes
   */
  record Version(
      String id,
      String sealed,
      boolean binary,
      @Nullable String kmsKeyId,
      Instant created,
      List<String> stages) {
    Version with(List<String> changed) {
      return new Version(id, sealed, binary, kmsKeyId, created, List.copyOf(changed));
    }
  }

  /**
   * A copy in another region.
   *
   * @param overwrite whether it may take the place of another secret of that name
   * @param problem why it is not in step; null when it is
   */
  record Replica(
      String region, @Nullable String kmsKeyId, boolean overwrite, @Nullable String problem) {}

  /**
   * A secret.
   *
   * @param tags null while it never had any
   * @param deletion when it goes for good; null while nobody has deleted it
   * @param primaryRegion where the original is, for it and its copies; null for one without copies
   * @param replicas the original's copies
   */
  record SecretRow(
      String arn,
      String name,
      @Nullable String description,
      @Nullable String kmsKeyId,
      @Nullable String policy,
      @Nullable Map<String, String> tags,
      List<Version> versions,
      Instant created,
      Instant changed,
      @Nullable Instant accessed,
      @Nullable Instant deletedAt,
      @Nullable Instant deletion,
      @Nullable String primaryRegion,
      List<Replica> replicas) {

    SecretRow withVersions(List<Version> now, Instant at) {
      Edit edit = new Edit(this);
      edit.versions = List.copyOf(now);
      edit.changed = at;
      return edit.done();
    }

    SecretRow withPolicy(@Nullable String now) {
      Edit edit = new Edit(this);
      edit.policy = now;
      return edit.done();
    }

    SecretRow withTags(Map<String, String> now, Instant at) {
      Edit edit = new Edit(this);
      edit.tags = now;
      edit.changed = at;
      return edit.done();
    }

    SecretRow described(@Nullable String text, @Nullable String key, Instant at) {
      Edit edit = new Edit(this);
      edit.description = text;
      edit.kmsKeyId = key;
      edit.changed = at;
      return edit.done();
    }

    SecretRow accessedAt(Instant at) {
      Edit edit = new Edit(this);
      edit.accessed = at;
      return edit.done();
    }

    SecretRow deleted(@Nullable Instant at, @Nullable Instant end) {
      Edit edit = new Edit(this);
      edit.deletedAt = at;
      edit.deletion = end;
      return edit.done();
    }

    SecretRow replicated(@Nullable String primary, List<Replica> to) {
      Edit edit = new Edit(this);
      edit.primaryRegion = primary;
      edit.replicas = List.copyOf(to);
      return edit.done();
    }

    /** The members that change, as they are to be. */
    private static final class Edit {
      private final SecretRow from;
      private @Nullable String description;
      private @Nullable String kmsKeyId;
      private @Nullable String policy;
      private @Nullable Map<String, String> tags;
      private List<Version> versions;
      private Instant changed;
      private @Nullable Instant accessed;
      private @Nullable Instant deletedAt;
      private @Nullable Instant deletion;
      private @Nullable String primaryRegion;
      private List<Replica> replicas;

      private Edit(SecretRow from) {
        this.from = from;
        description = from.description;
        kmsKeyId = from.kmsKeyId;
        policy = from.policy;
        tags = from.tags;
        versions = from.versions;
        changed = from.changed;
        accessed = from.accessed;
        deletedAt = from.deletedAt;
        deletion = from.deletion;
        primaryRegion = from.primaryRegion;
        replicas = from.replicas;
      }

      private SecretRow done() {
        return new SecretRow(
            from.arn,
            from.name,
            description,
            kmsKeyId,
            policy,
            tags,
            versions,
            from.created,
            changed,
            accessed,
            deletedAt,
            deletion,
            primaryRegion,
            replicas);
      }
    }
  }

  static final Table<SecretRow> SECRETS = Table.of("secretsmanager.secrets", SecretRow.class);
  static final Index<SecretRow> BY_ARN = SECRETS.index("arn", SecretRow::arn);

  private SecretTables() {}
}
