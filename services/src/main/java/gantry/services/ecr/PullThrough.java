package gantry.services.ecr;

import gantry.services.Clients;
import gantry.services.ecr.EcrTables.ImageRow;
import gantry.services.ecr.EcrTables.Origin;
import gantry.services.ecr.EcrTables.RepositoryRow;
import gantry.services.ecr.EcrTables.TagRow;
import gantry.services.ecr.Manifest.Descriptor;
import gantry.services.ecr.Upstream.Answer;
import gantry.state.Page;
import gantry.state.Scope;
import gantry.state.View;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
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
import software.amazon.awssdk.services.ecr.model.SecretNotFoundException;
import software.amazon.awssdk.services.ecr.model.UnableToAccessSecretException;
import software.amazon.awssdk.services.ecr.model.UnableToDecryptSecretValueException;
import software.amazon.awssdk.services.ecr.model.UnsupportedUpstreamRegistryException;
import software.amazon.awssdk.services.ecr.model.UpdatePullThroughCacheRuleRequest;
import software.amazon.awssdk.services.ecr.model.UpdatePullThroughCacheRuleResponse;
import software.amazon.awssdk.services.ecr.model.UpstreamRegistry;
import software.amazon.awssdk.services.ecr.model.ValidatePullThroughCacheRuleRequest;
import software.amazon.awssdk.services.ecr.model.ValidatePullThroughCacheRuleResponse;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.secretsmanager.model.ResourceNotFoundException;
import software.amazon.awssdk.services.secretsmanager.model.SecretsManagerException;

/**
 * The pull-through cache and repositories created on push: what brings a repository or an image
 * into being because somebody asks for it. Layers stream from the upstream to disk like a push.
 */
final class PullThrough implements OnDemand {

  private static final Logger LOG = LoggerFactory.getLogger(PullThrough.class);

  /** A cached tag is checked with its upstream no more often. */
  static final Duration CHECK_INTERVAL = Duration.ofHours(24);

  static final int MAX_RULES = 50;
  static final int MAX_TOKEN_BYTES = 1024 * 1024;
  static final String ROOT = "ROOT";

  private static final String PRINCIPAL = "pullthroughcache.ecr.amazonaws.com";
  private static final String SECRET_PREFIX = "ecr-pullthroughcache/";
  private static final String ACCEPT =
      String.join(
          ", ",
          Manifest.OCI_INDEX,
          Manifest.DOCKER_LIST,
          Manifest.OCI_MANIFEST,
          Manifest.DOCKER_MANIFEST);

  private static final Map<String, UpstreamRegistry> KNOWN =
      Map.of(
          "public.ecr.aws", UpstreamRegistry.ECR_PUBLIC,
          "quay.io", UpstreamRegistry.QUAY,
          "registry.k8s.io", UpstreamRegistry.K8_S,
          "registry-1.docker.io", UpstreamRegistry.DOCKER_HUB,
          "ghcr.io", UpstreamRegistry.GITHUB_CONTAINER_REGISTRY,
          "registry.gitlab.com", UpstreamRegistry.GITLAB_CONTAINER_REGISTRY);

  private static final Set<UpstreamRegistry> NEED_CREDENTIALS =
      Set.of(
          UpstreamRegistry.DOCKER_HUB,
          UpstreamRegistry.GITHUB_CONTAINER_REGISTRY,
          UpstreamRegistry.GITLAB_CONTAINER_REGISTRY,
          UpstreamRegistry.AZURE_CONTAINER_REGISTRY);

  private static final Pattern HOST =
      Pattern.compile("[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?");
  private static final Pattern PRIVATE_ECR = Pattern.compile("[0-9]{12}\\.dkr[.-]ecr\\..*");
  private static final Pattern CHALLENGE = Pattern.compile("([a-z_]+)=\"([^\"]*)\"");

  private final Registry registry;
  private final Gate gate;
  private final Upstream upstream;
  private final Set<String> upstreams;
  private final Clients clients;

  PullThrough(
      Registry registry, Gate gate, Upstream upstream, Set<String> upstreams, Clients clients) {
    this.registry = registry;
    this.gate = gate;
    this.upstream = upstream;
    this.upstreams = Set.copyOf(upstreams);
    this.clients = clients;
  }

  // ---- on demand

  @Override
  public void beforePush(Scope scope, String repository) {
    View view = registry.store.snapshot();
    if (view.get(EcrTables.REPOSITORIES, scope.key(repository)) != null) {
      return;
    }
    var template = Templates.of(view, scope, repository, Templates.CREATE_ON_PUSH);
    if (template != null) {
      registry.store.write(
          tx -> {
            Templates.createIfAbsent(
                tx, scope, repository, template, null, registry.clock.instant());
            return null;
          });
    }
  }

  @Override
  public void beforePull(Scope scope, String repository, String reference) {
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
      fetch(scope, repository, reference, rule);
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

  // ---- fetching

  private void fetch(Scope scope, String repository, String reference, PullThroughCacheRule rule)
      throws IOException, Manifest.Invalid {
    String prefix = rule.ecrRepositoryPrefix();
    String rest = prefix.equals(ROOT) ? repository : repository.substring(prefix.length() + 1);
    String upstreamPrefix = rule.upstreamRepositoryPrefix();
    String remote =
        upstreamPrefix == null || upstreamPrefix.equals(ROOT) ? rest : upstreamPrefix + "/" + rest;
    Session session = new Session(scope, rule, remote);
    Instant now = registry.clock.instant();
    View view = registry.store.snapshot();
    fetchManifest(
        scope,
        repository,
        reference.contains(":") ? null : reference,
        session,
        reference,
        () -> {
          var template = Templates.of(view, scope, repository, Templates.PULL_THROUGH_CACHE);
          registry.store.write(
              tx -> {
                Templates.createIfAbsent(tx, scope, repository, template, prefix, now);
                return null;
              });
        });
  }

  private void fetchManifest(
      Scope scope,
      String repository,
      @Nullable String tag,
      Session session,
      String reference,
      Runnable found)
      throws IOException, Manifest.Invalid {
    byte[] bytes;
    String mediaType;
    try (Answer answer = session.get("manifests/" + reference, ACCEPT)) {
      if (answer.status() != 200) {
        throw new IOException("the upstream answers " + answer.status() + " for " + reference);
      }
      bytes = answer.body().readNBytes(Manifest.MAX_BYTES + 1);
      if (bytes.length > Manifest.MAX_BYTES) {
        throw new IOException("the upstream's manifest is too large");
      }
      mediaType = answer.header("content-type").orElse(Manifest.OCI_MANIFEST);
    }
    found.run();
    Manifest manifest = Manifest.parse(bytes, mediaType);
    for (Descriptor child : manifest.children()) {
      if (Images.find(registry.store.snapshot(), scope, repository, child.digest().toString())
          == null) {
        fetchManifest(scope, repository, null, session, child.digest().toString(), () -> {});
      }
    }
    for (Descriptor blob : manifest.blobs()) {
      if (!blob.foreign()) {
        fetchBlob(scope, repository, session, blob);
      }
    }
    registry.pushes.put(
        new Push(
            scope,
            repository,
            tag,
            tag == null ? Digest.parse(reference) : null,
            bytes,
            mediaType,
            Origin.PULLED_THROUGH));
  }

  private void fetchBlob(Scope scope, String repository, Session session, Descriptor blob)
      throws IOException {
    Digest digest = blob.digest();
    if (Layers.size(registry.store.snapshot(), scope, repository, digest) >= 0) {
      return;
    }
    Upload upload = registry.layers.begin(scope, repository);
    upload.tryLock();
    boolean done = false;
    try (Answer answer = session.get("blobs/" + digest, "*/*")) {
      if (answer.status() != 200) {
        throw new IOException("the upstream answers " + answer.status() + " for " + digest);
      }
      upload.append(answer.body(), blob.size() + 1);
      if (!upload.finish(digest)) {
        throw new IOException("the upstream's bytes do not have the digest " + digest);
      }
      done = true;
    } finally {
      if (!done) {
        upload.cancel();
      }
      upload.unlock();
    }
    registry.layers.link(scope, repository, digest);
  }

  /** Requests to one repository of an upstream, with a token once it asks for one. */
  private final class Session {

    private final PullThroughCacheRule rule;
    private final String base;
    private final Scope scope;
    private @Nullable String authorization;

    Session(Scope scope, PullThroughCacheRule rule, String remote) {
      this.scope = scope;
      this.rule = rule;
      this.base = address(rule.upstreamRegistryUrl()) + "/v2/" + remote + "/";
    }

    /** Whether the registry lets this session in; without credentials a challenge is an answer. */
    Answer probe() throws IOException {
      String url = address(rule.upstreamRegistryUrl()) + "/v2/";
      Answer answer = upstream.get(url, Map.of());
      String challenge = answer.header("www-authenticate").orElse("");
      if (answer.status() != 401 || rule.credentialArn() == null) {
        return answer;
      }
      answer.close();
      // A token service gives tokens for repositories; whom it refuses it refuses here too.
      authorization = authorize(challenge);
      return upstream.get(url, headers("*/*"));
    }

    Answer get(String path, String accept) throws IOException {
      Answer answer = upstream.get(base + path, headers(accept));
      if (answer.status() != 401) {
        return answer;
      }
      String challenge = answer.header("www-authenticate").orElse("");
      answer.close();
      authorization = authorize(challenge);
      return upstream.get(base + path, headers(accept));
    }

    private Map<String, String> headers(String accept) {
      Map<String, String> headers = new LinkedHashMap<>();
      headers.put("Accept", accept);
      if (authorization != null) {
        headers.put("Authorization", authorization);
      }
      return headers;
    }

    private String authorize(String challenge) throws IOException {
      String basic = null;
      if (rule.credentialArn() != null) {
        Credential credential = credential(scope, rule.credentialArn());
        basic =
            "Basic "
                + Base64.getEncoder()
                    .encodeToString(
                        (credential.username + ":" + credential.accessToken)
                            .getBytes(StandardCharsets.UTF_8));
      }
      if (!challenge.regionMatches(true, 0, "Bearer ", 0, 7)) {
        if (basic == null) {
          throw new IOException("the upstream wants credentials and the rule has none");
        }
        return basic;
      }
      Map<String, String> said = new LinkedHashMap<>();
      Matcher m = CHALLENGE.matcher(challenge);
      while (m.find()) {
        said.put(m.group(1), m.group(2));
      }
      String realm = said.get("realm");
      if (realm == null) {
        throw new IOException("the upstream's challenge has no realm");
      }
      StringBuilder url = new StringBuilder(realm);
      char separator = realm.contains("?") ? '&' : '?';
      for (String name : new String[] {"service", "scope"}) {
        String value = said.get(name);
        if (value != null) {
          url.append(separator)
              .append(name)
              .append('=')
              .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
          separator = '&';
        }
      }
      try (Answer answer =
          upstream.get(url.toString(), basic == null ? Map.of() : Map.of("Authorization", basic))) {
        Map<String, Object> json =
            answer.status() == 200 ? Json.object(answer.body().readNBytes(MAX_TOKEN_BYTES)) : null;
        String token = json == null ? null : Json.text(json, "token");
        if (token == null && json != null) {
          token = Json.text(json, "access_token");
        }
        if (token == null) {
          throw new IOException("the upstream gives no token: " + answer.status());
        }
        return "Bearer " + token;
      }
    }
  }

  /** In the clear only where the operator says so. */
  private String address(String host) {
    return (upstreams.contains("http://" + host) ? "http://" : "https://") + host;
  }

  private record Credential(String username, String accessToken) {}

  private Credential credential(Scope scope, String arn) {
    String text;
    try {
      text =
          clients
              .as(PRINCIPAL, scope, SecretsManagerClient.class)
              .getSecretValue(request -> request.secretId(arn))
              .secretString();
    } catch (ResourceNotFoundException e) {
      throw SecretNotFoundException.builder()
          .message("The secret '" + arn + "' does not exist")
          .cause(e)
          .build();
    } catch (SecretsManagerException e) {
      throw UnableToAccessSecretException.builder()
          .message("The secret '" + arn + "' cannot be read: " + e.getMessage())
          .cause(e)
          .build();
    }
    Map<String, Object> json = text == null ? null : Json.object(text);
    String username = json == null ? null : Json.text(json, "username");
    String token = json == null ? null : Json.text(json, "accessToken");
    if (username == null || token == null) {
      throw UnableToDecryptSecretValueException.builder()
          .message("The secret '" + arn + "' does not hold username and accessToken")
          .build();
    }
    return new Credential(username, token);
  }

  // ---- rules

  CreatePullThroughCacheRuleResponse create(CreatePullThroughCacheRuleRequest request) {
    Scope scope = gate.enter(request.registryId(), null, "CreatePullThroughCacheRule");
    String prefix = request.ecrRepositoryPrefix();
    if (prefix == null
        || !(prefix.equals(ROOT) || (Names.isRepository(prefix) && prefix.length() <= 30))) {
      throw EcrErrors.invalid("ecrRepositoryPrefix", "Invalid prefix");
    }
    String url = host(request.upstreamRegistryUrl());
    UpstreamRegistry kind =
        url.endsWith(".azurecr.io")
            ? UpstreamRegistry.AZURE_CONTAINER_REGISTRY
            : PRIVATE_ECR.matcher(url).matches() ? UpstreamRegistry.ECR : KNOWN.get(url);
    if (request.upstreamRegistry() != null && request.upstreamRegistry() != kind) {
      throw EcrErrors.invalid(
          "upstreamRegistryUrl", url + " is not of " + request.upstreamRegistryAsString());
    }
    if (kind == null && !upstreams.contains(address(url))) {
      throw UnsupportedUpstreamRegistryException.builder()
          .message(
              "The upstream registry '"
                  + url
                  + "' is not supported: it is none of "
                  + String.join(", ", new TreeSet<>(KNOWN.keySet()))
                  + " and *.azurecr.io, and the program was not started with --upstream "
                  + url)
          .build();
    }
    if (kind == UpstreamRegistry.ECR || request.customRoleArn() != null) {
      throw UnsupportedUpstreamRegistryException.builder()
          .message(
              "Gantry does not pull through from a private ECR registry; use replication, or read it across accounts by its repository policy.")
          .build();
    }
    if (kind != null && NEED_CREDENTIALS.contains(kind) && request.credentialArn() == null) {
      throw EcrErrors.invalid("credentialArn", "a credential is required for " + url);
    }
    String credentialArn = request.credentialArn();
    if (credentialArn != null) {
      checkSecret(scope, credentialArn);
    }
    Instant now = registry.clock.instant();
    PullThroughCacheRule rule =
        PullThroughCacheRule.builder()
            .ecrRepositoryPrefix(prefix)
            .upstreamRegistryUrl(url)
            .upstreamRegistry(kind)
            .upstreamRepositoryPrefix(
                request.upstreamRepositoryPrefix() == null
                    ? ROOT
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

  private static String host(@Nullable String url) {
    String host = url == null ? "" : url.replaceFirst("^https?://", "").replaceFirst("/$", "");
    if (!HOST.matcher(host).matches()) {
      throw UnsupportedUpstreamRegistryException.builder()
          .message("The upstream registry '" + url + "' is not a host")
          .build();
    }
    return host;
  }

  private void checkSecret(Scope scope, String arn) {
    if (!arn.contains(":secret:" + SECRET_PREFIX)) {
      throw EcrErrors.invalid(
          "credentialArn", "the secret's name must begin with " + SECRET_PREFIX);
    }
    credential(scope, arn);
  }

  UpdatePullThroughCacheRuleResponse update(UpdatePullThroughCacheRuleRequest request) {
    Scope scope = gate.enter(request.registryId(), null, "UpdatePullThroughCacheRule");
    String prefix = request.ecrRepositoryPrefix();
    if (request.customRoleArn() != null) {
      throw EcrErrors.invalid("customRoleArn", "roles are for private ECR upstreams only");
    }
    existing(scope, prefix);
    if (request.credentialArn() != null) {
      checkSecret(scope, request.credentialArn());
    }
    PullThroughCacheRule changed =
        registry.store.write(
            tx -> {
              PullThroughCacheRule there = tx.get(EcrTables.PULL_THROUGH_RULES, scope.key(prefix));
              if (there == null) {
                throw ruleNotFound(prefix);
              }
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

  private PullThroughCacheRule existing(Scope scope, String prefix) {
    PullThroughCacheRule rule =
        registry.store.snapshot().get(EcrTables.PULL_THROUGH_RULES, scope.key(prefix));
    if (rule == null) {
      throw ruleNotFound(prefix);
    }
    return rule;
  }

  private static PullThroughCacheRuleNotFoundException ruleNotFound(String prefix) {
    return PullThroughCacheRuleNotFoundException.builder()
        .message("No pull through cache rule exists for the prefix '" + prefix + "'")
        .build();
  }

  DeletePullThroughCacheRuleResponse delete(DeletePullThroughCacheRuleRequest request) {
    Scope scope = gate.enter(request.registryId(), null, "DeletePullThroughCacheRule");
    String prefix = request.ecrRepositoryPrefix();
    PullThroughCacheRule deleted =
        registry.store.write(
            tx -> {
              PullThroughCacheRule there = tx.get(EcrTables.PULL_THROUGH_RULES, scope.key(prefix));
              if (there == null) {
                throw ruleNotFound(prefix);
              }
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
      existing(scope, prefix);
    }
    Listing listing =
        Listing.of(
            "DescribePullThroughCacheRules/" + scope, request.nextToken(), request.maxResults());
    Page<PullThroughCacheRule> page =
        listing.cut(
            registry
                .store
                .snapshot()
                .scanAfter(EcrTables.PULL_THROUGH_RULES, scope, listing.after())
                .map(row -> row.value())
                .filter(
                    rule ->
                        request.ecrRepositoryPrefixes().isEmpty()
                            || request
                                .ecrRepositoryPrefixes()
                                .contains(rule.ecrRepositoryPrefix())),
            PullThroughCacheRule::ecrRepositoryPrefix);
    return DescribePullThroughCacheRulesResponse.builder()
        .pullThroughCacheRules(page.items())
        .nextToken(page.nextToken())
        .build();
  }

  ValidatePullThroughCacheRuleResponse validate(ValidatePullThroughCacheRuleRequest request) {
    Scope scope = gate.enter(request.registryId(), null, "ValidatePullThroughCacheRule");
    PullThroughCacheRule rule = existing(scope, request.ecrRepositoryPrefix());
    String failure = null;
    try {
      // The probe of /v2/ with what the rule has: a challenge that stays is a refusal.
      Session session = new Session(scope, rule, "");
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
