package gantry.services.iam;

import gantry.services.iam.policy.Context;
import gantry.services.iam.policy.Policy;
import gantry.state.Scope;
import gantry.state.View;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkRequest;

/** What a service knows of its resources that decisions need: real ARNs, policies, tags. */
public interface ResourceSource {

  /** For services whose resources have neither policies nor names that are not their ARNs. */
  ResourceSource NONE = new ResourceSource() {};

  /** One thing that a call does: an action on a resource. */
  record Asked(String action, String arn) {}

  /**
   * What a call does, where its members do not say it: KMS's ciphertexts name their key themselves.
   * Null: the members do, by rule.
   *
   * @param scope the caller's account and region
   */
  default @Nullable List<Asked> asked(
      View view, Scope scope, String operation, SdkRequest request) {
    return null;
  }

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

  /**
   * Where the service decides itself: whether what is decided here is what it will say, so that its
   * refusals can be written down with all others.
   */
  default boolean foretold() {
    return false;
  }

  /** The condition keys that the resource itself has, beside its tags. */
  default Context context(View view, Scope scope, String arn) {
    return Context.empty();
  }

  default Map<String, String> tags(View view, Scope scope, String arn) {
    return Map.of();
  }
}
