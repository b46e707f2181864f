package gantry.traffic.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Cache, ageing, coalescing and whom to ask next; the network is a script. */
class ForwarderTest {

  private static final InetSocketAddress FIRST = new InetSocketAddress("127.0.0.1", 21701);
  private static final InetSocketAddress SECOND = new InetSocketAddress("127.0.0.1", 21702);

  /** Answers as the script says; without an entry it waits until the test answers by hand. */
  private static final class ScriptedUpstream implements Forwarder.Upstream {
    record Asked(
        Message query,
        InetSocketAddress resolver,
        boolean tcp,
        Predicate<ByteBuf> answers,
        Consumer<@Nullable ByteBuf> then) {

      /** Gives back what {@code change} makes of a plain answer; false where it is not taken. */
      boolean reply(Consumer<Message> change) throws Exception {
        Message reply = new Message(query.getHeader().getID());
        reply.getHeader().setFlag(Flags.QR);
        reply.addRecord(query.getQuestion(), Section.QUESTION);
        change.accept(reply);
        ByteBuf bytes = Unpooled.wrappedBuffer(reply.toWire());
        if (!answers.test(bytes)) {
          return false;
        }
        then.accept(bytes);
        return true;
      }
    }

    final List<Asked> asked = new CopyOnWriteArrayList<>();

    @Override
    public void ask(
        ByteBuf query,
        InetSocketAddress resolver,
        boolean tcp,
        Predicate<ByteBuf> answers,
        Consumer<@Nullable ByteBuf> then) {
      try {
        asked.add(new Asked(Asking.parse(query), resolver, tcp, answers, then));
      } catch (java.io.IOException unreadable) {
        throw new AssertionError("an unreadable query", unreadable);
      }
    }
  }

  private final EventLoopGroup loops = new DefaultEventLoopGroup(1);
  private final EventLoop loop = loops.next();
  private final ScriptedUpstream upstream = new ScriptedUpstream();
  private final AtomicLong nanos = new AtomicLong();
  private final DnsMetrics metrics = new DnsMetrics();
  private final Forwarder forwarder =
      new Forwarder(loop, List.of(FIRST, SECOND), upstream, new Random(1), metrics, nanos::get);

  @AfterEach
  void stop() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  private CompletableFuture<Reply> ask(String name) throws Exception {
    var reply = new CompletableFuture<Reply>();
    Pending pending = new Pending(new byte[12], List.of(), Names.toWire(name), Type.A, false, 512);
    forwarder.ask(pending, loop, reply::complete);
    settle();
    return reply;
  }

  /** All that was put on the loop before has run. */
  private void settle() throws Exception {
    for (int i = 0; i < 3; i++) {
      loop.submit(() -> {}).get(60, TimeUnit.SECONDS);
    }
  }

  private boolean answer(int index, Consumer<Message> change) throws Exception {
    boolean taken =
        loop.submit(() -> upstream.asked.get(index).reply(change)).get(60, TimeUnit.SECONDS);
    settle();
    return taken;
  }

  private void silence(int index) throws Exception {
    loop.submit(() -> upstream.asked.get(index).then().accept(null)).get(60, TimeUnit.SECONDS);
    settle();
  }

  private static Consumer<Message> address(String name, int ttl) {
    return message -> message.addRecord(record(name, "A", ttl, "1.2.3.4"), Section.ANSWER);
  }

  private static Record record(String name, String type, int ttl, String value) {
    try {
      return Record.fromString(Name.fromString(name), Type.value(type), 1, ttl, value, Name.root);
    } catch (java.io.IOException wrong) {
      throw new AssertionError(wrong);
    }
  }

  private static Reply now(CompletableFuture<Reply> reply) throws Exception {
    return reply.get(60, TimeUnit.SECONDS);
  }

  @Test
  void keepsAnswersForTheirTimeAndLetsThemAge() throws Exception {
    var first = ask("a.test.");
    answer(0, address("a.test.", 60));
    assertThat(now(first).answers()).hasSize(1);
    nanos.addAndGet(TimeUnit.SECONDS.toNanos(59));
    assertThat(now(ask("a.test.")).answers().getFirst().ttl()).isEqualTo(1);
    assertThat(upstream.asked).hasSize(1);
    assertThat(metrics.read().cached()).isEqualTo(1);
    nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
    ask("a.test.");
    assertThat(upstream.asked).hasSize(2);
  }

  @Test
  void keepsThatThereIsNoneForTheSoasLastNumber() throws Exception {
    ask("b.test.");
    answer(
        0,
        message -> {
          message.getHeader().setRcode(Rcode.NXDOMAIN);
          message.addRecord(
              record("test.", "SOA", 900, "a.test. b.test. 1 2 3 4 30"), Section.AUTHORITY);
        });
    nanos.addAndGet(TimeUnit.SECONDS.toNanos(29));
    assertThat(now(ask("b.test.")).code()).isEqualTo(Rcode.NXDOMAIN);
    assertThat(upstream.asked).hasSize(1);
    nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
    ask("b.test.");
    assertThat(upstream.asked).hasSize(2);
  }

  @Test
  void asksOnceForAllWhoWait() throws Exception {
    List<CompletableFuture<Reply>> waiting = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      waiting.add(ask("c.test."));
    }
    assertThat(upstream.asked).hasSize(1);
    answer(0, address("c.test.", 1));
    for (var reply : waiting) {
      assertThat(now(reply).answers()).hasSize(1);
    }
  }

  @Test
  void silenceMeansTheNextAndAllSilentMeansFailure() throws Exception {
    var reply = ask("d.test.");
    for (int i = 0; i < 4; i++) {
      assertThat(upstream.asked).hasSize(i + 1);
      assertThat(upstream.asked.get(i).resolver()).isEqualTo(i % 2 == 0 ? FIRST : SECOND);
      assertThat(reply).isNotDone();
      silence(i);
    }
    assertThat(now(reply).code()).isEqualTo(Rcode.SERVFAIL);
    assertThat(now(ask("d.test.")).code()).isEqualTo(Rcode.SERVFAIL);
    assertThat(upstream.asked).hasSize(4); // the failure is kept for a second
  }

  @Test
  void whoRefusesIsPassedOver() throws Exception {
    var reply = ask("e.test.");
    answer(0, message -> message.getHeader().setRcode(Rcode.REFUSED));
    assertThat(reply).isNotDone();
    answer(1, address("e.test.", 1));
    assertThat(now(reply).answers()).hasSize(1);
  }

  @Test
  void aCutAnswerIsFetchedByTcpFromTheSame() throws Exception {
    var reply = ask("f.test.");
    answer(0, message -> message.getHeader().setFlag(Flags.TC));
    assertThat(upstream.asked.get(1).tcp()).isTrue();
    assertThat(upstream.asked.get(1).resolver()).isEqualTo(FIRST);
    answer(1, address("f.test.", 1));
    assertThat(now(reply).answers()).hasSize(1);
  }

  @Test
  void forgedRepliesAreNotTaken() throws Exception {
    var reply = ask("g.test.");
    int id = upstream.asked.get(0).query().getHeader().getID();
    assertThat(answer(0, message -> message.getHeader().setID(id ^ 1))).isFalse();
    assertThat(answer(0, message -> message.getHeader().unsetFlag(Flags.QR))).isFalse();
    assertThat(
            answer(
                0,
                message -> {
                  message.removeAllRecords(Section.QUESTION);
                  message.addRecord(
                      Record.newRecord(new NameOf("h.test.").name(), Type.A, 1), Section.QUESTION);
                }))
        .isFalse();
    assertThat(reply).isNotDone();
    assertThat(answer(0, address("g.test.", 1))).isTrue();
    assertThat(now(reply).answers()).hasSize(1);
  }

  private record NameOf(String text) {
    Name name() {
      try {
        return Name.fromString(text);
      } catch (org.xbill.DNS.TextParseException wrong) {
        throw new AssertionError(wrong);
      }
    }
  }

  @Test
  void withoutResolversItSaysSo() throws Exception {
    Forwarder alone = new Forwarder(loop, List.of(), upstream, new Random(1), metrics, nanos::get);
    var reply = new CompletableFuture<Reply>();
    alone.ask(
        new Pending(new byte[12], List.of(), Names.toWire("x."), 1, false, 512),
        loop,
        reply::complete);
    assertThat(now(reply).code()).isEqualTo(Rcode.SERVFAIL);
  }
}
