package gantry.services.ecr;

import gantry.state.Scope;
import gantry.state.View;
import java.util.Map;
import java.util.Set;

/** GetAccountSetting and PutAccountSetting: what may be set, to what, and what holds when unset. */
final class AccountSettings {

  static final String BLOB_MOUNTING = "BLOB_MOUNTING";
  static final String SCAN_VERSION = "BASIC_SCAN_TYPE_VERSION";
  static final String POLICY_SCOPE = "REGISTRY_POLICY_SCOPE";

  static final Map<String, Set<String>> VALUES =
      Map.of(
          BLOB_MOUNTING, Set.of("ENABLED", "DISABLED"),
          SCAN_VERSION, Set.of("AWS_NATIVE"),
          POLICY_SCOPE, Set.of("V1", "V2"));

  /**
   * Mounting is on unless turned off, other than at AWS: blobs lie once on disk whatever the
   * setting, so all that "off" would do is make pushes slower.
   */
  static final Map<String, String> DEFAULTS =
      Map.of(BLOB_MOUNTING, "ENABLED", SCAN_VERSION, "AWS_NATIVE", POLICY_SCOPE, "V2");

  private AccountSettings() {}

  static String value(View view, Scope scope, String name) {
    String set = EcrTables.registry(view, scope).accountSettings().get(name);
    return set != null ? set : DEFAULTS.getOrDefault(name, "");
  }

  static boolean blobMounting(View view, Scope scope) {
    return value(view, scope, BLOB_MOUNTING).equals("ENABLED");
  }
}
