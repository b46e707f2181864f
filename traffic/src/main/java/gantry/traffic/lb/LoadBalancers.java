package gantry.traffic.lb;

import gantry.traffic.lb.RoutingTable.Balancer;
import gantry.traffic.lb.RoutingTable.Certificate;
import gantry.traffic.lb.RoutingTable.Listener;
import gantry.traffic.lb.RoutingTable.TargetGroup;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All load balancers of this program. {@link #apply} swaps the table: from then on every new
 * request goes by the new one, and what is in flight finishes by the old.
 */
public final class LoadBalancers implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(LoadBalancers.class);
  static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;
  static final WriteBufferWaterMark WATER = new WriteBufferWaterMark(64 * 1024, 256 * 1024);
  static final long TICK_MILLIS = 250;
  static final int BACKLOG = 4096;
  private static final Duration TARGET_IDLE = Duration.ofMinutes(1);

  /**
   * What the data plane is given.
   *
   * @param workers event loops; 0: one for each processor
   * @param edgeAddress where the host reaches balancers by name; null: nowhere
   * @param logs folder of access logs
   * @param cookieKey 16 or 32 bytes that encrypt stickiness cookies; the same after a restart
   * @param otherDoor where requests by a balancer's name are answered too ({@code port 4566});
   *     empty: nowhere
   * @param health told whenever a target's health changes, on a thread that must not be held up
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Config(
      int workers,
      SocketRooms rooms,
      @Nullable String edgeAddress,
      Path logs,
      byte[] cookieKey,
      String otherDoor,
      Consumer<TargetHealthReport> health) {}

  /** A socket that could not be opened: one line that says what and why. */
  public record Problem(String balancerArn, String line) {}

  private final Config config;
  private final IoEventLoopGroup group;
  private final IoEventLoopGroup control;
  private final Worker[] workers;
  private final IdentityHashMap<EventExecutor, Worker> byLoop = new IdentityHashMap<>();
  private final HealthChecker checker;
  private final AccessLog log;
  private final Counters[] stray;
  private final Map<String, GroupState> groups = new HashMap<>();
  private final Map<String, BalancerState> balancers = new HashMap<>();
  private boolean closed;
  private final Doors doors;
  private Map<String, Tls> secure = Map.of();
  private volatile Map<String, Compiled> compiled = Map.of();
  private volatile List<GroupState> liveGroups = List.of();
  private volatile List<BalancerState> liveBalancers = List.of();

  /** A socket's place: a node's port, or a port of the edge. */
  record Place(String room, String address, int port, boolean datagram) {}

  public LoadBalancers(Config config) {
    this.config = config;
    int count =
        config.workers() > 0 ? config.workers() : Runtime.getRuntime().availableProcessors();
    IoHandlerFactory epoll = EpollIoHandler.newFactory();
    List<WorkerSockets> sockets = new ArrayList<>(); // in the order of the loops
    this.group =
        new MultiThreadIoEventLoopGroup(
            count,
            threads("lb"),
            loop -> {
              WorkerSockets made = new WorkerSockets(epoll.newHandler(loop));
              sockets.add(made);
              return made;
            });
    this.control =
        new MultiThreadIoEventLoopGroup(1, threads("lb-health"), EpollIoHandler.newFactory());
    this.workers = new Worker[count];
    this.stray = new Counters[count];
    int i = 0;
    for (EventExecutor executor : group) {
      stray[i] = new Counters();
      Worker worker =
          new Worker(
              i,
              (EventLoop) executor,
              sockets.get(i).heldHeads(),
              this,
              System.nanoTime() * 31 + i);
      workers[i++] = worker;
      byLoop.put(executor, worker);
      worker.start();
    }
    this.doors = new Doors(this, config, workers, group);
    this.checker = new HealthChecker(control.next(), this, config.health());
    this.log = new AccessLog(config.logs());
    control
        .next()
        .scheduleAtFixedRate(
            () -> {
              Anomalies.look(liveGroups);
              Outliers.look(liveGroups);
            },
            Anomalies.EVERY_MILLIS,
            Anomalies.EVERY_MILLIS,
            TimeUnit.MILLISECONDS);
  }

  private static java.util.concurrent.ThreadFactory threads(String name) {
    return new io.netty.util.concurrent.DefaultThreadFactory(name, true);
  }

  static RecvByteBufAllocator receiveBuffers() {
    return new ReceiveBuffers();
  }

  // --- the table -----------------------------------------------------------------------------

  /** Takes over a new table; returns when its sockets stand open, or are known not to open. */
  public synchronized void apply(RoutingTable table) {
    List<TargetState> gone = new ArrayList<>();
    List<TargetState> drained = new ArrayList<>();
    Map<String, TargetGroup> specs = new HashMap<>();
    for (TargetGroup spec : table.targetGroups()) {
      specs.put(spec.arn(), spec);
      GroupState state = groups.get(spec.arn());
      if (state == null) {
        state = new GroupState(spec, workers.length);
        groups.put(spec.arn(), state);
      } else if (state.spec.equals(spec)) {
        continue;
      }
      Map<String, Boolean> before = new HashMap<>();
      state.targets.forEach((key, target) -> before.put(key, target.draining));
      gone.addAll(state.update(spec, workers.length));
      state.targets.forEach(
          (key, target) -> {
            if (target.draining && Boolean.FALSE.equals(before.get(key))) {
              drained.add(target);
            }
          });
    }
    groups
        .entrySet()
        .removeIf(
            entry -> {
              if (specs.containsKey(entry.getKey())) {
                return false;
              }
              gone.addAll(entry.getValue().targets.values());
              entry.getValue().targets.values().forEach(target -> target.removed = true);
              return true;
            });
    Map<String, Certificate> certificates = new HashMap<>();
    table.certificates().forEach(one -> certificates.put(one.arn(), one));
    Map<String, Compiled> next = new HashMap<>();
    Map<String, Tls> tls = new HashMap<>();
    groups.values().forEach(state -> state.inUse = false);
    for (Balancer balancer : table.balancers()) {
      BalancerState state =
          balancers.computeIfAbsent(
              balancer.arn(), arn -> new BalancerState(balancer, workers.length));
      state.spec = balancer;
      for (Listener listener : balancer.listeners()) {
        Compiled before = compiled.get(listener.arn());
        Compiled made = new Compiled(balancer, listener, state, groups, before);
        next.put(listener.arn(), made);
        use(made, balancer);
        if (listener.protocol().secure()) {
          Tls.Terms terms = Tls.Terms.of(listener, certificates, balancer.settings().http2());
          Tls same = secure.get(listener.arn());
          // What did not change keeps its contexts, and with them its clients' sessions.
          tls.put(listener.arn(), same != null && same.terms.equals(terms) ? same : new Tls(terms));
        }
      }
    }
    balancers
        .keySet()
        .removeIf(arn -> table.balancers().stream().noneMatch(b -> b.arn().equals(arn)));
    compiled = next;
    secure = tls;
    liveGroups = List.copyOf(groups.values());
    liveBalancers = List.copyOf(balancers.values());
    doors.update(table, next, tls);
    for (TargetState target : drained) {
      // A worker may have chosen it a moment ago: it is in use until each has heard of this.
      target.inFlight.addAndGet(workers.length);
      everyWorker(
          worker -> {
            worker.targetDraining(target);
            target.inFlight.decrementAndGet();
          });
    }
    for (TargetState target : gone) {
      everyWorker(worker -> worker.targetRemoved(target));
    }
    List<GroupState> now = liveGroups;
    control.next().execute(() -> checker.update(now));
  }

  private static void use(Compiled made, Balancer balancer) {
    for (Compiled.Rule rule : made.rules) {
      for (GroupState state : rule.groups) {
        if (state != null) {
          state.inUse = true;
          boolean mesh = balancer.settings().mesh() != null;
          if (state.mesh != mesh) {
            state.mesh = mesh;
            state.recompute();
          }
          if (state.balancerCrossZone != balancer.settings().crossZone()) {
            state.balancerCrossZone = balancer.settings().crossZone();
          }
        }
      }
    }
  }

  private void everyWorker(Consumer<Worker> does) {
    for (Worker worker : workers) {
      worker.loop.execute(() -> does.accept(worker));
    }
  }

  Worker worker(EventLoop loop) {
    Worker worker = byLoop.get(loop);
    if (worker == null) {
      throw new IllegalStateException("an event loop of somebody else");
    }
    return worker;
  }

  // --- for the connections -------------------------------------------------------------------

  SocketRooms.@Nullable Room room(String name) {
    return config.rooms().room(name);
  }

  byte[] cookieKey() {
    return config.cookieKey();
  }

  Counters nobody(int worker) {
    return stray[worker];
  }

  long targetIdleNanos() {
    return TARGET_IDLE.toNanos();
  }

  void log(AccessLog.Line line) {
    log.add(line);
  }

  /** A client's connection stands, or failed to: its line in the connection log, if one is kept. */
  void connection(Compiled to, Client client, int port, boolean stands) {
    String prefix = to.balancer.settings().connectionLogPrefix();
    if (prefix != null) {
      log.add(ConnectionLine.of(prefix, to, client, port, stands));
    }
  }

  void connectionProblem(Throwable cause) {
    LOG.debug("connection: {}", cause.toString());
  }

  void healthChanged(TargetState target, TargetState.Health now) {
    // Flows of a network balancer end with the target's health; requests are left to finish.
    if (now == TargetState.Health.UNHEALTHY
        && target.group.spec.settings().terminateWhenUnhealthy()) {
      flowsEnd(target);
    }
  }

  /** A target is not to keep the flows that it has. */
  void flowsEnd(TargetState target) {
    everyWorker(worker -> worker.targetUnhealthy(target));
  }

  /** A request at the edge whose Host no balancer has. */
  void strayHost(Exchange exchange, Head head, int port) {
    String host = head.host < 0 ? "(no Host)" : head.value(head.host);
    StringBuilder text = new StringBuilder();
    text.append("No load balancer ").append(host).append(" listens on port ").append(port);
    text.append(". Known here:");
    compiled.values().stream()
        .filter(one -> one.listener.port() == port)
        .map(one -> one.balancer.edgeName())
        .sorted()
        .distinct()
        .limit(20)
        .forEach(name -> text.append("\n  ").append(name));
    exchange.reply(
        503, "text/plain; charset=utf-8", (text + "\n").getBytes(StandardCharsets.UTF_8), null);
  }

  // --- for another server of this program ----------------------------------------------------

  /**
   * Serves a request that came to another port than the listener's, by the name in its Host: on the
   * balancer's listener at port 80, else its first in the clear, else its first with TLS, which the
   * request then came without. Blocks until the answer is written.
   */
  public void serve(String name, Call call) throws IOException {
    Compiled best = null;
    boolean known = false;
    for (Compiled one : compiled.values()) {
      if (!one.balancer.edgeName().equals(name)) {
        continue;
      }
      known = true;
      boolean http =
          one.listener.protocol() == RoutingTable.Protocol.HTTP
              || one.listener.protocol() == RoutingTable.Protocol.HTTPS;
      if (http && (best == null || rank(one) < rank(best))) {
        best = one;
      }
    }
    if (best == null) {
      refuse(
          call,
          503,
          known
              ? name
                  + " is a Network Load Balancer: it moves bytes, not requests, on its own ports."
              : "No load balancer here is called " + name + ", or it has no listener yet.");
      return;
    }
    Worker worker = workers[ThreadLocalRandom.current().nextInt(workers.length)];
    new FrontCall(worker, best, call).serve();
  }

  private static int rank(Compiled one) {
    int port = one.listener.port();
    return one.listener.protocol().secure() ? port + (1 << 17) : port == 80 ? 0 : port;
  }

  private static void refuse(Call call, int status, String line) throws IOException {
    byte[] text = (line + "\n").getBytes(StandardCharsets.UTF_8);
    try (var out =
        call.begin(
            status,
            List.of(
                Map.entry("content-type", "text/plain; charset=utf-8"),
                Map.entry("content-length", Integer.toString(text.length))))) {
      if (!call.method().equals("HEAD")) {
        out.write(text);
      }
    }
  }

  // --- to look at ----------------------------------------------------------------------------

  public Metrics metrics() {
    return new Metrics(
        liveBalancers.stream().map(Metrics::of).toList(),
        liveGroups.stream().map(Metrics::of).toList());
  }

  /** The targets of a group that are compared with each other; none in other groups. */
  public List<Metrics.Target> compared(String groupArn) {
    return liveGroups.stream()
        .filter(group -> group.arn.equals(groupArn) && Anomalies.watched(group))
        .flatMap(group -> Metrics.of(group).targets().stream())
        .toList();
  }

  /** What cannot be served, and why; empty when all is well. */
  public List<Problem> problems() {
    return doors.problems();
  }

  /** The port that a place was really bound to (for port 0 in tests). */
  synchronized int boundPort(int listenerPort) {
    return doors.boundPort(listenerPort);
  }

  public int connections() {
    int all = 0;
    for (Worker worker : workers) {
      all += worker.connections;
    }
    return all;
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    doors.close();
    control.next().execute(checker::close);
    everyWorker(Worker::shutAll);
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    control.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    log.close();
  }
}
