package gantry.services.iam;

import gantry.services.iam.policy.Policy;
import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.Map;

/** What a service knows of its resources that decisions need: real ARNs, policies, tags. */
public interface ResourceSource {

  /** For services whose resources have neither policies nor names that are not their ARNs. */
  ResourceSource NONE = new ResourceSource() {};

  /** The ARN of what a request calls {@code arn} (an alias, a name without its suffix). */
  default String resolve(View view, Scope scope, String arn) {
    return arn;
  }

  default List<Policy> policies(View view, Scope scope, String arn) {
    return List.of();
  }

  /** Whether the resource's policy must allow by itself, as KMS keys' do. */
  default boolean mustAllow() {
    return false;
  }

  /** Whether the service evaluates calls on its resources itself, with this same engine. */
  default boolean decidesItself() {
    return false;
  }

  default Map<String, String> tags(View view, Scope scope, String arn) {
    return Map.of();
  }
}
