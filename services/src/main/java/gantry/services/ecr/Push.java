package gantry.services.ecr;

import gantry.services.ecr.EcrTables.Origin;
import gantry.state.Scope;
import org.jspecify.annotations.Nullable;

/**
 * One push of a manifest, by the API or the data plane, by replication or a pull through.
 *
 * @param tag null for a push by digest
 * @param expected the digest that the client says; null when it says none
 * @param mediaType null when only the manifest says it
 */
@SuppressWarnings("ArrayRecordComponent") // carried once, never compared
record Push(
    Scope scope,
    String repository,
    @Nullable String tag,
    @Nullable Digest expected,
    byte[] manifest,
    @Nullable String mediaType,
    Origin origin) {

  /**
   * @param changed false when the image was there under that tag already
   */
  record Done(Digest digest, Manifest manifest, boolean changed) {}
}
