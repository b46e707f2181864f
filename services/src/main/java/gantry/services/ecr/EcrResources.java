package gantry.services.ecr;

import gantry.services.iam.IamAuthorizer.Mode;
import gantry.services.iam.ResourceSource;

/**
 * What IAM needs to know of repositories. Where policies are enforced the registry decides itself,
 * with the same engine: who may pull is asked on the data plane too, and a call may name the
 * registry of another account. In audit mode the authorizer records what would be refused.
 */
public record EcrResources(Mode mode) implements ResourceSource {

  @Override
  public boolean decidesItself() {
    return mode == Mode.ENFORCE;
  }
}
