package gantry.node.logs;

import gantry.node.docker.DockerEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.cloudwatchlogs.model.ResourceNotFoundException;

/**
 * Ships one container's output to its log stream: one virtual thread reads from Docker, one sends.
 * How far it got stands in a file, with Docker's time to the nanosecond, so that after a crash it
 * goes on where it stopped: nothing is lost, and at most the batch in flight comes twice.
 */
final class LogShipper {

  private static final Logger log = LoggerFactory.getLogger(LogShipper.class);

  /** Lines are collected for this long before they are sent. */
  static final Duration COLLECT = Duration.ofMillis(250);

  /** An event of several lines ends when nothing more came for this long. */
  static final Duration MULTILINE_SILENCE = Duration.ofSeconds(1);

  static final Duration FIRST_RETRY = Duration.ofMillis(200);
  static final Duration LAST_RETRY = Duration.ofSeconds(10);

  private final DockerEngine docker;
  private final LogDestination destination;
  private final LogOptions options;
  private final String stream;
  private final String containerId;
  private final boolean terminal;
  private final Path cursor;
  private final BooleanSupplier running;
  private final LogBuffer buffer;
  private final EventAssembler assembler;

  /** Held while the reader puts together and waits for room; for the assembler and lastPiece. */
  private final ReentrantLock assembling = new ReentrantLock();

  private final CountDownLatch done = new CountDownLatch(1);
  private volatile boolean closed;
  private volatile @Nullable DockerLogStream open;
  private @Nullable Instant readUpTo;
  private long lastPiece = System.nanoTime();

  LogShipper(
      DockerEngine docker,
      LogDestination destination,
      LogOptions options,
      String stream,
      String containerId,
      boolean terminal,
      Path cursor,
      BooleanSupplier running) {
    this.docker = docker;
    this.destination = destination;
    this.options = options;
    this.stream = stream;
    this.containerId = containerId;
    this.terminal = terminal;
    this.cursor = cursor;
    this.running = running;
    this.buffer = new LogBuffer(options.bufferBytes(), options.blocking());
    this.assembler = new EventAssembler(options.multiline());
  }

  void start() {
    readUpTo = readCursor();
    Thread.ofVirtual().name("read log of " + containerId).start(this::read);
    Thread.ofVirtual().name("ship log of " + containerId).start(this::send);
  }

  boolean finished() {
    return done.getCount() == 0;
  }

  /** True when everything was shipped within the time. */
  boolean awaitDone(Duration limit) throws InterruptedException {
    return done.await(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Stops in the middle; the next shipper of this container goes on from there. */
  void close() {
    closed = true;
    buffer.end();
    DockerLogStream stream0 = open;
    if (stream0 != null) {
      stream0.close();
    }
  }

  private void read() {
    Duration pause = FIRST_RETRY;
    try {
      while (!closed) {
        boolean wasRunning = running.getAsBoolean();
        try (DockerLogStream stream0 =
            DockerLogStream.open(docker, containerId, terminal, wasRunning, after(readUpTo), -1)) {
          open = stream0;
          if (stream0 == null) {
            return; // the container is gone, and its output with it
          }
          if (closed) {
            return; // it was closed while Docker was asked, and did not see this stream
          }
          stream0.read(this::accept);
          pause = FIRST_RETRY;
          if (!wasRunning && !running.getAsBoolean()) {
            return; // it had ended before this last reading began
          }
          TimeUnit.MILLISECONDS.sleep(20); // until the runner has seen the end that Docker saw
        } catch (IOException e) {
          if (closed) {
            return;
          }
          log.debug("log of {}: {}", containerId, e.toString());
          pause = rest(pause);
        } catch (Interrupted e) {
          return;
        } catch (RuntimeException e) {
          // A mistake of ours: thrown on, it would end this log while the container goes on.
          log.error("log of {}: reading it failed, it goes on from there", containerId, e);
          pause = rest(pause);
        } finally {
          open = null;
        }
      }
    } catch (InterruptedException e) {
      log.debug("log of {}: interrupted", containerId);
    } finally {
      finishReading();
    }
  }

  private void finishReading() {
    assembling.lock();
    try {
      if (!closed) {
        for (LogEvent each : assembler.flush()) {
          buffer.put(each);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      assembling.unlock();
      buffer.end();
    }
  }

  /** Unchecked, to pass through the reader's callback. */
  private static final class Interrupted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Interrupted(InterruptedException cause) {
      super(cause);
    }
  }

  private void accept(LogLine piece) {
    Instant at = piece.at();
    Instant before = readUpTo;
    if (at.equals(Instant.EPOCH) && before != null) {
      at = before;
    } else {
      readUpTo = at;
    }
    assembling.lock();
    try {
      for (LogEvent each : assembler.add(new LogLine(at, piece.text(), piece.ends()))) {
        buffer.put(each);
      }
      lastPiece = System.nanoTime();
    } catch (InterruptedException e) {
      throw new Interrupted(e);
    } finally {
      assembling.unlock();
    }
  }

  private void send() {
    Duration pause = FIRST_RETRY;
    boolean ensured = false;
    try {
      while (!buffer.finished() && !closed) {
        buffer.await(options.multiline() == null ? 0 : MULTILINE_SILENCE.toMillis());
        flushSilent();
        List<LogEvent> batch = buffer.batch();
        if (batch.isEmpty()) {
          continue;
        }
        if (batch.size() < 100 && !finishedReading()) {
          TimeUnit.MILLISECONDS.sleep(COLLECT.toMillis());
          if (closed) {
            return;
          }
          batch = buffer.batch();
        }
        try {
          if (!ensured) {
            destination.ensure(stream);
            ensured = true;
          }
          destination.put(stream, batch);
          buffer.sent(batch);
          writeCursor(batch.getLast().last());
          pause = FIRST_RETRY;
        } catch (ResourceNotFoundException e) {
          ensured = false;
          log.warn("log of {}: {}", stream, LogDestination.words(e));
          pause = rest(pause);
        } catch (SdkException e) {
          if (refused(e)) {
            log.warn(
                "log of {}: {} events were refused and are lost: {}",
                stream,
                batch.size(),
                LogDestination.words(e));
            buffer.sent(batch);
            writeCursor(batch.getLast().last());
          } else {
            log.warn("log of {}: {}", stream, LogDestination.words(e));
            pause = rest(pause);
          }
        } catch (RuntimeException e) {
          // A mistake of ours on the way up: the events are kept, and it is said where it is.
          log.error("log of {}: not taken, it is tried again", stream, e);
          pause = rest(pause);
        }
        long dropped = buffer.takeDropped();
        if (dropped > 0) {
          log.warn(
              "log of {}: {} events were dropped, since more than {} bytes waited (non-blocking)",
              stream,
              dropped,
              options.bufferBytes());
        }
      }
    } catch (InterruptedException e) {
      log.debug("log of {}: interrupted", stream);
    } finally {
      done.countDown();
    }
  }

  private boolean finishedReading() {
    return open == null && !running.getAsBoolean();
  }

  /** A reader that waits for room holds the lock: it is not silent, there is more to come. */
  private void flushSilent() {
    if (options.multiline() == null || !assembling.tryLock()) {
      return;
    }
    try {
      if (assembler.pending() && System.nanoTime() - lastPiece >= MULTILINE_SILENCE.toNanos()) {
        assembler.flush().forEach(buffer::putAtOnce);
      }
    } finally {
      assembling.unlock();
    }
  }

  /** Trying again would not help. */
  private static boolean refused(SdkException e) {
    return e instanceof AwsServiceException aws
        && aws.statusCode() >= 400
        && aws.statusCode() < 500
        && !aws.isThrottlingException();
  }

  /** Pauses, and says how long to pause the next time. */
  private static Duration rest(Duration pause) throws InterruptedException {
    Thread.sleep(pause);
    Duration twice = pause.multipliedBy(2);
    return twice.compareTo(LAST_RETRY) > 0 ? LAST_RETRY : twice;
  }

  private static @Nullable Instant after(@Nullable Instant moment) {
    return moment == null ? null : moment.plusNanos(1);
  }

  private @Nullable Instant readCursor() {
    try {
      return Instant.parse(Files.readString(cursor).strip());
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException | java.time.format.DateTimeParseException e) {
      log.warn("{} cannot be read; output may be shipped twice: {}", cursor, e.toString());
      return null;
    }
  }

  private void writeCursor(Instant upTo) {
    try {
      Files.createDirectories(cursor.getParent());
      Files.writeString(cursor, upTo.toString());
    } catch (IOException e) {
      log.warn("{} cannot be written: {}", cursor, e.toString());
    }
  }
}
