package gantry.services;

import gantry.state.Scope;

/** What services call the keys of KMS that they use in their callers' names. */
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
    String kind = keyId.startsWith("alias/") ? "" : "key/";
    return "arn:aws:kms:" + owner.region() + ":" + owner.account() + ":" + kind + keyId;
  }
}
