package gantry.app.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.DefaultFileRegion;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.GenericFutureListener;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * A part of a file on its way to a client, handed to the kernel piece by piece: a client that takes
 * all that it gets, or a disk that is slow, would else keep the connection's thread from its other
 * connections for as long as the whole takes.
 */
final class FileAnswer implements Runnable, GenericFutureListener<Future<Void>> {

  /** A few hundred microseconds out of the kernel's cache, some milliseconds from a slow disk. */
  static final int PIECE = 1024 * 1024;

  private final ChannelHandlerContext context;
  private final FileChannel file;
  private final long end;
  private final CompletableFuture<@Nullable Void> sent = new CompletableFuture<>();
  private long at;
  private @Nullable DefaultFileRegion piece;
  private long taken = -1;
  private long takenSince;

  FileAnswer(ChannelHandlerContext context, FileChannel file, long from, long count) {
    this.context = context;
    this.file = file;
    this.at = from;
    this.end = from + count;
  }

  /** Sends the next piece; on the connection's thread. */
  @Override
  public void run() {
    if (at == end) {
      sent.complete(null);
      return;
    }
    long size = Math.min(PIECE, end - at);
    DefaultFileRegion next =
        new DefaultFileRegion(file, at, size) {
          @Override
          protected void deallocate() {
            // The file is its handler's to close.
          }
        };
    piece = next;
    context.writeAndFlush(next).addListener(this);
  }

  @Override
  public void operationComplete(Future<Void> written) {
    if (!written.isSuccess()) {
      sent.completeExceptionally(written.cause());
      return;
    }
    DefaultFileRegion done = piece;
    at += done == null ? 0 : done.count();
    piece = null;
    try {
      context.executor().execute(this); // after whatever waits there
    } catch (RejectedExecutionException stopped) {
      sent.completeExceptionally(stopped);
    }
  }

  /** Whether the client has taken nothing for so long; asked on the connection's thread. */
  boolean stalled(long now, long nanos) {
    DefaultFileRegion current = piece;
    long moved = at + (current == null ? 0 : current.transferred());
    if (moved != taken) {
      taken = moved;
      takenSince = now;
      return false;
    }
    return now - takenSince > nanos;
  }

  /** Waits until all of it was handed over. */
  void await() throws IOException {
    try {
      sent.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("sending a file was interrupted", e);
    } catch (ExecutionException e) {
      throw new IOException("a file was not sent to its end", e.getCause());
    }
  }
}
