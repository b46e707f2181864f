package gantry.traffic.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** A question put to a view by the program itself: the same answers as packets get. */
public final class Lookup {

  private static final int ID = 1;

  private Lookup() {}

  /**
   * What a view answers.
   *
   * @param exists false for NXDOMAIN
   */
  public record Answer(boolean exists, List<Found> records) {}

  /** One record of an answer. */
  @SuppressWarnings("ArrayRecordComponent") // Read by whoever asked, never changed.
  public record Found(String name, int type, int ttl, byte @Nullable [] data) {

    /** The address of an A or AAAA record; null for others. */
    public @Nullable InetAddress address() {
      if (data == null || (type != RecordType.A.code() && type != RecordType.AAAA.code())) {
        return null;
      }
      try {
        return InetAddress.getByAddress(data);
      } catch (UnknownHostException badLength) {
        throw new IllegalStateException(badLength);
      }
    }

    /** The name that a CNAME or PTR record leads to; null for others. */
    public @Nullable String target() {
      return data != null && (type == RecordType.CNAME.code() || type == RecordType.PTR.code())
          ? Names.toText(data)
          : null;
    }
  }

  /** Null where no zone of the view is responsible: the host's resolvers would be asked. */
  public static @Nullable Answer ask(View view, String name, RecordType type) {
    byte[] wire = Names.toWire(name);
    ByteBuf query = Unpooled.buffer();
    query.writeShort(ID).writeShort(0x0100).writeShort(1).writeZero(6);
    query.writeBytes(wire).writeShort(type.code()).writeShort(1);
    ByteBuf out = Unpooled.buffer();
    Answerer answerer = new Answerer(new Chooser(new SplittableRandom()));
    if (answerer.answer(query, out, view, false) != Answerer.Outcome.ANSWERED) {
      return null;
    }
    Reply reply = MessageReader.read(out, ID, wire, type.code());
    if (reply == null || reply.failed()) {
      return null;
    }
    List<Found> found = new ArrayList<>();
    reply
        .answers()
        .forEach(
            rr -> found.add(new Found(Names.toText(rr.owner()), rr.type(), rr.ttl(), rr.data())));
    return new Answer(reply.code() == 0, List.copyOf(found));
  }
}
