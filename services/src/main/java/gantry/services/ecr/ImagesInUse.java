package gantry.services.ecr;

import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.Map;

/**
 * Which images something runs or may have to run again: a deployment pins the digest that its
 * revision began with, and neither a person nor a lifecycle policy takes that away from under it.
 */
@FunctionalInterface
public interface ImagesInUse {

  /**
   * By digest, who runs images of a repository, in words such as {@code service web}.
   *
   * @param view the transaction that deletes: what was pinned just before is seen
   */
  Map<String, List<String>> users(View view, Scope registry, String repository);

  ImagesInUse NONE = (view, registry, repository) -> Map.of();
}
