package gantry.services.ssm;

import gantry.state.Index;
import gantry.state.Key;
import gantry.state.Scope;
import gantry.state.Table;
import gantry.state.View;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The rows of Parameter Store: a parameter by its name, and each of its versions. */
final class ParameterTables {

  private ParameterTables() {}

  static final Table<ParameterRow> PARAMETERS = Table.of("ssm.parameters", ParameterRow.class);
  static final Index<ParameterRow> BY_TIER = PARAMETERS.index("tier", ParameterRow::tier);
  static final Table<VersionRow> VERSIONS = Table.of("ssm.parameter-versions", VersionRow.class);

  /**
   * @param version the newest one
   * @param expiresAt when its Expiration policy deletes it
   */
  record ParameterRow(
      String name,
      long version,
      String tier,
      Map<String, String> tags,
      @Nullable Instant expiresAt) {}

  /**
   * One version.
   *
   * @param value for a SecureString the ciphertext in base64
   * @param policies JSON, as it was given
   */
  record VersionRow(
      String name,
      long version,
      String type,
      String value,
      String dataType,
      String tier,
      @Nullable String keyId,
      @Nullable String description,
      @Nullable String allowedPattern,
      @Nullable String policies,
      Instant modifiedAt,
      String modifiedBy,
      List<String> labels) {

    VersionRow withLabels(List<String> now) {
      return new VersionRow(
          name,
          version,
          type,
          value,
          dataType,
          tier,
          keyId,
          description,
          allowedPattern,
          policies,
          modifiedAt,
          modifiedBy,
          List.copyOf(now));
    }
  }

  /** Names hold no colon, so the versions of one parameter stand together, in order. */
  static Key versionKey(Scope scope, String name, long version) {
    return scope.key(String.format(Locale.ROOT, "%s:%09d", name, version));
  }

  static List<VersionRow> versions(View view, Scope scope, String name) {
    String prefix = name + ":";
    return view.scanAfter(VERSIONS, scope, prefix)
        .takeWhile(row -> row.key().id().startsWith(prefix))
        .map(row -> row.value())
        .toList();
  }
}
