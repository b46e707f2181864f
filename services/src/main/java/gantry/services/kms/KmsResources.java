package gantry.services.kms;

import gantry.services.iam.ResourceSource;

/** KMS decides itself who may use a key: grants and the key's policy are its own knowledge. */
public final class KmsResources implements ResourceSource {

  @Override
  public boolean decidesItself() {
    return true;
  }
}
