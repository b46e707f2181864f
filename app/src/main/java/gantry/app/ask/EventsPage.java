package gantry.app.ask;

import gantry.services.HttpExchange;
import gantry.services.HttpHandler;
import gantry.services.ecs.EcsTables;
import gantry.services.ecs.EventEnvelope;
import gantry.services.ecs.rows.EventRow;
import gantry.state.Change;
import gantry.state.Commit;
import gantry.state.Feed;
import gantry.state.Key;
import gantry.state.Row;
import gantry.state.Store;
import gantry.state.View;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * {@code /_gantry/events}: EventBridge's events as lines of JSON. Without a question those that are
 * kept (a day's); with {@code ?follow} those to come, as they come.
 */
public final class EventsPage {

  public static final String PATH = "/_gantry/events";

  /** Events that wait for one slow reader; what comes beyond is left out, and that is said. */
  static final int MAX_WAITING = 10_000;

  /** An empty line after this long: a reader who has gone is noticed by it. */
  static final int SIGN_OF_LIFE_SECONDS = 15;

  private EventsPage() {}

  /** The page; it ends its answers when {@code open} says no more. */
  public static HttpHandler of(Store store, BooleanSupplier open) {
    return FromHere.only(
        "GET",
        exchange -> {
          exchange.setHeader("content-type", "application/x-ndjson");
          if (exchange.query().startsWith("follow")) {
            follow(store, exchange, open);
          } else {
            kept(store, exchange);
          }
        });
  }

  private static void kept(Store store, HttpExchange exchange) throws IOException {
    try (OutputStream out = exchange.respond(200);
        Stream<Row<EventRow>> rows = store.snapshot().scanAll(EcsTables.EVENTS)) {
      for (Row<EventRow> row : (Iterable<Row<EventRow>>) rows::iterator) {
        line(out, EventEnvelope.json(row.key(), row.value()));
      }
    }
  }

  private record Event(Key key, EventRow row) {}

  private static void follow(Store store, HttpExchange exchange, BooleanSupplier open)
      throws IOException {
    ArrayBlockingQueue<Event> waiting = new ArrayBlockingQueue<>(MAX_WAITING);
    AtomicLong leftOut = new AtomicLong();
    View view = store.snapshot();
    try (Feed.Subscription subscription =
            store.feed().subscribe(view.revision(), commit -> take(commit, waiting, leftOut));
        OutputStream out = exchange.respond(200)) {
      out.flush();
      int quiet = 0;
      while (open.getAsBoolean()) {
        Event event = waiting.poll(1, TimeUnit.SECONDS);
        long missed = leftOut.getAndSet(0);
        if (missed > 0) {
          line(
              out, "{\"source\":\"gantry\",\"detail-type\":\"Left Out\",\"count\":" + missed + "}");
        }
        if (event != null) {
          quiet = 0;
          line(out, EventEnvelope.json(event.key, event.row));
        } else if (++quiet >= SIGN_OF_LIFE_SECONDS) {
          quiet = 0;
          line(out, "");
        }
        if (waiting.isEmpty()) {
          out.flush();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** On the feed's time: it only puts them in the queue. */
  private static void take(Commit commit, ArrayBlockingQueue<Event> waiting, AtomicLong leftOut) {
    for (Change<?> change : commit.changes()) {
      if (change.table() == EcsTables.EVENTS
          && change.after() instanceof EventRow row
          && !waiting.offer(new Event(change.key(), row))) {
        leftOut.incrementAndGet();
      }
    }
  }

  private static void line(OutputStream out, String text) throws IOException {
    out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
  }
}
