package gantry.node;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries connections from where containers are to the API's port on loopback, byte for byte, on
 * virtual threads.
 */
final class Relay implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Relay.class);
  static final int CONNECTION_LIMIT = 512;
  private static final int BUFFER_BYTES = 16 * 1024;

  private final ServerSocketChannel listener;
  private final InetSocketAddress api;
  private final Semaphore room = new Semaphore(CONNECTION_LIMIT);

  private Relay(ServerSocketChannel listener, int apiPort) {
    this.listener = listener;
    this.api = new InetSocketAddress("127.0.0.1", apiPort);
  }

  static Relay start(ServerSocketChannel listener, int apiPort) {
    Relay relay = new Relay(listener, apiPort);
    Thread.ofVirtual().name("api relay").start(relay::accept);
    return relay;
  }

  private void accept() {
    while (listener.isOpen()) {
      try {
        SocketChannel inside = listener.accept();
        if (!room.tryAcquire()) {
          inside.close();
          continue;
        }
        Thread.ofVirtual().start(() -> serve(inside));
      } catch (IOException e) {
        if (listener.isOpen()) {
          LOG.warn("the API's door failed to take a connection: {}", e.toString());
          try {
            Thread.sleep(100); // out of descriptors, perhaps: not in a hot loop
          } catch (InterruptedException interrupted) {
            return;
          }
        }
      }
    }
  }

  private void serve(SocketChannel inside) {
    try (inside;
        SocketChannel outside = SocketChannel.open(api)) {
      inside.setOption(StandardSocketOptions.TCP_NODELAY, true);
      outside.setOption(StandardSocketOptions.TCP_NODELAY, true);
      Thread back = Thread.ofVirtual().start(() -> copy(outside, inside));
      copy(inside, outside);
      back.join();
    } catch (IOException gone) {
      LOG.debug("a relayed connection ended: {}", gone.toString());
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } finally {
      room.release();
    }
  }

  private static void copy(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try {
      while (from.read(buffer) >= 0) {
        buffer.flip();
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
        buffer.clear();
      }
      to.shutdownOutput();
    } catch (IOException oneSideIsGone) {
      closeBoth(from, to);
    }
  }

  private static void closeBoth(SocketChannel one, SocketChannel other) {
    try (one;
        other) {
      LOG.trace("closing a relayed connection");
    } catch (IOException e) {
      LOG.debug("closing a relayed connection: {}", e.toString());
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      LOG.debug("closing the API's door: {}", e.toString());
    }
  }
}
