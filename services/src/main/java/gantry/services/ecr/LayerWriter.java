package gantry.services.ecr;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Writes a layer on a thread of its own while the next pieces come and are hashed, and has the
 * kernel bring to disk early what is written, so that little is left to wait for at the end. A few
 * buffers go round; when all are full the sender waits.
 */
final class LayerWriter {

  private static final int BUFFERS = 6;

  /** So much is written before the disk is asked to take it. */
  private static final long FORCE_BYTES = 16L * 1024 * 1024;

  private static final Piece END = new Piece(new byte[0], 0);

  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  private record Piece(byte[] bytes, int length) {}

  private final FileChannel channel;
  private final Buffers buffers;

  /** One more than are made here: the first that is written is the sender's. */
  private final ArrayBlockingQueue<byte[]> free = new ArrayBlockingQueue<>(BUFFERS + 1);

  private final ArrayBlockingQueue<Piece> full = new ArrayBlockingQueue<>(BUFFERS + 1);
  private final Thread writer;
  private @Nullable Thread forcer;
  private int made;
  private volatile @Nullable IOException failure;

  /** Writes from where the channel stands. */
  LayerWriter(FileChannel channel, Buffers buffers) {
    this.channel = channel;
    this.buffers = buffers;
    this.writer = Thread.ofVirtual().name("layer writer").start(this::run);
  }

  /** A buffer to fill; waits for one. */
  byte[] buffer() throws IOException {
    check();
    if (made < BUFFERS && free.isEmpty()) {
      made++;
      return buffers.take();
    }
    try {
      return free.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Takes the buffer over. */
  void write(byte[] buffer, int length) throws IOException {
    check();
    put(new Piece(buffer, length));
  }

  private void put(Piece piece) throws IOException {
    try {
      full.put(piece);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Waits until all is written, and leaves the channel to the caller. */
  void finish() throws IOException {
    put(END);
    join(writer);
    free.forEach(buffers::give);
    Thread forcing = forcer;
    if (forcing != null) {
      join(forcing);
    }
    check();
  }

  private static void join(Thread thread) throws IOException {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private void check() throws IOException {
    IOException why = failure;
    if (why != null) {
      throw new IOException(why.getMessage(), why);
    }
  }

  private void run() {
    long unforced = 0;
    try {
      for (Piece piece = full.take(); piece != END; piece = full.take()) {
        if (failure == null) {
          write(piece);
          unforced += piece.length;
          if (unforced >= FORCE_BYTES && (forcer == null || !forcer.isAlive())) {
            unforced = 0;
            forcer = Thread.ofVirtual().name("layer forcer").start(this::force);
          }
        }
        // After a failure too: the sender must not wait for ever.
        free.put(piece.bytes);
      }
    } catch (InterruptedException e) {
      failure = new IOException("interrupted", e);
    }
  }

  private void write(Piece piece) {
    ByteBuffer buffer = ByteBuffer.wrap(piece.bytes, 0, piece.length);
    try {
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    } catch (IOException e) {
      failure = e;
    }
  }

  private void force() {
    try {
      channel.force(false);
    } catch (IOException e) {
      failure = e;
    }
  }
}
