package gantry.services.ecr;

import gantry.state.Scope;
import software.amazon.awssdk.services.ecr.model.EcrException;

/** Makes what is not there yet: repositories on push, images from an upstream. */
interface OnDemand {

  /** A push goes to a repository that does not exist; makes it where a template says so. */
  void beforePush(Scope scope, String repository);

  /**
   * A manifest is asked for; fetches it where a pull-through rule covers the name.
   *
   * @throws EcrException when the upstream does not give it and there is no copy
   */
  void beforePull(Scope scope, String repository, String reference);
}
