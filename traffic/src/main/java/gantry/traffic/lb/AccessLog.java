package gantry.traffic.lb;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.GZIPOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the lines of access and connection logs to files named and laid out as AWS's are, one for
 * each balancer and five minutes. A full queue loses lines (counted), never requests.
 */
final class AccessLog implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AccessLog.class);
  static final int MAX_QUEUED = 100_000;
  private static final int PERIOD_MINUTES = 5;
  private static final DateTimeFormatter FOLDER = DateTimeFormatter.ofPattern("yyyy/MM/dd");
  private static final DateTimeFormatter END = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmm'Z'");

  /**
   * @param prefix bucket and prefix, as the attributes say; the folder under the log directory
   * @param connection of the connection log
   */
  record Line(
      String prefix,
      String account,
      String region,
      String balancerId,
      boolean connection,
      long millis,
      String text) {}

  private final Path root;
  private final ArrayBlockingQueue<Line> queue = new ArrayBlockingQueue<>(MAX_QUEUED);
  private final AtomicLong lost = new AtomicLong();
  private final Map<String, Open> open = new HashMap<>();
  private final Thread writer;
  private volatile boolean closing;

  private record Open(Path file, Instant end, GZIPOutputStream out) {}

  AccessLog(Path root) {
    this.root = root;
    this.writer = Thread.ofPlatform().daemon().name("lb-log").start(this::run);
  }

  void add(Line line) {
    if (!queue.offer(line)) {
      lost.incrementAndGet();
    }
  }

  long lost() {
    return lost.get();
  }

  private void run() {
    while (!closing || !queue.isEmpty()) {
      try {
        Line line = queue.poll(200, TimeUnit.MILLISECONDS);
        if (line != null) {
          write(line);
        } else {
          closeOld(Instant.now());
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      } catch (IOException | UncheckedIOException e) {
        lost.incrementAndGet();
        LOG.warn("An access log line could not be written: {}", e.toString());
      }
    }
    closeOld(Instant.MAX);
  }

  private void write(Line line) throws IOException {
    String key = line.balancerId + (line.connection ? " c" : " a");
    Instant at = Instant.ofEpochMilli(line.millis);
    Open to = open.get(key);
    if (to != null && !at.isBefore(to.end)) {
      closeOld(at);
      to = open.get(key);
    }
    if (to == null) {
      to = open(line, at);
      open.put(key, to);
    }
    to.out.write(line.text.getBytes(StandardCharsets.ISO_8859_1));
    to.out.write('\n');
    if (queue.isEmpty()) {
      to.out.flush();
    }
  }

  private Open open(Line line, Instant at) throws IOException {
    ZonedDateTime minute = at.atZone(ZoneOffset.UTC).truncatedTo(ChronoUnit.MINUTES);
    ZonedDateTime end =
        minute.minusMinutes(minute.getMinute() % PERIOD_MINUTES).plusMinutes(PERIOD_MINUTES);
    Path folder =
        root.resolve(line.prefix)
            .resolve("AWSLogs")
            .resolve(line.account)
            .resolve("elasticloadbalancing")
            .resolve(line.region)
            .resolve(FOLDER.format(end))
            .normalize();
    if (!folder.startsWith(root.normalize())) {
      throw new IOException("the log's prefix leaves its folder: " + line.prefix);
    }
    Files.createDirectories(folder);
    String name =
        (line.connection ? "conn_log." : "")
            + line.account
            + "_elasticloadbalancing_"
            + line.region
            + "_"
            + line.balancerId.replace('/', '.')
            + "_"
            + END.format(end)
            + "_127.0.0.1_"
            + Long.toString(System.nanoTime() & 0xffffffffL, 36)
            + ".log.gz";
    Path file = folder.resolve(name);
    return new Open(
        file,
        end.toInstant(),
        new GZIPOutputStream(
            Files.newOutputStream(file, StandardOpenOption.CREATE_NEW), 8192, true));
  }

  private void closeOld(Instant now) {
    open.values()
        .removeIf(
            one -> {
              if (now.isBefore(one.end)) {
                return false;
              }
              try {
                one.out.close();
              } catch (IOException e) {
                LOG.warn("Access log {} could not be finished: {}", one.file, e.toString());
              }
              return true;
            });
  }

  @Override
  public void close() {
    closing = true;
    try {
      writer.join(TimeUnit.SECONDS.toMillis(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
