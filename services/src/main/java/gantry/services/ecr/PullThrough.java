package gantry.services.ecr;

import gantry.services.ecr.BlobStore.StorageFailed;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.TagRow;
import gantry.services.ecr.UpstreamFailure.Kind;
import gantry.state.Scope;
import gantry.state.Store.LogUnavailable;
import gantry.state.View;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRule;
import software.amazon.awssdk.services.ecr.model.RepositoryNotFoundException;
import software.amazon.awssdk.services.ecr.model.SecretNotFoundException;
import software.amazon.awssdk.services.ecr.model.UnableToAccessSecretException;
import software.amazon.awssdk.services.ecr.model.UnableToDecryptSecretValueException;

/**
 * The pull-through cache: what somebody asks for and a rule covers is fetched from its upstream and
 * kept.
 */
final class PullThrough {

  private static final Logger LOG = LoggerFactory.getLogger(PullThrough.class);

  /** A cached tag is checked with its upstream no more often. */
  static final Duration CHECK_INTERVAL = Duration.ofHours(24);

  private static final String IMPORT = "ecr:BatchImportUpstreamImage";

  /** The prefix of a rule for every name that no other rule covers. */
  static final String ROOT = "ROOT";

  /** An upstream that did not answer is left alone for so long where there is a copy. */
  static final Duration RETRY_INTERVAL = Duration.ofMinutes(1);

  private final Registry registry;
  private final UpstreamImport imports;

  /** What is being fetched: everybody else who wants it waits for that. */
  private final ConcurrentHashMap<Wanted, CompletableFuture<@Nullable UpstreamFailure>> underWay =
      new ConcurrentHashMap<>();

  /** When upstreams that did not answer are asked again; as many as rules name. */
  private final ConcurrentHashMap<String, Instant> retryAt = new ConcurrentHashMap<>();

  PullThrough(Registry registry, UpstreamImport imports) {
    this.registry = registry;
    this.imports = imports;
  }

  private record Wanted(Scope scope, String repository, String reference) {}

  /** The upstream does not give an image and there is no copy. */
  static final class NotFetched extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final UpstreamFailure.Kind kind;

    NotFetched(UpstreamFailure.Kind kind, String message) {
      super("Requested image not found: " + message);
      this.kind = kind;
    }

    UpstreamFailure.Kind kind() {
      return kind;
    }
  }

  /**
   * A manifest is asked for; fetches it where a pull-through rule covers the name.
   *
   * @param rights to the repository, of whoever asks
   * @throws NotFetched when the upstream does not give it and there is no copy
   */
  void beforePull(Scope scope, String repository, String reference, Rights rights)
      throws StorageFailed {
    if (!Names.isTag(reference) && Digest.parse(reference) == null) {
      return; // it names nothing, here or elsewhere
    }
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
    if (cached != null
        && (!isStale(view, scope, repository, reference) || isLeftAlone(rule, rights))) {
      return;
    }
    if (cached == null) {
      checkRights(scope, repository, row == null, rights);
    }
    UpstreamFailure failure;
    try {
      failure = fetchOnce(new Wanted(scope, repository, reference), rule);
    } catch (StorageFailed | LogUnavailable e) {
      if (cached == null) {
        throw e;
      }
      LOG.warn("{}:{} is served from the cache: {}", repository, reference, e.getMessage());
      return;
    }
    if (failure == null) {
      return;
    }
    if (cached == null) {
      LOG.warn("{}:{} is not to be had: {}", repository, reference, failure.getMessage());
      throw new NotFetched(failure.kind(), String.valueOf(failure.getMessage()));
    }
    if (failure.kind() == Kind.UNAVAILABLE) {
      retryAt.put(rule.upstreamRegistryUrl(), registry.clock.instant().plus(RETRY_INTERVAL));
    }
    LOG.info("{}:{} is served from the cache: {}", repository, reference, failure.getMessage());
  }

  /** Where there is a copy, it is served: to who may not import, and while the upstream is down. */
  private boolean isLeftAlone(PullThroughCacheRule rule, Rights rights) {
    Instant again = retryAt.get(rule.upstreamRegistryUrl());
    return (again != null && registry.clock.instant().isBefore(again))
        || rights.refusal(IMPORT) != null;
  }

  /** As on AWS: what may not be made is not there; in what words, ours say more. */
  private static void checkRights(Scope scope, String repository, boolean isNew, Rights rights) {
    String refusal = isNew ? rights.refusal("ecr:CreateRepository") : null;
    if (refusal != null) {
      throw RepositoryNotFoundException.builder()
          .message(
              EcrErrors.repositoryNotFound(repository, scope.account()).getMessage()
                  + ", and is not made for this pull: "
                  + refusal)
          .build();
    }
    refusal = rights.refusal(IMPORT);
    if (refusal != null) {
      throw new NotFetched(Kind.NOT_FOUND, refusal);
    }
  }

  /** Null when it is here now. */
  private @Nullable UpstreamFailure fetchOnce(Wanted wanted, PullThroughCacheRule rule)
      throws StorageFailed {
    CompletableFuture<@Nullable UpstreamFailure> mine = new CompletableFuture<>();
    CompletableFuture<@Nullable UpstreamFailure> others = underWay.putIfAbsent(wanted, mine);
    if (others != null) {
      return others.join();
    }
    UpstreamFailure failure =
        new UpstreamFailure(Kind.UNAVAILABLE, "the fetch that was under way has failed");
    try {
      // Again: another fetch may have ended between the look at the tables and here.
      failure = isFresh(wanted) ? null : fetch(wanted, rule);
      return failure;
    } finally {
      underWay.remove(wanted);
      mine.complete(failure);
    }
  }

  private @Nullable UpstreamFailure fetch(Wanted wanted, PullThroughCacheRule rule)
      throws StorageFailed {
    try {
      imports.fetch(wanted.scope, wanted.repository, wanted.reference, rule);
      return null;
    } catch (StorageFailed e) {
      throw e;
    } catch (UpstreamFailure e) {
      return e;
    } catch (IOException e) {
      return new UpstreamFailure(Kind.UNAVAILABLE, String.valueOf(e.getMessage()));
    } catch (Manifest.Invalid e) {
      return new UpstreamFailure(
          Kind.UNAVAILABLE,
          "the manifest that "
              + rule.upstreamRegistryUrl()
              + " gives is none to keep: "
              + e.getMessage());
    } catch (SecretNotFoundException
        | UnableToAccessSecretException
        | UnableToDecryptSecretValueException e) {
      return new UpstreamFailure(Kind.ACCESS_DENIED, EcrErrors.messageOf(e));
    } catch (EcrException e) {
      // Such as a tag that is immutable here and has moved there.
      return new UpstreamFailure(Kind.NOT_FOUND, EcrErrors.messageOf(e));
    }
  }

  private boolean isFresh(Wanted wanted) {
    View view = registry.store.snapshot();
    return Images.find(view, wanted.scope, wanted.repository, wanted.reference) != null
        && !isStale(view, wanted.scope, wanted.repository, wanted.reference);
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
