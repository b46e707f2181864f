package gantry.traffic.dns;

import gantry.traffic.dns.Answerer.Outcome;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** Asks an {@link Answerer} with packets that dnsjava wrote, and has dnsjava read what it says. */
final class Asking {

  static final String SOA = "ns.example. admin.example. 1 7200 900 1209600 60";

  final Answerer answerer = new Answerer(new Chooser(new SplittableRandom(1)));
  final View view;

  Asking(View view) {
    this.view = view;
  }

  static Asking of(Zone... zones) {
    return new Asking(View.of(List.of(zones), "eu-west-1", false));
  }

  static Zone zone(String name, RecordSet... sets) {
    return Zone.of(name, SOA, 900, List.of(sets));
  }

  static Message question(String name, int type) throws IOException {
    return Message.newQuery(Record.newRecord(Name.fromString(name), type, DClass.IN));
  }

  static Message withEdns(Message question, int size) {
    question.addRecord(new OPTRecord(size, 0, 0), Section.ADDITIONAL);
    return question;
  }

  Message ask(String name, int type) throws IOException {
    return ask(question(name, type), true);
  }

  Message ask(Message question, boolean udp) throws IOException {
    ByteBuf out = Unpooled.buffer();
    Outcome outcome = outcome(question.toWire(), out, udp);
    if (outcome != Outcome.ANSWERED) {
      throw new AssertionError("not answered but " + outcome);
    }
    return parse(out);
  }

  Outcome outcome(byte[] packet, ByteBuf out, boolean udp) {
    return answerer.answer(Unpooled.wrappedBuffer(packet), out, view, udp);
  }

  static Message parse(ByteBuf out) throws IOException {
    byte[] bytes = new byte[out.readableBytes()];
    out.getBytes(out.readerIndex(), bytes);
    return new Message(bytes);
  }

  /** {@code owner type data} of a section, in the order of the packet. */
  static List<String> lines(Message message, int section) {
    return message.getSection(section).stream()
        .filter(record -> record.getType() != Type.OPT)
        .map(r -> r.getName() + " " + Type.string(r.getType()) + " " + r.rdataToString())
        .toList();
  }

  static List<String> answers(Message message) {
    return lines(message, Section.ANSWER);
  }
}
