package gantry.traffic.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/** The server on real sockets, and a resolver behind it that sometimes lies. */
class DnsServerTest {

  private static final Zone ZONE = zone(3);

  /** How long an answer may take on a machine that has no time. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final List<AutoCloseable> open = new ArrayList<>();

  private static Zone zone(int addresses) {
    List<String> all = new ArrayList<>();
    for (int i = 1; i <= addresses; i++) {
      all.add("10.0.1." + i);
    }
    return Asking.zone(
        "example.",
        new RecordSet("api.example.", RecordType.A, 5, all, null, RecordSet.Routing.SIMPLE, true),
        RecordSet.simple("out.example.", RecordType.CNAME, 5, "www.far."));
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable one : open.reversed()) {
      one.close();
    }
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
  }

  private DnsServer server(InetSocketAddress... resolvers) {
    DnsServer server = new DnsServer(loops, List.of(resolvers));
    open.add(server);
    return server;
  }

  private static InetSocketAddress listen(
      DnsServer server, java.util.function.Supplier<View> view, Askers askers) {
    return server
        .listen(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            DnsServer.Sockets.HOST,
            view,
            askers)
        .address();
  }

  private static View view(Zone... zones) {
    return View.of(List.of(zones), "eu-west-1", true);
  }

  private static SimpleResolver client(InetSocketAddress server) {
    SimpleResolver client = new SimpleResolver(server);
    client.setTimeout(PATIENCE);
    return client;
  }

  @Test
  void udpTcpAndCutAnswersFetchedAgain() throws Exception {
    View view = view(zone(90));
    SimpleResolver client = client(listen(server(), () -> view, Askers.LOOPBACK));
    assertThat(client.send(Asking.question("api.example.", Type.A)).getSection(Section.ANSWER))
        .hasSize(90); // dnsjava repeats by TCP what was cut
    client.setTCP(true);
    assertThat(client.send(Asking.question("api.example.", Type.A)).getSection(Section.ANSWER))
        .hasSize(90);
  }

  @Test
  void severalQuestionsOnOneConnection() throws Exception {
    View view = view(ZONE);
    InetSocketAddress address = listen(server(), () -> view, Askers.LOOPBACK);
    try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      var out = new DataOutputStream(socket.getOutputStream());
      for (int i = 0; i < 10; i++) {
        byte[] packet = Asking.question("api.example.", Type.A).toWire();
        out.writeShort(packet.length);
        out.write(packet);
      }
      var in = new DataInputStream(socket.getInputStream());
      for (int i = 0; i < 10; i++) {
        byte[] answer = in.readNBytes(in.readUnsignedShort());
        assertThat(new Message(answer).getSection(Section.ANSWER)).hasSize(3);
      }
    }
  }

  @Test
  void aNewViewAnswersAtOnce() throws Exception {
    AtomicReference<View> view = new AtomicReference<>(view(zone(1)));
    SimpleResolver client = client(listen(server(), view::get, Askers.LOOPBACK));
    for (int addresses = 1; addresses < 8; addresses++) {
      view.set(view(zone(addresses)));
      assertThat(client.send(Asking.question("api.example.", Type.A)).getSection(Section.ANSWER))
          .hasSize(addresses);
    }
  }

  @Test
  void twoSocketsTwoViews() throws Exception {
    DnsServer server = server();
    View one = view(zone(1));
    View two = view(zone(2));
    InetSocketAddress first = listen(server, () -> one, Askers.LOOPBACK);
    InetSocketAddress second = listen(server, () -> two, Askers.LOOPBACK);
    Message question = Asking.question("api.example.", Type.A);
    assertThat(client(first).send(question).getSection(Section.ANSWER)).hasSize(1);
    assertThat(client(second).send(question).getSection(Section.ANSWER)).hasSize(2);
  }

  @Test
  void aPortThatTcpHasNotIsNotKeptForUdp() throws Exception {
    DnsServer server = server();
    View view = view(ZONE);
    try (java.net.ServerSocket taken =
        new java.net.ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress address = (InetSocketAddress) taken.getLocalSocketAddress();
      org.assertj.core.api.Assertions.assertThatThrownBy(
              () -> server.listen(address, DnsServer.Sockets.HOST, () -> view, Askers.LOOPBACK))
          .hasMessageContaining("Address already in use");
      try (DatagramSocket free = new DatagramSocket(address)) {
        assertThat(free.isBound()).isTrue();
      }
    }
  }

  @Test
  void whoMayNotAskHearsNothing() throws Exception {
    DnsServer server = server();
    View view = view(ZONE);
    InetSocketAddress address = listen(server, () -> view, asker -> false);
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(300);
      byte[] packet = Asking.question("api.example.", Type.A).toWire();
      socket.send(new DatagramPacket(packet, packet.length, address));
      org.assertj.core.api.Assertions.assertThatThrownBy(
              () -> socket.receive(new DatagramPacket(new byte[512], 512)))
          .isInstanceOf(SocketTimeoutException.class);
    }
    try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
    // The datagram is looked at when its turn comes, not when it was sent.
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (server.metrics().read().refused() < 2 && System.nanoTime() < end) {
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(server.metrics().read().refused()).isEqualTo(2);
  }

  @Test
  void rubbishAndOversizedPacketsLeaveItAnswering() throws Exception {
    View view = view(ZONE);
    InetSocketAddress address = listen(server(), () -> view, Askers.LOOPBACK);
    var random = new java.util.Random(5);
    try (DatagramSocket socket = new DatagramSocket()) {
      for (int i = 0; i < 2_000; i++) {
        byte[] packet = new byte[random.nextInt(i % 50 == 0 ? 9_000 : 200)];
        random.nextBytes(packet);
        socket.send(new DatagramPacket(packet, packet.length, address));
        // A question among them: so many at most are on their way, as a full socket drops the next.
        if (i % 50 == 49) {
          assertThat(
                  client(address)
                      .send(Asking.question("api.example.", Type.A))
                      .getSection(Section.ANSWER))
              .hasSize(3);
        }
      }
    }
  }

  /** A resolver of somebody else's: first it lies with a wrong id, then it says the truth. */
  private InetSocketAddress resolver(AtomicInteger asked) throws IOException {
    DatagramSocket socket =
        new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    open.add(socket);
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                while (true) {
                  DatagramPacket packet = new DatagramPacket(new byte[1_500], 1_500);
                  socket.receive(packet);
                  asked.incrementAndGet();
                  Message query =
                      new Message(java.util.Arrays.copyOf(packet.getData(), packet.getLength()));
                  for (int lie = 1; lie >= 0; lie--) {
                    Message reply = new Message(query.getHeader().getID() ^ lie);
                    reply.getHeader().setFlag(0);
                    reply.addRecord(query.getQuestion(), Section.QUESTION);
                    reply.addRecord(
                        Record.fromString(
                            query.getQuestion().getName(),
                            Type.A,
                            1,
                            30,
                            lie == 1 ? "6.6.6.6" : "9.9.9.9",
                            query.getQuestion().getName()),
                        Section.ANSWER);
                    byte[] bytes = reply.toWire();
                    socket.send(new DatagramPacket(bytes, bytes.length, packet.getSocketAddress()));
                  }
                }
              } catch (IOException closed) {
                // The test is over.
              }
            });
    return (InetSocketAddress) socket.getLocalSocketAddress();
  }

  @Test
  void whatIsNotOursComesFromTheResolverAndThenFromTheCache() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    DnsServer server = server(resolver(asked));
    View view = view(ZONE);
    SimpleResolver client = client(listen(server, () -> view, Askers.LOOPBACK));
    for (int i = 0; i < 5; i++) {
      Message answer = client.send(Asking.question("www.far.", Type.A));
      assertThat(Asking.answers(answer)).containsExactly("www.far. A 9.9.9.9");
    }
    assertThat(asked).hasValue(1);
    assertThat(Asking.answers(client.send(Asking.question("out.example.", Type.A))))
        .containsExactly("out.example. CNAME www.far.", "www.far. A 9.9.9.9");
    client.setTCP(true);
    assertThat(Asking.answers(client.send(Asking.question("www.far.", Type.A)))).hasSize(1);
    assertThat(asked).hasValue(1);
  }

  @Test
  void aDeadResolverIsToldAsFailure() throws Exception {
    View view = view(ZONE);
    try (DatagramSocket deaf =
        new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      // Who is not whom it is connected to is told that nobody is there; the port stays its own.
      deaf.connect(deaf.getLocalSocketAddress());
      InetSocketAddress nobody = (InetSocketAddress) deaf.getLocalSocketAddress();
      SimpleResolver client = client(listen(server(nobody), () -> view, Askers.LOOPBACK));
      assertThat(client.send(Asking.question("www.far.", Type.A)).getRcode())
          .isEqualTo(Rcode.SERVFAIL);
    }
  }
}
