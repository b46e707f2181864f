package gantry.node;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * Stands before Docker's socket, and can be taken away: Docker stopped, without stopping Docker.
 */
final class DockerProxy implements AutoCloseable {

  private final Path path;
  private final Set<SocketChannel> open = ConcurrentHashMap.newKeySet();
  private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
  private volatile @Nullable ServerSocketChannel server;

  DockerProxy(Path directory) throws IOException {
    this.path = directory.resolve("docker.sock");
    up();
  }

  URI uri() {
    return URI.create("unix://" + path);
  }

  void up() throws IOException {
    Files.deleteIfExists(path);
    ServerSocketChannel fresh = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    fresh.bind(UnixDomainSocketAddress.of(path));
    server = fresh;
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                while (true) {
                  serve(fresh.accept());
                }
              } catch (IOException e) {
                // Taken away.
              }
            });
  }

  void down() throws IOException {
    ServerSocketChannel old = server;
    server = null;
    if (old != null) {
      old.close();
    }
    Files.deleteIfExists(path);
    for (SocketChannel each : open) {
      each.close();
    }
    open.clear();
  }

  private void serve(SocketChannel client) throws IOException {
    SocketChannel docker =
        SocketChannel.open(UnixDomainSocketAddress.of(NodeConfig.DOCKER_SOCKET.getPath()));
    open.add(client);
    open.add(docker);
    if (server == null) { // taken away just before they were known
      client.close();
      docker.close();
    }
    Thread.ofVirtual().start(() -> copy(client, docker));
    Thread.ofVirtual().start(() -> copy(docker, client));
  }

  /** From now on nothing passes, though every connection stands; the same thread ends it. */
  void hang() {
    gate.writeLock().lock();
  }

  void goOn() {
    gate.writeLock().unlock();
  }

  private void copy(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
    try (from;
        to) {
      while (from.read(buffer) >= 0) {
        gate.readLock().lock();
        gate.readLock().unlock();
        buffer.flip();
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
        buffer.clear();
      }
    } catch (IOException e) {
      // One side is gone: so is the other.
    }
    open.remove(from);
    open.remove(to);
  }

  @Override
  public void close() throws IOException {
    down();
  }
}
