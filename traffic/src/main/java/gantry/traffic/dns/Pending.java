package gantry.traffic.dns;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
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

  private static final int POINTER_REACH = 0x3fff;
  private static final int NAMES_REMEMBERED = 16;

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
    List<Written> names = new ArrayList<>();
    names.add(new Written(prefix.isEmpty() ? name : prefix.getFirst().owner(), Answerer.HEADER));
    int answers = write(out, prefix, names, room);
    boolean full = answers < prefix.size();
    int more = full ? 0 : write(out, reply.answers(), names, room);
    full |= more < reply.answers().size();
    answers += more;
    int authorities = full ? 0 : write(out, reply.authorities(), names, room);
    if (edns) {
      Answerer.writeEdns(out, 0);
    }
    out.setShort(2, 0x8080 | asked & 0x0100 | (full ? 0x0200 : 0) | reply.code());
    out.setShort(6, answers).setShort(8, authorities).setShort(10, edns ? 1 : 0);
    return out;
  }

  /** A name and where the packet has it. */
  @SuppressWarnings("ArrayRecordComponent") // As above.
  private record Written(byte[] name, int at) {}

  /**
   * Writes records while there is room. Owners point back to where the same name stands already:
   * without that a dozen addresses would not fit into 512 bytes.
   */
  private static int write(ByteBuf out, List<Rr> records, List<Written> names, int room) {
    int written = 0;
    for (Rr record : records) {
      int at = find(names, record.owner());
      int ownerLength = at < 0 ? record.owner().length : 2;
      if (out.writerIndex() + ownerLength + 10 + record.data().length > room) {
        break;
      }
      if (at < 0) {
        remember(names, record.owner(), out.writerIndex());
        out.writeBytes(record.owner());
      } else {
        out.writeShort(0xc000 | at);
      }
      out.writeShort(record.type()).writeShort(1).writeInt(record.ttl());
      out.writeShort(record.data().length);
      if (record.type() == RecordType.CNAME.code()) {
        remember(names, record.data(), out.writerIndex());
      }
      out.writeBytes(record.data());
      written++;
    }
    return written;
  }

  private static int find(List<Written> names, byte[] name) {
    for (Written written : names) {
      if (Arrays.equals(written.name(), name)) {
        return written.at();
      }
    }
    return -1;
  }

  private static void remember(List<Written> names, byte[] name, int at) {
    if (at <= POINTER_REACH && names.size() < NAMES_REMEMBERED) {
      names.add(new Written(name, at));
    }
  }
}
