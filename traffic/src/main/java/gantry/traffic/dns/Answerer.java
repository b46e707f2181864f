package gantry.traffic.dns;

import gantry.traffic.dns.Zone.Choice;
import gantry.traffic.dns.Zone.Group;
import gantry.traffic.dns.Zone.Node;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * From a query's bytes to an answer's bytes, or to the verdict that somebody else must be asked.
 * One instance for each event loop: it keeps scratch space.
 */
final class Answerer {

  /** What became of a query. */
  enum Outcome {
    /** The answer was written. */
    ANSWERED,
    /** No zone of the view is responsible: ask the host's resolvers. */
    FORWARD,
    /** Not a query at all; answering would only serve an attacker. */
    DROP
  }

  static final int HEADER = 12;
  static final int PLAIN_UDP_LIMIT = 512;

  /** The most that is sent over UDP whatever the asker offers; the same as AWS's resolver. */
  static final int UDP_LIMIT = 4096;

  static final int TCP_LIMIT = 65_535;

  /** The length of EDNS's record without options. */
  static final int EDNS_LENGTH = 11;

  /** Names that lead to names: more than so many are a loop. */
  static final int CHAIN_LIMIT = 8;

  private static final int FORMERR = 1;
  private static final int SERVFAIL = 2;
  private static final int NXDOMAIN = 3;
  private static final int NOTIMP = 4;
  private static final int REFUSED = 5;
  private static final int BADVERS = 16;

  private static final int CLASS_IN = 1;
  private static final int CLASS_ANY = 255;

  /** Not a response code: the name leads to one that no zone of ours has. */
  private static final int LEADS_OUT = -1;

  private final Chooser chooser;

  /** The CNAMEs followed so far. */
  private final List<Rr> chain = new ArrayList<>();

  private final byte[] name = new byte[Names.MAX_WIRE_LENGTH];
  private int nameLength;
  private int questionEnd;
  private int type;
  private int udpLimit;
  private boolean edns;
  private int extendedCode;

  Answerer(Chooser chooser) {
    this.chooser = chooser;
  }

  /** Reads {@code query} from its reader index to its end and appends the answer to {@code out}. */
  Outcome answer(ByteBuf query, ByteBuf out, View view, boolean udp) {
    int start = query.readerIndex();
    int length = query.readableBytes();
    if (length < HEADER || (query.getUnsignedByte(start + 2) & 0x80) != 0) {
      return Outcome.DROP;
    }
    int flags = query.getUnsignedShort(start + 2);
    edns = false;
    extendedCode = 0;
    udpLimit = PLAIN_UDP_LIMIT;
    if ((flags >> 11 & 0xf) != 0) {
      return failure(query, out, start, flags, NOTIMP, false);
    }
    if (query.getUnsignedShort(start + 4) != 1
        || !readQuestion(query, start, length)
        || !readEdns(query, start, length)) {
      return failure(query, out, start, flags, FORMERR, false);
    }
    if (extendedCode == BADVERS) {
      return failure(query, out, start, flags, 0, true);
    }
    int askedClass = query.getUnsignedShort(start + questionEnd - 2);
    if (askedClass != CLASS_IN && askedClass != CLASS_ANY) {
      return failure(query, out, start, flags, REFUSED, true);
    }
    if (type == RecordType.IXFR || type == RecordType.AXFR) {
      // Nobody copies zones from here, nor through here.
      return failure(query, out, start, flags, REFUSED, true);
    }
    chain.clear();
    Zone zone = view.zoneOf(name, 0, nameLength);
    if (zone == null) {
      return view.forwards() ? Outcome.FORWARD : failure(query, out, start, flags, REFUSED, true);
    }
    int outStart = out.writerIndex();
    if (answerFromZone(query, out, start, flags, zone, view, udp ? udpLimit : TCP_LIMIT)) {
      return Outcome.ANSWERED;
    }
    out.writerIndex(outStart);
    return Outcome.FORWARD;
  }

  /** What to ask the host's resolvers after {@link Outcome#FORWARD}. */
  Pending pending(ByteBuf query) {
    byte[] head = new byte[questionEnd];
    query.getBytes(query.readerIndex(), head);
    byte[] target = chain.isEmpty() ? Arrays.copyOf(name, nameLength) : chain.getLast().data();
    return new Pending(head, List.copyOf(chain), target, type, edns, udpLimit);
  }

  private boolean readQuestion(ByteBuf query, int start, int length) {
    int at = HEADER;
    nameLength = 0;
    while (true) {
      if (at >= length) {
        return false;
      }
      int label = query.getUnsignedByte(start + at);
      // A compression pointer has nothing to point back to in a question.
      if (label > Names.MAX_LABEL_LENGTH || nameLength + label + 1 > Names.MAX_WIRE_LENGTH) {
        return false;
      }
      name[nameLength++] = (byte) label;
      at++;
      if (label == 0) {
        break;
      }
      if (at + label > length) {
        return false;
      }
      for (int i = 0; i < label; i++) {
        byte c = query.getByte(start + at + i);
        name[nameLength++] = c >= 'A' && c <= 'Z' ? (byte) (c + 32) : c;
      }
      at += label;
    }
    if (at + 4 > length) {
      return false;
    }
    type = query.getUnsignedShort(start + at);
    questionEnd = at + 4;
    return true;
  }

  /**
   * Looks for EDNS's record among the additional ones; anything else there (signatures, cookies) is
   * passed over.
   */
  private boolean readEdns(ByteBuf query, int start, int length) {
    int records =
        query.getUnsignedShort(start + 6)
            + query.getUnsignedShort(start + 8)
            + query.getUnsignedShort(start + 10);
    int at = questionEnd;
    for (int i = 0; i < records; i++) {
      while (at < length && query.getUnsignedByte(start + at) != 0) {
        int label = query.getUnsignedByte(start + at);
        at += label >= 0xc0 ? 1 : label + 1;
        if (label >= 0xc0) {
          break;
        }
      }
      at++;
      if (at + 10 > length) {
        return false;
      }
      int recordType = query.getUnsignedShort(start + at);
      int dataLength = query.getUnsignedShort(start + at + 8);
      if (recordType == RecordType.OPT) {
        if (edns) {
          return false;
        }
        edns = true;
        udpLimit = Math.clamp(query.getUnsignedShort(start + at + 2), PLAIN_UDP_LIMIT, UDP_LIMIT);
        if (query.getUnsignedByte(start + at + 5) != 0) {
          extendedCode = BADVERS;
        }
      }
      at += 10 + dataLength;
      if (at > length) {
        return false;
      }
    }
    return true;
  }

  private Outcome failure(
      ByteBuf query, ByteBuf out, int start, int flags, int code, boolean withQuestion) {
    int outStart = out.writerIndex();
    out.writeShort(query.getUnsignedShort(start));
    out.writeShort(0x8000 | (flags & 0x7900) | 0x0080 | code);
    out.writeShort(withQuestion ? 1 : 0).writeZero(6);
    if (withQuestion) {
      out.writeBytes(query, start + HEADER, questionEnd - HEADER);
    }
    endWithEdns(out, outStart);
    return Outcome.ANSWERED;
  }

  // ---- answers from zones

  private int answers;
  private int authorities;
  private boolean full;

  /** False where the chain leads out of our zones and the rest must be asked for. */
  private boolean answerFromZone(
      ByteBuf query, ByteBuf out, int start, int flags, Zone zone, View view, int limit) {
    int outStart = out.writerIndex();
    answers = 0;
    authorities = 0;
    full = false;
    out.writeShort(query.getUnsignedShort(start));
    // Authoritative here, recursion is available: as AWS's resolver says of private zones.
    out.writeShort(0).writeShort(1).writeZero(6);
    out.writeBytes(query, start + HEADER, questionEnd - HEADER);
    int room = limit - (edns ? EDNS_LENGTH : 0);
    int code = walk(out, outStart, zone, view, room);
    if (code == LEADS_OUT) {
      return false;
    }
    endWithEdns(out, outStart);
    out.setShort(outStart + 2, 0x8480 | (flags & 0x0100) | (full ? 0x0200 : 0) | code);
    out.setShort(outStart + 6, answers);
    out.setShort(outStart + 8, authorities);
    return true;
  }

  /** Follows the question through CNAMEs and aliases; returns the response code. */
  private int walk(ByteBuf out, int outStart, Zone first, View view, int room) {
    Zone zone = first;
    byte[] current = name;
    int from = 0;
    int to = nameLength;
    int ownerAt = HEADER; // where the packet already holds the current owner's name
    for (int hop = 0; hop <= CHAIN_LIMIT; hop++) {
      Node node = zone.find(current, from, to);
      if (node == null) {
        authority(out, outStart, zone, room);
        return NXDOMAIN;
      }
      if (type == RecordType.ANY) {
        int before = answers;
        for (Group group : node.groups()) {
          for (Choice choice : chooser.choose(group, view.region())) {
            write(out, outStart, ownerAt, group.type().code(), choice.ttl(), choice.data(), room);
          }
        }
        if (answers == before && !full) {
          authority(out, outStart, zone, room);
        }
        return 0;
      }
      RecordType asked = RecordType.of(type);
      Group group = asked == null ? null : node.group(asked);
      if (group != null) {
        int before = answers;
        byte[] alias = writeGroup(out, outStart, ownerAt, group, view, room);
        if (alias == null) {
          if (answers == before && !full) {
            authority(out, outStart, zone, room);
          }
          return 0;
        }
        // An alias answers under its own name with what stands at the target.
        Zone target = view.zoneOf(alias, 0, alias.length);
        if (target == null) {
          // Only names that stand here can be aliases' targets: nobody else's answer is passed off
          // as the zone's own.
          authority(out, outStart, zone, room);
          return 0;
        }
        zone = target;
        current = alias;
        from = 0;
        to = alias.length;
        continue;
      }
      Group cname = node.group(RecordType.CNAME);
      if (cname == null) {
        authority(out, outStart, zone, room);
        return 0;
      }
      List<Choice> chosen = chooser.choose(cname, view.region());
      if (chosen.isEmpty() || chosen.getFirst().data().isEmpty()) {
        authority(out, outStart, zone, room);
        return 0;
      }
      byte[] target = chosen.getFirst().data().getFirst();
      int ttl = chosen.getFirst().ttl();
      chain.add(
          new Rr(Arrays.copyOfRange(current, from, to), RecordType.CNAME.code(), ttl, target));
      int targetAt = out.writerIndex() - outStart + 12;
      write(out, outStart, ownerAt, RecordType.CNAME.code(), ttl, List.of(target), room);
      Zone next = view.zoneOf(target, 0, target.length);
      if (next == null && view.forwards()) {
        // Resolver libraries do not follow chains: the rest is fetched for them.
        return LEADS_OUT;
      }
      if (full || next == null) {
        return 0;
      }
      zone = next;
      current = target;
      from = 0;
      to = target.length;
      ownerAt = targetAt;
    }
    return SERVFAIL;
  }

  /** Writes the chosen sets; gives the alias to follow where the chosen one is an alias. */
  private byte @Nullable [] writeGroup(
      ByteBuf out, int outStart, int ownerAt, Group group, View view, int room) {
    for (Choice choice : chooser.choose(group, view.region())) {
      if (choice.alias() != null) {
        return choice.alias();
      }
      write(out, outStart, ownerAt, group.type().code(), choice.ttl(), choice.data(), room);
    }
    return null;
  }

  private void write(
      ByteBuf out,
      int outStart,
      int ownerAt,
      int recordType,
      int ttl,
      List<byte[]> data,
      int room) {
    // Rotated, so that askers who take the first are spread.
    int count = data.size();
    int first = count > 1 ? chooser.below(count) : 0;
    for (int i = 0; i < count; i++) {
      byte[] one = data.get((first + i) % count);
      if (out.writerIndex() - outStart + 12 + one.length > room) {
        full = true;
        return;
      }
      out.writeShort(0xc000 | ownerAt).writeShort(recordType).writeShort(CLASS_IN).writeInt(ttl);
      out.writeShort(one.length).writeBytes(one);
      answers++;
    }
  }

  private void authority(ByteBuf out, int outStart, Zone zone, int room) {
    byte[] origin = zone.origin();
    byte[] data = zone.soa().data().getFirst();
    if (out.writerIndex() - outStart + origin.length + 10 + data.length > room) {
      return;
    }
    out.writeBytes(origin)
        .writeShort(RecordType.SOA.code())
        .writeShort(CLASS_IN)
        .writeInt(zone.negativeTtl());
    out.writeShort(data.length).writeBytes(data);
    authorities++;
  }

  private void endWithEdns(ByteBuf out, int outStart) {
    if (edns) {
      writeEdns(out, extendedCode);
      out.setShort(outStart + 10, 1);
    }
  }

  static void writeEdns(ByteBuf out, int extendedCode) {
    out.writeByte(0).writeShort(RecordType.OPT).writeShort(UDP_LIMIT);
    out.writeByte(extendedCode >> 4).writeByte(0).writeShort(0).writeShort(0);
  }
}
