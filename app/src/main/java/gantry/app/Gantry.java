package gantry.app;

import gantry.acs.network.NetworkPlan;
import gantry.app.api.AuditLog;
import gantry.app.api.Authentication;
import gantry.app.api.CallMetrics;
import gantry.app.api.Calls;
import gantry.app.api.Dispatcher;
import gantry.app.api.InsideClients;
import gantry.app.ask.EventsPage;
import gantry.app.ask.ImagePage;
import gantry.app.ask.Reach;
import gantry.app.ask.StatusPage;
import gantry.app.ask.WhyPage;
import gantry.app.balancer.BalancerSite;
import gantry.app.balancer.LiveBalancers;
import gantry.app.http.FrontDoor;
import gantry.app.http.HttpServer;
import gantry.app.http.Limits;
import gantry.app.http.Site;
import gantry.app.machine.Machine;
import gantry.app.registry.HttpUpstream;
import gantry.app.registry.ImageUses;
import gantry.services.AccessKeys;
import gantry.services.AesGcmSecretBox;
import gantry.services.Clients;
import gantry.services.HostedService;
import gantry.services.Reason;
import gantry.services.SecretBox;
import gantry.services.ServiceContext;
import gantry.services.cloudtrail.AuditTrail;
import gantry.services.ecr.EcrHost;
import gantry.services.ecr.EcrResources;
import gantry.services.ecr.EcrSettings;
import gantry.services.iam.AuthorizationMessages;
import gantry.services.iam.IamAccessKeys;
import gantry.services.iam.IamAuthorizer;
import gantry.services.kms.KmsResources;
import gantry.services.secretsmanager.SecretResources;
import gantry.state.ControllerRunner;
import gantry.state.Ids;
import gantry.state.MemoryStore;
import gantry.state.RandomIds;
import gantry.state.Row;
import gantry.state.Schema;
import gantry.state.Scope;
import gantry.state.SqliteStore;
import gantry.state.Store;
import gantry.state.SystemTime;
import gantry.state.Table;
import gantry.state.Tx;
import gantry.wire.Wire;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The whole program, put together: the one place that knows everybody. */
public final class Gantry implements AutoCloseable {

  private final Options options;
  private final Store store;
  private final SystemTime timers;
  private final AuditTrail trail;
  private final AuditLog audit;
  private final Hosting hosting;
  private final ControllerRunner controllers;
  private final InsideClients clients;
  private final Scope home;
  private final String install;
  private final Machine machine;
  private final IamAuthorizer authorizer;
  private final HttpServer tasksServer;
  private final HttpServer server;
  private final Path bulk;
  private final HttpUpstream upstream = new HttpUpstream();
  private final Supplier<EcrHost> registry;
  private final List<Table<?>> tables = new ArrayList<>();
  private @Nullable ServiceContext context;
  private final @Nullable RootKey rootKey;
  private volatile boolean ready;
  private volatile NetworkPlan networks =
      new NetworkPlan(new TreeMap<>(), new TreeMap<>(), new TreeMap<>());

  /** Starts it; it answers when this returns. */
  public static Gantry start(Options options) {
    return new Gantry(options);
  }

  private Gantry(Options options) {
    this.options = options;
    Thread.ofPlatform().daemon().name("prepare").start(HttpServer::prepare);
    @Nullable Thread driver = prepareDriver(options.data());
    Clock clock = SystemTime.clock();
    Ids ids = new RandomIds();
    InetAddress address = address(options.listen());
    boolean onlyLoopback = address.isLoopbackAddress();
    this.timers = new SystemTime();
    this.bulk = bulk(options);
    this.trail = new AuditTrail(bulk.resolve("cloudtrail"));
    this.home = new Scope(options.account(), options.region());
    byte[] sealKey = SealKey.of(options.data(), ids);
    this.install = InstallId.of(options.data(), ids);
    this.machine = Machine.of(options, install);
    SecretBox box = new AesGcmSecretBox(sealKey, ids);
    IamAuthorizer.Mode iamMode = options.iam();
    EcrHost.Once registry =
        new EcrHost.Once(
            new EcrSettings(
                home,
                // Where policies are enforced it matters who pushes and pulls.
                onlyLoopback && iamMode != IamAuthorizer.Mode.ENFORCE,
                options.images().vulnerabilities(),
                iamMode,
                (view, of, repository) -> imageUses().users(view, of, repository),
                upstream,
                options.images().upstreams()));
    this.registry = () -> registry.host(context(clock, ids));
    LogMetrics logMetrics = new LogMetrics();
    List<HostedService<?>> hosted =
        HostedServices.all(
            trail,
            box,
            iamMode,
            new OpenIdKeys(clock),
            logMetrics,
            registry,
            machine.publicPool(),
            options.network().lan(),
            this::networks,
            new LiveBalancers(machine::balancers));
    hosted.forEach(one -> tables.addAll(one.tables()));
    awaitDriver(driver);
    this.store = store(options, clock, tables);
    this.rootKey =
        onlyLoopback
            ? null
            : options.data() == null ? RootKey.make(ids) : RootKey.of(options.data(), ids);
    CallMetrics metrics = new CallMetrics();
    this.audit = new AuditLog(trail);
    // The context is asked for when the first service wakes; by then the port is known.
    this.hosting = new Hosting(hosted, () -> context(clock, ids));
    IamAccessKeys iamKeys = new IamAccessKeys(store, clock, box);
    AccessKeys keys = rootKey == null ? iamKeys : rootKey.before(iamKeys, options.account());
    this.authorizer =
        new IamAuthorizer(
            store,
            clock,
            iamMode,
            iamKeys,
            new AuthorizationMessages(box),
            Map.of(
                "kms",
                new KmsResources(iamMode),
                "secretsmanager",
                new SecretResources(),
                "ecr",
                new EcrResources(iamMode)));
    Calls calls = new Calls(hosting::client, clock, metrics, audit, authorizer, options.strict());
    this.clients = new InsideClients(calls);
    Authentication authentication =
        new Authentication(keys, clock, onlyLoopback, options.account(), options.region());
    Wire wire = new Wire(hosting.clients());
    Site site = new Site(new FrontDoor(onlyLoopback), new Dispatcher(wire, authentication, calls));
    // Tasks have a door of their own: they are who their credentials say, and nobody without any.
    Authentication tasksAuthentication =
        new Authentication(keys, clock, false, options.account(), options.region());
    Site tasksSite =
        new Site(new FrontDoor(false), new Dispatcher(wire, tasksAuthentication, calls));
    site.forHost(BalancerSite::isName, new BalancerSite(machine::balancers));
    OwnPages pages =
        new OwnPages(
            metrics,
            logMetrics,
            audit,
            new LiveBalancers(machine::balancers),
            () -> ready,
            this::reset);
    site.forPath("/v2/", exchange -> this.registry.get().dataPlane().handle(exchange));
    tasksSite.forPath("/v2/", exchange -> this.registry.get().dataPlaneOfTasks().handle(exchange));
    site.forPath("/_gantry/down", pages.down(machine::removeEverything));
    site.forPath("/_gantry/health", pages.health());
    site.forPath("/_gantry/reset", pages.reset());
    site.forPath(EventsPage.PATH, EventsPage.of(store, () -> ready));
    site.forPath(StatusPage.PATH, StatusPage.of(store, clients, this::why, clock::instant));
    site.forPath(WhyPage.PATH, WhyPage.of(this::why));
    site.forPath(
        ImagePage.PATH, ImagePage.of(() -> this.registry.get().inspection(), this::imageUses));
    site.forPath("/metrics", pages.metrics(machine::writeMetrics));
    site.forPath("/_gantry/", pages.unknown());
    this.controllers = ControllerRunner.live(store, timers, ids, ControllerRunner.Observer.NONE);
    synchronized (this) { // who asks at once, and wakes a service, waits until the port is known
      this.server =
          HttpServer.start(new InetSocketAddress(address, options.port()), site, Limits.USUAL);
    }
    this.tasksServer =
        HttpServer.start(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), tasksSite, Limits.USUAL);
    hosting.startControllers(controllers);
    ready = true;
    // The API answers already; the machine joins as soon as it can.
    Thread.ofPlatform()
        .name("machine")
        .daemon()
        .start(() -> machine.start(context(clock, ids), home, tasksServer.port(), bulk, sealKey));
  }

  /** One for all: a service's client and its controllers know each other by it. */
  private synchronized ServiceContext context(Clock clock, Ids ids) {
    ServiceContext one = context;
    if (one == null) {
      one =
          new ServiceContext(
              store,
              clock,
              timers,
              ids,
              clients,
              bulk,
              new ServiceContext.Endpoint("localhost", server.port()));
      context = one;
    }
    return one;
  }

  public Options options() {
    return options;
  }

  /** What everything of ours on this machine is named with. */
  String install() {
    return install;
  }

  /** What is kept beside the tables. */
  Path folder() {
    return bulk;
  }

  public int port() {
    return server.port();
  }

  public String url() {
    return "http://" + host(options.listen()) + ":" + port();
  }

  /** The root key when it was made by this start; it is shown once and never again. */
  public @Nullable RootKeyShown newRootKey() {
    RootKey key = rootKey;
    return key != null && key.isNew() ? new RootKeyShown(key.accessKeyId(), key.secret()) : null;
  }

  /** What the owner of the data directory calls with. */
  RootKeyShown keyForOwner() {
    RootKey key = rootKey;
    return key == null
        ? new RootKeyShown("test", "test")
        : new RootKeyShown(key.accessKeyId(), key.secret());
  }

  /** A key for the one who starts the program. */
  public record RootKeyShown(String accessKeyId, String secret) {}

  /** Clients inside the program, for tests and for what belongs to no service. */
  public Clients clients() {
    return clients;
  }

  private ImageUses imageUses() {
    return new ImageUses(store, registry.get().addresses());
  }

  /** What the program knows about the reasons for something; {@code denied} is a question too. */
  private List<Reason> why(String about) {
    if (about.equals("denied")) {
      return authorizer.denials().reasons();
    }
    List<Reason> reasons = new ArrayList<>(hosting.why(about));
    reasons.addAll(machine.why(about));
    reasons.addAll(new Reach(store, () -> networks, machine::denied).why(about));
    if (!reasons.isEmpty() || about.startsWith("fl-")) {
      machine.problems(about).forEach(each -> reasons.add(Reason.of("this machine: " + each)));
    }
    return reasons;
  }

  /** Each new plan of the networks: remembered for whoever asks, and the machine's to carry out. */
  private void networks(NetworkPlan plan) {
    networks = plan;
    machine.plans().accept(plan);
  }

  /** Drops all rows and the history of calls; controllers see everything go. */
  public void reset() {
    store.write(
        tx -> {
          for (Table<?> table : tables) {
            clear(tx, table);
          }
          return true;
        });
    trail.clear();
    machine.reset();
  }

  private static <V> void clear(Tx tx, Table<V> table) {
    List<Row<V>> rows = tx.scanAll(table).toList();
    rows.forEach(row -> tx.delete(table, row.key()));
  }

  @Override
  public void close() {
    ready = false;
    if (options.data() == null) {
      machine.removeEverything();
    }
    machine.close();
    server.close();
    tasksServer.close();
    controllers.close();
    upstream.close();
    hosting.close();
    audit.close();
    timers.close();
    store.close();
    if (options.data() == null) {
      Folders.delete(bulk);
    }
  }

  /** Null where nothing is to be prepared. */
  private static @Nullable Thread prepareDriver(@Nullable Path data) {
    return data == null
        ? null
        : Thread.ofPlatform()
            .daemon()
            .name("prepare driver")
            .start(() -> SqliteStore.prepare(data));
  }

  /** Both at once would only do the same twice; what went wrong shows again when it is used. */
  private static void awaitDriver(@Nullable Thread driver) {
    try {
      if (driver != null) {
        driver.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Store store(Options options, Clock clock, List<Table<?>> tables) {
    Path data = options.data();
    return data == null
        ? MemoryStore.of(clock, tables)
        : SqliteStore.open(data, clock, Schema.FIRST, tables);
  }

  private static Path bulk(Options options) {
    try {
      Path data = options.data();
      if (data != null) {
        return Files.createDirectories(data.resolve("bulk"));
      }
      return Files.createTempDirectory("gantry-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static InetAddress address(String listen) {
    try {
      return InetAddress.getByName(listen);
    } catch (UnknownHostException e) {
      throw new UncheckedIOException("--listen " + listen + " is no address of this machine", e);
    }
  }

  /** How this machine itself reaches it. */
  private static String host(String listen) {
    return listen.equals("0.0.0.0") || listen.equals("::") || listen.equals(Options.LOOPBACK)
        ? "localhost"
        : listen.contains(":") ? "[" + listen + "]" : listen;
  }
}
