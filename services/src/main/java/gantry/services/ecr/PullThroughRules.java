package gantry.services.ecr;

import gantry.services.ecr.Upstream.Answer;
import gantry.state.Page;
import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import java.time.Instant;
import software.amazon.awssdk.services.ecr.model.CreatePullThroughCacheRuleRequest;
import software.amazon.awssdk.services.ecr.model.CreatePullThroughCacheRuleResponse;
import software.amazon.awssdk.services.ecr.model.DeletePullThroughCacheRuleRequest;
import software.amazon.awssdk.services.ecr.model.DeletePullThroughCacheRuleResponse;
import software.amazon.awssdk.services.ecr.model.DescribePullThroughCacheRulesRequest;
import software.amazon.awssdk.services.ecr.model.DescribePullThroughCacheRulesResponse;
import software.amazon.awssdk.services.ecr.model.EcrException;
import software.amazon.awssdk.services.ecr.model.LimitExceededException;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRule;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRuleAlreadyExistsException;
import software.amazon.awssdk.services.ecr.model.PullThroughCacheRuleNotFoundException;
import software.amazon.awssdk.services.ecr.model.UpdatePullThroughCacheRuleRequest;
import software.amazon.awssdk.services.ecr.model.UpdatePullThroughCacheRuleResponse;
import software.amazon.awssdk.services.ecr.model.UpstreamRegistry;
import software.amazon.awssdk.services.ecr.model.ValidatePullThroughCacheRuleRequest;
import software.amazon.awssdk.services.ecr.model.ValidatePullThroughCacheRuleResponse;

/** Pull through cache rules through the API. */
final class PullThroughRules {

  static final int MAX_RULES = 50;
  private static final int MAX_PREFIX = 30;

  private final Registry registry;
  private final Gate gate;
  private final UpstreamRegistries upstreams;
  private final UpstreamCredentials credentials;
  private final UpstreamImport imports;

  PullThroughRules(
      Registry registry,
      Gate gate,
      UpstreamRegistries upstreams,
      UpstreamCredentials credentials,
      UpstreamImport imports) {
    this.registry = registry;
    this.gate = gate;
    this.upstreams = upstreams;
    this.credentials = credentials;
    this.imports = imports;
  }

  CreatePullThroughCacheRuleResponse create(CreatePullThroughCacheRuleRequest request) {
    Scope scope = gate.enter(request.registryId(), null, "CreatePullThroughCacheRule");
    String prefix = request.ecrRepositoryPrefix();
    if (prefix == null
        || !(prefix.equals(PullThrough.ROOT)
            || (Names.isRepository(prefix) && prefix.length() <= MAX_PREFIX))) {
      throw EcrErrors.invalid("ecrRepositoryPrefix", "Invalid prefix");
    }
    String url = UpstreamRegistries.host(request.upstreamRegistryUrl());
    UpstreamRegistry kind = upstreams.kind(url, request.upstreamRegistry());
    if (request.customRoleArn() != null) {
      throw UpstreamRegistries.privateEcr();
    }
    if (UpstreamRegistries.needsCredential(kind) && request.credentialArn() == null) {
      throw EcrErrors.invalid("credentialArn", "a credential is required for " + url);
    }
    String credentialArn = request.credentialArn();
    if (credentialArn != null) {
      credentials.check(scope, credentialArn);
    }
    Instant now = registry.clock.instant();
    PullThroughCacheRule rule =
        PullThroughCacheRule.builder()
            .ecrRepositoryPrefix(prefix)
            .upstreamRegistryUrl(url)
            .upstreamRegistry(kind)
            .upstreamRepositoryPrefix(
                request.upstreamRepositoryPrefix() == null
                    ? PullThrough.ROOT
                    : request.upstreamRepositoryPrefix())
            .credentialArn(credentialArn)
            .registryId(scope.account())
            .createdAt(now)
            .updatedAt(now)
            .build();
    registry.store.write(
        tx -> {
          if (tx.get(EcrTables.PULL_THROUGH_RULES, scope.key(prefix)) != null) {
            throw PullThroughCacheRuleAlreadyExistsException.builder()
                .message("A pull through cache rule already exists for the prefix '" + prefix + "'")
                .build();
          }
          if (tx.count(EcrTables.PULL_THROUGH_RULES, scope) >= MAX_RULES) {
            throw LimitExceededException.builder()
                .message("A registry has at most " + MAX_RULES + " pull through cache rules")
                .build();
          }
          tx.put(EcrTables.PULL_THROUGH_RULES, scope.key(prefix), rule);
          return null;
        });
    return CreatePullThroughCacheRuleResponse.builder()
        .ecrRepositoryPrefix(prefix)
        .upstreamRegistryUrl(url)
        .upstreamRegistry(kind)
        .upstreamRepositoryPrefix(rule.upstreamRepositoryPrefix())
        .credentialArn(credentialArn)
        .registryId(scope.account())
        .createdAt(now)
        .build();
  }

  UpdatePullThroughCacheRuleResponse update(UpdatePullThroughCacheRuleRequest request) {
    Scope scope = gate.enter(request.registryId(), null, "UpdatePullThroughCacheRule");
    String prefix = request.ecrRepositoryPrefix();
    if (request.customRoleArn() != null) {
      throw EcrErrors.invalid("customRoleArn", "roles are for private ECR upstreams only");
    }
    existing(registry.store.snapshot(), scope, prefix);
    if (request.credentialArn() != null) {
      credentials.check(scope, request.credentialArn());
    }
    PullThroughCacheRule changed =
        registry.store.write(
            tx -> {
              PullThroughCacheRule there = existing(tx, scope, prefix);
              PullThroughCacheRule.Builder builder =
                  there.toBuilder().updatedAt(registry.clock.instant());
              if (request.credentialArn() != null) {
                builder.credentialArn(request.credentialArn());
              }
              PullThroughCacheRule result = builder.build();
              tx.put(EcrTables.PULL_THROUGH_RULES, scope.key(prefix), result);
              return result;
            });
    return UpdatePullThroughCacheRuleResponse.builder()
        .ecrRepositoryPrefix(prefix)
        .registryId(scope.account())
        .updatedAt(changed.updatedAt())
        .credentialArn(changed.credentialArn())
        .upstreamRepositoryPrefix(changed.upstreamRepositoryPrefix())
        .build();
  }

  private static PullThroughCacheRule existing(View view, Scope scope, String prefix) {
    PullThroughCacheRule rule = view.get(EcrTables.PULL_THROUGH_RULES, scope.key(prefix));
    if (rule == null) {
      throw PullThroughCacheRuleNotFoundException.builder()
          .message("No pull through cache rule exists for the prefix '" + prefix + "'")
          .build();
    }
    return rule;
  }

  DeletePullThroughCacheRuleResponse delete(DeletePullThroughCacheRuleRequest request) {
    Scope scope = gate.enter(request.registryId(), null, "DeletePullThroughCacheRule");
    String prefix = request.ecrRepositoryPrefix();
    PullThroughCacheRule deleted =
        registry.store.write(
            tx -> {
              PullThroughCacheRule there = existing(tx, scope, prefix);
              tx.delete(EcrTables.PULL_THROUGH_RULES, scope.key(prefix));
              return there;
            });
    return DeletePullThroughCacheRuleResponse.builder()
        .ecrRepositoryPrefix(prefix)
        .upstreamRegistryUrl(deleted.upstreamRegistryUrl())
        .createdAt(deleted.createdAt())
        .registryId(scope.account())
        .credentialArn(deleted.credentialArn())
        .upstreamRepositoryPrefix(deleted.upstreamRepositoryPrefix())
        .build();
  }

  DescribePullThroughCacheRulesResponse describe(DescribePullThroughCacheRulesRequest request) {
    Scope scope = gate.enter(request.registryId(), null, "DescribePullThroughCacheRules");
    for (String prefix : request.ecrRepositoryPrefixes()) {
      existing(registry.store.snapshot(), scope, prefix);
    }
    Listing listing =
        Listing.of(
            "DescribePullThroughCacheRules/" + scope, request.nextToken(), request.maxResults());
    Page<PullThroughCacheRule> page =
        listing.rows(
            registry.store.snapshot(),
            EcrTables.PULL_THROUGH_RULES,
            scope,
            rule ->
                request.ecrRepositoryPrefixes().isEmpty()
                    || request.ecrRepositoryPrefixes().contains(rule.ecrRepositoryPrefix()),
            PullThroughCacheRule::ecrRepositoryPrefix);
    return DescribePullThroughCacheRulesResponse.builder()
        .pullThroughCacheRules(page.items())
        .nextToken(page.nextToken())
        .build();
  }

  ValidatePullThroughCacheRuleResponse validate(ValidatePullThroughCacheRuleRequest request) {
    Scope scope = gate.enter(request.registryId(), null, "ValidatePullThroughCacheRule");
    PullThroughCacheRule rule =
        existing(registry.store.snapshot(), scope, request.ecrRepositoryPrefix());
    String failure = null;
    try {
      // The probe of /v2/ with what the rule has: a challenge that stays is a refusal.
      UpstreamSession session = imports.session(scope, rule, "");
      try (Answer answer = session.probe()) {
        if (answer.status() != 200 && (answer.status() != 401 || rule.credentialArn() != null)) {
          failure = "The upstream registry answers " + answer.status();
        }
      }
    } catch (IOException | EcrException e) {
      failure = String.valueOf(e.getMessage());
    }
    return ValidatePullThroughCacheRuleResponse.builder()
        .ecrRepositoryPrefix(rule.ecrRepositoryPrefix())
        .registryId(scope.account())
        .upstreamRegistryUrl(rule.upstreamRegistryUrl())
        .credentialArn(rule.credentialArn())
        .upstreamRepositoryPrefix(rule.upstreamRepositoryPrefix())
        .isValid(failure == null)
        .failure(failure)
        .build();
  }
}
