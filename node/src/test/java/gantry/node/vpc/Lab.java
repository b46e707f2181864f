package gantry.node.vpc;

import gantry.acs.network.NetworkPlan;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A machine under test: real namespaces, with processes that do nothing as tasks. Closing it
 * removes all of it, and the constructor sweeps away what a killed run has left.
 */
@SuppressWarnings("NullAway") // a test that asks for what it did not make may fail with a null
final class Lab implements AutoCloseable {

  /** A refused packet is dropped: the connection is given up after this, one repetition of it. */
  static final int REFUSED_AFTER_MILLIS = 1200;

  /** A link's first packets may be lost until the kernel has opened its queue; TCP repeats them. */
  static final int ANSWERED_WITHIN_MILLIS = 30_000;

  static final Duration APPLIED_WITHIN = Duration.ofSeconds(60);

  private static final AtomicInteger LABS = new AtomicInteger();

  final VpcSettings settings;
  VpcNetwork network;
  final VpcSockets sockets;
  private final Map<String, Process> processes = new HashMap<>();
  private final Map<String, NamespaceThread> threads = new HashMap<>();
  private final List<java.io.Closeable> open = new ArrayList<>();

  private static final Pattern LEFT = Pattern.compile("gantry-l([0-9a-y]+)z[0-9a-z]-.*");

  Lab() {
    sweep();
    settings = ownSettings();
    network = new VpcNetwork(settings);
    sockets = new VpcSockets(network);
  }

  /** Of a network that no other test of this run has, and no other run beside it. */
  static VpcSettings ownSettings() {
    String pid = Long.toString(ProcessHandle.current().pid(), 35);
    return VpcSettings.of("l" + pid + "z" + Integer.toString(LABS.getAndIncrement() % 36, 36));
  }

  /** Takes away what test runs have left that were killed. */
  private static void sweep() {
    for (String namespace : new KernelReader(new Commands()).namespaces("gantry-l")) {
      Matcher left = LEFT.matcher(namespace);
      if (left.matches() && ProcessHandle.of(Long.parseLong(left.group(1), 35)).isEmpty()) {
        String install = namespace.split("-", 3)[1];
        try (VpcNetwork dead = new VpcNetwork(VpcSettings.of(install))) {
          dead.removeEverything();
        }
      }
    }
  }

  void apply(NetworkPlan plan) throws Exception {
    network.update(plan);
    if (!network.awaitApplied(APPLIED_WITHIN)) {
      throw new AssertionError("not applied: " + network.failure());
    }
  }

  /** A task whose interface is attached. */
  void task(NetworkPlan plan, String vpc, String eni) throws Exception {
    Process process = new ProcessBuilder("unshare", "-n", "sleep", "600").start();
    processes.put(eni, process);
    awaitNamespace(process.pid());
    network.attach("task", Plans.payload(plan, vpc, eni), process.pid());
    threads.put(eni, new NamespaceThread(eni, Path.of("/proc/" + process.pid() + "/ns/net")));
  }

  long pid(String eni) {
    return processes.get(eni).pid();
  }

  /** The process is in a namespace of its own once unshare has done its work. */
  private static void awaitNamespace(long pid) throws Exception {
    Path own = java.nio.file.Files.readSymbolicLink(Path.of("/proc/self/ns/net"));
    long deadline = System.nanoTime() + APPLIED_WITHIN.toNanos();
    while (java.nio.file.Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/net")).equals(own)) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("no namespace");
      }
      Thread.onSpinWait();
    }
  }

  void kill(String eni) throws Exception {
    threads.remove(eni).close();
    processes.remove(eni).destroyForcibly().waitFor();
  }

  <T> T in(String eni, VpcSockets.Inside<T> work) throws IOException {
    return threads.get(eni).run(work);
  }

  /** Listens in a task; answers every connection with its name and keeps it open as an echo. */
  void serve(String eni, int port) throws Exception {
    serve(
        eni,
        in(
            eni,
            () ->
                ServerSocketChannel.open(StandardProtocolFamily.INET)
                    .bind(new InetSocketAddress(port))));
  }

  void serve(String name, ServerSocketChannel server) {
    open.add(server);
    Thread.startVirtualThread(
        () -> {
          try {
            while (true) {
              SocketChannel channel = server.accept();
              Thread.startVirtualThread(() -> echo(name, channel));
            }
          } catch (IOException closed) {
            // The lab was closed.
          }
        });
  }

  private static void echo(String name, SocketChannel channel) {
    try (channel) {
      String from = ((InetSocketAddress) channel.getRemoteAddress()).getAddress().getHostAddress();
      channel.write(
          ByteBuffer.wrap(
              (name + " saw " + from + "\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
      ByteBuffer buffer = ByteBuffer.allocate(1024);
      while (channel.read(buffer) >= 0) {
        buffer.flip();
        channel.write(buffer);
        buffer.clear();
      }
    } catch (IOException gone) {
      // The other side has left.
    }
  }

  /** A connection that is to come about, from a task, or the host when {@code eni} is empty. */
  Socket connect(String eni, String to, int port) throws IOException {
    return connect(eni, to, port, ANSWERED_WITHIN_MILLIS);
  }

  /** Null when refused. */
  private Socket connect(String eni, String to, int port, int millis) throws IOException {
    VpcSockets.Inside<Socket> open = () -> SocketChannel.open(StandardProtocolFamily.INET).socket();
    Socket socket = eni.isEmpty() ? open.run() : in(eni, open);
    try {
      socket.connect(new InetSocketAddress(to, port), millis);
      socket.setSoTimeout(ANSWERED_WITHIN_MILLIS);
      return socket;
    } catch (SocketTimeoutException
        | java.net.ConnectException
        | java.net.NoRouteToHostException refused) {
      socket.close();
      return null;
    }
  }

  /** The same where a server is to answer, which on a machine under load it may do late. */
  String hear(String eni, String to, int port) throws IOException {
    return ask(eni, to, port, ANSWERED_WITHIN_MILLIS);
  }

  /** What the server says to a connection, or {@code refused}. */
  String ask(String eni, String to, int port) throws IOException {
    return ask(eni, to, port, REFUSED_AFTER_MILLIS);
  }

  String ask(String eni, String to, int port, int millis) throws IOException {
    try (Socket socket = connect(eni, to, port, millis)) {
      return socket == null ? "refused" : line(socket);
    }
  }

  static String line(Socket socket) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = socket.getInputStream().read(); c >= 0 && c != '\n'; ) {
      line.append((char) c);
      c = socket.getInputStream().read();
    }
    return line.toString();
  }

  static String echo(Socket socket, String text) throws IOException {
    socket
        .getOutputStream()
        .write((text + "\n").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    return line(socket);
  }

  /** Whether a datagram sent from a task reaches the channel. */
  static boolean receives(DatagramChannel channel, int millis) throws IOException {
    channel.socket().setSoTimeout(millis);
    try {
      channel.socket().receive(new java.net.DatagramPacket(new byte[100], 100));
      return true;
    } catch (SocketTimeoutException nothing) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    for (java.io.Closeable one : open) {
      one.close();
    }
    threads.values().forEach(NamespaceThread::close);
    for (Process process : processes.values()) {
      process.destroyForcibly().onExit().join();
    }
    sockets.close();
    try {
      network.removeEverything();
    } finally {
      network.close();
    }
  }
}
