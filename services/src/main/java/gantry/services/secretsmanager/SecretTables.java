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
      return new SecretRow(
          arn,
          name,
          description,
          kmsKeyId,
          policy,
          tags,
          List.copyOf(now),
          created,
          at,
          accessed,
          deletedAt,
          deletion,
          primaryRegion,
          replicas);
    }

    SecretRow withPolicy(@Nullable String now) {
      return new SecretRow(
          arn,
          name,
          description,
          kmsKeyId,
          now,
          tags,
          versions,
          created,
          changed,
          accessed,
          deletedAt,
          deletion,
          primaryRegion,
          replicas);
    }

    SecretRow withTags(Map<String, String> now, Instant at) {
      return new SecretRow(
          arn,
          name,
          description,
          kmsKeyId,
          policy,
          now,
          versions,
          created,
          at,
          accessed,
          deletedAt,
          deletion,
          primaryRegion,
          replicas);
    }

    SecretRow described(@Nullable String text, @Nullable String key, Instant at) {
      return new SecretRow(
          arn,
          name,
          text,
          key,
          policy,
          tags,
          versions,
          created,
          at,
          accessed,
          deletedAt,
          deletion,
          primaryRegion,
          replicas);
    }

    SecretRow accessedAt(Instant at) {
      return new SecretRow(
          arn,
          name,
          description,
          kmsKeyId,
          policy,
          tags,
          versions,
          created,
          changed,
          at,
          deletedAt,
          deletion,
          primaryRegion,
          replicas);
    }

    SecretRow deleted(@Nullable Instant at, @Nullable Instant end) {
      return new SecretRow(
          arn,
          name,
          description,
          kmsKeyId,
          policy,
          tags,
          versions,
          created,
          changed,
          accessed,
          at,
          end,
          primaryRegion,
          replicas);
    }

    SecretRow replicated(@Nullable String primary, List<Replica> to) {
      return new SecretRow(
          arn,
          name,
          description,
          kmsKeyId,
          policy,
          tags,
          versions,
          created,
          changed,
          accessed,
          deletedAt,
          deletion,
          primary,
          List.copyOf(to));
    }
  }

  static final Table<SecretRow> SECRETS = Table.of("secretsmanager.secrets", SecretRow.class);
  static final Index<SecretRow> BY_ARN = SECRETS.index("arn", SecretRow::arn);

  private SecretTables() {}
}
