package gantry.services.ecr;

import gantry.services.Explainer;
import gantry.services.HostedService;
import gantry.services.HttpHandler;
import gantry.services.ServiceContext;
import gantry.state.Controller;
import gantry.state.Scope;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.ecr.EcrClient;

/**
 * The registry put together: the API, the data plane and the controllers over one set of tables and
 * one folder of blobs. Made once per program, for all accounts and regions.
 */
public final class EcrHost {

  final Registry registry;
  final Gate gate;
  final Tokens tokens;
  final RepositoryOperations repositories;
  final ResourceTags resourceTags;
  final RepositoryPolicyOperations policies;
  final TemplateOperations templates;
  final ImageOperations images;
  final ImageListing imageListing;
  final ImageRemoval imageRemoval;
  final LayerOperations layers;
  final LifecycleOperations lifecycle;
  final SettingsOperations settings;
  final ReplicationOperations replication;
  final ScanningOperations scanning;
  final PullTimeExclusions exclusions;
  final ScanOperations scans;
  final PullThroughRules pullThroughRules;
  private final RegistryHttp http;
  private final RegistryHttp tasksHttp;
  private final List<Controller> controllers;

  public EcrHost(ServiceContext context, EcrSettings choice) {
    registry =
        new Registry(
            context.store(),
            context.clock(),
            context.ids(),
            new BlobStore(context.bulk().resolve("ecr"), context.clock()),
            new Addresses(context.endpoint(), choice.home()));
    tokens = new Tokens(context.store(), context.clock(), context.ids());
    RegistryAccess access =
        new RegistryAccess(
            context.store(), context.clock(), context.ids(), tokens, choice.iam(), choice.open());
    gate = new Gate(access);
    UpstreamRegistries upstreams = new UpstreamRegistries(choice.upstreams());
    UpstreamCredentials credentials = new UpstreamCredentials(context.clients());
    UpstreamImport imports =
        new UpstreamImport(registry, choice.upstream(), upstreams, credentials);
    pullThroughRules = new PullThroughRules(registry, gate, upstreams, credentials, imports);
    PullThrough pullThrough = new PullThrough(registry, imports);
    repositories = new RepositoryOperations(registry, gate);
    resourceTags = new ResourceTags(registry, gate);
    policies = new RepositoryPolicyOperations(registry, gate);
    templates = new TemplateOperations(registry, gate);
    images = new ImageOperations(registry, gate, pullThrough);
    imageListing = new ImageListing(registry, gate);
    imageRemoval = new ImageRemoval(registry, gate, choice.inUse());
    layers = new LayerOperations(registry, gate, tokens);
    lifecycle = new LifecycleOperations(registry, gate);
    settings = new SettingsOperations(registry, gate, tokens);
    replication = new ReplicationOperations(registry, gate);
    scanning = new ScanningOperations(registry, gate);
    exclusions = new PullTimeExclusions(registry, gate);
    scans = new ScanOperations(registry, gate);
    http = new RegistryHttp(registry, access, tokens, pullThrough, choice.inUse());
    RegistryAccess named =
        new RegistryAccess(
            context.store(), context.clock(), context.ids(), tokens, choice.iam(), false);
    tasksHttp = new RegistryHttp(registry, named, tokens, pullThrough, choice.inUse());
    controllers =
        List.of(
            new Scanner(registry, choice.vulnerabilities()),
            new Replication(registry),
            new LifecycleController(registry, lifecycle, choice.inUse()),
            new Collector(registry));
  }

  /** The AWS API. */
  public EcrClient client() {
    return new Ecr(this);
  }

  /** What answers under {@code /v2/}. */
  public HttpHandler dataPlane() {
    return http;
  }

  /** The same for tasks: they are who their tokens say, and nobody without any. */
  public HttpHandler dataPlaneOfTasks() {
    return tasksHttp;
  }

  public List<Controller> controllers() {
    return controllers;
  }

  /** Answers {@code gantry why}. */
  Explainer explainer() {
    return new Why(registry);
  }

  /** How image names lead to repositories: for whoever pulls. */
  public Addresses addresses() {
    return registry.addresses;
  }

  /** Where the repositories of an account's public registry are kept. */
  public static Scope publicRegistry(String account) {
    return new Scope(account, Addresses.PUBLIC_REGION);
  }

  /** The account that a number or the alias of a public registry means. */
  public static String publicAccount(String idOrAlias) {
    String account = Addresses.accountOf(idOrAlias);
    return account == null ? idOrAlias : account;
  }

  /**
   * Lets the caller in to do this to a repository that is there.
   *
   * @param registryId null for the caller's own
   */
  public Scope enter(@Nullable String registryId, String repository, String operation) {
    Scope scope = gate.enter(registryId, repository, operation);
    Registry.repository(registry.store.snapshot(), scope, repository);
    return scope;
  }

  /** The name of an account's public registry in {@code public.ecr.aws/ALIAS}. */
  public String publicAlias(String account) {
    return Addresses.alias(account);
  }

  /** The tags of a repository with when each came to stand for its image. */
  public Map<String, Instant> tagTimes(Scope scope, String repository) {
    Map<String, Instant> times = new LinkedHashMap<>();
    for (EcrTables.TagRow row :
        EcrTables.tags(registry.store.snapshot(), scope, repository)
            .map(row -> row.value())
            .toList()) {
      times.put(row.tag(), row.setAt());
    }
    return times;
  }

  /** What an image of this registry is made of. */
  public ImageInspection inspection() {
    return new ImageInspection(registry);
  }

  /** One host for the service's description, whoever asks it first for the API or controllers. */
  public static final class Once {

    private final EcrSettings settings;
    private @Nullable EcrHost host;

    public Once(EcrSettings settings) {
      this.settings = settings;
    }

    public synchronized EcrHost host(ServiceContext context) {
      EcrHost made = host;
      if (made == null) {
        made = new EcrHost(context, settings);
        host = made;
      }
      return made;
    }

    public HostedService<EcrClient> service() {
      return new HostedService<>(
          EcrClient.class,
          context -> host(context).client(),
          EcrTables.all(),
          context -> host(context).controllers(),
          context -> host(context).explainer());
    }
  }
}
