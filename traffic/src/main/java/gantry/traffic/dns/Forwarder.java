package gantry.traffic.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Asks the host's resolvers for what no zone knows, and keeps the answers for as long as they say.
 * It lives on one event loop, so its tables need no lock; questions that are already on their way
 * are asked only once.
 */
public final class Forwarder {

  static final int CACHE_LIMIT = 10_000;
  static final int PENDING_LIMIT = 1_000;
  static final int WAITERS_LIMIT = 1_000;
  static final int KEEP_SECONDS_LIMIT = 3_600;

  /** A failure is kept too, or a dead resolver would be asked by everybody all the time. */
  static final int KEEP_FAILURE_SECONDS = 1;

  static final int ANSWER_TIMEOUT_MILLIS = 1_500;
  static final int ROUNDS = 2;

  private final EventLoop loop;
  private final List<InetSocketAddress> resolvers;
  private final Upstream upstream;
  private final RandomGenerator random;
  private final DnsMetrics metrics;
  private final LongSupplier nanos;
  private final Map<Key, Kept> cache =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Kept> eldest) {
          return size() > CACHE_LIMIT;
        }
      };
  private final Map<Key, List<Consumer<Reply>>> pending = new LinkedHashMap<>();

  private record Kept(Reply reply, long atNanos, int seconds) {}

  private static final class Key {
    private final byte[] name;
    private final int type;

    Key(byte[] name, int type) {
      this.name = name;
      this.type = type;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key key && key.type == type && Arrays.equals(key.name, name);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(name) * 31 + type;
    }
  }

  /** Carries one question to one resolver: over UDP, and over TCP when the answer was cut. */
  interface Upstream {
    /**
     * Calls {@code then} once, on the loop: with the first bytes that {@code answers} takes for an
     * answer, which it may read but not keep, or with null after a while. Whatever else arrives is
     * somebody's forgery and waited past.
     */
    void ask(
        ByteBuf query,
        InetSocketAddress resolver,
        boolean tcp,
        Predicate<ByteBuf> answers,
        Consumer<@Nullable ByteBuf> then);
  }

  Forwarder(
      EventLoop loop,
      List<InetSocketAddress> resolvers,
      Upstream upstream,
      RandomGenerator random,
      DnsMetrics metrics,
      LongSupplier nanos) {
    this.loop = loop;
    this.resolvers = List.copyOf(resolvers);
    this.upstream = upstream;
    this.random = random;
    this.metrics = metrics;
    this.nanos = nanos;
  }

  /** Calls {@code then} once, on the event loop of {@code asker}. */
  void ask(Pending question, EventLoop asker, Consumer<Reply> then) {
    Consumer<Reply> onAskersLoop = reply -> asker.execute(() -> then.accept(reply));
    loop.execute(() -> askHere(new Key(question.name(), question.type()), onAskersLoop));
  }

  private void askHere(Key key, Consumer<Reply> then) {
    Kept kept = cache.get(key);
    if (kept != null) {
      long age = TimeUnit.NANOSECONDS.toSeconds(nanos.getAsLong() - kept.atNanos());
      if (age < kept.seconds()) {
        metrics.cached();
        then.accept(aged(kept.reply(), (int) age));
        return;
      }
      cache.remove(key);
    }
    List<Consumer<Reply>> waiters = pending.get(key);
    if (waiters != null && waiters.size() < WAITERS_LIMIT) {
      waiters.add(then);
      return;
    }
    if (waiters != null || pending.size() >= PENDING_LIMIT || resolvers.isEmpty()) {
      then.accept(Reply.failure());
      return;
    }
    pending.put(key, new ArrayList<>(List.of(then)));
    attempt(key, 0, false);
  }

  private void attempt(Key key, int number, boolean tcp) {
    if (number >= resolvers.size() * ROUNDS) {
      finish(key, Reply.failure(), KEEP_FAILURE_SECONDS);
      return;
    }
    int id = random.nextInt(0x10000);
    ByteBuf query = query(id, key);
    upstream.ask(
        query,
        resolvers.get(number % resolvers.size()),
        tcp,
        bytes -> MessageReader.answers(bytes, id, key.name, key.type),
        answer -> {
          if (answer != null && !tcp && MessageReader.isTruncated(answer)) {
            attempt(key, number, true);
            return;
          }
          Reply reply = answer == null ? null : MessageReader.read(answer, id, key.name, key.type);
          if (reply == null || (reply.failed() && number + 1 < resolvers.size() * ROUNDS)) {
            attempt(key, number + 1, false);
          } else {
            finish(
                key, reply, reply.failed() ? KEEP_FAILURE_SECONDS : reply.ttl(KEEP_SECONDS_LIMIT));
          }
        });
  }

  private void finish(Key key, Reply reply, int keepSeconds) {
    if (keepSeconds > 0) {
      cache.put(key, new Kept(reply, nanos.getAsLong(), keepSeconds));
    }
    List<Consumer<Reply>> waiters = pending.remove(key);
    if (waiters != null) {
      waiters.forEach(waiter -> waiter.accept(reply));
    }
  }

  private static Reply aged(Reply reply, int seconds) {
    return new Reply(
        reply.code(), aged(reply.answers(), seconds), aged(reply.authorities(), seconds));
  }

  private static List<Rr> aged(List<Rr> records, int seconds) {
    return records.stream()
        .map(r -> new Rr(r.owner(), r.type(), Math.max(0, r.ttl() - seconds), r.data()))
        .toList();
  }

  private static ByteBuf query(int id, Key key) {
    ByteBuf query = Unpooled.buffer(Answerer.HEADER + key.name.length + 4 + Answerer.EDNS_LENGTH);
    query.writeShort(id).writeShort(0x0100).writeShort(1).writeZero(6);
    query.writeBytes(key.name).writeShort(key.type).writeShort(1);
    Answerer.writeEdns(query, 0);
    return query;
  }
}
