package gantry.services.logs;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PriorityQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Events of several segments in one order. A segment is opened when the order comes to where it
 * begins, so that few are in memory at once however many there are.
 */
final class Merge implements Iterator<Event> {

  /** How many segments are read before the next are looked at, by the machine's common pool. */
  private static final int FIRST = Math.max(1, Runtime.getRuntime().availableProcessors());

  /**
   * A search that finds little takes more of them together, so that no core waits long for another;
   * one that is content with its first page has read few, and what is found is in memory.
   */
  private static final int MOST = 32 * FIRST;

  private static final int LITTLE = 1_000;

  /** Events between two times that are read when they are needed. */
  record Source(long first, long last, Supplier<Rows> rows) {}

  private final ArrayDeque<Source> closed;
  private final PriorityQueue<Rows> open;
  private final Comparator<Rows> byPosition;

  /** The one that the last event was from: mostly the next is too. */
  private @Nullable Rows current;

  private final boolean newestFirst;
  private int together = FIRST;
  private @Nullable Event next;

  Merge(List<Source> sources, boolean newestFirst) {
    this.newestFirst = newestFirst;
    Comparator<Source> order =
        newestFirst
            ? Comparator.comparingLong(Source::last).reversed()
            : Comparator.comparingLong(Source::first);
    this.closed = new ArrayDeque<>(sources.stream().sorted(order).toList());
    this.byPosition = newestFirst ? (a, b) -> Rows.inOrder(b, a) : Rows::inOrder;
    this.open = new PriorityQueue<>(byPosition);
    this.next = find();
  }

  /** Whether an event of a closed source may come before the first of the open ones. */
  private boolean mustOpen() {
    if (closed.isEmpty()) {
      return false;
    }
    Rows first = current != null ? current : open.peek();
    if (first == null) {
      return true;
    }
    long time = first.timestamp();
    Source source = closed.getFirst();
    return newestFirst ? source.last() >= time : source.first() <= time;
  }

  private @Nullable Event find() {
    Rows last = current;
    if (last != null) {
      Rows other = open.peek();
      if (last.isEmpty() || other != null && byPosition.compare(other, last) < 0) {
        if (!last.isEmpty()) {
          open.add(last);
        }
        current = null;
      }
    }
    while (mustOpen()) {
      List<Source> some = new ArrayList<>();
      while (some.size() < together && !closed.isEmpty()) {
        some.add(closed.removeFirst());
      }
      int found = 0;
      for (Rows rows : some.parallelStream().map(source -> source.rows().get()).toList()) {
        found += rows.left();
        if (!rows.isEmpty()) {
          open.add(rows);
        }
      }
      together = found <= LITTLE ? Math.min(MOST, 2 * together) : FIRST;
    }
    Rows first = current;
    if (first == null || !open.isEmpty() && byPosition.compare(open.peek(), first) < 0) {
      if (first != null) {
        open.add(first);
      }
      first = open.poll();
      current = first;
    }
    return first == null ? null : first.take();
  }

  @Override
  public boolean hasNext() {
    return next != null;
  }

  @Override
  public Event next() {
    Event event = next;
    if (event == null) {
      throw new NoSuchElementException();
    }
    next = find();
    return event;
  }
}
