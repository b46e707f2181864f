package gantry.services.ecr;

import gantry.state.Scope;

/**
 * Which images something runs or may have to run again: a deployment pins the digest that its
 * revision began with, and a lifecycle policy must not take that away from under it.
 */
@FunctionalInterface
public interface ImagesInUse {

  boolean isInUse(Scope registry, String repository, String digest);

  ImagesInUse NONE = (registry, repository, digest) -> false;
}
