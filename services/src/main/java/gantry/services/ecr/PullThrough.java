package gantry.services.ecr;

import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.TagRow;
import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRule;

/**
 * The pull-through cache: what somebody asks for and a rule covers is fetched from its upstream and
 * kept.
 */
final class PullThrough {

  private static final Logger LOG = LoggerFactory.getLogger(PullThrough.class);

  /** A cached tag is checked with its upstream no more often. */
  static final Duration CHECK_INTERVAL = Duration.ofHours(24);

  /** The prefix of a rule for every name that no other rule covers. */
  static final String ROOT = "ROOT";

  private final Registry registry;
  private final UpstreamImport imports;

  PullThrough(Registry registry, UpstreamImport imports) {
    this.registry = registry;
    this.imports = imports;
  }

  /**
   * A manifest is asked for; fetches it where a pull-through rule covers the name.
   *
   * @throws EcrException when the upstream does not give it and there is no copy
   */
  void beforePull(Scope scope, String repository, String reference) {
    View view = registry.store.snapshot();
    PullThroughCacheRule rule = ruleOf(view, scope, repository);
    if (rule == null) {
      return;
    }
    RepositoryRow row = view.get(EcrTables.REPOSITORIES, scope.key(repository));
    if (row != null && row.pullThroughPrefix() == null) {
      // Somebody's own repository that happens to have the name.
      return;
    }
    ImageRow cached = row == null ? null : Images.find(view, scope, repository, reference);
    if (cached != null && !isStale(view, scope, repository, reference)) {
      return;
    }
    try {
      imports.fetch(scope, repository, reference, rule);
    } catch (IOException | Manifest.Invalid e) {
      if (cached == null) {
        LOG.warn(
            "{}:{} is not to be had from {}: {}",
            repository,
            reference,
            rule.upstreamRegistryUrl(),
            e.getMessage());
        throw EcrErrors.imageNotFound(null, reference, repository, scope.account());
      }
      // The upstream is down: the copy is served.
      LOG.info("{} is served from the cache: {}", repository, e.getMessage());
    }
  }

  private boolean isStale(View view, Scope scope, String repository, String reference) {
    if (reference.contains(":")) {
      return false;
    }
    TagRow tag = view.get(EcrTables.TAGS, EcrTables.tagKey(scope, repository, reference));
    Instant checked = tag == null ? null : tag.checkedAt();
    return checked == null || checked.plus(CHECK_INTERVAL).isBefore(registry.clock.instant());
  }

  static @Nullable PullThroughCacheRule ruleOf(View view, Scope scope, String repository) {
    PullThroughCacheRule best = null;
    for (var row : view.scan(EcrTables.PULL_THROUGH_RULES, scope).toList()) {
      String prefix = row.value().ecrRepositoryPrefix();
      if ((prefix.equals(ROOT) && best == null)
          || (repository.startsWith(prefix + "/")
              && (best == null
                  || best.ecrRepositoryPrefix().equals(ROOT)
                  || prefix.length() > best.ecrRepositoryPrefix().length()))) {
        best = row.value();
      }
    }
    return best;
  }
}
