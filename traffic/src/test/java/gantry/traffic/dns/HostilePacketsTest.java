package gantry.traffic.dns;

import static org.assertj.core.api.Assertions.assertThat;

import gantry.traffic.dns.Answerer.Outcome;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Type;

/** Whatever arrives: no exception, no answer to an answer, never more than the asker can take. */
class HostilePacketsTest {

  private final Asking asking =
      new Asking(
          View.of(
              List.of(
                  Asking.zone(
                      "example.", RecordSet.simple("*.example.", RecordType.A, 5, "10.0.0.1"))),
              "eu-west-1",
              true));

  private void send(byte[] packet) throws IOException {
    for (boolean udp : new boolean[] {true, false}) {
      ByteBuf out = Unpooled.buffer();
      // In the middle of a larger buffer, as batches of datagrams lie.
      ByteBuf within = Unpooled.buffer().writeZero(7).writeBytes(packet).writeZero(64);
      within.setIndex(7, 7 + packet.length);
      Outcome outcome = asking.answerer.answer(within, out, asking.view, udp);
      if (packet.length < 12 || (packet[2] & 0x80) != 0) {
        assertThat(outcome).isEqualTo(Outcome.DROP);
      }
      switch (outcome) {
        case ANSWERED -> {
          assertThat(out.readableBytes()).isLessThanOrEqualTo(udp ? 4096 : 65_535);
          Message answer = Asking.parse(out);
          assertThat(answer.getHeader().getFlag(0)).isTrue();
          assertThat(out.getByte(0)).isEqualTo(packet[0]);
          assertThat(out.getByte(1)).isEqualTo(packet[1]);
        }
        case FORWARD -> {
          assertThat(out.readableBytes()).isZero();
          assertThat(asking.answerer.pending(within).name()).isNotEmpty();
        }
        case DROP -> assertThat(out.readableBytes()).isZero();
      }
    }
  }

  @Property(tries = 3_000)
  void randomBytes(@ForAll @Size(max = 600) byte[] packet) throws IOException {
    send(packet);
  }

  @Property(tries = 3_000)
  void trueQuestionsWithChangedBytes(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    byte[] packet = Asking.withEdns(Asking.question("a.example.", Type.A), 1232).toWire();
    for (int changes = random.nextInt(6); changes >= 0; changes--) {
      packet[2 + random.nextInt(packet.length - 2)] = (byte) random.nextInt();
    }
    send(java.util.Arrays.copyOf(packet, random.nextInt(packet.length + 8)));
  }

  @Test
  void anAnswerIsNeverAnswered() throws IOException {
    byte[] packet = Asking.question("a.example.", Type.A).toWire();
    packet[2] |= (byte) 0x80;
    assertThat(asking.outcome(packet, Unpooled.buffer(), true)).isEqualTo(Outcome.DROP);
  }

  @Test
  void pointersAndWrongCountsAreMalformed() throws IOException {
    byte[] pointer = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, (byte) 0xc0, 12, 0, 1, 0, 1};
    assertThat(code(pointer)).isEqualTo(Rcode.FORMERR);
    byte[] none = Asking.question("a.example.", Type.A).toWire();
    none[5] = 0;
    assertThat(code(none)).isEqualTo(Rcode.FORMERR);
    byte[] two = Asking.question("a.example.", Type.A).toWire();
    two[5] = 2;
    assertThat(code(two)).isEqualTo(Rcode.FORMERR);
    byte[] promised = Asking.question("a.example.", Type.A).toWire();
    promised[10] = (byte) 0xff;
    promised[11] = (byte) 0xff;
    assertThat(code(promised)).isEqualTo(Rcode.FORMERR);
  }

  private int code(byte[] packet) throws IOException {
    ByteBuf out = Unpooled.buffer();
    assertThat(asking.outcome(packet, out, true)).isEqualTo(Outcome.ANSWERED);
    return Asking.parse(out).getRcode();
  }

  @Property(tries = 3_000)
  void hostileRepliesOfResolvers(@ForAll long seed) {
    Random random = new Random(seed);
    byte[] name = Names.toWire("a.example.");
    ByteBuf reply = Unpooled.buffer();
    reply.writeShort(7).writeShort(0x8180).writeShort(1).writeShort(random.nextInt(4));
    reply.writeShort(random.nextInt(3)).writeShort(0).writeBytes(name).writeShort(1).writeShort(1);
    for (int i = random.nextInt(120); i > 0; i--) {
      // Many pointers and small numbers, so that the reader comes far.
      reply.writeByte(
          switch (random.nextInt(5)) {
            case 0 -> 0xc0;
            case 1 -> 12;
            case 2 -> RecordType.values()[random.nextInt(RecordType.values().length)].code();
            case 3 -> random.nextInt(256);
            default -> 0;
          });
    }
    Reply read = MessageReader.read(reply, 7, name, 1);
    if (read != null) {
      assertThat(read.ttl(3_600)).isBetween(0, 3_600);
    }
  }
}
