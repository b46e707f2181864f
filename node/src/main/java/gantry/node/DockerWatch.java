package gantry.node;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventType;
import gantry.node.docker.DockerEngine;
import gantry.node.docker.Labels;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows Docker's event stream for containers of this installation. Events only wake: whoever is
 * woken looks at Docker itself. A stream that broke is opened again for ever, and then everybody is
 * woken, since nobody knows what was missed.
 */
final class DockerWatch implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(DockerWatch.class);

  static final Duration FIRST_RETRY = Duration.ofMillis(100);
  static final Duration LAST_RETRY = Duration.ofSeconds(3);

  /** A Docker that restarts in less is not missed. */
  static final Duration MISSED_AFTER = Duration.ofSeconds(2);

  /** How often a Docker that says nothing is asked whether it still answers. */
  static final Duration HEARTBEAT = Duration.ofSeconds(10);

  private static final Duration ANSWERS_WITHIN = Duration.ofSeconds(5);

  /** Who is woken. */
  interface Listener {
    /** Something happened to a container of a task. */
    void containerChanged(String taskArn, String containerName);

    /** Docker answers (again): look at everything. */
    void dockerIsBack();

    /** Docker has not answered for {@link #MISSED_AFTER}. */
    void dockerIsMissed();
  }

  private final DockerEngine docker;
  private final String install;
  private final Listener listener;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Thread thread;
  private volatile boolean up;
  private volatile @Nullable Closeable stream;

  DockerWatch(DockerEngine docker, String install, Listener listener) {
    this.docker = docker;
    this.install = install;
    this.listener = listener;
    this.thread = Thread.ofVirtual().name("docker events").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** Whether the event stream stands. */
  boolean up() {
    return up;
  }

  private void run() {
    Duration pause = FIRST_RETRY;
    long goneSince = System.nanoTime();
    boolean missed = false;
    String reason = "its event stream ended";
    while (!closed.get()) {
      CountDownLatch ended = new CountDownLatch(1);
      try {
        ping();
        Follower follower = new Follower(ended);
        stream = follower;
        docker
            .client()
            .eventsCmd()
            .withEventTypeFilter(EventType.CONTAINER)
            .withLabelFilter(Map.of(Labels.INSTALL, install))
            .exec(follower);
        if (!follower.awaitStarted(ANSWERS_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new DockerEngine.Unavailable("no event stream within " + ANSWERS_WITHIN, null);
        }
        up = true;
        missed = false;
        pause = FIRST_RETRY;
        listener.dockerIsBack();
        while (!ended.await(HEARTBEAT.toMillis(), TimeUnit.MILLISECONDS)) {
          ping(); // one that hangs keeps its streams open
        }
        if (!closed.get()) {
          log.warn("Docker's event stream ended; waiting for Docker at {}", docker.host());
        }
      } catch (InterruptedException e) {
        return;
      } catch (DockerEngine.Unavailable | DockerException e) {
        reason = String.valueOf(e.getMessage());
        log.debug("Docker is not there: {}", reason);
      } catch (RuntimeException e) {
        // A mistake of ours must not end the watch; it is said, and Docker is asked anew.
        reason = e.toString();
        log.error("following Docker's events failed", e);
      } finally {
        if (up) {
          goneSince = System.nanoTime();
        }
        up = false;
        closeStream();
      }
      if (!missed && !closed.get() && System.nanoTime() - goneSince >= MISSED_AFTER.toNanos()) {
        missed = true;
        log.warn("Docker at {} does not answer, so no task starts here: {}", docker.host(), reason);
        listener.dockerIsMissed();
      }
      try {
        Thread.sleep(pause);
      } catch (InterruptedException e) {
        return;
      }
      pause = pause.multipliedBy(2).compareTo(LAST_RETRY) > 0 ? LAST_RETRY : pause.multipliedBy(2);
    }
  }

  private void ping() {
    docker.call("ping", ANSWERS_WITHIN, d -> d.pingCmd().exec());
  }

  @Override
  public void close() {
    closed.set(true);
    closeStream();
    thread.interrupt();
  }

  private void closeStream() {
    Closeable open = stream;
    stream = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        log.debug("closing the event stream: {}", e.toString());
      }
    }
  }

  private final class Follower extends ResultCallback.Adapter<Event> {
    private final CountDownLatch ended;

    Follower(CountDownLatch ended) {
      this.ended = ended;
    }

    @Override
    public void onNext(Event event) {
      String action = event.getAction();
      var actor = event.getActor();
      Map<String, String> attributes = actor == null ? null : actor.getAttributes();
      if (action == null || attributes == null || action.startsWith("exec_")) {
        return; // A health check is three exec events each time; its verdict has one of its own.
      }
      String task = attributes.get(Labels.TASK_ARN);
      String name = attributes.get(Labels.CONTAINER_NAME);
      if (task == null || name == null) {
        return;
      }
      boolean matters =
          switch (action) {
            case "die", "oom", "destroy", "start", "pause", "unpause" -> true;
            case "died", "remove" -> true; // some releases of Podman leave its own words
            default -> action.startsWith("health_status");
          };
      if (matters) {
        listener.containerChanged(task, name);
      }
    }

    @Override
    public void onError(Throwable throwable) {
      if (!closed.get()) {
        log.debug("event stream: {}", throwable.toString());
      }
      super.onError(throwable);
      ended.countDown();
    }

    @Override
    public void onComplete() {
      super.onComplete();
      ended.countDown();
    }

    @Override
    public void close() throws IOException {
      super.close();
      ended.countDown();
    }
  }
}
