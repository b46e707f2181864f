package gantry.node.vpc;

import gantry.node.NetnsSockets;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
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

  private final Names names;
  private final Map<String, NamespaceThread> threads = new ConcurrentHashMap<>();

  public VpcSockets(VpcSettings settings) {
    this.names = settings.names();
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
        () -> {
          ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.INET);
          try {
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            return channel.bind(address, BACKLOG);
          } catch (IOException e) {
            channel.close();
            throw e;
          }
        });
  }

  /** A UDP socket, for DNS. */
  public DatagramChannel datagrams(String vpcId, InetSocketAddress address) throws IOException {
    return in(
        vpcId,
        () -> {
          DatagramChannel channel = DatagramChannel.open(StandardProtocolFamily.INET);
          try {
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            return channel.bind(address);
          } catch (IOException e) {
            channel.close();
            throw e;
          }
        });
  }

  /** An unconnected TCP socket whose connections begin at {@code source}. */
  public SocketChannel socket(String vpcId, InetSocketAddress source) throws IOException {
    return in(
        vpcId,
        () -> {
          SocketChannel channel = SocketChannel.open(StandardProtocolFamily.INET);
          try {
            return channel.bind(source);
          } catch (IOException e) {
            channel.close();
            throw e;
          }
        });
  }

  /** Runs {@code work} on the thread that lives in the VPC's namespace. */
  public <T> T in(String vpcId, Inside<T> work) throws IOException {
    return inNamespace(names.router(vpcId), work);
  }

  /** The same in the namespace that stands for the internet. */
  public <T> T inEdge(Inside<T> work) throws IOException {
    return inNamespace(names.edge(), work);
  }

  /** Ends the thread of a namespace that is gone: the next request enters its successor. */
  public void forget(String vpcId) {
    String prefix = names.router(vpcId);
    threads.keySet().stream()
        .filter(key -> key.startsWith(prefix + "#"))
        .toList()
        .forEach(
            key -> {
              NamespaceThread thread = threads.remove(key);
              if (thread != null) {
                thread.close();
              }
            });
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
    NamespaceThread thread = threads.computeIfAbsent(key, k -> new NamespaceThread(k, path));
    return thread.run(work);
  }
}
