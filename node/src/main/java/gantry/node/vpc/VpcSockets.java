package gantry.node.vpc;

import gantry.node.NetnsSockets;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Makes sockets inside the routers' namespaces: one platform thread for each namespace calls {@code
 * setns} once and creates sockets there on request. A socket stays in the namespace that it was
 * created in, whatever thread uses it afterwards. Netty's channels can be made the same way: {@code
 * sockets.in(vpc, EpollServerSocketChannel::new)} as the channel factory of a bootstrap.
 */
public final class VpcSockets implements NetnsSockets, AutoCloseable {

  private static final int BACKLOG = 1024;

  private final VpcNetwork network;
  private final Names names;
  private final Map<String, NamespaceThread> threads = new ConcurrentHashMap<>();

  public VpcSockets(VpcNetwork network) {
    this.network = network;
    this.names = network.settings().names();
  }

  /** Something to run inside a namespace. */
  @FunctionalInterface
  public interface Inside<T> {
    T run() throws IOException;
  }

  @Override
  public ServerSocketChannel listen(String vpcId, InetSocketAddress address) throws IOException {
    return in(
        vpcId,
        () ->
            ready(
                ServerSocketChannel.open(StandardProtocolFamily.INET),
                channel ->
                    channel
                        .setOption(StandardSocketOptions.SO_REUSEADDR, true)
                        .bind(address, BACKLOG)));
  }

  /** A UDP socket, for DNS. */
  public DatagramChannel datagrams(String vpcId, InetSocketAddress address) throws IOException {
    return in(
        vpcId,
        () ->
            ready(
                DatagramChannel.open(StandardProtocolFamily.INET),
                channel ->
                    channel.setOption(StandardSocketOptions.SO_REUSEADDR, true).bind(address)));
  }

  /** An unconnected TCP socket whose connections begin at {@code source}. */
  public SocketChannel socket(String vpcId, InetSocketAddress source) throws IOException {
    return in(
        vpcId,
        () ->
            ready(
                SocketChannel.open(StandardProtocolFamily.INET), channel -> channel.bind(source)));
  }

  /** Says how a new channel is made ready. */
  @FunctionalInterface
  private interface Readying<C> {
    C ready(C channel) throws IOException;
  }

  /** A channel that cannot be made ready is closed. */
  private static <C extends NetworkChannel> C ready(C channel, Readying<C> how) throws IOException {
    try {
      return how.ready(channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Runs {@code work} on the thread that lives in the VPC's namespace, which is waited for. */
  public <T> T in(String vpcId, Inside<T> work) throws IOException {
    try {
      if (!network.awaitVpc(vpcId)) {
        throw new IOException(vpcId + " is not on this node");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for " + vpcId, e);
    }
    return inNamespace(names.router(vpcId), work);
  }

  /** The same in the namespace that stands for the internet. */
  public <T> T inEdge(Inside<T> work) throws IOException {
    return inNamespace(names.edge(), work);
  }

  @Override
  public void close() {
    threads.values().forEach(NamespaceThread::close);
    threads.clear();
  }

  private <T> T inNamespace(String namespace, Inside<T> work) throws IOException {
    Path path = Path.of("/run/netns", namespace);
    // The inode tells a namespace from one of the same name that was made after it was deleted.
    String key = namespace + "#" + Files.getAttribute(path, "unix:ino");
    if (!threads.containsKey(key)) {
      forgetGone();
    }
    NamespaceThread thread = threads.computeIfAbsent(key, k -> new NamespaceThread(k, path));
    return thread.run(work);
  }

  /** Ends the threads of namespaces that are gone: each of them would keep its own alive. */
  private void forgetGone() throws IOException {
    for (String key : java.util.List.copyOf(threads.keySet())) {
      String[] parts = key.split("#", 2);
      Path path = Path.of("/run/netns", parts[0]);
      if (!Files.exists(path)
          || !parts[1].equals(String.valueOf(Files.getAttribute(path, "unix:ino")))) {
        NamespaceThread thread = threads.remove(key);
        if (thread != null) {
          thread.close();
        }
      }
    }
  }
}
