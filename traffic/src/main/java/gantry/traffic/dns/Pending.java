package gantry.traffic.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;

/**
 * A question that waits for another resolver.
 *
 * @param head id, flags and question as they were asked
 * @param prefix the CNAMEs of our own zones that led to {@code name}
 * @param name what to ask the other for
 */
@SuppressWarnings(
    "ArrayRecordComponent") // Bytes on their way from packet to packet; nobody compares or changes
// them.
record Pending(byte[] head, List<Rr> prefix, byte[] name, int type, boolean edns, int udpLimit) {

  /** The answer to send, cut where it is longer than {@code limit}. */
  ByteBuf answer(Reply reply, int limit, ByteBufAllocator allocator) {
    ByteBuf out = allocator.buffer(Answerer.PLAIN_UDP_LIMIT);
    out.writeBytes(head, 0, 2);
    int asked = (head[2] & 0xff) << 8 | head[3] & 0xff;
    out.writeShort(0)
        .writeShort(1)
        .writeZero(6)
        .writeBytes(head, Answerer.HEADER, head.length - Answerer.HEADER);
    int room = limit - (edns ? Answerer.EDNS_LENGTH : 0);
    int answers = write(out, prefix, room);
    boolean full = answers < prefix.size();
    int more = full ? 0 : write(out, reply.answers(), room);
    full |= more < reply.answers().size();
    answers += more;
    int authorities = full ? 0 : write(out, reply.authorities(), room);
    if (edns) {
      Answerer.writeEdns(out, 0);
    }
    out.setShort(2, 0x8080 | asked & 0x0100 | (full ? 0x0200 : 0) | reply.code());
    out.setShort(6, answers).setShort(8, authorities).setShort(10, edns ? 1 : 0);
    return out;
  }

  /**
   * Writes records while there is room; names are repeated rather than compressed, but for the
   * question's.
   */
  private static int write(ByteBuf out, List<Rr> records, int room) {
    int written = 0;
    for (Rr record : records) {
      if (out.writerIndex() + record.owner().length + 10 + record.data().length > room) {
        break;
      }
      out.writeBytes(record.owner()).writeShort(record.type()).writeShort(1).writeInt(record.ttl());
      out.writeShort(record.data().length).writeBytes(record.data());
      written++;
    }
    return written;
  }
}
