package gantry.services.kms;

import gantry.state.Scope;

/** What other services call keys. */
public final class KeyNames {

  private KeyNames() {}

  /**
   * A key that an account calls by id or alias, by its ARN: so it is the same key for a caller of
   * another account.
   */
  public static String arn(Scope owner, String keyId) {
    if (keyId.startsWith("arn:")) {
      return keyId;
    }
    return keyId.startsWith("alias/") ? Keys.aliasArn(owner, keyId) : Keys.arn(owner, keyId);
  }
}
