package gantry.services.ecr;

import gantry.state.Scope;
import java.util.List;
import java.util.Map;

/**
 * Which images something runs or may have to run again: a deployment pins the digest that its
 * revision began with, and neither a person nor a lifecycle policy takes that away from under it.
 */
@FunctionalInterface
public interface ImagesInUse {

  /** By digest, who runs images of a repository, in words such as {@code service web}. */
  Map<String, List<String>> users(Scope registry, String repository);

  ImagesInUse NONE = (registry, repository) -> Map.of();
}
