package gantry.traffic.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.PortUnreachableException;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/**
 * Random zones, given to us and to unbound as authority for them, and asked the same random
 * questions: the same code, the same records, an SOA where the other has one.
 */
@Tag("client")
class ReferenceTest {

  private static final int ZONES = 60;
  private static final int QUESTIONS = 60;
  private static final long SEED = 20_240_917;
  private static final String SOA = "ns.other. admin.other. 1 2 3 4 60";

  private final Random random = new Random(SEED);

  private record Entry(String name, RecordType type, String value) {}

  private String name(String zone, boolean stars) {
    StringBuilder name = new StringBuilder();
    int labels = random.nextInt(4);
    for (int i = 0; i < labels; i++) {
      name.append("abc".charAt(random.nextInt(3))).append('.');
    }
    return (stars && random.nextInt(3) == 0 ? "*." : "") + name + zone;
  }

  /** No name has a CNAME and something else, nor two CNAMEs; the apex has none. */
  private List<Entry> zone(String zone) {
    TreeMap<String, Set<RecordType>> types = new TreeMap<>();
    List<Entry> entries = new ArrayList<>();
    for (int i = random.nextInt(16); i > 0; i--) {
      String name = name(zone, true);
      RecordType type =
          List.of(RecordType.A, RecordType.A, RecordType.TXT, RecordType.SRV, RecordType.CNAME)
              .get(random.nextInt(5));
      Set<RecordType> there = types.computeIfAbsent(name, absent -> new TreeSet<>());
      boolean alone = type == RecordType.CNAME;
      if ((alone && (!there.isEmpty() || name.equals(zone)))
          || there.contains(RecordType.CNAME)
          || there.contains(type)) {
        continue;
      }
      there.add(type);
      entries.add(
          new Entry(
              name,
              type,
              switch (type) {
                case A -> "10.0.0." + (1 + random.nextInt(250));
                case TXT -> "\"t" + random.nextInt(100) + "\"";
                case SRV -> "1 1 80 " + name(zone, false);
                default -> name(zone, false);
              }));
    }
    // Unbound does not know names that only have names below them (RFC 4592): there are none here;
    // ZoneModelTest has them.
    for (Entry entry : List.copyOf(entries)) {
      String up = entry.name();
      while (!up.equals(zone) && !(up = parent(up)).equals(zone)) {
        if (types.computeIfAbsent(up, absent -> new TreeSet<>()).isEmpty()) {
          types.get(up).add(RecordType.TXT);
          entries.add(new Entry(up, RecordType.TXT, "\"between\""));
        }
      }
    }
    return entries;
  }

  private static String parent(String name) {
    return name.substring(name.indexOf('.') + 1);
  }

  @Test
  void answersAsUnboundDoes(@TempDir Path folder) throws Exception {
    List<Zone> ours = new ArrayList<>();
    List<String> names = new ArrayList<>();
    StringBuilder config = new StringBuilder();
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    config
        .append(
            "server:\n interface: 127.0.0.1@%d\n username: \"\"\n chroot: \"\"\n".formatted(port))
        .append(" directory: \"%s\"\n pidfile: \"%s/pid\"\n".formatted(folder, folder))
        .append(" use-syslog: no\n module-config: \"iterator\"\n do-not-query-localhost: no\n")
        .append(" minimal-responses: yes\n rrset-roundrobin: no\n");
    for (int z = 0; z < ZONES; z++) {
      String zone = "z" + z + ".";
      List<Entry> entries = zone(zone);
      StringBuilder file = new StringBuilder();
      file.append(zone).append(" 60 IN SOA ").append(SOA).append('\n');
      file.append(zone).append(" 60 IN NS ns.other.\n");
      List<RecordSet> sets = new ArrayList<>();
      sets.add(RecordSet.simple(zone, RecordType.NS, 60, "ns.other."));
      for (Entry entry : entries) {
        file.append("%s 60 IN %s %s\n".formatted(entry.name(), entry.type(), entry.value()));
        sets.add(RecordSet.simple(entry.name(), entry.type(), 60, entry.value()));
      }
      Files.writeString(folder.resolve("zone" + z), file);
      config.append(
          "auth-zone:\n name: %s\n zonefile: \"zone%d\"\n for-downstream: yes\n for-upstream: no\n"
              .formatted(zone, z));
      ours.add(Zone.of(zone, SOA, 60, sets));
      names.add(zone);
    }
    Path file = Files.writeString(folder.resolve("unbound.conf"), config);
    Process unbound =
        new ProcessBuilder("unbound", "-d", "-c", file.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("unbound.log").toFile())
            .start();
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(InetAddress.getByName("127.0.0.1"), port);
      awaitAnswer(socket, unbound, folder);
      View view = View.of(ours, "us-east-1", false);
      int compared = 0;
      for (String zone : names) {
        for (int q = 0; q < QUESTIONS; q++) {
          String asked = name(zone, random.nextInt(10) == 0);
          int type =
              List.of(Type.A, Type.TXT, Type.SRV, Type.CNAME, Type.NS).get(random.nextInt(5));
          Message question =
              Message.newQuery(Record.newRecord(Name.fromString(asked), type, DClass.IN));
          question.getHeader().setID(1 + random.nextInt(60_000));
          Message theirs = ask(socket, question);
          Message own = answer(view, question);
          if (own.getRcode() == Rcode.SERVFAIL) {
            // CNAMEs that lead in a circle: unbound gives the beginning, we say that it fails.
            assertThat(said(theirs)).anyMatch(record -> record.contains(" CNAME "));
            continue;
          }
          String about =
              asked
                  + " "
                  + Type.string(type)
                  + " in "
                  + Files.readString(folder.resolve("zone" + names.indexOf(zone)));
          if (said(own).stream().anyMatch(record -> record.contains(" CNAME "))) {
            // A chain that goes on into a wildcard is not followed to its end by unbound.
            assertThat(said(own)).as(about).containsAll(said(theirs));
          } else {
            assertThat(said(own)).as(about).isEqualTo(said(theirs));
          }
          compared++;
        }
      }
      assertThat(compared).isGreaterThan(ZONES * QUESTIONS * 9 / 10);
    } finally {
      unbound.destroy();
      unbound.waitFor(10, TimeUnit.SECONDS);
    }
  }

  private static void awaitAnswer(DatagramSocket socket, Process unbound, Path folder)
      throws IOException {
    Message question =
        Message.newQuery(Record.newRecord(Name.fromString("z0."), Type.SOA, DClass.IN));
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (System.nanoTime() < end) {
      socket.setSoTimeout(200);
      try {
        ask(socket, question);
        socket.setSoTimeout(60_000);
        return;
      } catch (SocketTimeoutException notYet) {
        assertThat(unbound.isAlive()).as(Files.readString(folder.resolve("unbound.log"))).isTrue();
      } catch (PortUnreachableException notYet) {
        assertThat(unbound.isAlive()).as(Files.readString(folder.resolve("unbound.log"))).isTrue();
        LockSupport.parkNanos(20_000_000); // it is said at once
      }
    }
    throw new AssertionError("unbound does not answer");
  }

  private static Message ask(DatagramSocket socket, Message question) throws IOException {
    byte[] wire = question.toWire();
    socket.send(new DatagramPacket(wire, wire.length));
    while (true) {
      DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
      socket.receive(packet);
      Message answer = new Message(java.util.Arrays.copyOf(packet.getData(), packet.getLength()));
      if (answer.getHeader().getID() == question.getHeader().getID()) {
        return answer;
      }
    }
  }

  private static Message answer(View view, Message question) throws IOException {
    ByteBuf query = Unpooled.wrappedBuffer(question.toWire());
    ByteBuf out = Unpooled.buffer();
    Answerer answerer = new Answerer(new Chooser(new SplittableRandom(1)));
    assertThat(answerer.answer(query, out, view, false)).isEqualTo(Answerer.Outcome.ANSWERED);
    byte[] wire = new byte[out.readableBytes()];
    out.readBytes(wire);
    return new Message(wire);
  }

  /** What must be the same: the code, the records as a set, and whether there is an SOA. */
  private static List<String> said(Message message) {
    TreeSet<String> records = new TreeSet<>();
    for (Record record : message.getSection(Section.ANSWER)) {
      records.add(
          record.getName() + " " + Type.string(record.getType()) + " " + record.rdataToString());
    }
    boolean soa =
        message.getSection(Section.AUTHORITY).stream().anyMatch(r -> r.getType() == Type.SOA);
    List<String> said = new ArrayList<>(records);
    // Of the end of a chain unbound says neither that it does not exist (RFC 6604) nor for how long
    // (RFC 2308).
    if (records.stream().noneMatch(record -> record.contains(" CNAME "))) {
      said.add(Rcode.string(message.getRcode()));
      said.add(soa ? "with SOA" : "without SOA");
    }
    return said;
  }
}
